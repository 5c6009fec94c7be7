/** What a probe found: the host has it, lacks it (since when kernels have it), or could not be asked. */
export type Support =
  | { state: 'available'; detail?: string }
  | { state: 'unsupported'; reason: string; since?: string; hint?: string }
  | { state: 'unknown'; reason: string; hint?: string };
