/** The limits that the user sets on the leaf. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UnsupportedError, UsageError } from '../errors.ts';
import type { Limit } from '../kernel/limit.ts';
import { writePseudoFile } from '../kernel/pseudo-file.ts';

/** The values of `--memory-max` and the other limit options. Unit: bytes; `pidsMax`: tasks. */
export interface LimitRequest {
  memoryMax?: Limit | undefined;
  memoryHigh?: Limit | undefined;
  swapMax?: Limit | undefined;
  pidsMax?: Limit | undefined;
  oomGroup?: boolean | undefined;
}

/** A file to write. */
interface LimitWrite {
  file: string;
  value: string;
  option: string;
  since: string;
}

/**
 * Writes the limits of a cgroup v2 leaf.
 * @throws UnsupportedError if the kernel does not have the file, KernelFileError if it refuses the value.
 */
export function writeLimits2(leaf: string, request: LimitRequest): void {
  const writes: LimitWrite[] = [];
  const add = (file: string, value: Limit | undefined, option: string, since: string) => {
    if (value !== undefined) writes.push({ file: join(leaf, file), value: String(value), option, since });
  };
  add('memory.high', request.memoryHigh, '--memory-high', '4.5');
  add('memory.max', request.memoryMax, '--memory-max', '4.5');
  add('memory.swap.max', request.swapMax, '--swap-max', '4.5');
  add('pids.max', request.pidsMax, '--pids-max', '4.5');
  if (request.oomGroup === true) add('memory.oom.group', 1, '--oom-group', '4.19');
  writeAll(
    writes,
    'memory.swap.max requires a kernel with CONFIG_SWAP; pids.max requires the pids controller in the parent cgroup',
  );
}

/**
 * Writes the equivalent limits on cgroup v1; `pidsLeaf` is the directory in the pids hierarchy, if there is
 * one.
 * @throws UnsupportedError for a limit that cgroup v1 does not have, UsageError for one that requires
 * another, KernelFileError if the kernel refuses the value.
 */
export function writeLimits1(leaf: string, pidsLeaf: string | undefined, request: LimitRequest): void {
  rejectWithoutEquivalent(request);
  const writes: LimitWrite[] = [];
  const add = (file: string, value: Limit | undefined, option: string) => {
    if (value === undefined) return;
    writes.push({ file, value: value === 'max' ? '-1' : String(value), option, since: '2.6.25' });
  };
  add(join(leaf, 'memory.limit_in_bytes'), request.memoryMax, '--memory-max');
  add(join(leaf, 'memory.memsw.limit_in_bytes'), memoryAndSwap(request), '--swap-max');
  writeAll(writes, 'boot with swapaccount=1');
  if (request.pidsMax === undefined) return;
  if (pidsLeaf === undefined) {
    throw new UnsupportedError(
      'pids',
      '--pids-max requires the pids hierarchy of cgroup v1, which is not mounted',
      {
        since: '4.3',
        hint: 'mkdir -p /sys/fs/cgroup/pids && mount -t cgroup -o pids none /sys/fs/cgroup/pids',
      },
    );
  }
  writePseudoFile(join(pidsLeaf, 'pids.max'), String(request.pidsMax));
}

function rejectWithoutEquivalent(request: LimitRequest): void {
  const hint = 'boot with systemd.unified_cgroup_hierarchy=1 (or mount cgroup2 with the memory controller)';
  if (request.memoryHigh !== undefined) {
    throw new UnsupportedError('memory.high', '--memory-high: not supported by cgroup v1', {
      hint,
    });
  }
  if (request.oomGroup === true) {
    throw new UnsupportedError('memory.oom.group', '--oom-group: not supported by cgroup v1', { hint });
  }
  if (request.swapMax !== undefined && request.swapMax !== 'max' && typeof request.memoryMax !== 'number') {
    throw new UsageError(
      '--swap-max',
      '--swap-max requires --memory-max on cgroup v1, which limits the sum of memory and swap',
    );
  }
}

/** v1 limits the sum of memory and swap (`memsw`), v2 swap alone. */
function memoryAndSwap(request: LimitRequest): Limit | undefined {
  if (request.swapMax === undefined || request.swapMax === 'max') return undefined;
  return (request.memoryMax as number) + request.swapMax;
}

function writeAll(writes: LimitWrite[], hint: string): void {
  for (const { file, value, option, since } of writes) {
    if (!existsSync(file)) {
      throw new UnsupportedError(option, `${option}: this kernel does not have ${file}`, { since, hint });
    }
    writePseudoFile(file, value);
  }
}
