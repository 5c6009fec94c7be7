/** The memory of a run by name at chosen moments, as a recording holds it. */
import type { ExplainMethod, Explanation, MemoryKind, Reclaim } from './explanation.ts';

/** The moments of a run at which its memory can be explained by name. */
export const EXPLAIN_MOMENTS = ['end', 'peak', 'exceeded'] as const;

/** Those in the order in which two runs compared at them say most. */
export const COMPARED_MOMENTS: readonly ExplainMoment[] = ['peak', 'exceeded', 'end'];

/** One of them: before the leaf is removed, at a new peak, or when a budget is exceeded. */
export type ExplainMoment = (typeof EXPLAIN_MOMENTS)[number];

/** The memory of the leaf by name at one moment (`--explain`). */
export interface ExplainRecord extends Explanation {
  type: 'explain';
  elapsedMs: number;
  moment: ExplainMoment;
  /** The budget that was exceeded. */
  message?: string;
}

/** The largest names of an {@link ExplainRecord}. */
export interface ExplainedMoment {
  moment: ExplainMoment;
  elapsedMs: number;
  message?: string;
  method: ExplainMethod;
  /** Why the method is not `pages`. */
  reason?: string;
  /** Of the whole tree. */
  bytes: number;
  /** The ten largest, in descending order; `name` is the path of a file. */
  names: { kind: MemoryKind; name: string; pid?: number; bytes: number; reclaim: Reclaim }[];
}
