/**
 * The state that cmemstat was started with, which the target gets too. Node.js changes some of it before our
 * first instruction.
 */
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { readFdinfo } from '../kernel/procfs/fdinfo.ts';
import type { ByteString } from './byte-string.ts';
import { readOwnEnvironment } from './environment.ts';

/** A soft and a hard limit; without limit: the largest 64-bit number. */
export interface ResourceLimit {
  soft: bigint;
  hard: bigint;
}

/** What a program inherits beyond what Node.js leaves alone. */
export interface InheritedState {
  environment: readonly ByteString[];
  /** Bit n - 1 is signal n. */
  ignoredSignals: bigint;
  /** RLIMIT_NOFILE; undefined to leave it as it is. */
  openFiles: ResourceLimit | undefined;
  /** The open descriptors from 3 on. */
  descriptors: readonly number[];
}

/** How many descriptors cmemstat may open, and how many were open at its start. */
export interface DescriptorLimit {
  limit: bigint;
  open: number;
}

/** Undefined if it cannot be read. */
export function readDescriptorLimit(): DescriptorLimit | undefined {
  const ours = readOpenFiles('self');
  return ours === undefined ? undefined : { limit: ours.soft, open: descriptorsAtStart.length };
}

let descriptorsAtStart: readonly number[] = [];

/** Notes which descriptors are open; call it before anything is opened. Source: proc(5), /proc/pid/fd. */
export function noteOpenDescriptors(): void {
  try {
    // The one that listed them is closed by now, and its number may be that of a file of ours later.
    descriptorsAtStart = readdirSync('/proc/self/fd').map(Number).filter(isOpen);
  } catch {
    // Without /proc the target gets the standard streams only.
  }
}

/** The state that cmemstat was started with, where it can be determined. */
export function readInheritedState(): InheritedState {
  return {
    environment: readOwnEnvironment(),
    ignoredSignals: ignoredAtStart(),
    openFiles: guessOpenFiles(),
    descriptors: findInherited(descriptorsAtStart),
  };
}

let ignored: bigint | undefined;

/**
 * The signals that were ignored when cmemstat was started, as far as that is known; bit n - 1 is signal n.
 */
export function ignoredAtStart(): bigint {
  ignored ??=
    (readIgnored('self') & ~STANDARD_SIGNALS) |
    guessIgnored({
      environment: process.env,
      pid: process.pid,
      parentProgram: basename(readLink(`/proc/${process.ppid}/exe`) ?? ''),
      parentIgnores: readIgnored(process.ppid),
      isStdinUnreadable: isUnreadableNull(0),
    });
  return ignored;
}

/** Bit n - 1 for each signal n. */
const maskOf = (...signals: NodeJS.Signals[]) =>
  signals.reduce((mask, signal) => mask | (1n << BigInt(constants.signals[signal] - 1)), 0n);

/** Node.js resets these to their defaults at its start, and leaves the others. */
const STANDARD_SIGNALS = (1n << 31n) - 1n;

/** Shells pass on what they were started with, and what `trap '' SIGNAL` ignores. */
const SHELL = /^(?:ash|bash|busybox|dash|ksh\d*|mksh|sh|zsh)$/;

/** What shells with job control ignore themselves, but not in the programs that they start. */
const JOB_CONTROL = maskOf('SIGTERM', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU');

/** What is known about the start of cmemstat. */
export interface StartFacts {
  environment: Readonly<Record<string, string | undefined>>;
  pid: number;
  /** The name of the parent's executable; empty if it cannot be read. */
  parentProgram: string;
  parentIgnores: bigint;
  /** Whether standard input is /dev/null, and opened for writing only. */
  isStdinUnreadable: boolean;
}

/**
 * The signals below 32 that were ignored: Linux keeps no record of them after Node.js has reset them. Other
 * parents than shells are not evidence: many ignore signals while they wait for a program, as system(3) does.
 */
export function guessIgnored(facts: StartFacts): bigint {
  const { environment, parentProgram, parentIgnores } = facts;
  let signals = 0n;
  if (SHELL.test(parentProgram)) {
    // Most shells ignore SIGQUIT, even without job control.
    signals = parentIgnores & STANDARD_SIGNALS & ~maskOf('SIGQUIT');
    if ((parentIgnores & maskOf('SIGTSTP')) !== 0n) signals &= ~JOB_CONTROL;
  }
  // Bash and zsh set `_` to the program that they start; that of coreutils replaces a terminal as standard
  // input.
  if (facts.isStdinUnreadable || /(?:^|\/)nohup$/.test(environment._ ?? '')) signals |= maskOf('SIGHUP');
  // The default of units (IgnoreSIGPIPE=). Source: systemd.exec(5).
  if (environment.SYSTEMD_EXEC_PID === String(facts.pid)) signals |= maskOf('SIGPIPE');
  return signals;
}

function readIgnored(pid: number | 'self'): bigint {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return BigInt(`0x${mask ?? '0'}`);
  } catch {
    return 0n;
  }
}

/**
 * Node.js raises the soft limit of open files to the hard one. A process usually has the limits of its
 * parent.
 */
function guessOpenFiles(): ResourceLimit | undefined {
  const ours = readOpenFiles('self');
  const parents = readOpenFiles(process.ppid);
  if (ours === undefined || parents === undefined) return undefined;
  return parents.hard === ours.hard && parents.soft < ours.soft ? parents : undefined;
}

function readOpenFiles(pid: number | 'self'): ResourceLimit | undefined {
  try {
    return parseOpenFiles(readFileSync(`/proc/${pid}/limits`, 'latin1'));
  } catch {
    return undefined;
  }
}

const UNLIMITED = (1n << 64n) - 1n;

/** The limits of open files; undefined if they are not in the text. Source: proc(5), /proc/pid/limits. */
export function parseOpenFiles(limits: string): ResourceLimit | undefined {
  const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits) ?? [];
  if (soft === undefined || hard === undefined) return undefined;
  const parse = (text: string) => (text === 'unlimited' ? UNLIMITED : BigInt(text));
  return { soft: parse(soft), hard: parse(hard) };
}

/** An open descriptor, as in `/proc/self/fd`. */
export interface OpenDescriptor {
  fd: number;
  /** Where the link leads, such as `pipe:[1234]`. */
  link: string;
}

const O_ACCMODE = 3;
const O_WRONLY = 1;
const O_NONBLOCK = 0o4000;

function findInherited(numbers: readonly number[]): number[] {
  const open: OpenDescriptor[] = [];
  for (const fd of numbers) {
    if (fd <= 2) continue;
    const link = readLink(`/proc/self/fd/${fd}`);
    // Otherwise it is closed by now.
    if (link !== undefined) open.push({ fd, link });
  }
  return withoutNodes(open, isNonBlocking);
}

/** Whether a descriptor is open. */
export function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

function isNonBlocking(fd: number): boolean {
  return (readFlags(fd) & O_NONBLOCK) !== 0;
}

function isUnreadableNull(fd: number): boolean {
  return (readFlags(fd) & O_ACCMODE) === O_WRONLY && readLink(`/proc/self/fd/${fd}`) === '/dev/null';
}

/** The flags of open(2); 0 if they cannot be read. Source: proc(5), /proc/pid/fdinfo. */
function readFlags(fd: number): number {
  try {
    return Number.parseInt(readFdinfo(fd).values.get('flags') ?? '0', 8);
  } catch {
    return 0;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** What the event loop of Node.js opens besides pipes. */
const LOOP_FILES = /^anon_inode:\[(?:eventpoll|eventfd|io_uring)\]$/;

/**
 * The descriptors that are not those of Node.js: its event loops hold anonymous inodes, pipes of which
 * both ends are open here and non-blocking (a client of make's job server sets that on one of them), and one
 * blocking pipe that was created just before the first of these. `isNonBlocking` is called few
 * descriptors, as each answer takes a tenth of a millisecond.
 */
export function withoutNodes(
  open: readonly OpenDescriptor[],
  isNonBlocking: (fd: number) => boolean,
): number[] {
  const pipes = new Map<string, OpenDescriptor[]>();
  for (const each of open) {
    if (!each.link.startsWith('pipe:')) continue;
    pipes.set(each.link, [...(pipes.get(each.link) ?? []), each]);
  }
  const both = [...pipes.values()].filter((ends) => ends.length === 2);
  const nodes = both.filter((ends) => ends.every(({ fd }) => isNonBlocking(fd)));
  const first = Math.min(...nodes.map(([end]) => end?.fd ?? 0));
  const blocking = both.filter((ends) => !nodes.includes(ends));
  const signals = blocking.findLast((ends) => ends.every(({ fd }) => fd < first));
  const own = new Set([...nodes, ...(signals === undefined ? [] : [signals])].flat());
  return open.filter((each) => !own.has(each) && !LOOP_FILES.test(each.link)).map(({ fd }) => fd);
}
