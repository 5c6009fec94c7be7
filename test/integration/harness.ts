/** Runs the built binary like a user, on any cgroup setup of this host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, test } from 'vitest';
import { chooseMemoryHierarchy, readHierarchyFacts } from '#src/cgroup/hierarchy.ts';
import { isOwnerAlive, parseLeafName } from '#src/cgroup/leaf-name.ts';
import type { EventRecord, RecordLine, StartRecord, SummaryRecord } from '#src/model/recording.ts';
import type { Sample } from '#src/model/sample.ts';
import { isCi } from '../ci.ts';
import { hasProgram } from '../programs.ts';

/** The built command. */
export const BINARY = resolve(import.meta.dirname, '../../bin/cmemstat.js');

/** Programs measured by the tests. */
export const TARGETS = resolve(import.meta.dirname, 'targets');

/**
 * The path of a TypeScript program in `targets`, as one file that Node.js starts without a loader: with tsx
 * a start takes 15 s in an emulated machine.
 */
export async function builtTarget(name: string): Promise<string> {
  const ready = process.env.CMEMSTAT_TEST_BUNDLES;
  if (ready !== undefined) return join(ready, `${name}.mjs`);
  // esbuild is loaded only if something has to be built.
  const { bundleModules } = await import('../bundle.ts');
  await bundleModules([join(TARGETS, `${name}.ts`)], scratch);
  return join(scratch, `${name}.mjs`);
}

/** The example agent for some seconds, as the words of a target: maps, two processes, output. */
export const agent = (seconds: number): string[] => [
  process.execPath,
  resolve(import.meta.dirname, '../../examples/agent.mjs'),
  ...['--duration', String(seconds)],
];

/** Whether this is a virtual machine of test/vm. */
export const isGuest = process.env.CMEMSTAT_VM_GUEST !== undefined;

/** Factor for the waiting times of targets on slow machines. */
export const SLOWNESS = isGuest ? 3 : 1;

/** Factor for time limits: an emulated machine is about ten times as slow. */
const TIMEOUT_FACTOR = isGuest ? 10 : 1;

/** A folder for this test file, removed after it. */
export const scratch = mkdtempSync(join(tmpdir(), 'cmemstat-test-'));
// Tests start programs in it as other users.
chmodSync(scratch, 0o755);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** How a run ended. */
export interface Outcome {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A running binary. */
export interface Running {
  child: ChildProcess;
  /** Resolves when the program has exited and its output is closed. */
  ended: Promise<Outcome>;
  /** Resolves when the program itself has exited. */
  exited: Promise<void>;
  /** Resolves when the pattern appears on standard output or standard error. */
  until(pattern: RegExp): Promise<void>;
  /** The standard output so far. */
  soFar(): string;
}

/** Set by users, terminals and CI systems, with an effect on the output: a test sets those that it needs. */
const DECIDED_BY_TESTS = ['NO_COLOR', 'FORCE_COLOR', 'COLORTERM', 'LANG', 'LC_CTYPE', 'GITHUB_STEP_SUMMARY'];

/** The environment of programs beyond the variables of the tests themselves; undefined unsets one. */
export const TEST_ENVIRONMENT: Readonly<Record<string, string | undefined>> = {
  ...Object.fromEntries(DECIDED_BY_TESTS.map((name) => [name, undefined])),
  NODE_OPTIONS: '',
};

/** Starts any program and collects its output. */
export function start(
  command: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Running {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...TEST_ENVIRONMENT, ...options.env },
  });
  const outcome: Outcome = { status: null, signal: null, stdout: '', stderr: '' };
  const watchers: (() => void)[] = [];
  child.stdout.on('data', (chunk) => {
    outcome.stdout += chunk;
    for (const watcher of watchers) watcher();
  });
  child.stderr.on('data', (chunk) => {
    outcome.stderr += chunk;
    for (const watcher of watchers) watcher();
  });
  const ended = new Promise<Outcome>((settle, fail) => {
    child.on('error', fail);
    child.on('close', (status, signal) => {
      settle({ ...outcome, status, signal });
      for (const watcher of watchers) watcher();
    });
  });
  const exited = new Promise<void>((settle) => child.on('exit', () => settle()));
  if (options.input !== undefined) child.stdin.end(options.input);
  const until = (pattern: RegExp) =>
    new Promise<void>((settle, fail) => {
      const look = () => {
        if (pattern.test(outcome.stdout) || pattern.test(outcome.stderr)) settle();
        else if (child.exitCode !== null || child.signalCode !== null) {
          fail(new Error(`ended before ${pattern}: ${outcome.stdout}${outcome.stderr}`));
        }
      };
      watchers.push(look);
      look();
    });
  return { child, ended, exited, until, soFar: () => outcome.stdout };
}

/** Runs the binary to completion. */
export function cmemstat(...args: string[]): Promise<Outcome> {
  return start(process.execPath, [BINARY, ...args], { input: '' }).ended;
}

/** The lines of one run with `--json`. */
export interface Recording {
  outcome: Outcome;
  lines: RecordLine[];
  start: StartRecord;
  samples: Sample[];
  events: EventRecord[];
  summary: SummaryRecord;
}

/** Runs the binary with `--json` and reads every line. */
export async function record(...args: string[]): Promise<Recording> {
  return readRecording(await cmemstat('--json', ...args));
}

/** Splits the lines of a run with `--json`. */
export function readRecording(outcome: Outcome, text: string = outcome.stdout): Recording {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordLine);
  const first = lines[0];
  const last = lines.at(-1);
  if (first?.type !== 'start' || last?.type !== 'summary') {
    throw new Error(`not a whole recording: ${text}\n${outcome.stderr}`);
  }
  return {
    outcome,
    lines,
    start: first,
    samples: lines.filter((line) => line.type === 'sample'),
    events: lines.filter((line) => line.type === 'event'),
    summary: last,
  };
}

/** The complete lines of a run in progress. */
export function readPartial(text: string): Pick<Recording, 'start' | 'samples'> {
  const lines = text
    .slice(0, text.lastIndexOf('\n'))
    .split('\n')
    .map((line) => JSON.parse(line) as RecordLine);
  const first = lines[0];
  if (first?.type !== 'start') throw new Error(`no start line: ${text}`);
  return { start: first, samples: lines.filter((line) => line.type === 'sample') };
}

/** Properties of this host, for tests that depend on it. */
export const host = (() => {
  const hierarchy = chooseMemoryHierarchy(readHierarchyFacts());
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return {
    mode: hierarchy.version === 2 ? 'cgroup2' : hierarchy.version === 1 ? 'cgroup1' : 'process-tree',
    top: hierarchy.version === undefined ? undefined : hierarchy.mountPoint,
    isAtLeast: (wantMajor: number, wantMinor: number) =>
      major > wantMajor || (major === wantMajor && minor >= wantMinor),
  } as const;
})();

/** A requirement of a test, and since when a host must meet it. */
export interface Need {
  what: string;
  /** Whether this host has it. */
  has: boolean;
  /** Whether this host must have it: then its absence is a failure and not a skip. */
  expected: boolean;
}

/** Requirements of several files. */
export const needs = {
  cgroup: { what: 'a memory cgroup', has: host.mode !== 'process-tree', expected: true },
  cgroup1: {
    what: 'cgroup v1 with the memory controller',
    has: host.mode === 'cgroup1',
    expected: false,
  },
  cgroup2: {
    what: 'cgroup v2 with the memory controller',
    has: host.mode === 'cgroup2',
    expected: host.mode !== 'cgroup1',
  },
  chargedBpf: {
    what: 'BPF memory charged to cgroups (Linux 5.11)',
    has: host.isAtLeast(5, 11),
    expected: host.isAtLeast(5, 11),
  },
  unchargedBpf: {
    what: 'a kernel that charges BPF memory to no cgroup (before Linux 5.11)',
    has: !host.isAtLeast(5, 11),
    expected: false,
  },
  /** BPF iterators, the BTF of the kernel, and charging to cgroups. */
  attribution: {
    what: 'BPF iterators and BPF memory charged to cgroups (Linux 5.11)',
    has: host.isAtLeast(5, 11) && existsSync('/sys/kernel/btf/vmlinux'),
    expected: host.isAtLeast(5, 11),
  },
  exactStat: {
    what: 'memory.stat that is exact when read (Linux 5.15)',
    has: host.isAtLeast(5, 15),
    expected: host.isAtLeast(5, 15),
  },
  root: {
    what: 'root',
    has: process.getuid?.() === 0,
    expected: isCi() && process.env.CMEMSTAT_VM_GUEST !== 'systemd-user',
  },
} satisfies Record<string, Need>;

/** A requirement of a program that is packaged in Debian. */
export function needsProgram(name: string): Need {
  return { what: `the program ${name}`, has: hasProgram(name), expected: isCi() };
}

/** A test that is skipped with its name if a requirement is missing, and fails if it must not be missing. */
export function testWith(
  wanted: readonly Need[],
  name: string,
  body: () => Promise<void> | void,
  timeoutMs = 60_000,
): void {
  const missing = wanted.filter(({ has }) => !has);
  const overdue = missing.filter(({ expected }) => expected);
  if (overdue.length > 0) {
    test(name, () => {
      throw new Error(`this host should have ${overdue.map(({ what }) => what).join(', ')}`);
    });
  } else if (missing.length > 0) {
    test.skip(`${name} [needs ${missing.map(({ what }) => what).join(', ')}]`, () => {});
  } else {
    test(name, body, timeoutMs * TIMEOUT_FACTOR);
  }
}

/** A test that depends neither on the kernel nor on where the target is placed: only the host runs it. */
export function testWithoutKernel(...args: Parameters<typeof testWith>): void {
  if (!isGuest) testWith(...args);
}

/** The leaves on this host whose cmemstat has exited; others may be of concurrent runs. */
export function leavesOnHost(): string[] {
  const { top } = host;
  if (top === undefined) return [];
  return readdirSync(top).filter((name) => {
    const owner = parseLeafName(name);
    return owner !== undefined && !isOwnerAlive(owner);
  });
}

/** The processes whose command line contains `text`. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

export const MIB = 1024 * 1024;
