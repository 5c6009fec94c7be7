/** BPF memory of a run: attribution, the composition of kernel memory, and leftovers. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { required } from '../../required.ts';
import { gate } from '../gate/gated.ts';
import {
  agent,
  cmemstat,
  host,
  needs,
  needsProgram,
  record,
  SLOWNESS,
  TARGETS,
  testWith,
} from '../harness.ts';
import { createPinned, withPin } from './bpftool.ts';

const needsAll = [needs.cgroup, needs.root, needs.attribution];

/** A run that reads BPF memory with every sample. */
const recordBpf = (intervalMs: number, ...target: string[]) =>
  record(...['--bpf-interval', `${intervalMs}ms`, '--interval', `${intervalMs}ms`, '--', ...target]);

/** A tool that runs until it is stopped. */
const recordInterrupted = (...tool: string[]) =>
  recordBpf(200, ...['timeout', '-k', '5', '-s', 'INT', String(4 * SLOWNESS)], ...tool);

testWith(needsAll, 'charges the maps of the agent to its leaf, and advises on the unused ones', async () => {
  const { summary, samples } = await recordBpf(200, ...agent(2 * SLOWNESS));
  const largest = summary.bpf?.largest;
  expect(largest?.attribution).toBe('memcg');
  expect(largest?.charged?.maps.count).toBe(4);
  expect(largest?.charged?.programs.count).toBe(1);
  expect(largest?.charged?.maps.bytes).toBeGreaterThan(17_000_000);
  // A preallocated percpu array of 256 elements of 1 KiB for every CPU is charged to no cgroup.
  expect(largest?.uncharged?.maps.bytes).toBeGreaterThanOrEqual(256 * 1024);
  expect(summary.bpf?.maps?.map(({ name }) => name).sort()).toEqual([
    'counters',
    'events',
    'flows',
    'never_used',
  ]);
  // Before Linux 6.6 the kernel does not count the elements of a preallocated hash.
  const named = summary.bpf?.advice?.some(({ maps }) => maps.some(({ name }) => name === 'never_used'));
  if (host.isAtLeast(6, 6)) expect(named).toBe(true);
  expect(summary.bpf?.leftovers).toEqual([]);
  expect(samples.some((sample) => (sample.bpf?.charged?.maps.count ?? 0) === 4)).toBe(true);
  expect(samples[0]?.bpf).toBeDefined();
});

testWith(needsAll, 'the terms of kernel memory add up to kernel, with a small unexplained part', async () => {
  const { summary } = await recordBpf(200, ...agent(2 * SLOWNESS));
  const breakdown = summary.kernelBreakdown;
  if (host.mode === 'cgroup2' && !host.isAtLeast(5, 18)) {
    expect(breakdown).toBeUndefined();
    return;
  }
  const sum = breakdown?.terms.reduce((total, { bytes }) => total + bytes, 0);
  expect(sum).toBe(breakdown?.kernel);
  expect(breakdown?.kernel).toBe(summary.highest?.kernel);
  const term = (id: string) => breakdown?.terms.find((each) => each.id === id)?.bytes;
  expect(term('bpf maps')).toBeGreaterThan(17_000_000);
  // The rest is kernel memory of two Node.js processes; cgroup v1 does not distinguish it.
  expect(Math.abs(required(term('unexplained')))).toBeLessThan(
    host.mode === 'cgroup2' ? 2_000_000 : 8_000_000,
  );
});

testWith(
  [...needsAll, needsProgram('bpftool')],
  'finds a map pinned by the target, with its pin; --fail-on-leftover exits with 4',
  async () => {
    await withPin('left_behind', async (pin) => {
      const create = createPinned(pin, 'hash', 1000);
      const { summary, outcome } = await record('--fail-on-leftover', '--', ...create);
      expect(outcome.status).toBe(4);
      expect(summary.bpf?.leftovers).toMatchObject([
        { name: 'left_behind', type: 'hash', pinned: [pin], programs: [], links: [] },
      ]);
      expect(summary.bpf?.leftovers?.[0]?.bytes).toBeGreaterThan(64_000);
      expect(existsSync(required(summary.leaf))).toBe(false);
      // An existing map does not belong to this run, nor does one that is freed with its target.
      const target = [process.execPath, join(TARGETS, 'bpf-hash.mjs'), '1'];
      const later = await record('--fail-on-leftover', '--', ...target);
      expect(later.outcome.status).toBe(0);
      expect(later.summary.bpf?.leftovers).toEqual([]);
    });
  },
);

testWith(
  [...needsAll, needsProgram('bpftool')],
  'distinguishes a map that the target holds and that is charged elsewhere',
  async () => {
    await withPin('from_before', async (pin) => {
      const [command = '', ...words] = createPinned(pin, 'array', 4096);
      expect(spawnSync(command, words).status).toBe(0);
      const holder = [process.execPath, join(TARGETS, 'hold-pinned.mjs'), pin, String(SLOWNESS)];
      const { samples, summary } = await recordBpf(100, ...holder);
      expect(summary.bpf?.heldElsewhere).toMatchObject({
        count: 1,
        names: { from_before: expect.any(Number) },
      });
      const elsewhere = samples.map((sample) => sample.bpf?.heldElsewhere?.maps ?? { count: 0, bytes: 0 });
      expect(Math.max(...elsewhere.map(({ count }) => count))).toBe(1);
      expect(Math.max(...elsewhere.map(({ bytes }) => bytes))).toBeGreaterThan(4096 * 64);
      expect(Math.max(...samples.map((sample) => sample.bpf?.charged?.maps.count ?? 0))).toBe(0);
    });
  },
);

testWith(
  [...needsAll, needsProgram('bpftool')],
  'a budget on 19.5 MiB of a pinned map that an earlier run was charged for is not measured',
  async () => {
    await withPin('acc', async (pin) => {
      expect((await cmemstat('-q', '--', ...createPinned(pin, 'array', 19.5 * 2 ** 14))).status).toBe(0);
      const holder = [process.execPath, join(TARGETS, 'hold-pinned.mjs'), pin, String(SLOWNESS)];
      const { outcome, verdict } = await gate('--budget', 'bpf.map:acc<=1MiB', '--', ...holder);
      expect(outcome.status).toBe(5);
      expect(verdict.budgets[0]).toMatchObject({
        status: 'not-measured',
        reason: expect.stringContaining('acc'),
      });
      expect(outcome.stderr).toMatch(/bpf: .* at most; 1 map 19\.5 MiB held, but charged elsewhere/);
    });
  },
);

testWith(
  [needs.cgroup, needs.root, needs.unchargedBpf],
  'reports the reason, never 0, where the kernel charges BPF memory to no cgroup',
  async () => {
    const { summary, samples } = await recordBpf(200, ...agent(2 * SLOWNESS));
    expect(samples.every((sample) => sample.bpf?.charged === undefined)).toBe(true);
    expect(summary.bpf?.reason).toBeDefined();
    expect(required(summary.bpf).leftovers).toBeUndefined();
    expect(summary.bpf?.heldPeak?.maps.count).toBe(4);
  },
);

testWith(
  [needs.cgroup, needs.root, needs.chargedBpf, needsProgram('bpftrace')],
  'bpftrace under cmemstat: its maps are charged to the leaf',
  async () => {
    // It ends by itself once its probes were attached for a while: compiling them can take an emulated
    // machine half a minute.
    const script = `BEGIN { @x = count(); } interval:ms:100 { @hits = count(); @by[pid] = count(); } interval:s:${2 * SLOWNESS} { exit(); }`;
    const limit = ['timeout', '-k', '5', '-s', 'INT', '90'];
    const { summary } = await recordBpf(200, ...limit, 'bpftrace', '-e', script);
    expect(summary.bpf?.largest?.charged?.maps.count).toBeGreaterThanOrEqual(3);
    expect(summary.bpf?.largest?.charged?.programs.count).toBeGreaterThanOrEqual(1);
  },
  120_000,
);

testWith([needs.cgroup], '--bpf-interval 0 reads nothing of BPF', async () => {
  const { summary, samples, start } = await record('--bpf-interval', '0', '--', 'sleep', '1');
  expect(summary.bpf).toBeUndefined();
  expect(start.bpfIntervalMs).toBeUndefined();
  expect(samples.every((sample) => sample.bpf === undefined)).toBe(true);
});

/** The arguments with which a tool runs until it is stopped. */
const LIBBPF_TOOLS: readonly [tool: string, ...args: string[]][] = [
  ['opensnoop'],
  ['execsnoop'],
  ['runqlat', '100', '100'],
  ['biolatency', '100', '100'],
];

testWith(
  [...needsAll, ...LIBBPF_TOOLS.map(([tool]) => needsProgram(tool))],
  'tools of libbpf-tools under cmemstat: their maps are charged to the leaf',
  async () => {
    let found = 0;
    const isGuest = process.env.CMEMSTAT_VM_GUEST !== undefined;
    for (const tool of LIBBPF_TOOLS) {
      // Each takes 20 s in an emulated machine.
      if (isGuest && found === 2) break;
      const { summary, outcome } = await recordInterrupted(...tool);
      // A tool may be older than the kernel, and find no attach target: it reports that and exits.
      if (![0, 124, 137].includes(outcome.status ?? -1)) continue;
      const charged = summary.bpf?.largest?.charged;
      expect({
        tool: tool[0],
        maps: (charged?.maps.count ?? 0) >= 1,
        programs: (charged?.programs.count ?? 0) >= 1,
      }).toEqual({ tool: tool[0], maps: true, programs: true });
      found += 1;
    }
    // A development host may lack tracefs or kprobes; Debian's kernels have them.
    expect(found).toBeGreaterThanOrEqual(isGuest ? 2 : 1);
  },
  120_000,
);

testWith(
  needsAll,
  'a run too short for a reading is reported once, and its last reading is attributed',
  async () => {
    const verdict = await cmemstat('-q', '--interval', '10s', '--budget', 'bpf<=8MiB', '--', 'true');
    expect(verdict.status).toBe(5);
    expect(verdict.stderr).toMatch(/bpf<=8MiB: BPF memory was not read while the target ran, only after/);
    expect(verdict.stderr).not.toMatch(/could not be attributed|bpf held/);
    const { samples, summary } = await record('--interval', '10s', '--', 'true');
    expect(samples.at(-1)).toMatchObject({ reason: 'final', bpf: { attribution: 'memcg' } });
    expect(summary.bpf).toMatchObject({ runningReadings: 0, leftovers: [] });
  },
);
