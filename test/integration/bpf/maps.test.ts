/** `cmemstat maps` as a user runs it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BpftoolMap } from '#src/app/maps/bpftool-json.ts';
import type { MapTotals } from '#src/app/maps/listing.ts';
import { loadObjectBtf } from '#src/kernel/bpf/load/load-btf.ts';
import { encodeObjectPath } from '#src/kernel/bpf/sys/bpf-attr.ts';
import { type Bpf, openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { mapTypeNumber } from '#src/kernel/bpf/sys/bpf-enums.ts';
import type { SummaryRecord } from '#src/model/recording.ts';
import { BINARY, builtTarget, cmemstat, host, isGuest, type Running, scratch, start } from '../harness.ts';
import { TestCgroup } from '../memory-cgroup.ts';
import { BpfObjects } from './bpf-fixtures.ts';
import { requires } from './bpf-requirements.ts';

interface Document {
  attribution: string;
  reason?: string;
  totals: MapTotals;
  maps: {
    id: number;
    name?: string;
    type: string;
    bytes: number;
    memlock?: number;
    [key: string]: unknown;
  }[];
  groups: ({ key?: string } & MapTotals)[];
  advice: { kind: string; maps: { id: number }[] }[];
}

/**
 * The types of a program whose only type is int, in the byte order of the host. Source:
 * include/uapi/linux/btf.h.
 */
const BTF_OF_INT = Buffer.concat([
  Buffer.from(Uint16Array.of(0xeb9f).buffer),
  Buffer.of(1, 0),
  // The lengths of the header, types at 0, strings after them; then the type: its name, kind, size and bits.
  Buffer.from(Uint32Array.of(24, 0, 16, 16, 5, 1, 1 << 24, 4, 32).buffer),
  Buffer.from('\0int\0'),
]);

const HOLDER = 'tetragon';
let holder: Running;
let builtHolder = '';
let bpf: Bpf;
let objects: BpfObjects;
const cgroups: TestCgroup[] = [];

beforeAll(async () => {
  builtHolder = await builtTarget('map-holder');
  holder = start(process.execPath, [builtHolder, HOLDER]);
  await holder.until(/ready/);
});
afterAll(async () => {
  holder.child.stdin?.end();
  await holder.exited;
});
beforeEach(async (context) => {
  requires(context, {
    capabilities: ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_ADMIN'],
    since: ['5.9', 'BPF iterators over maps and programs'],
  });
  bpf = await openBpf();
  objects = new BpfObjects(bpf);
});
afterEach(() => {
  objects?.closeAll();
  for (const cgroup of cgroups.splice(0)) cgroup.remove();
});

async function read(...args: string[]): Promise<Document> {
  const { status, stdout, stderr } = await cmemstat('maps', '--json', ...args);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Document;
}

const idsOf = (document: Document) => document.maps.map(({ id }) => id);
const shell = (command: string) =>
  execFileSync('sh', ['-c', command], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, NODE_OPTIONS: '' },
  }).trim();
const ours = `${process.execPath} ${BINARY} maps`;

/** Other processes use BPF on this host too: comparisons that they disturb are retried. */
async function undisturbed(attempt: () => Promise<void> | void): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (tries === 10) throw error;
      await new Promise((settle) => setTimeout(settle, 300));
    }
  }
}

describe('--format bpftool', () => {
  it.for([0, 10, 1000])('prints the same document as bpftool, with %i more maps', async (count, context) => {
    requires(context, { tool: 'bpftool' });
    const types = ['hash', 'array', 'percpu_hash', 'lru_hash', 'prog_array'] as const;
    for (let index = 0; index < count; index++) {
      const map_type = mapTypeNumber(types[index % types.length] ?? 'hash');
      objects.map({
        map_type,
        value_size: 4,
        max_entries: 1 + (index % 9),
        map_name: index % 3 ? `m${index}` : '',
      });
    }
    await undisturbed(() => {
      const theirs = JSON.parse(shell('bpftool map -j')) as BpftoolMap[];
      const mine = JSON.parse(shell(`${ours} --format bpftool`)) as BpftoolMap[];
      // bpftool of Debian 12 has no pids, and in a list it gives a map without types the `btf_id` of the one
      // before; pins are only shown by `bpftool -f`.
      const comparable = (maps: BpftoolMap[]) =>
        maps.map((map) => JSON.stringify({ ...map, pids: undefined, pinned: undefined, btf_id: undefined }));
      expect(theirs.length).toBeGreaterThanOrEqual(count);
      expect(comparable(mine)).toEqual(comparable(theirs));
    });
  });

  it('prints the types of a map, and the programs of bpftool prog use the same maps', async (context) => {
    requires(context, { tool: 'bpftool' });
    const btf_fd = objects.keep(loadObjectBtf(bpf, BTF_OF_INT, 'int'));
    const typed = { btf_fd, btf_key_type_id: 1, btf_value_type_id: 1, value_size: 4 };
    const maps = ['typed', 'plain'].map((map_name) =>
      objects.map({ map_name, ...(map_name === 'typed' ? typed : {}) }),
    );
    const program = objects.program(maps.map(({ fd }) => fd));
    const ids = maps.map(({ id }) => id);
    await undisturbed(() => {
      const theirs = ids.map((id) => JSON.parse(shell(`bpftool map -j show id ${id}`)) as BpftoolMap);
      const mine = JSON.parse(shell(`${ours} --format bpftool`)) as BpftoolMap[];
      const typesOf = (list: BpftoolMap[]) =>
        ids.map((id) => list.find((map) => map.id === id)?.btf_id ?? 'none');
      expect(typesOf(mine)).toEqual(typesOf(theirs));
      expect(typesOf(mine)).toEqual([expect.any(Number), 'none']);
    });
    const programs = JSON.parse(shell('bpftool prog -j')) as {
      id: number;
      name: string;
      map_ids?: number[];
    }[];
    const theirs = programs.find(({ id }) => id === program.id);
    expect(theirs?.map_ids?.toSorted()).toEqual(ids.toSorted());
    const listed = (await read()).maps.filter(({ id }) => ids.includes(id));
    expect(listed.map((map) => map.programs)).toEqual([
      [expect.objectContaining({ id: program.id, name: theirs?.name })],
      [expect.objectContaining({ id: program.id, name: theirs?.name })],
    ]);
  });

  it('includes the processes', () => {
    const maps = JSON.parse(shell(`${ours} --format bpftool --name held_flows`)) as BpftoolMap[];
    expect(maps).toMatchObject([{ pids: [{ pid: holder.child.pid, comm: HOLDER }] }]);
  });
});

// What is made of the maps does not depend on the kernel.
describe.skipIf(isGuest)('each recipe of the article is a single option', () => {
  /** If bpftool has no pids, our own JSON is used instead. */
  const byBpftool = 'bpftool map -j';
  const byOurselves = `${ours} --format bpftool`;
  const exact = host.isAtLeast(6, 4);

  beforeEach((context) => {
    requires(context, { tool: 'jq' });
    requires(context, { tool: 'bpftool' });
  });

  it.for([
    ['all maps in kB', byBpftool, [], "jq 'map(.bytes_memlock) | add / 1024'"],
    [
      `those of ${HOLDER} in kB`,
      byOurselves,
      ['--comm', HOLDER],
      `jq 'map(select(any(.pids[]?; .comm == "${HOLDER}")) | .bytes_memlock) | add / 1024'`,
    ],
  ] as const)('%s', async ([, source, flags, recipe]) => {
    await undisturbed(async () => {
      const kilobytes = Number(shell(`${source} | ${recipe}`));
      const { totals } = await read('--total', ...flags);
      expect(totals.memlock).toBe(kilobytes * 1024);
      if (!exact) return;
      expect(totals.bytes).toBe(kilobytes * 1024);
      expect(shell(`${ours} --total ${flags.join(' ')}`)).toContain(`(${kilobytes} KiB)`);
    });
  });

  it('prints names and bytes, sorted', async () => {
    await undisturbed(async () => {
      const recipe = "jq -c 'sort_by(-.bytes_memlock) | map([.id, .bytes_memlock])'";
      const theirs = JSON.parse(shell(`${byBpftool} | ${recipe}`)) as [number, number][];
      const { maps } = await read('--sort', 'bytes');
      const mine = maps.map(({ id, memlock }) => [id, memlock]);
      if (exact) expect(mine).toEqual(theirs);
      else expect(new Map(mine as [number, number][])).toEqual(new Map(theirs));
    });
  });

  it('prints sum and count by name', async () => {
    await undisturbed(async () => {
      const recipe =
        "jq -c 'group_by(.name) | map({name: .[0].name, count: length, bytes: (map(.bytes_memlock) | add)})'";
      const theirs = JSON.parse(shell(`${byBpftool} | ${recipe}`)) as {
        name: string | null;
        count: number;
        bytes: number;
      }[];
      const { groups } = await read('--group-by', 'name');
      const rows = (all: (readonly [string, number, number | undefined])[]) =>
        all.toSorted(([left], [right]) => (left < right ? -1 : 1));
      expect(rows(groups.map(({ key, maps, memlock }) => [key ?? '', maps, memlock]))).toEqual(
        rows(theirs.map(({ name, count, bytes }) => [name ?? '', count, bytes])),
      );
    });
  });
});

describe('filters', () => {
  it('select by process, name and type', async () => {
    const pid = String(holder.child.pid);
    expect((await read('--pid', pid)).maps.map(({ name }) => name).sort()).toEqual([
      'held_config',
      'held_flows',
      ...['held_policy', 'held_policy', 'held_policy'],
    ]);
    expect((await read('--comm', 'tetra*', '--type', 'array,lru_hash')).totals.maps).toBe(2);
    expect((await read('--comm', HOLDER, '--name', '*_flows')).maps).toMatchObject([
      { name: 'held_flows', type: 'lru_hash', holders: [{ pid: holder.child.pid, comm: HOLDER }] },
    ]);
  });

  it('select maps that only programs hold', async (context) => {
    const document = await read('--anonymous', '--name', 'held_by_progs');
    expect(document.maps).toMatchObject([
      { usercnt: 0, anonymous: true, programs: [{ name: 'first_user' }, { name: 'second_user' }] },
    ]);
    if (document.attribution !== 'memcg') context.skip('the kernel charges no cgroup');
    const { groups } = await read('--group-by', 'prog', '--name', 'held_*');
    expect(groups.map(({ key }) => key)).toEqual(
      expect.arrayContaining(['first_user', 'second_user', undefined]),
    );
  });

  it('select maps without users, arrays included', async (context) => {
    requires(context, { since: ['6.6', 'counts of preallocated hashes'] });
    const array = { map_type: mapTypeNumber('array'), max_entries: 1000 };
    const percpu = { map_type: mapTypeNumber('percpu_array'), max_entries: 10 };
    const [zero, filled] = [objects.map(array), objects.map(array)];
    const [percpuZero, empty, full] = [objects.map(percpu), objects.map(), objects.map()];
    objects.fill(filled.fd, 3);
    objects.fill(full.fd, 3);
    const unused = idsOf(await read('--unused', '--pid', String(process.pid), '--sort', 'id'));
    expect(unused).toEqual([zero.id, percpuZero.id, empty.id]);
    const counted = await read('--pid', String(process.pid), '--sort', 'elements', '--top', '2');
    expect(new Map(counted.maps.map(({ id, elements }) => [id, elements]))).toEqual(
      new Map([
        [filled.id, 3],
        [full.id, 3],
      ]),
    );
  });

  it('select maps pinned below a directory', async () => {
    const mount = join(scratch, 'bpffs');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'bpf', 'bpf', mount]);
    try {
      mkdirSync(join(mount, 'agent'));
      const pin = (fd: number, path: string) => {
        const name = Buffer.from(`${path}\0`);
        bpf.call('BPF_OBJ_PIN', encodeObjectPath(bpf.address(name), fd), [name]);
      };
      const [inside, outside] = [objects.map(), objects.map()];
      pin(inside.fd, join(mount, 'agent', 'map'));
      pin(objects.program([inside.fd]).fd, join(mount, 'agent', 'program'));
      pin(outside.fd, join(mount, 'other'));
      objects.closeAll();
      const { maps } = await read('--pinned', join(mount, 'agent'));
      expect(maps).toMatchObject([{ id: inside.id, pinned: [join(mount, 'agent', 'map')], holders: [] }]);
      const { groups } = await read('--group-by', 'pin-dir');
      const keys = groups.map(({ key }) => key);
      expect(keys).toEqual(expect.arrayContaining([mount, join(mount, 'agent')]));
    } finally {
      execFileSync('umount', [mount]);
    }
  });

  it('select maps charged to a cgroup', async (context) => {
    requires(context, { since: ['5.11', 'the charge of BPF maps to memory cgroups'] });
    const cgroup = TestCgroup.make(context, 'maps');
    cgroups.push(cgroup);
    const { id } = cgroup.charge(() => objects.map({ map_name: 'charged' }));
    const path = `/${cgroup.directory.split('/').at(-1)}`;
    for (const name of [path, cgroup.directory]) {
      expect(await read('--cgroup', name)).toMatchObject({
        attribution: 'memcg',
        maps: [{ id, cgroup: path, cgroupId: String(cgroup.id) }],
      });
    }
    expect((await read('--orphaned', '--name', 'charged')).maps).toEqual([]);
    const { groups } = await read('--group-by', 'cgroup');
    expect(groups.find(({ key }) => key === path)).toMatchObject({ maps: 1 });
    objects.closeAll();
  });
});

it('lists maps that outlived their cgroup, with the one that is charged for them', async (context) => {
  requires(context, { since: ['5.11', 'the charge of BPF maps to memory cgroups'] });
  const parent = TestCgroup.make(context, 'orphaned');
  const [removed, current] = [parent.child('removed'), parent.child('current')];
  // In this order they are removed.
  cgroups.push(removed, current, parent);
  const { id } = removed.charge(() => objects.map({ map_name: 'left_behind' }));
  current.charge(() => objects.map({ map_name: 'in_use' }));
  removed.remove();
  const path = `/${parent.directory.split('/').at(-1)}`;
  await expect
    .poll(async () => (await read('--orphaned', '--cgroup', parent.directory)).maps, { timeout: 10_000 })
    .toMatchObject([{ id, name: 'left_behind', orphaned: true, cgroup: path }]);
  const { maps } = await read('--cgroup', parent.directory);
  expect(maps.filter((map) => map.orphaned === undefined)).toMatchObject([{ name: 'in_use' }]);
  objects.closeAll();
});

describe('the output', () => {
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(
    JSON.parse(readFileSync(new URL('../../../schema/maps.schema.json', import.meta.url), 'utf8')),
  );

  it.for([
    [],
    ['--total'],
    ['--top', '2', '--threshold', '5'],
    ['--advise'],
    ['--group-by', 'comm'],
    ['--group-by', 'prog'],
    ['--comm', 'nobody'],
  ])('with --json %j is valid by the schema', async (flags) => {
    validate(await read(...flags));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('contains advice', async (context) => {
    requires(context, { since: ['6.6', 'counts of preallocated hashes'] });
    const large = objects.map({ max_entries: 100_000, map_name: 'far_too_large' });
    const { advice } = await read('--advise', '--pid', String(process.pid));
    expect(advice).toContainEqual(
      expect.objectContaining({ kind: 'nearly-empty', maps: [{ id: large.id, name: 'far_too_large' }] }),
    );
  });

  it('is a table with a bar', async () => {
    const { stdout } = await cmemstat('maps', '--comm', HOLDER);
    expect(stdout).toMatch(/^ *bytes +share/);
    expect(stdout).toMatch(/█.*held_flows +lru_hash/);
    expect(stdout).toMatch(/5 maps, .* KiB\)/);
  });

  it.skipIf(isGuest)('ends silently when its reader has closed the pipe', async () => {
    for (let index = 0; index < 1000; index++) objects.map();
    for (const flags of ['--json', '', '--watch 10ms']) {
      const command = `set -o pipefail; ${ours} ${flags} | head -n 1 > /dev/null`;
      const { status, stderr } = await start('bash', ['-c', command], { input: '' }).ended;
      expect([flags, status, stderr]).toEqual([flags, 0, '']);
    }
  });

  it.skipIf(isGuest)('is repeated until a signal arrives', async () => {
    const watching = start(process.execPath, [BINARY, 'maps', '--json', '--total', '--watch', '50ms'], {
      input: '',
    });
    await watching.until(/\n.*\n.*\n/);
    watching.child.kill('SIGINT');
    const { status, stdout } = await watching.ended;
    expect(status).toBe(0);
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('totals');
  });
});

describe('errors are reported in one line', () => {
  // The command line does not depend on the kernel.
  if (!isGuest) {
    it.for([
      ['--sort size', '--sort size: expected bytes, name,'],
      ['--group-by owner', '--group-by owner: expected name,'],
      ['--format xml', '--format xml: expected bpftool'],
      ['--format bpftool --total', '--format conflicts with --total'],
      ['--type hash,hsah', "'hsah' is not a map type"],
      ['--pid 0', '--pid 0: not a process id'],
      ['--pid 4194304', '--pid 4194304: no such process'],
      ['--cgroup /no/such', '--cgroup /no/such: no such cgroup'],
      ['--pinned /no/such', '--pinned /no/such: no such directory'],
      ['--top -1', '--top -1: expected a number'],
      ['--threshold 200', '--threshold 200: expected a percentage'],
      ['--watch soon', '--watch soon: not a duration'],
      ['--watch 1ms', '--watch 1ms: must be from 10ms'],
      ['--colour', 'unknown option'],
      ['surplus', 'unexpected argument surplus'],
    ])('%s', async ([flags, words]) => {
      const { status, stdout, stderr } = await cmemstat('maps', ...(flags ?? '').split(' '));
      expect([status, stdout]).toEqual([125, '']);
      expect(stderr).toContain(words);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    });
  }

  it.for([
    ['no rights', '', 125, /CAP_BPF and CAP_PERFMON/],
    ['CAP_BPF alone', '--inh-caps=+bpf --ambient-caps=+bpf', 125, /CAP_PERFMON is missing/],
    ['CAP_BPF and CAP_PERFMON', '--inh-caps=+bpf,+perfmon --ambient-caps=+bpf,+perfmon', 0, /^$/],
  ] as const)('%s', async ([, capabilities, expected, words], context) => {
    requires(context, { tool: 'setpriv', since: ['5.19', 'all four iterators'] });
    const command = `exec setpriv --reuid=1000 --regid=1000 --clear-groups ${capabilities} ${ours} --total`;
    const { status, stderr } = await start('sh', ['-c', command], { input: '' }).ended;
    expect(stderr).toMatch(words);
    expect(status).toBe(expected);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

it('attached to, the maps of a restarted process are orphaned: a cgroup above pays', async (context) => {
  requires(context, { since: ['5.11', 'the charge of BPF maps to memory cgroups'] });
  const parent = TestCgroup.make(context, 'restarted');
  const [removed, current] = [parent.child('removed'), parent.child('current')];
  cgroups.push(removed, current, parent);
  const agent = removed.charge(() => start(process.execPath, [builtHolder, 'agent']));
  await agent.until(/ready/);
  try {
    // As if it had opened what the agent before it had pinned.
    writeFileSync(join(current.directory, 'cgroup.procs'), String(agent.child.pid));
    removed.remove();
    // The charge is moved when the kernel gets to it.
    await expect
      .poll(
        async () => {
          const args = ['--json', '--interval', '200ms', '--timeout', '1s', current.directory];
          const { stdout } = await cmemstat('attach', ...args);
          const lines = stdout.trimEnd().split('\n');
          const events = lines.filter((line) => line.includes('"event"')).map((line) => JSON.parse(line));
          const { bpf } = JSON.parse(lines.at(-1) ?? '') as SummaryRecord;
          return {
            charged: bpf?.largest?.charged?.maps.count,
            elsewhere: bpf?.heldElsewhere?.count,
            orphaned: bpf?.orphaned,
            says: events.some(({ message }) =>
              /6 BPF maps of .* charged to a cgroup that was removed/.test(message),
            ),
          };
        },
        { timeout: 60_000 },
      )
      .toMatchObject({
        charged: 0,
        elsewhere: 6,
        orphaned: { count: 6, names: { held_flows: expect.any(Number), held_policy: expect.any(Number) } },
        says: true,
      });
  } finally {
    agent.child.stdin?.end();
    await agent.exited;
  }
});
