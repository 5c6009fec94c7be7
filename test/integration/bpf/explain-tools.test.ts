/** `cmemstat explain` beside tools of others that look at the same memory: slabtop, vmtouch. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { MemoryNode } from '#src/model/explain/explanation.ts';
import { required } from '../../required.ts';
import { explain, nodesOf } from '../explanations.ts';
import { host, MIB, needs, needsProgram, scratch, testWith } from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';

const DIRECTORIES = 20_000;
const FILE = join(scratch, 'vmtouch.dat');
const wanted = [needs.root, needs.cgroup, needs.attribution];

let group: string | undefined;
let tmpfs: string;
let target: ChildProcess;
/** Inodes of tmpfs on this host before the target created some. */
let inodesBefore: number;

/** Creates directories on tmpfs, and writes every other MiB of a file. */
const TARGET = `
const { closeSync, mkdirSync, openSync, writeSync } = require('node:fs');
const [, tmpfs, file] = process.argv;
for (let index = 0; index < ${DIRECTORIES}; index += 1) mkdirSync(tmpfs + '/' + index);
const [fd, buffer] = [openSync(file, 'w'), Buffer.alloc(${MIB}, 'x')];
for (let at = 0; at < 24; at += 2) writeSync(fd, buffer, 0, ${MIB}, at * ${MIB});
closeSync(fd);
console.log('ready');
setInterval(() => {}, 1000);
`;

beforeAll(async () => {
  if (!wanted.every(({ has }) => has) || host.top === undefined || !host.isAtLeast(5, 17)) return;
  inodesBefore = await activeObjects('shmem_inode_cache');
  tmpfs = mkdtempSync('/dev/shm/explain-tools-');
  group = join(host.top, `cmemstat-test-tools-${process.pid}`);
  mkdirSync(group);
  const words = ['-c', 'echo 0 > "$0/cgroup.procs" && exec "$@"', group, process.execPath, '-e', TARGET];
  target = spawn('sh', [...words, tmpfs, FILE], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((settle, fail) => {
    required(target.stdout ?? undefined).once('data', () => settle());
    target.once('exit', () => fail(new Error('the target ended')));
  });
}, 120_000);

afterAll(async () => {
  if (group === undefined) return;
  const exited = new Promise((settle) => target.once('exit', settle));
  target.kill('SIGKILL');
  await exited;
  rmSync(tmpfs, { recursive: true, force: true });
  rmSync(FILE, { force: true });
  await removeWhenEmpty(group);
}, 60_000);

/** The objects in use of a slab cache of the host, as slabtop prints them: OBJS, ACTIVE, ..., NAME. */
async function activeObjects(cache: string): Promise<number> {
  const text = execFileSync('slabtop', ['--once', '--sort=a'], { encoding: 'utf8' });
  const row = required(
    text.split('\n').find((line) => line.trim().endsWith(` ${cache}`)),
    cache,
  );
  return Number(row.trim().split(/\s+/)[1]);
}

async function explained(): Promise<MemoryNode[]> {
  return nodesOf(await explain(required(group)));
}

const needsScan = { what: 'a page scan (Linux 5.17)', has: host.isAtLeast(5, 17), expected: false };

testWith(
  [...wanted, needsScan, needsProgram('slabtop')],
  'has as many slab objects as slabtop has more',
  async () => {
    const found = required((await explained()).find(({ name }) => name === 'shmem_inode_cache'));
    const more = (await activeObjects('shmem_inode_cache')) - inodesBefore;
    expect(found.kind).toBe('slab-cache');
    expect(found.count).toBeGreaterThanOrEqual(DIRECTORIES);
    // slabtop counts free objects in the slabs of CPUs, and those of other programs.
    expect(Math.abs(more - required(found.count))).toBeLessThan(DIRECTORIES / 20);
  },
);

testWith(
  [...wanted, needsScan, needsProgram('vmtouch')],
  'has as much of a file as vmtouch finds in memory',
  async () => {
    const found = required((await explained()).find(({ path }) => path === FILE));
    const text = execFileSync('vmtouch', [FILE], { encoding: 'utf8' });
    const [, pages] = required(/Resident Pages: (\d+)\//.exec(text));
    expect(found.bytes).toBe(Number(pages) * 4096);
    expect(found.bytes).toBe(12 * MIB);
  },
);
