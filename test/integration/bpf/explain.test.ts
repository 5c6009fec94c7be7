/** `cmemstat explain` and `--explain`: the tree of a target whose memory is known. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { ExplainRecord } from '#src/model/explain/explain-record.ts';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import type { RecordLine, SummaryRecord } from '#src/model/recording.ts';
import type { Verdict } from '#src/model/verdict.ts';
import explainSchema from '../../../schema/explain.schema.json' with { type: 'json' };
import { required } from '../../required.ts';
import { classNamed, explain, leafNamed, leafOf, needsScan, nodesOf, STOCK } from '../explanations.ts';
import {
  BINARY,
  cmemstat,
  host,
  isGuest,
  MIB,
  needs,
  type Running,
  SLOWNESS,
  scratch,
  start,
  TARGETS,
} from '../harness.ts';
import { readAgain } from '../memory-cgroup.ts';
import { requires } from './bpf-requirements.ts';

const supported = needs.root.has && host.mode !== 'process-tree';
const folder = mkdtempSync(join(tmpdir(), 'explain-'));
const tmpfs = supported ? mkdtempSync('/dev/shm/explain-') : folder;
let run: Running;
let leaf: string;
const recording = join(scratch, 'explained.jsonl');

beforeAll(async () => {
  if (!supported) return;
  const words = ['node', join(TARGETS, 'hold-memory.mjs'), folder, tmpfs];
  run = start(BINARY, ['--no-tui', '-q', '--output', recording, '--explain', 'end', '--', ...words]);
  await run.until(/ready/);
  // The kernel flushes the statistics of CPUs every two seconds.
  await new Promise((settle) => setTimeout(settle, 4000));
  leaf = leafOf(recording);
}, 180_000);

afterAll(async () => {
  if (!supported) return;
  run.child.kill('SIGTERM');
  await run.ended;
  rmSync(folder, { recursive: true, force: true });
  rmSync(tmpfs, { recursive: true, force: true });
}, 60_000);

/** What is the same on every kernel is not repeated in each guest, where a scan takes seconds. */
function onHostOnly(context: TestContext): void {
  if (isGuest) context.skip('the same on every kernel: the host runs it');
}

const ofPath = (path: string) => (node: MemoryNode) => node.path === path;

describe('a running target', () => {
  it('adds up to what the kernel charged, and nearly all of it has a name', async (context) => {
    // Guests run explain-everything.
    onHostOnly(context);
    needsScan(context);
    const { tree, method, before, after, ...rest } = await explain(leaf);
    expect({
      method,
      missing: rest.missing.filter(
        ({ term }) =>
          !/^(?:files that processes of other cgroups map|hugetlb|device memory|files of processes)/.test(
            term,
          ),
      ),
    }).toEqual({
      method: 'pages',
      missing: [],
    });
    const current = required(after.current);
    expect(before.current).toBeDefined();
    expect(Math.abs(tree.bytes - current)).toBeLessThan(Math.max(current / 100, STOCK));
    const unnamed = nodesOf({ tree }).filter(({ kind }) => kind === 'unnamed');
    const bytes = unnamed.reduce((sum, node) => sum + node.bytes, 0);
    expect(bytes).toBeLessThan(Math.max(current / 100, STOCK));
  });

  it('has the sizes of memory.stat', async (context) => {
    // Guests run explain-everything.
    onHostOnly(context);
    needsScan(context);
    const explanation = await explain(leaf);
    const { stat } = explanation.after;
    const slack = 32 * 4096;
    expect(Math.abs(classNamed(explanation, 'anon').bytes - required(stat.anon))).toBeLessThan(slack);
    expect(Math.abs(classNamed(explanation, 'shmem').bytes - required(stat.shmem))).toBeLessThan(slack);
    const file = required(stat.file) - required(stat.shmem);
    expect(Math.abs(classNamed(explanation, 'file').bytes - file)).toBeLessThan(slack);
  });

  it('names files, deleted ones too, files in memory, and the process', async (context) => {
    needsScan(context);
    readAgain(leaf, join(folder, 'kept.dat'));
    const { tree } = await explain(leaf);
    const kept = leafNamed(tree, ofPath(join(folder, 'kept.dat')));
    expect(kept).toMatchObject({ kind: 'file', bytes: 6 * MIB });
    const deleted = leafNamed(tree, ofPath(join(folder, 'deleted.dat')));
    expect(deleted).toMatchObject({ kind: 'deleted-file', bytes: 3 * MIB });
    const held = leafNamed(tree, ofPath(join(tmpfs, 'held.tmpfs')));
    expect(held).toMatchObject({ kind: 'file', bytes: 5 * MIB, reclaim: 'persistent', fsType: 'tmpfs' });
    const anon = tree.children?.find(({ name }) => name === 'anon');
    const process = anon?.children?.find(({ name }) => name.includes('hold-memory.mjs'));
    expect(process?.bytes).toBeGreaterThan(24 * MIB);
    expect(leafNamed(tree, ({ name }) => name === 'dentry')).toMatchObject({ kind: 'slab-cache' });
  });

  it('keeps every byte of a hostile name, and escapes what a terminal would obey', async (context) => {
    onHostOnly(context);
    needsScan(context);
    const { tree } = await explain(leaf);
    leafNamed(tree, ({ path }) => path?.startsWith(`${folder}/\\xff\n\u001b[31m\\xc3`) === true);
    const { stdout } = await cmemstat('explain', '--top', '100000', '--min', '1', leaf);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: looks for control characters
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  });

  it('matches its schema, in every form', async (context) => {
    needsScan(context);
    const validate = new Ajv2020({ strict: false }).compile(explainSchema);
    const forms = [[], ['--used']];
    if (!isGuest) forms.push(['--by', 'directory'], ['--by', 'process'], ['--no-names'], ['--sample', '3']);
    for (const form of forms) {
      const document = await explain(...form, leaf);
      expect({ form, isValid: validate(document), errors: validate.errors }).toEqual({
        form,
        isValid: true,
        errors: null,
      });
    }
  });

  it('hides names', async (context) => {
    onHostOnly(context);
    needsScan(context);
    const { stdout } = await cmemstat('explain', '--json', '--no-names', leaf);
    expect(stdout).not.toContain(folder);
    expect(stdout).not.toContain('hold-memory');
  });

  it('is found by a process in it', async (context) => {
    onHostOnly(context);
    needsScan(context);
    const pid = readFileSync(join(leaf, 'cgroup.procs'), 'utf8').trim().split('\n')[0] ?? '';
    expect((await explain(pid)).cgroup).toBe((await explain(leaf)).cgroup);
  });

  it('names the memory of the scan, where that is charged to the cgroup', async (context) => {
    needsScan(context);
    const own = leafNamed(
      (await explain(String(process.pid))).tree,
      ({ name }) => name === 'maps of cmemstat',
    );
    // The buckets alone, of a hash without preallocation with room for 16,384 rows.
    expect(own).toMatchObject({ kind: 'bpf-map', reclaim: 'kernel' });
    expect(own.bytes).toBeGreaterThan(128 * 1024);
    const nodes = nodesOf(await explain(leaf));
    expect(nodes.some(({ name }) => name === 'maps of cmemstat')).toBe(false);
  });

  it('shows the whole host with the cgroup in it', async (context) => {
    needsScan(context);
    readAgain(leaf, join(folder, 'kept.dat'));
    const { tree } = await explain();
    expect(tree.kind).toBe('host');
    const file = leafNamed(tree, ofPath(join(folder, 'kept.dat')));
    expect(file.bytes).toBe(6 * MIB);
  });
});

it('says which kernel a scan requires, and still shows what the counters have', async (context) => {
  if (!supported || host.isAtLeast(5, 17)) context.skip('this kernel can scan pages');
  const { method, reason, tree, after } = await explain(leaf);
  expect(['page-kinds', 'counters']).toContain(method);
  expect(reason).toMatch(/5\.17|5\.14/);
  expect(Math.abs(tree.bytes - required(after.current))).toBeLessThan(STOCK + MIB);
});

it('a run records what its memory was at the end, and lists the largest names', async (context) => {
  needsScan(context);
  const file = join(scratch, 'run-explained.jsonl');
  const data = join(folder, 'written.dat');
  const script = `head -c 8M /dev/zero > ${data}; sleep 1`;
  const { stderr, status } = await cmemstat(
    ...['--no-tui', '--output', file, '--explain', 'end', '--explain', 'peak', '--', 'sh', '-c', script],
  );
  expect(status).toBe(0);
  expect(stderr).toMatch(/memory by name at the end/);
  expect(stderr).toMatch(new RegExp(`8\\.00 MiB {2}${data}`));
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordLine);
  const record = lines.find(
    (line): line is ExplainRecord => line.type === 'explain' && line.moment === 'end',
  );
  expect(leafNamed(required(record).tree, ofPath(data)).bytes).toBe(8 * MIB);
  const summary = lines.find((line): line is SummaryRecord => line.type === 'summary');
  expect(summary?.explained?.find(({ moment }) => moment === 'end')?.names[0]).toMatchObject({
    kind: 'file',
    name: data,
    bytes: 8 * MIB,
  });
});

/** A run of a target that stays, until `end`. */
async function hold(name: string, options: string[], words: string[]) {
  const file = join(scratch, name);
  // Of an attempt before.
  rmSync(file, { force: true });
  const held = start(BINARY, ['--no-tui', '-q', '--output', file, ...options, '--', ...words]);
  const records = () =>
    (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as RecordLine);
  const first = await eventually(() => records().find((record) => record.type === 'start'));
  const end = async () => {
    held.child.kill('SIGTERM');
    await held.ended;
  };
  return { leaf: required(first.leaf), records, end };
}

async function eventually<T>(find: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise((settle) => setTimeout(settle, 100));
  }
}

it('gives advice on a BPF map that is nearly empty, but not in a run, which has its own', async (context) => {
  needsScan(context);
  requires(context, { since: ['6.6', 'bpf_map_sum_elem_count()'] });
  const words = ['node', join(TARGETS, 'bpf-hash.mjs'), '100'];
  const target = await hold('advised.jsonl', ['--explain', 'peak'], words);
  // More than its buckets: while it is created, its elements are still to come.
  const isMap = ({ kind, name, bytes }: MemoryNode) =>
    kind === 'bpf-map' && name === 'hash_of_100000' && bytes > 4 * MIB;
  const explained = await eventually(async () => {
    const explanation = await explain(target.leaf);
    return nodesOf(explanation).some(isMap) ? explanation : undefined;
  });
  // The first peak may be from before the map was created.
  const recorded = await eventually(() =>
    target
      .records()
      .filter((record) => record.type === 'explain')
      .find((record) => nodesOf(record).some(isMap)),
  );
  await target.end();
  const { bytes } = leafNamed(explained.tree, isMap);
  expect(explained.advice).toEqual([
    {
      kind: 'bpf-maps',
      bytes: expect.any(Number),
      text: expect.stringMatching(
        /'hash_of_100000' is allocated for 100000 entries; it held nothing in one reading;/,
      ),
    },
  ]);
  // Without its elements, the buckets remain.
  expect(explained.advice[0]?.bytes).toBeGreaterThan(bytes / 2);
  expect(explained.advice[0]?.bytes).toBeLessThan(bytes);
  expect(recorded.advice).toEqual([]);
}, 180_000);

it('says which processes of other cgroups map a file that it pays for', async (context) => {
  needsScan(context);
  const program = join(folder, 'sleeper');
  // Its pages are charged to the run, which writes it; another process then executes it.
  const script = 'cp "$(readlink -f "$(command -v node)")" "$1" && touch "$1.ready" && sleep 100';
  const target = await hold('shared.jsonl', [], ['sh', '-c', script, 'sh', program]);
  await eventually(() => (existsSync(`${program}.ready`) ? true : undefined));
  const other = spawn(program, ['-e', 'console.log(1); setTimeout(() => {}, 100_000)']);
  await new Promise((settle) => other.stdout.once('data', settle));
  const { tree } = await explain(target.leaf);
  other.kill('SIGKILL');
  await target.end();
  const node = leafNamed(tree, ofPath(program));
  expect(node.otherMappers).toBe(1);
  expect(node.note).toMatch(new RegExp(`also mapped by 1 process of other cgroups: \\S+ ${other.pid}$`));
}, 180_000);

it('counts directory entries of files that do not exist apart', async (context) => {
  needsScan(context);
  // The file systems of a guest are in memory and have no such entries; those of the kernel have.
  const script = `
    const fs = require('node:fs'), [folder] = process.argv.slice(1);
    for (let index = 0; index < 3000; index++) fs.mkdirSync(folder + '/exists-' + index);
    for (let index = 0; index < 7000; index++) fs.existsSync('/sys/kernel/no-' + process.pid + '-' + index);
    fs.mkdirSync(folder + '/ready');
    setTimeout(() => {}, 100_000);`;
  const directories = mkdtempSync(join(folder, 'dentries-'));
  const target = await hold('negative.jsonl', [], ['node', '-e', script, directories]);
  await eventually(() => (existsSync(join(directories, 'ready')) ? true : undefined));
  const { tree, missing } = await explain(target.leaf);
  await target.end();
  expect(missing.filter(({ term }) => term.startsWith('self-test'))).toEqual([]);
  const countOf = (wanted: string) => leafNamed(tree, ({ name }) => name === wanted).count ?? 0;
  for (const [name, count] of [
    ['dentry (negative)', 7000],
    ['dentry', 3000],
  ] as const) {
    expect(countOf(name), name).toBeGreaterThanOrEqual(count);
    // Node.js looks up some names too.
    expect(countOf(name), name).toBeLessThan(count + 500);
  }
}, 180_000);

describe('a failed budget', () => {
  const state = join(tmpfs, 'state');
  const [baseline, grown] = [join(scratch, 'named-base.json'), join(scratch, 'grown.jsonl')];
  // Long enough for two explanations in a guest. It must not remove the file: a scan may take longer.
  const script = (mib: number) => ['sh', '-c', `head -c ${mib}M /dev/zero > ${state}; sleep ${3 * SLOWNESS}`];
  afterEach(() => rmSync(state, { force: true }));
  const exceeded = [
    '--no-tui',
    '-q',
    '--explain',
    'exceeded',
    '--explain',
    'peak',
    ...['--budget', 'shmem<=30MiB', '--report', 'json'],
  ];
  const namesIn = (stdout: string) => (JSON.parse(stdout) as Verdict).budgets[0]?.exceeded?.names;

  it('lists what grew by name since a baseline with an explanation', async (context) => {
    onHostOnly(context);
    needsScan(context);
    const saved = await cmemstat(
      ...['--no-tui', '-q', '--explain', 'peak', '--save-baseline', baseline, '--', ...script(16)],
    );
    expect(saved.status).toBe(0);
    rmSync(state);
    const failed = await cmemstat(
      ...[...exceeded, '--baseline', baseline, '--output', grown, '--', ...script(40)],
    );
    expect(failed.status).toBe(3);
    const names = namesIn(failed.stdout);
    expect(names).toMatchObject({ method: 'pages', baseline: 'peak' });
    const [first] = names?.names ?? [];
    expect(first).toMatchObject({ kind: 'file', name: state, baselineBytes: 16 * MIB });
    // It is still being written when the limit is exceeded.
    expect(first?.bytes).toBeGreaterThan(30 * MIB - STOCK);
  }, 180_000);

  it('lists the same in reports on the recording, and the largest names without a baseline', async (context) => {
    onHostOnly(context);
    needsScan(context);
    const words = ['budget', 'check', '--report', 'json', '--budget', 'shmem<=30MiB', grown];
    const against = await cmemstat(...words, '--baseline', baseline);
    expect(namesIn(against.stdout)?.names[0]).toMatchObject({ name: state, baselineBytes: 16 * MIB });
    const alone = namesIn((await cmemstat(...words)).stdout);
    expect(alone).not.toHaveProperty('baseline');
    expect(alone?.names[0]?.name).toBe(state);
    const compared = await cmemstat('compare', baseline, grown);
    expect(compared.stdout).toMatch(
      /memory by name at a peak[\s\S]*\+[\d.]+ MiB +16\.0 MiB +[\d.]+ MiB {2}\S*state/,
    );
  });
});

describe('--fail-on-leftover', () => {
  it('fails if a file on tmpfs outlives the run, and names it', async (context) => {
    needsScan(context);
    const left = join(tmpfs, 'left-behind');
    const { status, stderr } = await cmemstat(
      ...['--no-tui', '--fail-on-leftover', '--', 'sh', '-c', `head -c 2M /dev/zero > ${left}`],
    );
    expect(stderr).toContain(`LEFT BEHIND: 2.00 MiB  ${left}  in memory`);
    expect(status).toBe(4);
  });

  it('passes if the file is removed, or is on a disk', async (context) => {
    needsScan(context);
    const memory = join(tmpfs, 'removed');
    // All files of a guest are in memory.
    const written = isGuest ? '' : `head -c 2M /dev/zero > ${join(folder, 'on-disk')}`;
    const script = `head -c 2M /dev/zero > ${memory}; rm ${memory}; ${written}`;
    const { status, stderr } = await cmemstat('--no-tui', '--fail-on-leftover', '--', 'sh', '-c', script);
    expect(stderr).not.toContain('LEFT BEHIND');
    expect(status).toBe(0);
  });
});

it('a run with an empty cache tests the page scan before it creates its cgroup', async (context) => {
  needsScan(context);
  const file = join(scratch, 'run-cold.jsonl');
  const env = { XDG_CACHE_HOME: join(scratch, 'cold-cache') };
  const words = ['--no-tui', '-q', '--output', file, '--explain', 'end', '--', 'true'];
  const { status, stderr } = await start(BINARY, words, { env }).ended;
  expect({ status, warnings: stderr.match(/--explain.*/) }).toEqual({ status: 0, warnings: null });
  const record = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordLine)
    .find((line): line is ExplainRecord => line.type === 'explain');
  expect(record?.method).toBe('pages');
  expect(record?.missing.filter(({ term }) => term.startsWith('self-test'))).toEqual([]);
});

it('doctor shows the result of the self-test', async (context) => {
  needsScan(context);
  const { stdout } = await cmemstat('doctor', '--json');
  const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string }[] };
  // With a BPF map: it would say what was left out.
  expect(checks.find(({ name }) => name === 'page scan')).toMatchObject({
    state: 'ok',
    found: 'passed its self-test: cmemstat explain names all memory',
  });
});

describe('--freeze', () => {
  const readFrozen = () => readFileSync(join(leaf, 'cgroup.freeze'), 'latin1').trim();

  it('freezes the processes meanwhile, and no longer', async (context) => {
    needsScan(context);
    if (host.mode !== 'cgroup2') context.skip('cgroup v1');
    const { frozen, before, after } = await explain('--freeze', leaf);
    expect(frozen).toBe(true);
    expect(readFrozen()).toBe('0');
    expect(after.stat.anon).toBe(before.stat.anon);
    expect((await explain(leaf)).frozen).toBeUndefined();
  });

  it('thaws them when it is interrupted', async (context) => {
    needsScan(context);
    if (host.mode !== 'cgroup2') context.skip('cgroup v1');
    let wasFrozen = false;
    // It may end before it is interrupted.
    for (let attempt = 0; attempt < 5 && !wasFrozen; attempt++) {
      const explaining = start(BINARY, ['explain', '--json', '--freeze', leaf]);
      let hasEnded = false;
      void explaining.exited.then(() => {
        hasEnded = true;
      });
      while (!wasFrozen && !hasEnded) {
        wasFrozen = readFrozen() === '1';
        await new Promise((settle) => setTimeout(settle, 5));
      }
      explaining.child.kill('SIGTERM');
      const { signal, status } = await explaining.ended;
      if (wasFrozen) expect([signal, status].includes('SIGTERM') || status === 0).toBe(true);
      expect(readFrozen()).toBe('0');
    }
    expect(wasFrozen).toBe(true);
  });

  it('is refused on cgroup v1, and for a cgroup of others', async (context) => {
    if (!supported) context.skip('no memory cgroup');
    const foreign = await cmemstat('explain', '--freeze', `pid:${process.pid}`);
    expect(foreign.status).toBe(125);
    expect(foreign.stderr).toContain('was not made by cmemstat');
    if (host.mode !== 'cgroup1') return;
    const { status, stderr } = await cmemstat('explain', '--freeze', leaf);
    expect(status).toBe(125);
    expect(stderr).toContain('--freeze: requires cgroup v2');
  });
});

it('compare names the file that is not an explanation', async (context) => {
  onHostOnly(context);
  if (!supported) context.skip('no memory cgroup');
  const good = join(scratch, 'good.json');
  writeFileSync(good, (await cmemstat('explain', '--json', leaf)).stdout);
  const [cut, empty] = [join(scratch, 'cut.json'), join(scratch, 'empty.json')];
  writeFileSync(cut, readFileSync(good, 'utf8').slice(0, 200));
  writeFileSync(empty, '');
  for (const bad of ['/no/such/file.json', cut, empty, scratch]) {
    for (const pair of [
      [good, bad],
      [bad, good],
    ]) {
      const { status, stderr } = await cmemstat('compare', ...pair);
      expect([bad, status, stderr.startsWith(`cmemstat: ${bad}`)]).toEqual([bad, 125, true]);
    }
  }
});

it('rejects what is not a cgroup', async (context) => {
  onHostOnly(context);
  const { status, stderr } = await cmemstat('explain', '/no/such/cgroup');
  expect(status).toBe(125);
  expect(stderr).toMatch(/^cmemstat: explain \/no\/such\/cgroup: no such cgroup below .*\n/);
  expect((await cmemstat('explain', '--freeze')).stderr).toContain('--freeze requires a cgroup');
  expect((await cmemstat('explain', 'pid:999999999')).stderr).toContain('no such process');
});
