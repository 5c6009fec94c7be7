/** Whose memory is whose, compared with tools of others: pmap, ss, ipcs, fincore. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { listProcesses } from '#src/cgroup/subtree.ts';
import { prepareScanObjects } from '#src/kernel/bpf/scan/scan-objects.ts';
import { openBpf } from '#src/kernel/bpf/sys/bpf-call.ts';
import { openLibc } from '#src/kernel/bpf/sys/libc.ts';
import { formatDevice } from '#src/kernel/file-number.ts';
import { parseMountinfo } from '#src/kernel/procfs/mountinfo.ts';
import { finishSteps } from '#src/kernel/steps.ts';
import { findFileHolders, readSegments } from '#src/sampler/explain/file-holders.ts';
import { openFilePaths } from '#src/sampler/explain/file-paths.ts';
import { measureThreadStack } from '#src/sampler/explain/kernel-terms.ts';
import { MountTable, pathBelow } from '#src/sampler/explain/mount-table.ts';
import { readPipes } from '#src/sampler/explain/pipes.ts';
import { type ProcessMemories, readProcessMemory } from '#src/sampler/explain/process-memory.ts';
import { readSockets, type SocketMemories } from '#src/sampler/explain/sockets.ts';
import { readUsedFiles } from '#src/sampler/explain/used-files.ts';
import { hasProgram } from '../../programs.ts';
import { required } from '../../required.ts';
import { STOCK } from '../explanations.ts';
import { host, MIB, needs, scratch, TARGETS } from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';
import { requires } from './bpf-requirements.ts';

/** What hold-owned.c prints. */
interface Held {
  pid: number;
  shmid: number;
  pipeBytes: number;
  unixBytes: number;
  tcpPort: number;
  perfBytes: number;
  heapBytes: number;
  children: number;
  threads: number;
}

const supported = needs.root.has && host.top !== undefined && hasProgram('cc');
const [PIPES, PAIRS] = [50, 20];
let directory: string;
let target: ChildProcess;
let held: Held;
let memories: ProcessMemories;

beforeAll(async () => {
  if (!supported) return;
  const program = join(scratch, 'hold-owned');
  execFileSync('cc', ['-O1', '-pthread', '-o', program, join(TARGETS, 'hold-owned.c')]);
  directory = join(required(host.top), `cmemstat-test-owners-${process.pid}`);
  mkdirSync(directory);
  const words = ['-c', 'echo 0 > "$0/cgroup.procs" && exec "$@"', directory, program];
  target = spawn('sh', [...words, '100', String(PIPES), String(PAIRS)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  held = JSON.parse(
    await new Promise<string>((settle, fail) => {
      required(target.stdout ?? undefined).once('data', (line) => settle(String(line)));
      target.once('exit', () => fail(new Error('the target ended')));
    }),
  ) as Held;
  memories = finishSteps(readProcessMemory(listProcesses(directory)));
}, 60_000);

afterAll(async () => {
  if (target === undefined) return;
  const exited = new Promise((settle) => target.once('exit', settle));
  target.stdin?.end();
  await exited;
  await removeWhenEmpty(directory);
}, 30_000);

function needsTarget(context: TestContext, tool?: string): void {
  requires(context, { capabilities: ['CAP_SYS_PTRACE'], tool: 'cc' });
  if (tool !== undefined) requires(context, { tool });
  if (!supported) context.skip('root and a memory cgroup are needed');
}

const sumOf = <Row>(rows: Iterable<Row>, size: (row: Row) => number) =>
  [...rows].reduce((sum, row) => sum + size(row), 0);

describe('processes', () => {
  it('have together what memory.stat calls anonymous, though they share a heap', (context) => {
    needsTarget(context);
    const key = host.mode === 'cgroup2' ? 'anon' : 'total_rss';
    const text = readFileSync(join(directory, 'memory.stat'), 'utf8');
    const anon = Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1]);
    const sum = sumOf(memories.processes, ({ anonBytes = 0 }) => anonBytes);
    expect(memories.processes).toHaveLength(1 + held.children);
    expect(memories.missing).toEqual([]);
    expect(Math.abs(sum - anon)).toBeLessThan(STOCK);
  });

  it('have the mappings that pmap prints', (context) => {
    needsTarget(context, 'pmap');
    for (const { pid, groups, anonBytes = 0 } of memories.processes) {
      const [head = '', ...rows] = execFileSync('pmap', ['-X', String(pid)], { encoding: 'utf8' })
        .split('\n')
        .slice(1);
      const columns = head.trim().split(/\s+/);
      const cell = (row: string, name: string) => row.trim().split(/\s+/)[columns.indexOf(name)] ?? '';
      const heap = rows.find((row) => row.endsWith('[heap]')) ?? '';
      const found = groups.find(({ kind }) => kind === 'heap');
      expect(found?.bytes).toBe(Number(cell(heap, 'Pss')) * 1024);
      const total = sumOf(
        rows.filter((row) => Number(cell(row, 'Anonymous')) > 0 && cell(row, 'Inode') === '0'),
        (row) => Number(cell(row, 'Pss')) * 1024,
      );
      const named = sumOf(
        groups.filter(({ kind }) => kind !== 'file'),
        ({ bytes }) => bytes,
      );
      expect(named).toBe(total);
      expect(anonBytes).toBeGreaterThanOrEqual(total);
    }
  });

  it('have thread stacks, shared memory and ring buffers of perf under their names', (context) => {
    needsTarget(context);
    const parent = required(memories.processes.find(({ pid }) => pid === held.pid));
    expect(parent).toMatchObject({ comm: 'hold-owned', threads: held.threads, detail: 'mappings' });
    const stacks = parent.groups.find(({ kind }) => kind === 'thread-stacks');
    expect(stacks?.mappings).toBe(held.threads - 1);
    expect(stacks?.bytes).toBeGreaterThanOrEqual((held.threads - 1) * 256 * 1024);
    expect(stacks?.bytes).toBeLessThan(held.threads * 300 * 1024);
    const shared = [...memories.files.values()].filter(({ name }) => /^\/(memfd:frames|SYSV)/.test(name));
    expect(shared.map(({ pssBytes }) => pssBytes / MIB).sort()).toEqual([4, 6]);
    const perf = parent.special.filter(({ kind }) => kind === 'perf-buffer');
    expect(sumOf(perf, ({ bytes }) => bytes)).toBe(held.perfBytes);
    expect(parent.pageTableBytes).toBeGreaterThan(100 * 1024);
  });

  it('have kernel stacks whose size is a power of two', (context) => {
    needsTarget(context);
    expect(measureThreadStack().bytes).toBe(16 * 1024);
  });
});

describe('sockets and pipes', () => {
  let sockets: SocketMemories;
  const read = async () => {
    const objects = await prepareScanObjects(undefined, { directory: scratch });
    const pids = listProcesses(directory);
    const bpf = await openBpf();
    const id = statSync(directory, { bigint: true }).ino;
    const owner = { pids, cgroupIds: new Set([id]), version: host.mode === 'cgroup2' ? 2 : 1 } as const;
    sockets = readSockets(bpf, objects['socket-iterators'], owner);
    return readPipes(bpf, objects['pipe-iterator'], pids);
  };

  it('hold the bytes that ss prints', async (context) => {
    needsTarget(context, 'ss');
    await read();
    expect(sockets.missing).toEqual([]);
    const tcp = execFileSync('ss', ['-tmnH', `sport = :${held.tcpPort} or dport = :${held.tcpPort}`], {
      encoding: 'utf8',
    });
    const rows = [
      ...tcp.matchAll(/(\S+):(\d+)\s+\S+:(\d+)\s+skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+)/g),
    ];
    expect(rows).toHaveLength(2);
    for (const [, address, local, remote, rmem, forward, queued] of rows) {
      const name = `${address}:${local} -> ${address}:${remote}`;
      const found = sockets.sockets.find((socket) => socket.name === name);
      expect(found?.bytes, name).toBe(Number(rmem) + Number(forward) + Number(queued));
    }
    const unix = execFileSync('ss', ['-xmnH'], { encoding: 'utf8' });
    const sent = sockets.sockets.filter(
      ({ protocol, unsentBytes }) => protocol === 'unix' && unsentBytes > 0,
    );
    expect(sent).toHaveLength(PAIRS);
    for (const { inode, bytes } of sent) {
      const row = `^u_str +\\S+ +\\d+ +\\d+ +\\* ${inode} .*?\\n?.*?skmem:\\(r\\d+,rb\\d+,t(\\d+)`;
      const [, shown] = new RegExp(row, 'm').exec(unix) ?? [];
      expect(bytes).toBe(Number(shown));
    }
    expect(sumOf(sent, ({ bytes }) => bytes)).toBeGreaterThan(held.unixBytes);
  });

  it('fill pages in as many pipes as were filled', async (context) => {
    needsTarget(context);
    const { pipes, missing } = await read();
    expect(missing).toEqual([]);
    const full = pipes.filter(({ dataBytes }) => dataBytes === 64 * 1024);
    expect(full).toHaveLength(PIPES);
    expect(sumOf(full, ({ dataBytes }) => dataBytes)).toBe(held.pipeBytes);
    expect(sumOf(full, ({ bytes }) => bytes)).toBe(held.pipeBytes);
    expect(full[0]?.pids).toHaveLength(1 + held.children);
  });
});

describe('files', () => {
  it('of System V segments are those that ipcs prints', (context) => {
    needsTarget(context, 'ipcs');
    const [row = ''] = execFileSync('ipcs', ['-m'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.trim().split(/\s+/)[1] === String(held.shmid));
    const [key, , , , bytes, attached] = row.trim().split(/\s+/);
    const segment = readSegments().byInode.get(String(held.shmid));
    expect(segment).toMatchObject({
      keyText: key,
      size: Number(bytes),
      attached: Number(attached),
      rss: 4 * MIB,
      reclaim: 'persistent',
    });
  });

  it('have the holders that hold them', (context) => {
    needsTarget(context);
    const memfd = required([...memories.files.values()].find(({ name }) => name.startsWith('/memfd:frames')));
    const found = finishSteps(findFileHolders([memfd], { pids: listProcesses(directory) }));
    // One is enough.
    const [holder] = found.holdersOf(memfd) ?? [];
    expect(listProcesses(directory)).toContain(holder);
    const unheld = finishSteps(findFileHolders([memfd], { pids: [process.pid] }));
    expect(unheld.holdersOf(memfd)).toEqual([]);
  });

  it('in use are cached as fincore says', async (context) => {
    needsTarget(context, 'fincore');
    if (!host.isAtLeast(6, 5)) context.skip('cachestat(2) came with Linux 6.5');
    const calls = (await openLibc()).memory();
    const used = finishSteps(readUsedFiles(calls, listProcesses(directory), memories.files));
    expect(used.missing).toEqual([]);
    const program = required(used.files.find(({ name }) => name?.endsWith('/hold-owned')));
    const path = join(scratch, 'hold-owned');
    const output = execFileSync('fincore', ['-bnro', 'RES', path], { encoding: 'utf8' });
    expect(program.cachedBytes).toBe(Number(output));
    expect(program.pids).toHaveLength(1 + held.children);
  });

  it('of an overlay in another mount namespace have the path in it', async (context) => {
    needsTarget(context, 'unshare');
    const top = join(scratch, 'overlay');
    // Overlays cannot lie on all file systems.
    for (const name of ['lower', 'upper', 'work', 'root']) mkdirSync(join(top, name), { recursive: true });
    const odd = Buffer.concat([Buffer.from(`${top}/lower/odd-`), Buffer.from([0xff, 0x0a])]);
    writeFileSync(odd, 'x');
    const options = `lowerdir=${top}/lower,upperdir=${top}/upper,workdir=${top}/work`;
    const script = `mount -t overlay overlay -o ${options} ${top}/root && mount -t tmpfs none ${top}/lower && echo ok && exec sleep 60`;
    const process_ = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const isMounted = await new Promise<boolean>((settle) => {
        process_.stdout.once('data', () => settle(true));
        process_.once('exit', () => settle(false));
      });
      if (!isMounted) return context.skip('overlays cannot be mounted here');
      const hostTable = new MountTable(parseMountinfo(readFileSync('/proc/self/mountinfo', 'latin1'), 'f'));
      const path = odd.toString('latin1');
      const mount = required(hostTable.mountAt(path));
      const inside = required(pathBelow(mount.mountPoint, path));
      const { device } = mount;
      expect(device).toBe(formatDevice(statSync(odd, { bigint: true }).dev));
      const file = { device, path: mount.root === '/' ? inside : mount.root + inside, fsType: mount.fsType };
      expect(openFilePaths([required(process_.pid)]).resolve(file)).toEqual({
        path: `${top}/root/odd-\xff\n`,
        seenBy: 'processes',
        mountPoint: `${top}/root`,
        mountType: 'overlay',
      });
      expect(openFilePaths([]).resolve(file)).toMatchObject({ path, mountPoint: mount.mountPoint });
    } finally {
      process_.kill('SIGKILL');
    }
  });
});
