import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The input of {@link file://./capture-fixtures.ts} on stdout: the contents of the captured files in base64,
 * by their path in the fixture, and the paths that exist but cannot be read.
 */
export interface CapturedScene {
  readonly files: Record<string, string>;
  readonly unreadable: string[];
}

const MIB = 1024 * 1024;
const CGROUP_ROOT = '/sys/fs/cgroup';
const LEAF_LIMIT_BYTES = 96 * MIB;
const SWAP_LIMIT_BYTES = 8 * MIB;
const CHILD_LIMIT_BYTES = 16 * MIB;

const PROC_FILES = [
  'proc/cgroups',
  'proc/cmdline',
  'proc/filesystems',
  'proc/meminfo',
  'proc/mounts',
  'proc/pressure/memory',
  'proc/self/mountinfo',
  'proc/swaps',
  'proc/sys/kernel/osrelease',
  'proc/sys/kernel/unprivileged_bpf_disabled',
  'sys/devices/system/cpu/possible',
  'sys/kernel/mm/transparent_hugepage/enabled',
  'sys/kernel/notes',
];

const TARGET_FILES = ['cgroup', 'comm', 'limits', 'oom_score_adj', 'smaps_rollup', 'stat', 'statm', 'status'];

class Capture {
  readonly scene: CapturedScene = { files: {}, unreadable: [] };

  file(source: string, destination: string = source): void {
    try {
      this.scene.files[destination] = readFileSync(path.join('/', source)).toString('base64');
    } catch (error) {
      // It does not exist on this kernel, or is write-only.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.scene.unreadable.push(destination);
    }
  }

  /** Every file of a cgroup, without nested cgroups. */
  cgroup(source: string, destination: string = source): void {
    for (const name of readdirSync(path.join('/', source))) {
      const file = path.join(source, name);
      if (statSync(path.join('/', file)).isFile()) this.file(file, path.join(destination, name));
    }
  }
}

/** The process of the scene that keeps its memory until it is captured. */
class Target {
  readonly pid: number;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  #fds: Readonly<Record<string, number>> = {};

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.pid = child.pid ?? 0;
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
  }

  static async start(procsFile: string, ...args: string[]): Promise<Target> {
    const program = path.join(import.meta.dirname, 'capture-target.mjs');
    // Up to 5.10 the memory of BPF maps counts against RLIMIT_MEMLOCK.
    const stub = 'ulimit -l unlimited; echo 0 > "$1" && shift && exec "$@"; exit 125';
    const child = spawn('sh', ['-c', stub, 'sh', procsFile, process.execPath, program, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const target = new Target(child);
    target.#fds = JSON.parse(await target.#nextLine()) as Record<string, number>;
    return target;
  }

  async useFilesAgain(): Promise<void> {
    this.#child.stdin.write('again\n');
    await this.#nextLine();
  }

  #nextLine(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#lines.once('line', resolve);
      this.#lines.once('close', () => reject(new Error('the target ended early')));
    });
  }

  capture(capture: Capture): void {
    for (const name of TARGET_FILES) capture.file(`proc/${this.pid}/${name}`, `proc/target/${name}`);
    for (const [name, fd] of Object.entries(this.#fds)) {
      capture.file(`proc/${this.pid}/fdinfo/${fd}`, `proc/target/fdinfo/${name}`);
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.stdin.end();
    await ended;
  }
}

/** Grows until the kernel kills it for the cgroup's limit. */
async function provokeOomKill(procsFile: string): Promise<void> {
  const stub = 'echo 0 > "$1" && echo 1000 > /proc/self/oom_score_adj && exec tail /dev/zero';
  const child = spawn('sh', ['-c', stub, 'sh', procsFile], { stdio: 'ignore' });
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (signal !== 'SIGKILL') throw new Error(`no OOM kill in ${procsFile}: ${signal}`);
}

function write(file: string, value: number | string): void {
  writeFileSync(file, String(value));
}

async function captureVersion2(): Promise<CapturedScene> {
  const capture = new Capture();
  write(`${CGROUP_ROOT}/cgroup.subtree_control`, '+memory +pids +cpu +io');

  const leaf = `${CGROUP_ROOT}/leaf`;
  mkdirSync(`${leaf}/nested`, { recursive: true });
  write(`${leaf}/memory.max`, LEAF_LIMIT_BYTES);
  write(`${leaf}/memory.swap.max`, SWAP_LIMIT_BYTES);
  write(`${leaf}/pids.max`, 64);
  const target = await Target.start(`${leaf}/cgroup.procs`);
  await provokeOomKill(`${leaf}/cgroup.procs`);
  await target.useFilesAgain();

  // Here the child is killed: memory.events of the tree counts it, memory.events.local does not.
  const tree = `${CGROUP_ROOT}/tree`;
  mkdirSync(tree);
  write(`${tree}/cgroup.subtree_control`, '+memory +pids');
  mkdirSync(`${tree}/child`);
  write(`${tree}/child/memory.max`, CHILD_LIMIT_BYTES);
  write(`${tree}/child/memory.swap.max`, 0);
  await provokeOomKill(`${tree}/child/cgroup.procs`);

  for (const each of ['', '/leaf', '/leaf/nested', '/tree', '/tree/child']) {
    capture.cgroup(`sys/fs/cgroup${each}`);
  }
  target.capture(capture);
  for (const file of PROC_FILES) capture.file(file);
  await target.stop();
  return capture.scene;
}

async function captureVersion1(): Promise<CapturedScene> {
  const capture = new Capture();
  const leaf = `${CGROUP_ROOT}/memory/cmemstat-fixture-${process.pid}`;
  const scratchFile = path.join(os.tmpdir(), `cmemstat-fixture-${process.pid}`);
  mkdirSync(leaf);
  try {
    mkdirSync(`${leaf}/nested`);
    write(`${leaf}/memory.limit_in_bytes`, LEAF_LIMIT_BYTES);
    const target = await Target.start(`${leaf}/cgroup.procs`, scratchFile);
    await provokeOomKill(`${leaf}/cgroup.procs`);
    await target.useFilesAgain();
    for (const each of ['', '/nested']) {
      capture.cgroup(`${leaf.slice(1)}${each}`, `sys/fs/cgroup/memory/leaf${each}`);
    }
    target.capture(capture);
    for (const file of PROC_FILES) capture.file(file);
    await target.stop();
  } finally {
    rmSync('/dev/shm/cmemstat-fixture', { force: true });
    rmSync(scratchFile, { force: true });
    await removeCgroup(`${leaf}/nested`);
    await removeCgroup(leaf);
  }
  return capture.scene;
}

async function removeCgroup(directory: string): Promise<void> {
  // The kernel may still count a process that has ended.
  for (let attempt = 1; attempt < 50; attempt += 1) {
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      await delay(20);
    }
  }
  rmdirSync(directory);
}

const scene = process.argv[2] === 'v1' ? await captureVersion1() : await captureVersion2();
process.stdout.write(JSON.stringify(scene));
