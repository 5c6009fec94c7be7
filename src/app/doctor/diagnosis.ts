/** The result of `cmemstat doctor`, which `--json` prints unchanged. */

/** The result of one check. */
export interface Check {
  name: string;
  /**
   * `limited`: a run works but provides less data. `skipped`: a possible place for the leaf that was not
   * used.
   */
  state: 'ok' | 'limited' | 'missing' | 'skipped';
  found: string;
  /** The first Linux release that supports it. */
  since?: string;
  /** The exact command or setting that enables it; absent if there is none. */
  hint?: string;
}

/** The complete result. */
export interface Diagnosis {
  version: 1;
  cmemstat: string;
  /** Whether a run has a memory cgroup on this host. */
  ready: boolean;
  checks: Check[];
}
