/** The figures of known targets. */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { required } from '../../required.ts';
import {
  BINARY,
  host,
  leavesOnHost,
  MIB,
  needs,
  needsProgram,
  readPartial,
  readRecording,
  record,
  SLOWNESS,
  scratch,
  start,
  TARGETS,
  testWith,
  testWithoutKernel,
} from '../harness.ts';

/**
 * The kernel sums the counts of the CPUs every 2 s, or when 64 pages per CPU have changed; until then
 * memory.stat lags.
 */
const STAT_FLUSH_SECONDS = 5;

/**
 * `dd` reads its whole block before writing it to a pipe: that much anon, and little more. The reader reports
 * the first byte by the file `MIB` in the folder, and holds the rest back until there is a file `end`.
 */
const hold = (mib: number, folder: string) =>
  `dd if=/dev/zero bs=${mib}M count=1 2>/dev/null | sh -c 'head -c 1 >${folder}/${mib}; until [ -e ${folder}/end ]; do sleep 0.2; done'`;

testWith(
  [needs.cgroup],
  'a process tree that allocates 10 + 20 + 30 + 40 MiB has 100 to 104 MiB of anon',
  async () => {
    const folder = mkdtempSync(join(scratch, 'hold-'));
    const branches = `${hold(10, folder)} & (${hold(20, folder)} & (${hold(30, folder)}) & wait) & ${hold(40, folder)} &`;
    const allocated = [10, 20, 30, 40].map((mib) => `[ -s ${folder}/${mib} ]`).join(' && ');
    const script = `${branches} until ${allocated}; do sleep 0.1; done; sleep 1; : >${folder}/end; wait`;
    const { samples, summary } = await record('--interval', '100ms', '--', 'sh', '-c', script);
    const highest = Math.max(...samples.map((sample) => sample.stat?.anon ?? 0));
    expect(highest).toBeGreaterThanOrEqual(100 * MIB);
    expect(highest).toBeLessThanOrEqual(104 * MIB);
    expect(summary.peak?.bytes).toBeGreaterThanOrEqual(100 * MIB);
    expect(summary.averages.anon).toBeLessThanOrEqual(104 * MIB);
    expect(summary.processes?.max).toBeGreaterThanOrEqual(9);
  },
);

testWith([needs.cgroup], 'a file that is written and read is counted in file', async () => {
  const file = join(scratch, 'data');
  const { summary } = await record(
    '--',
    'sh',
    '-c',
    `dd if=/dev/zero of=${file} bs=1M count=48 2>/dev/null && cat ${file} >/dev/null && sleep 1.2`,
  );
  const highest = summary.highest;
  // memory.stat may lag by the counts that CPUs have not flushed.
  const lag = availableParallelism() * 64 * 4096;
  expect(highest?.stat?.file).toBeGreaterThanOrEqual(48 * MIB - lag);
  expect(highest?.stat?.file).toBeLessThan(60 * MIB);
  expect(highest?.current).toBeGreaterThanOrEqual(48 * MIB);
});

testWith(
  [needs.cgroup, needs.exactStat],
  'no memory of cmemstat remains charged to the leaf: anon is what the target maps, plus one page at most',
  async () => {
    const running = start(
      process.execPath,
      [BINARY, '--json', '--interval', '100ms', '--', 'sleep', String(STAT_FLUSH_SECONDS + 2 * SLOWNESS)],
      { input: '' },
    );
    await running.until(/"reason":"tick"/);
    const { start: first } = readPartial(running.soFar());
    const mapped = readFileSync(`/proc/${first.pid}/smaps_rollup`, 'utf8');
    const ownBytes = Number(/^Anonymous:\s+(\d+) kB$/m.exec(mapped)?.[1]) * 1024;
    const { samples } = readRecording(await running.ended);
    const ticks = samples.filter(({ reason }) => reason === 'tick');
    // The last tick may be one of a process that has just exited.
    const anon = Math.max(...ticks.map(({ stat }) => stat?.anon ?? 0));
    expect(ownBytes).toBeGreaterThan(0);
    expect(anon - ownBytes).toBeGreaterThanOrEqual(0);
    expect(anon - ownBytes).toBeLessThanOrEqual(first.host.pageSizeBytes);
  },
);

/** Creates a BPF hash of 100,000 entries, and keeps it for a while. */
const BPF_HASH = [process.execPath, join(TARGETS, 'bpf-hash.mjs'), String(SLOWNESS)];

testWith(
  [needs.cgroup, needs.root],
  'a BPF hash of 100,000 entries is counted in the BPF totals',
  async () => {
    const { samples, summary } = await record(
      '--bpf-interval',
      '100ms',
      '--interval',
      '100ms',
      '--',
      ...BPF_HASH,
    );
    const held = summary.bpf?.heldPeak;
    expect(held?.maps.count).toBe(1);
    // Before Linux 6.4 memlock of a hash is an estimate from the size of key and value.
    const footprint = host.isAtLeast(6, 4)
      ? [14_098_000, 14_100_000]
      : host.isAtLeast(5, 11)
        ? [7_200_768, 7_200_768]
        : [14_098_432, 14_098_432];
    expect(held?.maps.memlock).toBeGreaterThanOrEqual(required(footprint[0]));
    expect(held?.maps.memlock).toBeLessThanOrEqual(required(footprint[1]));
    expect(Math.max(...samples.map((sample) => sample.bpf?.host?.maps.count ?? 0))).toBeGreaterThanOrEqual(1);
  },
);

testWith(
  [needs.cgroup, needs.root, needs.chargedBpf],
  'the memory of a BPF hash is counted in kernel',
  async () => {
    const { samples } = await record('--interval', '100ms', '--', ...BPF_HASH);
    const highest = Math.max(...samples.map((sample) => sample.kernel ?? 0));
    // memory.stat has `kernel` since 5.18: before, it is absent and not 0.
    if (host.mode === 'cgroup2' && !host.isAtLeast(5, 18))
      expect(samples.every((sample) => sample.kernel === undefined)).toBe(true);
    else expect(highest).toBeGreaterThan(13_500_000);
  },
);

testWith([needs.cgroup], 'a run of true has a plausible peak, and samples at launch and exit', async () => {
  const { samples, summary } = await record('--interval', '60s', '--', 'true');
  expect(samples.map((sample) => sample.reason)).toEqual(['launch', 'final']);
  expect(summary.exit).toMatchObject({ status: 0, code: 0 });
  const kept = host.mode === 'cgroup1' || host.isAtLeast(5, 19);
  if (kept) expect(summary.peak?.bytes).toBeGreaterThan(100_000);
  expect(summary.peak?.source).toBe(
    !kept ? 'sampled' : host.mode === 'cgroup1' ? 'memory.max_usage_in_bytes' : 'memory.peak',
  );
});

testWithoutKernel([needs.cgroup], 'samples lie on a grid that starts at the launch', async () => {
  const { samples, summary } = await record('--interval', '250ms', '--', 'sleep', String(2 * SLOWNESS));
  const ticks = samples.filter((sample) => sample.reason === 'tick');
  expect(ticks.length).toBeGreaterThanOrEqual(5);
  expect(summary.samples.count).toBe(samples.length);
  expect(ticks.length + summary.samples.missed).toBeGreaterThanOrEqual(
    Math.floor(summary.durationMs / 250) - 1,
  );
  expect(summary.samples.longestGapMs).toBeGreaterThanOrEqual(200);
});

testWith([needs.cgroup2], 'a sample has every figure of cgroup v2', async () => {
  const { samples } = await record('--', 'sleep', '1');
  const sample = required(samples.at(-1));
  expect(Object.keys(required(sample.stat)).length).toBeGreaterThanOrEqual(36);
  expect(sample.limits).toMatchObject({ max: 'max', high: 'max' });
  expect(sample.events).toHaveProperty('oom_kill', 0);
  expect(sample.eventsLocal).toHaveProperty('oom_kill', 0);
  expect(sample.pressure?.some?.total).toBeGreaterThanOrEqual(0);
  expect(sample.swap?.current).toBe(0);
  expect('peak' in sample).toBe(host.isAtLeast(5, 19));
  expect('kernel' in sample).toBe(host.isAtLeast(5, 18));
  expect(sample.zswap !== undefined).toBe(host.isAtLeast(5, 19));
});

testWith([needs.cgroup2, needs.root], 'a threaded cgroup of the target is measured and removed', async () => {
  // A read of cgroup.procs in a threaded cgroup fails with EOPNOTSUPP, which Node names ENOTSUP.
  const leaf = '/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)';
  const script = `leaf=${leaf}; mkdir $leaf/threads && echo threaded >$leaf/threads/cgroup.type && echo $$ >$leaf/threads/cgroup.threads && exec sleep ${0.5 * SLOWNESS}`;
  const { outcome, summary } = await record('--', 'sh', '-c', script);
  expect(outcome.stderr).toBe('');
  expect(outcome.status).toBe(0);
  expect(summary.nestedCgroups).toEqual({ max: 1 });
  expect(leavesOnHost()).toEqual([]);
});

testWith(
  [needs.cgroup, needs.root],
  'nested cgroups of the target are counted, included and removed',
  async () => {
    const join0 =
      host.mode === 'cgroup1'
        ? `/sys/fs/cgroup/memory$(grep :memory: /proc/self/cgroup | cut -d: -f3)`
        : `/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)`;
    const script = `leaf=${join0}; mkdir -p $leaf/a/b && echo $$ >$leaf/a/b/cgroup.procs; dd if=/dev/zero bs=20M count=1 2>/dev/null | sleep ${1.5 * SLOWNESS}`;
    // The kernel is behind in a third of the runs, since Linux 6.8.
    for (let runs = host.isAtLeast(6, 8) ? 5 : 1; runs > 0; runs -= 1) {
      const { summary, samples, outcome } = await record('--interval', '100ms', '--', 'bash', '-c', script);
      expect(outcome.status).toBe(0);
      expect(summary.nestedCgroups).toEqual({ max: 2 });
      expect(Math.max(...samples.map((sample) => sample.stat?.anon ?? 0))).toBeGreaterThan(19 * MIB);
      expect(existsSync(required(summary.leaf))).toBe(false);
    }
  },
  120_000,
);

testWith(
  [needs.cgroup, needsProgram('stress-ng')],
  '64 MiB allocated by stress-ng are measured',
  async () => {
    const { samples } = await record(
      '--interval',
      '100ms',
      '--',
      'stress-ng',
      '--temp-path',
      scratch,
      '--vm',
      '1',
      '--vm-bytes',
      '64M',
      '--vm-keep',
      '--vm-populate',
      '--vm-hang',
      '0',
      '-t',
      String(2 * SLOWNESS),
      '-q',
    );
    const highest = Math.max(...samples.map((sample) => sample.stat?.anon ?? 0));
    expect(highest).toBeGreaterThan(63 * MIB);
    expect(highest).toBeLessThan(90 * MIB);
  },
);

testWith([], 'the CPU time is that of the target and its children, in every mode', async () => {
  const busy = 'while(process.cpuUsage().user<300000)for(let i=0;i<1e6;i++);';
  for (const placement of [[], ['--placement', 'process-tree']]) {
    const file = join(scratch, `cpu-${placement.length}`);
    const report = `const c=process.cpuUsage();require("fs").appendFileSync("${file}",c.user+c.system+"\\n")`;
    const child = `${process.execPath} -e '${busy}${report}'`;
    const script = `${child} & ${child}; wait`;
    const { summary } = await record(...placement, '--', 'sh', '-c', script);
    const { user = 0, system = 0 } = summary.cpuUs ?? {};
    expect(user).toBeGreaterThanOrEqual(600_000);
    // The start of the shell and the ends of the children come on top of what these report.
    const reported = readFileSync(file, 'utf8').trim().split('\n').map(Number);
    expect(reported).toHaveLength(2);
    const sum = reported.reduce((total, each) => total + each, 0);
    expect(user + system).toBeGreaterThanOrEqual(sum * 0.95);
    expect(user + system).toBeLessThan(sum * 1.5 + SLOWNESS * 300_000);
    expect(summary.sources.cpu).toMatch(/^cpu\.stat$|^getrusage/);
  }
});
