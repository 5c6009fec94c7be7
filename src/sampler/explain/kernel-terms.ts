/** Memory of the kernel that belongs to processes and devices, which no page is marked with. */
import { readFileSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';
import { type DmemUse, parseDmemCurrent } from '../../kernel/cgroup2/dmem-current.ts';
import { type HugetlbUse, readHugetlbUse } from '../../kernel/cgroup2/hugetlb-current.ts';
import { isAtLeast, type KernelRelease, readKernelRelease } from '../../kernel/kernel-release.ts';
import { readPageSize } from '../../kernel/procfs/auxv.ts';
import { parseMeminfo } from '../../kernel/procfs/memory/meminfo.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { Missing } from './missing.ts';

/** The kernel stack of a thread. */
export interface ThreadStack {
  /** Unit: bytes. */
  bytes: number;
  source: 'memory.stat' | '/proc/meminfo' | 'default';
}

/** The top level of the page tables of a process, which VmPTE does not contain. */
export interface TopLevelTable {
  /** Unit: bytes. */
  bytes: number;
  /**
   * Whether `pagetables` of memory.stat contains it: since Linux 6.16. Before, it is one of the other pages.
   */
  isCounted: boolean;
}

/** Beside memory.current. */
export interface DeviceMemory {
  /** Absent without the hugetlb controller. */
  hugetlb?: HugetlbUse[];
  /** Memory of GPUs and other devices; absent without the dmem controller. */
  dmem?: DmemUse[];
  missing: Missing[];
}

/** THREAD_SIZE of the architectures with 64 bits, without KASAN. Unit: bytes. */
const DEFAULT_STACK = 16 * 1024;

/**
 * The size of a kernel stack: what memory.stat has for the threads of a cgroup, else the sum of the host by
 * its threads. It is a power of two.
 * @param charged `kernel_stack` of memory.stat of cgroup v2 and the threads of the cgroup, if they are known.
 */
export function measureThreadStack(charged?: { bytes: number; threads: number }): ThreadStack {
  const own = charged && powerOfTwo(charged.bytes / charged.threads);
  if (own !== undefined) return { bytes: own, source: 'memory.stat' };
  const host = powerOfTwo(hostStackBytes() / hostThreads());
  return host === undefined
    ? { bytes: DEFAULT_STACK, source: 'default' }
    : { bytes: host, source: '/proc/meminfo' };
}

/** The nearest one of some sizes; undefined if the quotient is none of them by far: threads start and end. */
function powerOfTwo(quotient: number): number | undefined {
  return [8, 16, 32, 64].map((kib) => kib * 1024).find((size) => Math.abs(quotient / size - 1) < 0.25);
}

function hostStackBytes(): number {
  return parseMeminfo(readText('/proc/meminfo')).KernelStack ?? Number.NaN;
}

/** Source: the fourth field of /proc/loadavg, `running/all`. */
function hostThreads(): number {
  const [, threads] = /^\S+ \S+ \S+ \d+\/(\d+)/.exec(readText('/proc/loadavg')) ?? [];
  return Number(threads);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return '';
  }
}

/**
 * The size of the top level of page tables. x86 had two pages there until Linux 6.14, in case page tables are
 * isolated (PTI), and has them since only where they are.
 *
 * Source: `pgd_alloc` in arch/<arch>/mm; measured on 6.1, 6.12 and 6.18.
 */
export function topLevelTable(
  release: KernelRelease | undefined = readKernelRelease(),
  arch: string = process.arch,
  cpuinfo = readText('/proc/cpuinfo'),
): TopLevelTable {
  const isSince = (minor: number) => release !== undefined && isAtLeast(release, 6, minor);
  const pageSize = readPageSize();
  const isDouble = arch === 'x64' && (!isSince(15) || /^flags\b.* pti\b/m.test(cpuinfo));
  return { bytes: isDouble ? 2 * pageSize : pageSize, isCounted: isSince(16) };
}

/**
 * Reads what the controllers hugetlb and dmem charge to a cgroup of v2: no part of memory.current, unless
 * huge pages are accounted with it.
 * @throws KernelFileError if a file is malformed.
 */
export function readDeviceMemory(directory: string, version: 1 | 2): DeviceMemory {
  const missing: Missing[] = [];
  if (version === 1) {
    const reason = 'on cgroup v1 the hugetlb controller has a hierarchy of its own, and there is no dmem';
    return { missing: [{ what: 'hugetlb and device memory by cgroup', reason }] };
  }
  const hugetlb = readHugetlbUse(directory);
  const dmem = readDmem(`${directory}/dmem.current`);
  if (hugetlb === undefined) missing.push({ what: 'hugetlb by cgroup', ...notEnabled('hugetlb') });
  if (dmem === undefined) missing.push({ what: 'device memory by cgroup', ...notEnabled('dmem') });
  return {
    ...(hugetlb === undefined ? {} : { hugetlb }),
    ...(dmem === undefined ? {} : { dmem }),
    missing,
  };
}

function readDmem(path: string): DmemUse[] | undefined {
  try {
    return parseDmemCurrent(readPseudoFile(path), path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

function notEnabled(controller: string): Pick<Missing, 'reason' | 'hint'> {
  return {
    reason: `the ${controller} controller is not enabled for this cgroup, or this kernel does not have it`,
    hint: `echo +${controller} > cgroup.subtree_control of its parent`,
  };
}
