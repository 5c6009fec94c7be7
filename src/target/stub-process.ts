/**
 * The stub as a child process. The modules of Node.js for processes and sockets take longer to load, and to
 * start a process, than everything that is needed of them here.
 */
import { closeSync, writeSync } from 'node:fs';
import { errnoName } from '../errno.ts';
import { errnoOf, SyscallError } from '../errors.ts';
import type { Libc } from '../kernel/bpf/sys/libc.ts';
import type { StoredProgram } from '../kernel/bpf/sys/memory-program.ts';
import { decodeWaitStatus, type TargetExit } from './exit-status.ts';
import { encodeRequest, StubMessages, type StubRequest, type StubStarted } from './stub-protocol.ts';

/** A started stub. */
export interface StubProcess {
  pid: number;
  /** Resolves with the first message; undefined if the stub has ended without one. */
  started: Promise<StubStarted | undefined>;
  /** How the target ended, or else the stub; resolves when the stub has ended. */
  ended: Promise<TargetExit>;
}

/** What the stub is to start, with descriptors of this process. */
export interface StubLaunch extends Omit<StubRequest, 'moves'> {
  /** The descriptors that become standard input, output and error. */
  streams: readonly number[];
  /** Other descriptors that the target gets, with their numbers. */
  kept: readonly number[];
}

/** If a signal should be lost, the socket is read after this time. Unit: milliseconds. */
const POLL_MS = 1_000;

// Source: include/uapi/linux/un.h, include/linux/net.h, include/linux/socket.h, include/uapi/linux/wait.h.
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const WNOHANG = 1;

/** More than posix_spawn_file_actions_t has in any C library. Unit: bytes. */
const FILE_ACTIONS_BYTES = 512;

/**
 * Starts the stub, and sends it the request. Undefined if it cannot be executed.
 * @throws SyscallError if no socket can be created.
 */
export function startStub(libc: Libc, program: StoredProgram, launch: StubLaunch): StubProcess | undefined {
  const [ours, theirs] = createSocketPair(libc);
  const { path, descriptor } = program;
  const numbers = findNumbers(descriptor === undefined ? [theirs] : [theirs, descriptor], launch);
  const pid = spawnStub(libc, path, theirs, numbers, launch);
  closeSync(theirs);
  if (pid === undefined) {
    closeSync(ours);
    return undefined;
  }
  const stub = follow(libc, pid, ours);
  const moves = numbers.streams.map((from, to) => ({ from, to }));
  send(ours, encodeRequest({ ...launch, moves }));
  return stub;
}

function createSocketPair({ socketpair }: Libc): [ours: number, theirs: number] {
  const ends = new Int32Array(2);
  const result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  if (result < 0) throw new SyscallError('socketpair', '', errnoName(-result));
  const [ours = -1, theirs = -1] = ends;
  return [ours, theirs];
}

/** The descriptors of the stub besides those that the target keeps. */
interface StubNumbers {
  /** The streams, which are there until the target has joined. */
  streams: number[];
  channel: number;
  /** Free. */
  spare: number;
}

/** The lowest that nothing is copied from: those above all may be beyond the limit of open files. */
function findNumbers(
  ours: readonly number[],
  { streams, kept }: Pick<StubLaunch, 'streams' | 'kept'>,
): StubNumbers {
  const used = new Set([...ours, ...streams, ...kept]);
  let last = 2;
  const next = () => {
    do last += 1;
    while (used.has(last));
    return last;
  };
  return { streams: streams.map(next), channel: next(), spare: next() };
}

/** Returns the pid; undefined if the stub cannot be executed. */
function spawnStub(
  libc: Libc,
  path: string,
  theirs: number,
  { streams, channel, spare }: StubNumbers,
  launch: StubLaunch,
): number | undefined {
  const { init, addDup2, addClose, destroy } = libc.fileActions;
  const { kept } = launch;
  const actions = Buffer.alloc(FILE_ACTIONS_BYTES);
  init(actions);
  for (const [at, source] of launch.streams.entries()) addDup2(actions, source, streams[at] ?? -1);
  addDup2(actions, theirs, channel);
  for (const fd of kept) {
    // Before glibc 2.29, dup2 of a descriptor to itself does not clear close-on-exec. One beyond the limit of
    // open files is lost.
    addDup2(actions, fd, spare);
    addDup2(actions, spare, fd);
  }
  if (kept.length > 0) addClose(actions, spare);
  const name = Buffer.from('cmemstat-launch\0');
  const fd = Buffer.from(`${channel}\0`);
  const words = new BigUint64Array([libc.address(name), libc.address(fd), 0n]);
  const pid = new Int32Array(1);
  const errno = libc.posixSpawn(pid, path, actions, words, new BigUint64Array(1));
  destroy(actions);
  return errno === 0 ? pid[0] : undefined;
}

function send(socket: number, request: Buffer): void {
  try {
    for (let done = 0; done < request.length; ) done += writeSync(socket, request, done);
  } catch (error) {
    // The stub was killed before it read the request.
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Reads what the stub sends, whenever it sends SIGCHLD or has ended. */
function follow({ recv, waitpid }: Libc, pid: number, socket: number): StubProcess {
  const messages = new StubMessages();
  const bytes = Buffer.alloc(64);
  const status = new Int32Array(1);
  let onStart: (message: StubStarted | undefined) => void;
  let onEnd: (exit: TargetExit) => void;
  const look = () => {
    // First: what it has sent before its end can still be read after it.
    const hasEnded = waitpid(pid, status, WNOHANG) !== 0;
    for (let size = 1; size > 0; ) {
      size = recv(socket, bytes, bytes.length, MSG_DONTWAIT);
      if (size > 0) messages.add(bytes.subarray(0, size));
    }
    if (hasEnded || messages.started !== undefined) onStart(messages.started);
    if (!hasEnded) return;
    process.off('SIGCHLD', look);
    clearInterval(timer);
    closeSync(socket);
    // Without a message the stub itself was killed.
    onEnd(decodeWaitStatus(messages.ended?.waitStatus ?? status[0] ?? 0));
  };
  process.on('SIGCHLD', look);
  // A listener for a signal does not keep Node.js running.
  const timer = setInterval(look, POLL_MS);
  return {
    pid,
    started: new Promise((resolve) => {
      onStart = resolve;
    }),
    ended: new Promise((resolve) => {
      onEnd = resolve;
    }),
  };
}
