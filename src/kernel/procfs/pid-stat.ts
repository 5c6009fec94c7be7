import { malformed } from '../number.ts';
import { readPseudoFile } from '../pseudo-file.ts';

/** The fields of `/proc/<pid>/stat` that cmemstat needs. */
export interface PidStat {
  pid: number;
  /** The name, cut at 15 bytes by the kernel; may hold spaces, parentheses and control characters. */
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
  /** When the process was started. Unit: clock ticks since boot. With the pid it names a process for good. */
  startTime: string;
}

/**
 * Parses `/proc/<pid>/stat`: one line of fields, where the second, in parentheses, may itself hold parentheses.
 *
 *     42 (a (b) c) S 1 42 42 34816 42 4194304 ...
 *
 * Source: proc_pid_stat(5), fields 1 to 8 and 22.
 * @throws KernelFileError when fields are missing.
 */
export function parsePidStat(text: string, path: string): PidStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text
    .slice(close + 2)
    .trimEnd()
    .split(' ');
  const startTime = fields[19];
  if (open < 0 || close < open || startTime === undefined) {
    throw malformed(path, 1, 'expected the fields of a process');
  }
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: fields[0] ?? '',
    ppid: Number(fields[1]),
    pgrp: Number(fields[2]),
    ttyNr: Number(fields[4]),
    tpgid: Number(fields[5]),
    startTime,
  };
}

/**
 * Reads `/proc/<pid>/stat`.
 * @throws KernelFileError, `ENOENT` or `ESRCH` when there is no such process (any more).
 */
export function readPidStat(pid: number | 'self'): PidStat {
  const path = `/proc/${pid}/stat`;
  return parsePidStat(readPseudoFile(path), path);
}
