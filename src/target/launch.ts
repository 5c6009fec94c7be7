/** Starts the target in its leaf, before the target executes any code. */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { errnoName } from '../errno.ts';
import { describeErrno, LaunchError, UnsupportedError } from '../errors.ts';
import { createPipe, type Libc, openLibc } from '../kernel/bpf/sys/libc.ts';
import { copyToMemory, type StoredProgram } from '../kernel/bpf/sys/memory-program.ts';
import { isInExecutable, readProgramFile } from '../kernel/files/program-files.ts';
import { bytesOf, textOf } from './byte-string.ts';
import { preparePidVariables } from './environment.ts';
import { signalNumber } from './exit-status.ts';
import { type Executable, findExecutable } from './find-executable.ts';
import { isOpen } from './inherited-state.ts';
import { describeExecFailure } from './interpreter.ts';
import type { LaunchRequest, Target } from './launch-request.ts';
import { startStub } from './stub-process.ts';
import { HAS_STUB_BYTE_ORDER, type StubStarted } from './stub-protocol.ts';

/** The stub of this architecture; the build copies it next to the bundle. */
const STUB = join(import.meta.dirname, `stub/compiled/launch-stub-${process.arch}`);

let stubInMemory: StoredProgram | undefined;

function findStub(libc: Libc): StoredProgram | undefined {
  if (!isInExecutable(STUB)) return { path: STUB };
  stubInMemory ??= copyToMemory(libc, 'cmemstat-launch', readProgramFile(STUB));
  return stubInMemory;
}

/**
 * Starts the target through a stub that joins the leaf and becomes the target by `exec`: same standard
 * streams, same controlling terminal, same process group as ours. Where there is no stub for this
 * architecture, or it cannot be executed, a shell does it, which changes the environment.
 * @throws LaunchError if the target could not be started.
 */
export async function launchTarget(request: LaunchRequest): Promise<Target> {
  // As the stub and not a C library executes it, the path is known here.
  const executable = findExecutable(request.command[0] ?? '', request.env.get('PATH'), request.cwd);
  const libc = HAS_STUB_BYTE_ORDER ? await openLibcIfAvailable() : undefined;
  const launched = libc && (await launchByStub(libc, request, executable));
  if (launched !== undefined) return launched;
  const { launchByShell } = await import('./launch-by-shell.ts');
  return launchByShell(request);
}

async function openLibcIfAvailable(): Promise<Libc | undefined> {
  try {
    return await openLibc();
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** A descriptor for each of the target's streams, and the ends of pipes that are ours. */
interface Streams {
  sources: number[];
  /** To close once the target has them. */
  theirs: number[];
  ours: (Readable | null)[];
}

async function openStreams(libc: Libc, { stdio }: LaunchRequest): Promise<Streams> {
  const streams: Streams = { sources: [], theirs: [], ours: [] };
  for (const [at, stream] of stdio.entries()) {
    if (stream !== 'pipe') {
      streams.sources.push(stream === 'inherit' ? at : stream);
      streams.ours.push(null);
      continue;
    }
    // Only loaded for the view.
    const { Socket } = await import('node:net');
    const { read, write } = createPipe(libc);
    streams.sources.push(write);
    streams.theirs.push(write);
    streams.ours.push(new Socket({ fd: read, readable: true, writable: false }));
  }
  return streams;
}

/**
 * Undefined if there is no stub that can be executed.
 * @throws LaunchError
 */
async function launchByStub(
  libc: Libc,
  request: LaunchRequest,
  executable: Executable,
): Promise<Target | undefined> {
  const program = findStub(libc);
  if (program === undefined) return undefined;
  const { inherited, user, noNewPrivs } = request;
  const variables = preparePidVariables(request.env.entries, process.pid);
  const { sources, theirs, ours } = await openStreams(libc, request);
  const stub = startStub(libc, program, {
    streams: sources,
    kept: inherited.descriptors.filter(isOpen),
    joinFiles: request.joinFiles.map(bytesOf),
    directory: request.cwd === undefined ? undefined : bytesOf(request.cwd),
    path: executable.path,
    words: request.command,
    variables: variables.entries,
    pidVariables: variables.indices,
    ignoredSignals: inherited.ignoredSignals,
    openFiles: inherited.openFiles,
    user,
    noNewPrivs,
  });
  for (const fd of theirs) closeSync(fd);
  if (stub === undefined) {
    for (const end of ours) end?.destroy();
    return undefined;
  }
  const { ended } = stub;
  const started = await stub.started;
  if (started?.failure !== undefined) {
    await ended;
    throw startFailure(started.failure, request, executable);
  }
  const pid = started?.pid ?? stub.pid;
  let isRunning = true;
  void ended.then(() => {
    isRunning = false;
  });
  const [, stdout = null, stderr = null] = ours;
  return {
    pid,
    ended,
    stdout,
    stderr,
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

function startFailure(
  { step, errno }: NonNullable<StubStarted['failure']>,
  request: LaunchRequest,
  executable: Executable,
): LaunchError {
  const name = textOf(request.command[0] ?? '');
  const errnoText = errnoName(errno);
  const { user } = request;
  const who = user === undefined ? undefined : `user ${user.name ?? user.uid}`;
  if (step === 'exec') {
    const problem = describeExecFailure(executable, errnoText, request.cwd);
    return new LaunchError(name, 126, `${name}: ${problem}${who === undefined ? '' : ` (as ${who})`}`);
  }
  const problem = describeErrno(errnoText);
  if (step === 'join') {
    return new LaunchError(
      name,
      125,
      `the target could not join ${request.joinFiles.join(' and ')}: ${problem}`,
    );
  }
  if (step === 'directory') return new LaunchError(name, 125, `--cwd ${request.cwd}: ${problem}`);
  const what = who === undefined ? '' : ` as ${who}`;
  return new LaunchError(name, 125, `cannot start the target${what}: ${step}: ${problem} (${errnoText})`);
}
