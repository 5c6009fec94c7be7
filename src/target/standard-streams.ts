/** `--stdin`, `--stdout` and `--stderr`: files instead of our own streams. */
import { constants, fstatSync } from 'node:fs';
import { ToolError } from '../errors.ts';
import type { FileAccess } from '../kernel/files/file-place.ts';
import type { OutputStream } from '../kernel/files/output-stream.ts';
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
  /** Removes what the files held before: the target is about to be started. */
  empty(): void;
  /** The target was not started: gives the files back what `empty` removed. */
  restore(): void;
  /** The target was started: keeps files that were created for it. */
  keep(): void;
  /** Closes our descriptors of the files after the target has inherited them. */
  close(): void;
}

const STANDARD_ERROR = 2;

/**
 * Opens the files. If both streams use the same file, it is opened once.
 * @throws UsageError that names the option and the file.
 */
export async function openStreams(
  files: StreamFiles,
  { stdoutToStderr, forView, readsNothing }: StreamSetup,
  access: FileAccess = {},
): Promise<OpenedStreams> {
  const input = files.stdin ?? (readsNothing ? '/dev/null' : undefined);
  const opened = input === undefined ? undefined : await openInput(input, access);
  const stdin = opened?.fd ?? 'inherit';
  const outputs: OutputStream[] = [];
  const close = () => {
    for (const output of outputs.splice(0)) output.close();
    opened?.close();
  };
  const open = async (option: string, path: string | undefined): Promise<number | 'inherit'> => {
    if (path === undefined) return 'inherit';
    // Only loaded if there are files.
    const { FilePlace, isSameFile } = await import('../kernel/files/file-place.ts');
    const { openStream } = await import('../kernel/files/output-stream.ts');
    const place = new FilePlace(option, path, access.directories);
    const output = await openStream(place, { ...access, isForTarget: true });
    const same = outputs.find(({ fd }) => isSameFile(fstatSync(fd), fstatSync(output.fd)));
    if (same === undefined) outputs.push(output);
    else output.close();
    return (same ?? output).fd;
  };
  let stdout: number | 'inherit';
  let stderr: number | 'inherit';
  try {
    stdout = await open('--stdout', files.stdout);
    stderr = await open('--stderr', files.stderr);
  } catch (error) {
    close();
    throw error;
  }
  const actions = {
    empty: () => {
      for (const output of outputs) output.empty();
    },
    restore: () => {
      for (const output of outputs) output.restore();
    },
    keep: () => {
      for (const output of outputs) output.keep();
    },
    close,
  };
  if (forView) {
    const copies: OpenedStreams['copies'] = {};
    if (stdout !== 'inherit') copies.stdout = stdout;
    if (stderr !== 'inherit') copies.stderr = stderr;
    return { ...actions, stdio: [stdin, 'pipe', 'pipe'], copies };
  }
  const redirected =
    stdout === 'inherit' && stdoutToStderr ? (stderr === 'inherit' ? STANDARD_ERROR : stderr) : stdout;
  return { ...actions, stdio: [stdin, redirected, stderr], copies: {} };
}

async function openInput(
  path: string,
  { directories, onWait }: FileAccess,
): Promise<{ fd: number; close(): void }> {
  const { FilePlace } = await import('../kernel/files/file-place.ts');
  const place = new FilePlace('--stdin', path, directories);
  try {
    const isPipe = place.stat()?.isFIFO() === true;
    const fd = isPipe ? await place.openReader(onWait) : place.open(constants.O_RDONLY);
    let isOpen = true;
    const close = () => {
      if (isOpen) place.release(fd);
      isOpen = false;
    };
    if (!fstatSync(fd).isDirectory()) return { fd, close };
    // Every read would fail.
    close();
    throw Object.assign(new Error(), { code: 'EISDIR' });
  } catch (error) {
    // Of `onWait`: a signal has ended the wait for a writer.
    throw error instanceof ToolError ? error : place.unusable(error);
  } finally {
    place.close();
  }
}
