/** The exit statuses of cmemstat, beside the target's own. One table for the code and for `--help`. */
export const EXIT_CODES = {
  /** `doctor`: a run would get no memory cgroup on this host. */
  NOT_READY: 1,
  /** A budget is broken, or a figure is worse than in the baseline. */
  BUDGET_EXCEEDED: 3,
  /** `--fail-on-leftover`: BPF maps of the run outlived it. */
  LEFTOVER: 4,
  /** A budget, or what outlived the run, could not be measured here; `--strict-host`: the baseline is of another host. */
  NOT_MEASURED: 5,
  /** `--timeout`: the target was ended for it. */
  TIMED_OUT: 124,
  /** cmemstat itself failed: bad usage, no rights, an output that could not be written. */
  FAILED: 125,
  /** The command was found, but can't be executed. */
  NOT_EXECUTABLE: 126,
  /** The command was not found. */
  NOT_FOUND: 127,
} as const;

/** The table for `--help`. */
export const EXIT_STATUS_HELP = `Exit status:
  N        the target's own exit status
  128+n    the target was ended by signal n
  3        a budget is broken, or something regressed (--budget-exit-code changes it)
  4        BPF maps outlived the run (--fail-on-leftover)
  5        a budget could not be measured here; --strict-host: the baseline is of another host
  124      the target was ended because its time was up (--timeout)
  125      cmemstat itself failed, or an output could not be written
  126      the command is not executable
  127      the command was not found
           3 to 5 only when the target succeeded, or with --budget-first
  doctor   0 when a run gets a memory cgroup here, else 1`;
