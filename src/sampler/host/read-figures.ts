/** The figures of one cgroup from its files, on both versions of cgroups. */
import { memoryStatNameV1 } from '../../kernel/cgroup1/memory-stat.ts';
import type { FiguresOfCgroup } from '../../model/host/host-cgroups.ts';
import { workingSet } from '../cgroup2-reader.ts';
import { setIfDefined } from '../figure-reader.ts';
import { type NameOf, parseNumberBytes, StatSizes } from '../stat-sizes.ts';
import type { CgroupFiles } from './cgroup-files.ts';

/** The keys of memory.stat that are figures. */
const SHOWN = ['anon', 'file', 'shmem', 'kernel', 'slab', 'sock'] as const;

/** Keys from which figures of the root are made. */
const OF_THE_ROOT = ['kernel_stack', 'pagetables', 'sec_pagetables', 'percpu', 'hugetlb'] as const;

const KEPT: ReadonlySet<string> = new Set<string>([...SHOWN, ...OF_THE_ROOT, 'swap', 'inactive_file']);

/** Reads cgroups one after another; not those of two hierarchies. */
export class FigureFiles {
  readonly #version: 1 | 2;
  readonly #withPressure: boolean;
  /** Of the last cgroup that was read: all of them have the same lines. */
  readonly stat: StatSizes;

  constructor(version: 1 | 2, withPressure = true) {
    this.#version = version;
    this.#withPressure = withPressure;
    this.stat = new StatSizes(version === 1 ? nameOfV1 : nameOfV2);
  }

  /**
   * The figures that the kernel has, without the number of processes; undefined if no memory is charged to
   * the cgroup, because it is gone or has no memory controller.
   * @throws KernelFileError if a file cannot be read.
   */
  read(files: CgroupFiles): FiguresOfCgroup | undefined {
    return this.#version === 2 ? this.#readV2(files) : this.#readV1(files);
  }

  /** Reads memory.stat; false if there is none. */
  readStat(files: CgroupFiles): boolean {
    const bytes = files.read('memory.stat');
    if (bytes !== undefined) this.stat.parse(bytes);
    return bytes !== undefined;
  }

  /** Kernel memory on cgroup v1, which memory.stat does not have there. */
  readKernelV1(files: CgroupFiles): number | undefined {
    return number(files.readOptional('memory.kmem.usage_in_bytes'));
  }

  /** What the last memory.stat has. */
  figures(): FiguresOfCgroup {
    const figures: FiguresOfCgroup = {};
    for (const key of SHOWN) setIfDefined(figures, key, this.stat.valueOf(key));
    return figures;
  }

  #readV2(files: CgroupFiles): FiguresOfCgroup | undefined {
    const current = number(files.read('memory.current'));
    if (current === undefined || !this.readStat(files)) return undefined;
    const figures: FiguresOfCgroup = { current, ...this.figures() };
    setIfDefined(figures, 'workingset', workingSet(current, this.stat.valueOf('inactive_file')));
    setIfDefined(figures, 'swap', number(files.readOptional('memory.swap.current')));
    if (this.#withPressure) {
      setIfDefined(figures, 'pressure', parsePressureBytes(files.readOptional('memory.pressure')));
    }
    return figures;
  }

  #readV1(files: CgroupFiles): FiguresOfCgroup | undefined {
    const current = number(files.read('memory.usage_in_bytes'));
    if (current === undefined || !this.readStat(files)) return undefined;
    const figures: FiguresOfCgroup = { current, ...this.figures() };
    setIfDefined(figures, 'workingset', workingSet(current, this.stat.valueOf('inactive_file')));
    setIfDefined(figures, 'kernel', this.readKernelV1(files));
    setIfDefined(figures, 'swap', this.stat.valueOf('swap'));
    return figures;
  }
}

function nameOfV2(key: string): string | undefined {
  return KEPT.has(key) ? key : undefined;
}

const nameOfV1: NameOf = (key, hasKey) => {
  if (key === 'total_swap') return 'swap';
  const name = memoryStatNameV1(key, hasKey);
  return name !== undefined && key !== 'swap' && KEPT.has(name) ? name : undefined;
};

function number(bytes: Uint8Array | undefined): number | undefined {
  return bytes === undefined ? undefined : parseNumberBytes(bytes);
}

const NEWLINE = 10;

/** The number of processes in `cgroup.procs`: its lines. Undefined if there is no such file. */
export function countLines(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  let lines = 0;
  for (const byte of bytes) if (byte === NEWLINE) lines += 1;
  return lines;
}

const SOME = 'some avg10=';

/** `some avg10` of a pressure file. Unit: per cent. Source: Documentation/accounting/psi.rst. */
export function parsePressureBytes(bytes: Buffer | undefined): number | undefined {
  if (bytes === undefined || bytes.length <= SOME.length) return undefined;
  const text = bytes.toString('latin1', 0, SOME.length + 8);
  if (!text.startsWith(SOME)) return undefined;
  const value = Number.parseFloat(text.slice(SOME.length));
  return Number.isNaN(value) ? undefined : value;
}
