/** What `cmemstat doctor` found; with `--json` it is printed as it is. */

/** One thing that was looked at. */
export interface Check {
  name: string;
  /** `limited`: the run works with less to show. `skipped`: a place for the leaf that was not taken. */
  state: 'ok' | 'limited' | 'missing' | 'skipped';
  found: string;
  /** The first Linux release that has it. */
  since?: string;
  /** The exact command or setting that enables it; absent where there is none. */
  hint?: string;
}

/** The whole examination. */
export interface Diagnosis {
  version: 1;
  cmemstat: string;
  /** Whether a run would get a memory cgroup here. */
  ready: boolean;
  checks: Check[];
}
