/**
 * Checks the page scan against memory of known size: the layouts that it reads change from kernel to kernel.
 */
import { mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Leaf } from '../../cgroup/leaf.ts';
import { openPageScan } from '../../kernel/bpf/scan/page-scan.ts';
import { readResidentPages } from '../../kernel/bpf/scan/resident-pages.ts';
import type { ScanObjects } from '../../kernel/bpf/scan/scan-objects.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { type Libc, openLibc } from '../../kernel/bpf/sys/libc.ts';
import { readPageSize } from '../../kernel/procfs/auxv.ts';
import { parseAnonymousRollup } from '../../kernel/procfs/memory/smaps-rollup.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import type { ScanKind } from '../../kernel/scan-row.ts';
import { measureThreadStack } from './kernel-terms.ts';
import { type MemoryHolder, startHolder } from './memory-holder.ts';

/** One thing that was compared. */
export interface SelfTestCheck {
  /** A short noun phrase: `anonymous memory`, `a file on tmpfs`. */
  what: string;
  /** What there is: bytes, or a number of objects. */
  expected: number;
  /** What the scan found. */
  found: number;
  /** How far the two may lie apart; absent if `expected` is only the least. */
  tolerance?: number;
}

/** What a scan found in the leaf. */
export interface FoundMemory {
  bytes: Readonly<Partial<Record<ScanKind, number>>>;
  /** Bytes of files, by the last component of their path. */
  files: ReadonlyMap<string, number>;
  /** Objects of slab caches, by name. */
  objects: ReadonlyMap<string, number>;
  /** Directory entries of files that exist; absent if they could not all be looked at. */
  positiveDentries?: number;
  /** The last component of the owner's path. */
  owner: string;
}

/** What is known to be there. */
export interface KnownMemory {
  anonBytes: number;
  /** Page cache by the name of the file; files whose cache cannot be queried are left out. */
  files: ReadonlyMap<string, number>;
  chargedBytes: number;
  directories: number;
  sockets: number;
  /** A BPF map in pages of its own; absent if there is none that is charged to the leaf. */
  mapBytes?: number;
  /** The stacks of threads, which are pages of the kernel like the map. */
  stackBytes: number;
  owner: string;
}

const MIN_SHARE = 0.01;
/** The kernel charges in batches of this size on each CPU. Unit: pages. */
const CHARGE_BATCH = 64;

/** Compares what was found with what is there. */
export function compareMemory(
  known: KnownMemory,
  found: FoundMemory,
  pageSize: number,
  cpus: number,
): SelfTestCheck[] {
  const batch = CHARGE_BATCH * pageSize;
  const total = Object.values(found.bytes).reduce((sum, bytes) => sum + bytes, 0);
  const within = (what: string, expected: number, bytes: number, slack: number): SelfTestCheck => ({
    what,
    expected,
    found: bytes,
    tolerance: Math.max(slack, MIN_SHARE * expected),
  });
  const atLeast = (what: string, expected: number, count: number): SelfTestCheck => ({
    what,
    expected,
    found: count,
  });
  return [
    within('anonymous memory', known.anonBytes, (found.bytes.anon ?? 0) + (found.bytes.ksm ?? 0), batch),
    ...Array.from(known.files, ([name, bytes]) =>
      within(`the file ${name}`, bytes, found.files.get(name) ?? 0, 0),
    ),
    within('all charged memory', known.chargedBytes, total, batch * cpus),
    atLeast('directory entries', known.directories, found.objects.get('dentry') ?? 0),
    ...(found.positiveDentries === undefined
      ? []
      : [atLeast('directory entries of what exists', known.directories, found.positiveDentries)]),
    atLeast('sockets', known.sockets, found.objects.get('sock_inode_cache') ?? 0),
    ...(known.mapBytes === undefined
      ? []
      : [within('a BPF map', known.mapBytes, (found.bytes.kernel ?? 0) - known.stackBytes, batch)]),
    atLeast('page tables', pageSize, found.bytes['page-tables'] ?? 0),
    within('cgroups of the right name', 1, found.owner === known.owner ? 1 : 0, 0),
  ];
}

/** The result of one test. */
export interface SelfTest {
  checks: SelfTestCheck[];
  /** Why there was no BPF map in it; absent if there was. */
  withoutMap?: string;
}

/** Those that differ by more than they may. */
export function failedChecks(checks: readonly SelfTestCheck[]): SelfTestCheck[] {
  return checks.filter(({ expected, found, tolerance }) =>
    tolerance === undefined ? found < expected : Math.abs(found - expected) > tolerance,
  );
}

/**
 * Starts a process in the leaf that allocates memory of known kinds, scans the leaf and compares. The process
 * has ended when the promise is fulfilled; the leaf is left to the caller.
 *
 * Since: Linux 5.17. Needs CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN.
 * @throws as `openPageScan`; LaunchError if the process does not start.
 */
export async function runSelfTest(bpf: Bpf, objects: ScanObjects, leaf: Leaf): Promise<SelfTest> {
  const libc = await openLibc();
  const folders = [tmpdir(), '/dev/shm'].flatMap(makeFolder);
  try {
    const holder = await startHolder(leaf, folders);
    try {
      const map = await readMap(leaf, holder);
      const known = { ...readKnown(libc, leaf, holder), ...('reason' in map ? {} : { mapBytes: map.bytes }) };
      const found = await readFound(bpf, objects, leaf);
      const checks = compareMemory(known, found, readPageSize(), availableParallelism());
      return 'reason' in map ? { checks, withoutMap: map.reason } : { checks };
    } finally {
      await holder.end();
    }
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

function makeFolder(parent: string): string[] {
  try {
    return [realpathSync(mkdtempSync(join(parent, 'cmemstat-self-test-')))];
  } catch {
    return [];
  }
}

/** The size of the map of the process, by the map iterator; or why it is not charged to the leaf. */
async function readMap(
  { directory }: Leaf,
  { map, pid }: MemoryHolder,
): Promise<{ bytes: number } | { reason: string }> {
  if ('reason' in map) return map;
  // Only a test needs it, and there is one for each boot.
  const { openBpfInventory } = await import('../bpf/inventory.ts');
  const cgroupId = statSync(directory, { bigint: true }).ino;
  const inventory = await openBpfInventory({ cgroupId, pids: () => [pid], holders: false });
  try {
    const { attribution, reason = 'the cgroups that maps are charged to are not known' } = inventory;
    if (attribution !== 'memcg') return { reason };
    const own = inventory.read().maps.find(({ name }) => name === map.name);
    if (own === undefined) return { reason: 'BPF maps are charged to no cgroup (cgroup.memory=nobpf)' };
    return { bytes: own.bytes };
  } finally {
    inventory.close();
  }
}

function readKnown(
  libc: Libc,
  { directory, version }: Leaf,
  { pid, files, directories, sockets }: MemoryHolder,
): KnownMemory {
  const rollupPath = `/proc/${pid}/smaps_rollup`;
  const rollup = parseAnonymousRollup(readPseudoFile(rollupPath), rollupPath);
  const usage = version === 2 ? 'memory.current' : 'memory.usage_in_bytes';
  return {
    anonBytes: rollup?.anonymous ?? 0,
    files: new Map(
      files.flatMap(({ name, path }): [string, number][] => {
        const resident = readResidentPages(libc, path);
        return resident === undefined ? [] : [[name, resident.bytes]];
      }),
    ),
    chargedBytes: Number(readPseudoFile(join(directory, usage))),
    directories,
    sockets,
    stackBytes: readdirSync(`/proc/${pid}/task`).length * measureThreadStack().bytes,
    owner: directory.slice(directory.lastIndexOf('/') + 1),
  };
}

async function readFound(bpf: Bpf, objects: ScanObjects, { directory }: Leaf): Promise<FoundMemory> {
  const scan = await openPageScan(bpf, objects, { cgroupId: statSync(directory).ino });
  try {
    const bytes: Partial<Record<ScanKind, number>> = {};
    const files = new Map<string, number>();
    const counts = new Map<string, number>();
    let [dentries, inspected, negative] = [0, 0, 0];
    const rows = [...scan.rows()];
    const named = rows.filter(({ object }) => object !== undefined);
    const names = scan.names(named.map(({ object }) => object ?? 0));
    for (const row of rows) bytes[row.kind] = (bytes[row.kind] ?? 0) + row.bytes;
    for (const [index, row] of named.entries()) {
      const name = names[index];
      if (name?.kind === 'slab') counts.set(name.name, (counts.get(name.name) ?? 0) + row.count);
      if (name?.kind === 'slab' && name.name === 'dentry') {
        dentries += row.count;
        inspected += row.inspectedCount ?? 0;
        negative += row.negativeCount ?? 0;
      }
      const last = name?.kind === 'file' ? name.components?.at(-1) : undefined;
      if (last !== undefined) files.set(last, (files.get(last) ?? 0) + row.bytes);
    }
    const positive = inspected < dentries ? {} : { positiveDentries: inspected - negative };
    const owner = scan.owners[0]?.components?.at(-1) ?? '';
    return { bytes, files, objects: counts, ...positive, owner };
  } finally {
    scan.close();
  }
}
