import { malformed } from '../number.ts';
import { listPseudoDirectory, readPseudoFile } from '../pseudo-file.ts';

/** The fields of `/proc/<pid>/stat` that cmemstat needs. */
export interface PidStat {
  pid: number;
  /**
   * The name, truncated to 15 bytes by the kernel; may contain spaces, parentheses and control characters.
   */
  comm: string;
  /** `R`, `S`, `D`, `T`, `Z`, `X` ... */
  state: string;
  ppid: number;
  /** The process group. */
  pgrp: number;
  /** The controlling terminal's device number; 0 without one. */
  ttyNr: number;
  /** The foreground process group of the controlling terminal; -1 without one. */
  tpgid: number;
  /**
   * Start time, which identifies the process uniquely together with the pid. Unit: clock ticks since boot.
   */
  startTime: string;
  /** Number of threads. */
  threads: number;
  /** CPU time in user and kernel mode. Unit: clock ticks of 10 ms. */
  cpuTicks: number;
  /** Resident memory. Unit: pages. */
  rssPages: number;
  /**
   * Start and end of the code, and start of the stack. `fork` inherits them and `exec` changes them, so they
   * show whether two processes result from the same `exec`. Undefined if the process is not accessible.
   */
  image: string | undefined;
}

/**
 * Parses `/proc/<pid>/stat`: one line of fields; the second one, in parentheses, may itself contain
 * parentheses.
 *
 *     42 (a (b) c) S 1 42 42 34816 42 4194304 ...
 *
 * Source: proc_pid_stat(5), fields 1 to 8, 14, 15, 20, 22, 24 and 26 to 28.
 * @throws KernelFileError if fields are missing, or are not numbers.
 */
export function parsePidStat(text: string, path: string): PidStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text
    .slice(close + 2)
    .trimEnd()
    .split(' ');
  const [startTime, startCode, endCode, startStack] = [fields[19], fields[23], fields[24], fields[25]];
  if (open < 0 || close < open || startTime === undefined || startStack === undefined) {
    throw malformed(path, 1, 'expected the fields of a process');
  }
  const stat = {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: fields[0] ?? '',
    ppid: Number(fields[1]),
    pgrp: Number(fields[2]),
    ttyNr: Number(fields[4]),
    tpgid: Number(fields[5]),
    startTime,
    threads: Number(fields[17]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    rssPages: Number(fields[21]),
    // The kernel prints 1, 1 and 0 to readers without permission.
    image: startStack === '0' ? undefined : `${startCode}-${endCode}-${startStack}`,
  };
  const { pid, ppid, pgrp, ttyNr, tpgid, threads, cpuTicks, rssPages } = stat;
  if (Number.isNaN(pid + ppid + pgrp + ttyNr + tpgid + threads + cpuTicks + rssPages)) {
    throw malformed(path, 1, 'expected numbers');
  }
  return stat;
}

/**
 * Whether a process holds no memory any more. A zombie with more than one thread does: only its main thread
 * has ended, and the kernel shows no memory for that one.
 */
export function hasExited({ state, threads }: PidStat): boolean {
  return state === 'X' || (state === 'Z' && threads <= 1);
}

/**
 * A thread of a process whose main thread has ended; its files in `/proc/<tid>` show the memory of the
 * process.
 * Undefined if there is none.
 * Source: `/proc/<pid>/task`.
 * @throws KernelFileError, `ENOENT` or `ESRCH` if the process does not exist or has exited.
 */
export function findLivingThread(pid: number): PidStat | undefined {
  for (const name of listPseudoDirectory(`/proc/${pid}/task`)) {
    const path = `/proc/${pid}/task/${name}/stat`;
    const stat = parsePidStat(readPseudoFile(path), path);
    if (stat.state !== 'Z' && stat.state !== 'X') return stat;
  }
  return undefined;
}

/**
 * Reads `/proc/<pid>/stat`.
 * Source: proc_pid_stat(5).
 * @throws KernelFileError, `ENOENT` or `ESRCH` if the process does not exist or has exited.
 */
export function readPidStat(pid: number | 'self'): PidStat {
  const path = `/proc/${pid}/stat`;
  return parsePidStat(readPseudoFile(path), path);
}
