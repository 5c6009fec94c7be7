/** The processes of a run as a recording lists them. */
/** A process of the run whose memory is charged to another cgroup than the leaf. */
export interface ElsewhereProcess {
  pid: number;
  /** At most 15 bytes; may contain any byte. */
  comm: string;
  /**
   * Its cgroup, as in `/proc/<pid>/cgroup`. Absent for a client such as `docker`: another process, often a
   * daemon, runs the command.
   */
  cgroup?: string;
  /** When it was noticed. Unit: milliseconds since the launch. */
  sinceMs: number;
  message: string;
  hint: string;
}

/** A process that outlived the target. */
export interface OutlivingProcess {
  pid: number;
  comm: string;
  /** It could not be killed: it is frozen, or waits in the kernel. */
  stuck?: true;
}

/** A process of the leaf and its nested cgroups at one time. */
export interface ProcessRow {
  pid: number;
  ppid: number;
  /** At most 15 bytes; may contain any byte. */
  comm: string;
  /** Unit: bytes. */
  rss: number;
  /** Absent if smaps_rollup is not readable, or was not read yet. Unit: bytes. */
  pss?: number;
  /** Share of one CPU since the previous reading. Absent at the first. Unit: per cent. */
  cpuPercent?: number;
  threads: number;
  /** Open descriptors. Absent if they are not readable. */
  fds?: number;
  /** Its nested cgroup, relative to the leaf; absent in the leaf itself. */
  cgroup?: string;
}

/** The program that a process executes. */
export interface ProcessProgram {
  pid: number;
  /** The name of its effective user, or the uid. Absent if it is not readable. */
  user?: string;
  /**
   * The words of its command line, cut after 1000 characters; may contain any character. Absent if it is not
   * readable.
   */
  command?: string[];
}

/**
 * The processes that are new or changed since the previous line of this type; the first lists all. A reading
 * of many processes is split into several lines of 100.
 */
export interface ProcessesRecord {
  type: 'processes';
  elapsedMs: number;
  processes: ProcessRow[];
  /**
   * Pids of processes that have exited, or are no longer among the largest (`omitted`). Absent if there are
   * none.
   */
  gone?: number[];
  /** Number of processes that are not listed; absent if all are. */
  omitted?: number;
  /**
   * The programs of processes that are new, have executed another program, or have changed their user or
   * title soon after that. Absent if there are none.
   */
  programs?: ProcessProgram[];
}
