/**
 * The state that cmemstat was started with, which the target gets too. Node.js changes some of it before our
 * first instruction.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
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
  blockedSignals: bigint;
  /** RLIMIT_NOFILE; undefined to leave it as it is. */
  openFiles: ResourceLimit | undefined;
  /** The open descriptors from 3 on. */
  descriptors: readonly number[];
  /** Those of 0, 1 and 2 that are closed. */
  closedStreams: readonly number[];
}

let descriptorsAtStart: readonly number[] = [];

/** Notes which descriptors are open; call it before anything is opened. Source: proc(5), /proc/pid/fd. */
export function noteOpenDescriptors(): void {
  try {
    descriptorsAtStart = readdirSync('/proc/self/fd').map(Number);
  } catch {
    // Without /proc the target gets the standard streams only.
  }
}

/** The state that cmemstat was started with, where it can be determined. */
export function readInheritedState(): InheritedState {
  return {
    environment: readOwnEnvironment(),
    ignoredSignals: readIgnoredRealTimeSignals(),
    blockedSignals: 0n,
    openFiles: guessOpenFiles(),
    descriptors: findInherited(descriptorsAtStart),
    closedStreams: [],
  };
}

/** Node.js resets the signals below 32 to their defaults, and leaves the others. */
const STANDARD_SIGNALS = (1n << 31n) - 1n;

function readIgnoredRealTimeSignals(): bigint {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return BigInt(`0x${mask ?? '0'}`) & ~STANDARD_SIGNALS;
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

const O_NONBLOCK = 0o4000;

function findInherited(numbers: readonly number[]): number[] {
  const open: OpenDescriptor[] = [];
  for (const fd of numbers) {
    if (fd <= 2) continue;
    try {
      open.push({ fd, link: readlinkSync(`/proc/self/fd/${fd}`) });
    } catch {
      // The descriptor of the directory itself, or one that is closed by now.
    }
  }
  return withoutNodes(open, isNonBlocking);
}

function isNonBlocking(fd: number): boolean {
  try {
    return (Number.parseInt(readFdinfo(fd).values.get('flags') ?? '0', 8) & O_NONBLOCK) !== 0;
  } catch {
    return false;
  }
}

/** What the event loop of Node.js opens besides pipes. */
const LOOP_FILES = /^anon_inode:\[(?:eventpoll|eventfd|io_uring)\]$/;

/**
 * The descriptors that are not those of Node.js: its event loops hold anonymous inodes, non-blocking pipes of
 * which both ends are open here, and one blocking pipe that was created just before the first of these.
 * `isNonBlocking` is asked for few descriptors, as each answer takes a tenth of a millisecond.
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
  const nodes = both.filter(([end]) => end !== undefined && isNonBlocking(end.fd));
  const first = Math.min(...nodes.map(([end]) => end?.fd ?? 0));
  const blocking = both.filter((ends) => !nodes.includes(ends));
  const signals = blocking.findLast((ends) => ends.every(({ fd }) => fd < first));
  const own = new Set([...nodes, ...(signals === undefined ? [] : [signals])].flat());
  return open.filter((each) => !own.has(each) && !LOOP_FILES.test(each.link)).map(({ fd }) => fd);
}
