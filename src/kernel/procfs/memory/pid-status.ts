import { kibToBytes, parseCounter } from '../../number.ts';
import { readPseudoFile } from '../../pseudo-file.ts';

/** What `/proc/<pid>/status` says about memory; absent for kernel threads and zombies. Unit: bytes. */
export interface PidStatus {
  /** The effective user. */
  uid: number | undefined;
  threads: number | undefined;
  /** Resident memory. */
  vmRss: number | undefined;
  /** Anonymous pages; each counts in full, however many processes share it. Since: Linux 4.5. */
  rssAnon: number | undefined;
  /** Page tables below the top level. */
  vmPte: number | undefined;
  vmSwap: number | undefined;
  /** Pages of hugetlb. Since: Linux 4.4. */
  hugetlbPages: number | undefined;
  /** The pids in the pid namespaces from the reader's to the process's own. Since: Linux 4.1. */
  nsPids: number[];
}

/**
 * Parses `/proc/<pid>/status`:
 *
 *     Uid:	1000	1000	1000	1000
 *     RssAnon:	     108 kB
 *     VmPTE:	      44 kB
 *
 * Source: proc_pid_status(5). Unit: bytes (the kernel prints KiB).
 * @throws KernelFileError if a number is above 2^53.
 */
export function parsePidStatus(text: string, path: string): PidStatus {
  const number = (pattern: RegExp) => {
    const digits = pattern.exec(text)?.[1];
    return digits === undefined ? undefined : parseCounter(digits, path);
  };
  const kib = (key: string) => {
    const value = number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm'));
    return value === undefined ? undefined : kibToBytes(value, path);
  };
  const nsPids = /^NSpid:((?:\s+\d+)+)$/m.exec(text)?.[1] ?? '';
  return {
    uid: number(/^Uid:\s*\d+\s+(\d+)/m),
    threads: number(/^Threads:\s*(\d+)$/m),
    vmRss: kib('VmRSS'),
    rssAnon: kib('RssAnon'),
    vmPte: kib('VmPTE'),
    vmSwap: kib('VmSwap'),
    hugetlbPages: kib('HugetlbPages'),
    nsPids: nsPids.trim() === '' ? [] : nsPids.trim().split(/\s+/).map(Number),
  };
}

/**
 * Reads `/proc/<pid>/status`, which needs no permission.
 * @throws KernelFileError, `ENOENT` or `ESRCH` if the process does not exist, or is hidden by `hidepid`.
 */
export function readPidStatus(pid: number, procRoot = '/proc'): PidStatus {
  const path = `${procRoot}/${pid}/status`;
  return parsePidStatus(readPseudoFile(path), path);
}
