/** The exit statuses of cmemstat itself; otherwise it exits with the target's. */
export const EXIT_CODES = {
  /** `doctor`: this host offers no memory cgroup to a run. */
  NOT_READY: 1,
  /** A budget was exceeded, or a metric regressed against the baseline. */
  BUDGET_EXCEEDED: 3,
  /** `--fail-on-leftover`: BPF maps of the run outlived it. */
  LEFTOVER: 4,
  /**
   * A budget or the leftovers could not be measured; `--strict-host`: the baseline is from another kind of
   * host; `--strict-sampling`: a limit may have been exceeded between two readings.
   */
  NOT_MEASURED: 5,
  /** `--timeout`: the target was terminated. */
  TIMED_OUT: 124,
  /**
   * cmemstat itself failed: wrong usage, missing permissions, a hook, an output that could not be written.
   */
  FAILED: 125,
  /** The command was found but is not executable. */
  NOT_EXECUTABLE: 126,
  /** The command was not found. */
  NOT_FOUND: 127,
} as const;

/** The section of `--help`. */
export const EXIT_STATUS_HELP = `Exit status:
  N        the exit status of the target
  128+n    the target was terminated by signal n
  3        a budget was exceeded, or a metric regressed (see --budget-exit-code)
  4        BPF maps outlived the run (--fail-on-leftover)
  5        a budget could not be measured; --strict-host: the baseline is from another kind of host;
           --strict-sampling: a limit may have been exceeded between two readings
  124      the target was terminated after its time limit (--timeout)
  125      cmemstat itself failed, --prepare or --cleanup failed, the runs were cut short, or an output
           could not be written
  126      the command is not executable
  127      the command was not found
           3 to 5 are used only if the target succeeded, or with --budget-first
  doctor   0 if a run gets a memory cgroup on this host, otherwise 1`;
