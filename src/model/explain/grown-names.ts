/** What a failed budget or a regression consists of by name. Part of `schema/verdict.schema.json`. */
import type { ExplainMoment } from './explain-record.ts';
import type { ExplainMethod, MemoryKind } from './explanation.ts';

/** One name. Unit of sizes: bytes. */
export interface GrownName {
  kind: MemoryKind;
  /** The path of a file; the command of a process. */
  name: string;
  bytes: number;
  /** In the baseline; both are absent without one. */
  baselineBytes?: number;
  /** The baseline lists only its largest names, not this one: what it may have had there. */
  baselineAtMost?: number;
}

/** The names of memory in a run with `--explain`: what grew since the baseline, or the largest. */
export interface GrownNames {
  /** The explanation of the run that is nearest to the time shown. */
  moment: ExplainMoment;
  /** When it was taken. */
  elapsedMs: number;
  method: ExplainMethod;
  /** The explanation of the baseline; absent if it has none that is comparable: the largest are listed. */
  baseline?: ExplainMoment;
  /** Why the baseline's explanation is not comparable. */
  reason?: string;
  /** At most ten, those that grew most first. */
  names: GrownName[];
}
