/** `cmemstat top` on real cgroups with real processes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { BINARY, builtTarget, cmemstat, host, MIB, needs, start, testWith } from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';
import { HOLD_20_MIB, killStarted, mountPoint, startIn } from './cgroup-programs.ts';

interface Row {
  cgroup: string;
  cgroupId: string;
  name: string;
  depth: number;
  [figure: string]: number | string | object;
}
interface Document {
  cgroups: Row[];
  uncharged?: { bytes: number; parts: Record<string, number> };
  absent: { figure: string; reason: string }[];
}

const supported = needs.root.has && needs.cgroup.has;

const top = `/cmemstat-test-top-${process.pid}`;
const id = '5'.repeat(64);
const paths = {
  container: `${top}/system.slice/docker-${id}.scope`,
  service: `${top}/system.slice/web.service`,
  odd: `${top}/a\x1b[31m b\\'"$(x)\u00e9`,
};

beforeAll(async () => {
  if (!supported) return;
  for (const path of Object.values(paths)) await startIn(path, HOLD_20_MIB);
  if (needs.attribution.has)
    await startIn(paths.service, [process.execPath, await builtTarget('map-holder'), 'agent']);
}, 120_000);

afterAll(async () => {
  if (!supported) return;
  await killStarted();
  await removeWhenEmpty(join(mountPoint, top));
});

async function read(...args: string[]): Promise<Document> {
  const { status, stdout, stderr } = await cmemstat('top', '--json', ...args);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Document;
}

const rowOf = ({ cgroups }: Document, path: string): Row => {
  const row = cgroups.find(({ cgroup }) => cgroup === path);
  if (row === undefined) throw new Error(`${path} is not listed`);
  return row;
};

const fileOf = (path: string, name: string) => readFileSync(join(mountPoint, path, name), 'utf8');
const statOf = (path: string, key: string) =>
  Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(fileOf(path, 'memory.stat'))?.[1]);

describe('cmemstat top', () => {
  testWith([needs.root, needs.cgroup], 'has the figures of the kernel for each cgroup', async () => {
    const [totals, current]: [Record<string, string>, string] =
      host.mode === 'cgroup2'
        ? [{ anon: 'anon', file: 'file', shmem: 'shmem' }, 'memory.current']
        : [{ anon: 'total_rss', file: 'total_cache', shmem: 'total_shmem' }, 'memory.usage_in_bytes'];
    const document = await read();
    for (const path of [...Object.values(paths), `${top}/system.slice`, top]) {
      const row = rowOf(document, path);
      // The processes sleep; caches of the kernel and batches of counters move a little.
      expect(Math.abs(Number(row.current) - Number(fileOf(path, current)))).toBeLessThan(2 * MIB);
      for (const [figure, key] of Object.entries(totals)) {
        expect(Math.abs(Number(row[figure]) - statOf(path, key)), `${figure} of ${path}`).toBeLessThan(MIB);
      }
      expect(row.anon).toBeGreaterThan(20 * MIB);
    }
    const processes = needs.attribution.has ? 2 : 1;
    expect(rowOf(document, paths.service).processes).toBe(processes);
    expect(rowOf(document, `${top}/system.slice`).processes).toBe(processes + 1);
    expect(rowOf(document, paths.odd).processes).toBe(1);
  });

  testWith(
    [needs.root, needs.cgroup],
    'has a root that is at least its parts, and not more than the host',
    async () => {
      const { cgroups, uncharged } = await read();
      const [root] = cgroups;
      const below = cgroups.filter(({ depth }) => depth === 1);
      const sum = (figure: string) => below.reduce((all, row) => all + Number(row[figure] ?? 0), 0);
      for (const figure of ['current', 'anon', 'file']) {
        expect(Number(root?.[figure])).toBeGreaterThan(sum(figure) * 0.98 - MIB);
      }
      const [, kib = ''] = /^MemTotal: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
      const all = Number(root?.current) + (uncharged?.bytes ?? 0);
      expect(all).toBeLessThan(Number(kib) * 1024);
      expect(uncharged?.bytes).toBeGreaterThan(0);
    },
  );

  testWith([needs.root, needs.cgroup], 'matches its schema, and says why a column is missing', async () => {
    const schema = JSON.parse(
      readFileSync(new URL('../../../schema/top.schema.json', import.meta.url), 'utf8'),
    );
    const validate = new Ajv2020({ strict: true, strictTypes: false }).compile(schema);
    const document = await read();
    validate(document);
    expect(validate.errors).toBeNull();
    const missing = document.absent.map(({ figure }) => figure);
    const service = rowOf(document, paths.service);
    const all = 'current anon file shmem kernel slab sock swap bpf orphaned pressure processes'.split(' ');
    for (const figure of all) {
      if (missing.includes(figure)) expect(service).not.toHaveProperty(figure);
      else expect(service, figure).toHaveProperty(figure);
    }
    if (host.mode === 'cgroup1')
      expect(missing).toEqual(expect.arrayContaining(['slab', 'sock', 'pressure']));
  });

  testWith(
    [needs.root, needs.cgroup, needs.attribution],
    'sums the BPF maps that are charged to a cgroup',
    async () => {
      const document = await read();
      if (document.absent.some(({ figure }) => figure === 'bpf')) {
        // Before Linux 5.11 no cgroup is charged.
        expect(document.absent.find(({ figure }) => figure === 'bpf')?.reason).toMatch(/RLIMIT_MEMLOCK/);
        return;
      }
      const maps = await cmemstat('maps', '--json', '--total', '--cgroup', paths.service);
      const { totals } = JSON.parse(maps.stdout) as { totals: { bytes: number; unchargedBytes: number } };
      expect(totals.bytes).toBeGreaterThan(0);
      expect(rowOf(document, paths.service).bpf).toBe(totals.bytes - totals.unchargedBytes);
      expect(rowOf(document, top).bpf).toBe(totals.bytes - totals.unchargedBytes);
      expect(rowOf(document, paths.container).bpf).toBe(0);
      expect(Number(document.cgroups[0]?.bpf)).toBeGreaterThanOrEqual(totals.bytes - totals.unchargedBytes);
    },
  );

  testWith(
    [needs.root, needs.cgroup],
    'prints a table with names, without escape sequences of them',
    async () => {
      const { status, stdout, stderr } = await cmemstat('top', '--once', '--filter', `*${top.slice(1)}*`);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/ {2}555555555555$/m);
      expect(stdout).toMatch(/ {2}web\.service$/m);
      expect(stdout).toContain(String.raw`a\x1b[31m b\'"$(x)é`);
      expect(stdout).not.toContain('\x1b');
      expect(stdout).toMatch(/^charged to no cgroup: /m);
    },
  );

  testWith(
    [needs.root, needs.cgroup],
    'continues while cgroups are created and removed, until a signal',
    async () => {
      const repeated = start(BINARY, ['top', '--json', '--interval', '100ms']);
      await repeated.until(/\n/);
      const deadline = Date.now() + 3000;
      while (Date.now() < deadline) {
        const names = Array.from({ length: 20 }, (_, at) => join(mountPoint, top, `brief-${at}`));
        for (const name of names) mkdirSync(name);
        for (const name of names) rmdirSync(name);
        await new Promise((done) => setTimeout(done, 5));
      }
      repeated.child.kill('SIGINT');
      const { status, stdout, stderr } = await repeated.ended;
      expect([status, stderr]).toEqual([0, '']);
      const lines = stdout.trim().split('\n');
      expect(lines.length).toBeGreaterThan(5);
      const documents = lines.map((line) => JSON.parse(line) as Document);
      for (const document of documents) rowOf(document, paths.service);
      expect(documents.at(-1)?.absent.map(({ figure }) => figure)).not.toContain('growth');
    },
  );

  testWith([needs.root, needs.cgroup], 'ends quietly if the reader of its output does', () => {
    const command = '"$0" top --once | head -1; "$0" top --json --interval 100ms | head -1 | wc -l';
    const stdout = execFileSync('/bin/bash', ['-o', 'pipefail', '-c', command, BINARY], { encoding: 'utf8' });
    expect(stdout).toMatch(/^ *current.*\n1\n$/);
  });

  testWith([needs.root, needs.cgroup], 'says what is wrong with a command line', async () => {
    const errorOf = async (...args: string[]) => {
      const { status, stderr } = await cmemstat('top', ...args);
      expect(status).toBe(125);
      return stderr;
    };
    expect(await errorOf('--interval', '50ms')).toContain('must be from 100ms to 24 days');
    expect(await errorOf('--sort', 'curent')).toContain('--sort');
    expect(await errorOf('--once', '--sort', 'growth')).toContain('--interval');
    expect(await errorOf('--filter', '[z-a]')).toContain('reversed');
  });
});
