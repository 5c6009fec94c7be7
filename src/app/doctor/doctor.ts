/** Checks what this host can measure, by trying each feature if possible. */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeLimit } from '../../cgroup/caller-limits.ts';
import { chooseMemoryHierarchy, readHierarchyFacts } from '../../cgroup/hierarchy.ts';
import { asRootHint, readHintFacts } from '../../cgroup/hints.ts';
import type { Leaf } from '../../cgroup/leaf.ts';
import { type Placement, placeLeaf } from '../../cgroup/placement.ts';
import type { Rejection } from '../../cgroup/rejection.ts';
import { ToolError, UnsupportedError } from '../../errors.ts';
import { isAtLeast, readKernelRelease } from '../../kernel/kernel-release.ts';
import { readEffectiveCapabilities } from '../../kernel/procfs/capabilities.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import { openBpfCollector } from '../../sampler/bpf/totals.ts';
import { absentAs } from '../../sampler/figure-reader.ts';
import { VERSION } from '../../version.ts';
import { removeLeaf } from '../run/clean-up.ts';
import type { Check, Diagnosis } from './diagnosis.ts';

const NEWER = (since: string) => `use Linux ${since} or later`;

/**
 * Checks this host. Creates a leaf at the same place as a run would, examines it, and removes it.
 * @throws UsageError or PermissionError if `cgroupParent` does not work; KernelFileError.
 */
export async function diagnose(cgroupParent: string | undefined): Promise<Diagnosis> {
  const checks: Check[] = [checkKernel(), ...checkHierarchy(), checkRights()];
  const placement = await placeLeaf({ cgroupParent, only: undefined, needsPids: false });
  const problems: string[] = [];
  try {
    checks.push(...placement.rejected.map(rejectedPlace));
    checks.push({
      name: 'placement',
      state: placement.leaf === undefined ? 'missing' : 'ok',
      found: `${placement.kind}: ${placement.reason}`,
      ...(placement.leaf === undefined ? { hint: hintOf(placement.rejected) } : {}),
    });
    checks.push(...checkLimits(placement));
    if (placement.leaf !== undefined) checks.push(...checkLeaf(placement.leaf));
  } finally {
    await removeLeaf(placement, { warn: (line) => problems.push(line) });
  }
  for (const found of problems) checks.push({ name: 'clean-up', state: 'limited', found });
  checks.push(await checkBpfAccess(), ...checkBpfAccounting(), checkBtf(), await checkPageScan());
  return { version: 1, cmemstat: VERSION, ready: placement.leaf !== undefined, checks };
}

function hintOf(rejected: readonly Rejection[]): string {
  return rejected.findLast(({ hint }) => hint !== undefined)?.hint ?? 'run as root';
}

function checkLimits({ callerLimits, escaped, leaf }: Placement): Check[] {
  if (callerLimits.length === 0 || leaf === undefined) return [];
  const how = escaped.length === 0 ? 'the cgroup of a run is below them' : 'copied to the cgroup of a run';
  const found = `${(escaped.length === 0 ? callerLimits : escaped).map(describeLimit).join(', ')}: ${how}`;
  return [{ name: 'limits', state: 'ok', found }];
}

function rejectedPlace({ kind, message, hint }: Rejection): Check {
  const check: Check = { name: `placement ${kind}`, state: 'skipped', found: message };
  return hint === undefined ? check : { ...check, hint };
}

function checkKernel(): Check {
  return { name: 'kernel', state: 'ok', found: readKernelRelease()?.text ?? 'unknown' };
}

function checkHierarchy(): Check[] {
  const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
  if (hierarchy.version === undefined) {
    return [{ name: 'memory controller', state: 'missing', found: hierarchy.reason, hint: hierarchy.hint }];
  }
  const found = `cgroup v${hierarchy.version} at ${hierarchy.mountPoint}${hierarchy.readOnly ? ', read-only' : ''}`;
  if (hierarchy.version === 2) return [{ name: 'memory controller', state: 'ok', found }];
  return [
    {
      name: 'memory controller',
      state: 'limited',
      found: `${found}: no kernel breakdown, no pressure, no memory.high`,
      hint: 'boot with systemd.unified_cgroup_hierarchy=1, or cgroup_no_v1=memory where cgroup v2 is mounted by hand',
    },
  ];
}

function checkRights(): Check {
  const held = readEffectiveCapabilities();
  const uid = process.getuid?.() ?? -1;
  const found = `uid ${uid}, ${held.size === 0 ? 'no relevant capabilities' : [...held].join(' ')}`;
  if (uid === 0) return { name: 'rights', state: 'ok', found };
  return { name: 'rights', state: 'limited', found, hint: asRootHint(readHintFacts()) };
}

/** A file of the leaf: the first kernel release that has it, and the consequence if it is missing. */
interface LeafFile {
  name: string;
  file: string;
  since: string;
  without: string;
}

const LEAF_FILES: readonly LeafFile[] = [
  { name: 'peak', file: 'memory.peak', since: '5.19', without: 'the peak is the highest reading' },
  {
    name: 'local events',
    file: 'memory.events.local',
    since: '5.2',
    without: 'OOM kills of nested cgroups count too',
  },
  { name: 'swap', file: 'memory.swap.current', since: '4.5', without: 'swap is not measured (CONFIG_SWAP)' },
  {
    name: 'kill',
    file: 'cgroup.kill',
    since: '5.14',
    without: 'processes are killed one by one in the frozen cgroup',
  },
];

function checkLeaf(leaf: Leaf): Check[] {
  if (leaf.version === 1)
    return [{ name: 'pressure', state: 'missing', found: 'cgroup v1 has no memory.pressure' }];
  const checks = LEAF_FILES.map(({ name, file, since, without }): Check => {
    if (existsSync(join(leaf.directory, file))) return { name, state: 'ok', found: file };
    return { name, state: 'limited', found: `no ${file}: ${without}`, since, hint: NEWER(since) };
  });
  return [...checks, checkKernelKey(leaf), checkPressure(leaf)];
}

function checkKernelKey(leaf: Leaf): Check {
  const hasKey = /^kernel /m.test(readPseudoFile(join(leaf.directory, 'memory.stat')));
  if (hasKey) return { name: 'kernel memory', state: 'ok', found: '"kernel" in memory.stat' };
  return {
    name: 'kernel memory',
    state: 'limited',
    found: 'no total of kernel memory in memory.stat, only slab, kernel_stack, percpu, sock ...',
    since: '5.18',
    hint: NEWER('5.18'),
  };
}

function checkPressure(leaf: Leaf): Check {
  const text = absentAs(undefined, () => readPseudoFile(join(leaf.directory, 'memory.pressure')));
  if (text !== undefined) return { name: 'pressure', state: 'ok', found: 'memory.pressure' };
  const compiledIn = existsSync('/proc/pressure');
  return {
    name: 'pressure',
    state: 'limited',
    found: compiledIn ? 'PSI is compiled in but disabled' : 'this kernel has no PSI',
    since: '4.20',
    hint: 'boot with psi=1 (requires CONFIG_PSI)',
  };
}

async function checkBpfAccess(): Promise<Check> {
  const name = 'bpf access';
  try {
    const collector = await openBpfCollector();
    const { maps, programs } = collector.collect([]).host;
    collector.close();
    return { name, state: 'ok', found: `${maps.count} maps and ${programs.count} programs on this host` };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const check: Check = { name, state: 'missing', found: error.message };
    return error.hint === undefined ? check : { ...check, hint: error.hint };
  }
}

function checkBpfAccounting(): Check[] {
  const kernel = readKernelRelease();
  if (kernel === undefined) return [];
  const turnedOff = /(?:^|\s)cgroup\.memory=\S*\bnobpf\b/.test(readPseudoFile('/proc/cmdline'));
  const charged: Check = {
    name: 'bpf charged',
    state: 'ok',
    found: 'BPF memory is charged to the cgroup of its creator',
  };
  if (turnedOff) {
    charged.state = 'missing';
    charged.found = 'the kernel was booted with cgroup.memory=nobpf: BPF memory is charged to no cgroup';
    charged.hint = 'remove nobpf from cgroup.memory= on the kernel command line and reboot';
  } else if (!isAtLeast(kernel, 5, 11)) {
    charged.state = 'missing';
    charged.found = 'this kernel charges BPF memory to RLIMIT_MEMLOCK, not to a cgroup';
    charged.since = '5.11';
    charged.hint = NEWER('5.11');
  }
  const exact: Check = { name: 'memlock', state: 'ok', found: 'memlock is the exact size of a map' };
  if (!isAtLeast(kernel, 6, 4)) {
    exact.state = 'limited';
    exact.found = 'memlock is an estimate: 0 for a ring buffer, half the size for a hash';
    exact.since = '6.4';
    exact.hint = NEWER('6.4');
  }
  return [charged, exact];
}

function checkBtf(): Check {
  const path = '/sys/kernel/btf/vmlinux';
  try {
    accessSync(path, constants.R_OK);
    return { name: 'btf', state: 'ok', found: path };
  } catch {
    return {
      name: 'btf',
      state: 'limited',
      found: `${path} cannot be read`,
      since: '5.4',
      hint: existsSync('/sys/kernel')
        ? 'boot a kernel with CONFIG_DEBUG_INFO_BTF=y'
        : 'mount -t sysfs none /sys',
    };
  }
}

/** Runs the self-test of the page scan, if it was not run since the host was booted. */
async function checkPageScan(): Promise<Check> {
  const name = 'page scan';
  const { openScanReaders, orToolError } = await import('../explain/scan-readers.ts');
  const readers = await orToolError(openScanReaders);
  const fault = readers instanceof ToolError ? readers : readers.fault;
  if (fault !== undefined) {
    const check: Check = { name, state: 'limited', found: fault.message };
    if (fault instanceof UnsupportedError && fault.since !== undefined) check.since = fault.since;
    return fault.hint === undefined ? check : { ...check, hint: fault.hint };
  }
  const { untested, withoutMap } = readers instanceof ToolError ? {} : readers;
  if (untested !== undefined)
    return { name, state: 'limited', found: `its self-test could not be run: ${untested}` };
  const rest = withoutMap === undefined ? '' : ` (left out: a BPF map, ${withoutMap})`;
  return { name, state: 'ok', found: `passed its self-test${rest}: cmemstat explain names all memory` };
}
