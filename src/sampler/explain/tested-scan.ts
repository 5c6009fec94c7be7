/** Compares the page scan with known memory before its figures are believed. */
import { type Placement, placeLeaf } from '../../cgroup/placement.ts';
import { ToolError, UnsupportedError } from '../../errors.ts';
import { OBJECTS_IDENTITY } from '../../kernel/bpf/programs/compiled/identity.ts';
import type { ScanObjects } from '../../kernel/bpf/scan/scan-objects.ts';
import type { Bpf } from '../../kernel/bpf/sys/bpf-call.ts';
import { type CacheSources, openKernelCache } from '../../kernel/files/kernel-cache.ts';
import { readPseudoFile } from '../../kernel/pseudo-file.ts';
import { bufferSignals } from '../../target/signals.ts';
import { failedChecks, runSelfTest, type SelfTest, type SelfTestCheck } from './scan-self-test.ts';

/** The outcome of the self-test on this kernel since it was booted. */
export type SelfTestResult =
  /** `withoutMap`: why it was run without a BPF map. */
  | { state: 'passed'; withoutMap?: string }
  /** The scan is wrong on this kernel, and how. */
  | { state: 'failed'; differences: SelfTestCheck[] }
  /** It could not be run: there is no place for a cgroup, for example. */
  | { state: 'untested'; reason: string };

/** Where the result is kept; the defaults are this host's. */
export type SelfTestSources = CacheSources & { bootIdPath?: string };

interface Marker {
  bootId: string;
  differences: SelfTestCheck[];
  withoutMap?: string;
}

// Increment whenever the self-test checks something else.
const VERSION = 3;

/**
 * The result of the self-test: from the cache if it was run since the host was booted, otherwise run now, in
 * a cgroup of our own, which takes as long as a few scans. It has the name of the cgroup of a run: in a run,
 * test before that is created.
 */
export async function testScan(
  bpf: Bpf,
  objects: ScanObjects,
  { bootIdPath = '/proc/sys/kernel/random/boot_id', ...cache }: SelfTestSources = {},
): Promise<SelfTestResult> {
  const entry = openKernelCache('page-scan-test', `${VERSION}.${OBJECTS_IDENTITY}`, isMarker, cache);
  const bootId = readPseudoFile(bootIdPath).trim();
  const known = entry.read();
  if (known?.bootId === bootId) return resultOf(known);
  let test: SelfTest;
  try {
    test = await beforeSignals(() => runInLeaf(bpf, objects));
    // A process that was started meanwhile may disturb a test, but hardly two.
    if (failedChecks(test.checks).length > 0) test = await beforeSignals(() => runInLeaf(bpf, objects));
  } catch (error) {
    // A scan that does not work at all reports that itself.
    if (!(error instanceof ToolError)) throw error;
    return { state: 'untested', reason: error.message };
  }
  const { checks, ...rest } = test;
  const marker: Marker = { bootId, differences: failedChecks(checks), ...rest };
  entry.write(marker);
  return resultOf(marker);
}

/**
 * A signal that would end this process is delivered when the cgroup and the files of the test are removed.
 */
async function beforeSignals<T>(run: () => Promise<T>): Promise<T> {
  const buffered = bufferSignals();
  try {
    return await run();
  } finally {
    const { ending } = buffered;
    buffered.flush();
    // Others that listen have received it.
    if (ending !== undefined && process.listenerCount(ending) === 0) process.kill(process.pid, ending);
  }
}

function resultOf({ differences, withoutMap }: Marker): SelfTestResult {
  if (differences.length > 0) return { state: 'failed', differences };
  return { state: 'passed', ...(withoutMap === undefined ? {} : { withoutMap }) };
}

async function runInLeaf(bpf: Bpf, objects: ScanObjects): Promise<SelfTest> {
  const { leaf, release, reason } = await place();
  try {
    if (leaf === undefined) throw new UnsupportedError('self-test', reason);
    try {
      return await runSelfTest(bpf, objects, leaf);
    } finally {
      await leaf.kill();
      await leaf.remove();
    }
  } finally {
    await release();
  }
}

/** At the top of the hierarchy, where no service manager is asked; else where runs are. */
async function place(): Promise<Placement> {
  try {
    return await placeLeaf({ needsPids: false, only: 'top' });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return placeLeaf({ needsPids: false });
  }
}

/** The error for a scan that is wrong on this kernel. */
export function explainDifferences(differences: readonly SelfTestCheck[]): UnsupportedError {
  const words = differences.map(({ what, expected, found }) => `${what}: ${found} instead of ${expected}`);
  return new UnsupportedError('page scan', `the page scan is wrong on this kernel (${words.join('; ')})`, {
    hint: 'report it with the output of uname -r; counters of the kernel are shown instead',
  });
}

function isMarker(value: unknown): value is Marker {
  const { bootId, differences } = (value ?? {}) as Partial<Marker>;
  return typeof bootId === 'string' && Array.isArray(differences);
}
