/** `--stdin`, `--stdout` and `--stderr`: files instead of our own streams. */
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeErrno, errnoOf, UsageError } from '../errors.ts';
import type { TargetOutput } from './launch-request.ts';

/** The requested files; the target inherits our stream if one is absent. */
export interface StreamFiles {
  stdin?: string | undefined;
  stdout?: string | undefined;
  stderr?: string | undefined;
}

/** How to set up the streams in addition to the files. */
export interface StreamSetup {
  /** Redirects the target's standard output to standard error, so that ours contains only JSON. */
  stdoutToStderr: boolean;
  /**
   * The view uses the terminal: cmemstat receives the output of the target through pipes and copies it to the
   * files, if any.
   */
  forView: boolean;
  /** Standard input is /dev/null unless a file was given: the view reads from the terminal that ours is. */
  readsNothing: boolean;
}

/** The streams to start the target with. */
export interface OpenedStreams {
  stdio: ['inherit' | number, TargetOutput, TargetOutput];
  /** With `forView`: the files that its output is copied to. */
  copies: { stdout?: number; stderr?: number };
  /** Closes our descriptors of the files after the target has inherited them. */
  close(): void;
}

const STANDARD_ERROR = 2;

/**
 * Opens the files. If both streams use the same file, it is opened once.
 * @throws UsageError that names the option and the file.
 */
export function openStreams(
  files: StreamFiles,
  { stdoutToStderr, forView, readsNothing }: StreamSetup,
): OpenedStreams {
  const opened: number[] = [];
  const open = (option: string, path: string | undefined, flags: 'r' | 'w'): number | 'inherit' => {
    if (path === undefined) return 'inherit';
    try {
      const fd = openSync(path, flags);
      opened.push(fd);
      return fd;
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw new UsageError(option, `${option} ${path}: ${describeErrno(errnoOf(error))}`);
    }
  };
  const stdin = open('--stdin', files.stdin ?? (readsNothing ? '/dev/null' : undefined), 'r');
  const stdout = open('--stdout', files.stdout, 'w');
  const { stdout: outFile, stderr: errFile } = files;
  const shared = outFile !== undefined && errFile !== undefined && resolve(outFile) === resolve(errFile);
  const stderr = shared ? stdout : open('--stderr', files.stderr, 'w');
  const close = () => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  if (forView) {
    const copies: OpenedStreams['copies'] = {};
    if (stdout !== 'inherit') copies.stdout = stdout;
    if (stderr !== 'inherit') copies.stderr = stderr;
    return { stdio: [stdin, 'pipe', 'pipe'], copies, close };
  }
  const redirected =
    stdout === 'inherit' && stdoutToStderr ? (stderr === 'inherit' ? STANDARD_ERROR : stderr) : stdout;
  return { stdio: [stdin, redirected, stderr], copies: {}, close };
}
