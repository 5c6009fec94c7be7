/** Starts the target in its leaf, before the target executes any code. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { errnoName } from '../errno.ts';
import { describeErrno, LaunchError } from '../errors.ts';
import { type ByteString, bytesOf, textOf } from './byte-string.ts';
import type { TargetEnvironment } from './environment.ts';
import { decodeWaitStatus, signalNumber, type TargetExit } from './exit-status.ts';
import { type Executable, findExecutable } from './find-executable.ts';
import type { InheritedState } from './inherited-state.ts';
import { describeExecFailure } from './interpreter.ts';
import { launchByShell } from './launch-by-shell.ts';
import { encodeRequest, HAS_STUB_BYTE_ORDER, StubMessages, type StubStarted } from './stub-protocol.ts';
import type { TargetUser } from './user.ts';

/** The parameters of a launch. */
export interface LaunchRequest {
  /** The command and its arguments. */
  command: readonly ByteString[];
  /** The files of the leaf that the stub writes `0` to; none in process-tree mode. */
  joinFiles: string[];
  cwd: string | undefined;
  /** The target's whole environment. */
  env: TargetEnvironment;
  user: TargetUser | undefined;
  /**
   * The targets of stdin, stdout and stderr: ours (`inherit`, or the number of one of ours), a file that
   * cmemstat opened, or a pipe to cmemstat.
   */
  stdio: ['inherit' | number, TargetOutput, TargetOutput];
  /** What else the target gets as cmemstat got it. */
  inherited: Omit<InheritedState, 'environment'>;
}

/** The destination of one of the target's outputs. */
export type TargetOutput = 'inherit' | 'pipe' | number;

/** A started target. */
export interface Target {
  pid: number;
  /** Resolves when the target has exited; never rejects. */
  ended: Promise<TargetExit>;
  /** Its output, if it is a pipe to cmemstat. */
  stdout: Readable | null;
  stderr: Readable | null;
  /** How it was started: a shell does not report whether it could join the leaf. */
  startedBy: 'stub' | 'shell';
  /** Sends a signal; does nothing if the target has exited. */
  kill(signal: string): void;
}

/** The stub of this architecture; the build copies it next to the bundle. */
const STUB = fileURLToPath(new URL(`./stub/compiled/launch-stub-${process.arch}`, import.meta.url));

/**
 * Starts the target through a stub that joins the leaf and becomes the target by `exec`: same standard
 * streams, same controlling terminal, same process group as ours. Where there is no stub for this
 * architecture, or it cannot be executed, a shell does it, which changes the environment.
 * @throws LaunchError if the target could not be started.
 */
export async function launchTarget(request: LaunchRequest): Promise<Target> {
  const words = [...asUser(request.user), ...request.command];
  // As the stub and not a C library executes it, the path is known here.
  const executable = findExecutable(words[0] ?? '', request.env.get('PATH'), request.cwd);
  const launched = HAS_STUB_BYTE_ORDER ? await launchByStub(request, words, executable) : undefined;
  return launched ?? launchByShell(request, words);
}

/** A pipe or a descriptor for each of the target's streams, and the ends of pipes that are ours. */
interface Streams {
  sources: (number | 'socket')[];
  /** To close once the target has them. */
  theirs: number[];
  ours: (Readable | null)[];
}

async function openStreams({ stdio }: LaunchRequest): Promise<Streams> {
  const streams: Streams = { sources: [], theirs: [], ours: [] };
  for (const [at, stream] of stdio.entries()) {
    let ours: Readable | null = null;
    if (stream === 'pipe') {
      // Only loaded for the view.
      const { createPipe } = await import('../kernel/bpf/sys/libc.ts');
      const ends = await createPipe();
      if (ends === undefined) streams.sources.push('socket');
      else {
        streams.sources.push(ends.write);
        streams.theirs.push(ends.write);
        ours = new Socket({ fd: ends.read, readable: true, writable: false });
      }
    } else streams.sources.push(stream === 'inherit' ? at : stream);
    streams.ours.push(ours);
  }
  return streams;
}

/**
 * Undefined if there is no stub that can be executed.
 * @throws LaunchError
 */
async function launchByStub(
  request: LaunchRequest,
  words: readonly ByteString[],
  executable: Executable,
): Promise<Target | undefined> {
  const { inherited } = request;
  const streams = await openStreams(request);
  const closeTheirs = () => {
    for (const fd of streams.theirs.splice(0)) closeSync(fd);
  };
  const kept = inherited.descriptors.filter(isOpen);
  // Above all that the target gets; the streams follow it, and the stub moves them to where they belong.
  const channelFd = Math.max(2, ...kept) + 1;
  const stdio: (number | 'ignore' | 'pipe')[] = Array(channelFd + 4).fill('ignore');
  for (const fd of kept) stdio[fd] = fd;
  stdio[channelFd] = 'pipe';
  const moves = streams.sources.map((source, to) => {
    // libuv would make a stream of ours blocking if it passed it on as a standard stream.
    const from = channelFd + 1 + to;
    if (typeof source === 'number' && inherited.closedStreams.includes(source)) return { to };
    stdio[from] = source === 'socket' ? 'pipe' : source;
    return { from, to };
  });
  const child = spawn(STUB, [String(channelFd)], {
    argv0: 'cmemstat-launch',
    cwd: request.cwd,
    env: {},
    stdio: stdio as StdioOptions,
  });
  const exited = new Promise<TargetExit>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? { code: code ?? 0 } : { signal }));
  });
  closeTheirs();
  if (child.pid === undefined) {
    for (const end of streams.ours) end?.destroy();
    return await whyNotStarted(child, request);
  }
  const messages = new StubMessages();
  const channel = child.stdio[channelFd] as Socket;
  const closed = new Promise<void>((resolve) => channel.once('close', () => resolve()));
  const started = await new Promise<StubStarted | undefined>((resolve) => {
    channel.on('data', (chunk: Buffer) => {
      messages.add(chunk);
      if (messages.started !== undefined) resolve(messages.started);
    });
    // The stub was killed before it read the request.
    channel.on('error', () => resolve(undefined));
    void closed.then(() => resolve(undefined));
    channel.write(
      encodeRequest({
        joinFiles: request.joinFiles.map(bytesOf),
        moves,
        path: executable.path,
        words,
        variables: request.env.entries,
        ignoredSignals: inherited.ignoredSignals,
        blockedSignals: inherited.blockedSignals,
        openFiles: inherited.openFiles,
      }),
    );
  });
  const ended = Promise.all([exited, closed]).then(([exit]) => {
    const message = messages.ended;
    // Without a message the stub itself was killed.
    return message === undefined ? exit : decodeWaitStatus(message.waitStatus);
  });
  if (started?.failure !== undefined) {
    await ended;
    throw startFailure(started.failure, request, executable);
  }
  let isRunning = true;
  void ended.then(() => {
    isRunning = false;
  });
  const pid = started?.pid ?? child.pid;
  const [, stdout, stderr] = streams.ours.map((end, at) =>
    streams.sources[at] === 'socket' ? (child.stdio[channelFd + 1 + at] as Readable) : end,
  );
  return {
    pid,
    ended,
    stdout: stdout ?? null,
    stderr: stderr ?? null,
    startedBy: 'stub',
    kill: (signal) => {
      if (isRunning) sendSignal(pid, signal);
    },
  };
}

function sendSignal(pid: number, signal: string): void {
  try {
    process.kill(pid, signalNumber(signal));
  } catch {
    // It has ended meanwhile, or runs as another user by now.
  }
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

function startFailure(
  { step, errno }: NonNullable<StubStarted['failure']>,
  request: LaunchRequest,
  executable: Executable,
): LaunchError {
  const name = textOf(request.command[0] ?? '');
  const errnoText = errnoName(errno);
  if (step === 'exec') {
    return new LaunchError(name, 126, `${name}: ${describeExecFailure(executable, errnoText)}`);
  }
  const problem = describeErrno(errnoText);
  if (step === 'join') {
    return new LaunchError(
      name,
      125,
      `the target could not join ${request.joinFiles.join(' and ')}: ${problem}`,
    );
  }
  return new LaunchError(name, 125, `cannot start the target: ${step}: ${problem}`);
}

/** Undefined if only the stub could not be executed. */
async function whyNotStarted(child: ChildProcess, request: LaunchRequest): Promise<undefined> {
  const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
  if (request.cwd !== undefined && !existsSync(request.cwd)) {
    const message = `--cwd ${request.cwd}: no such directory`;
    throw new LaunchError(textOf(request.command[0] ?? ''), 125, message, { cause });
  }
}

/** The arguments that drop root privileges after joining the leaf as root. */
function asUser(user: TargetUser | undefined): string[] {
  if (user === undefined) return [];
  // prettier-ignore
  return [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    user.name === undefined ? '--clear-groups' : '--init-groups',
    '--',
  ];
}
