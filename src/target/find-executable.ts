/** Finds the executable before anything is set up, so that a typo is reported at once. */
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { LaunchError } from '../errors.ts';
import { type ByteString, bytesOf, pathOf, textOf } from './byte-string.ts';
import { workingDirectory } from './working-directory.ts';

/** An executable file. */
export interface Executable {
  /** The path for execve(2), relative to the directory of the target if that is how it was found. */
  path: ByteString;
  /** The absolute path as text. */
  file: string;
}

/**
 * The file that a shell would execute for `command`: a path is used unchanged, a plain name is looked up in
 * `path`. `cwd` is where the target starts, if that is not where we are.
 * @throws LaunchError with 127 if the file does not exist, with 126 if it is not executable.
 */
export function findExecutable(
  command: ByteString,
  path: ByteString | undefined,
  cwd: string | undefined,
): Executable {
  const name = textOf(command);
  if (command === '') throw new LaunchError(name, 127, 'the command is empty');
  if (command.includes('/')) {
    const verdict = examine(command, cwd);
    if (verdict === 'executable') return executableAt(command, cwd);
    throw verdict === 'absent' ? notFound(name) : notExecutable(name, command, cwd, verdict);
  }
  let refused: { file: ByteString; verdict: Verdict } | undefined;
  for (const directory of (path ?? '/usr/local/bin:/usr/bin:/bin').split(':')) {
    const file = `${directory || '.'}${directory.endsWith('/') ? '' : '/'}${command}`;
    const verdict = examine(file, cwd);
    if (verdict === 'executable') return executableAt(file, cwd);
    if (verdict === 'no permission') refused ??= { file, verdict };
  }
  throw refused === undefined ? notFound(name) : notExecutable(name, refused.file, cwd, refused.verdict);
}

function executableAt(path: ByteString, cwd: string | undefined): Executable {
  return { path, file: absoluteText(path, cwd) };
}

function absoluteText(path: ByteString, cwd: string | undefined): string {
  const text = textOf(path);
  const start = workingDirectory();
  // Our own directory may have been removed: nothing can be found from it, so the text stays relative.
  if (start === undefined && !isAbsolute(cwd ?? text)) return text;
  // `resolve` would remove a trailing slash, which is only valid for a directory.
  return `${resolve(start ?? '/', cwd ?? '.', text)}${text.endsWith('/') ? '/' : ''}`;
}

type Verdict = 'executable' | 'absent' | 'a directory' | 'no permission';

function examine(path: ByteString, cwd: string | undefined): Verdict {
  const file = pathOf(path.startsWith('/') || cwd === undefined ? path : `${bytesOf(cwd)}/${path}`);
  try {
    if (statSync(file).isDirectory()) return 'a directory';
    accessSync(file, constants.X_OK);
    return 'executable';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'EACCES' || code === 'EPERM' ? 'no permission' : 'absent';
  }
}

function notFound(command: string): LaunchError {
  const hint = command.includes(' ')
    ? `pass the arguments as separate words, or use a shell: cmemstat -- sh -c '${command}'`
    : undefined;
  return new LaunchError(command, 127, `${command}: command not found`, { hint });
}

function notExecutable(
  command: string,
  path: ByteString,
  cwd: string | undefined,
  verdict: Verdict,
): LaunchError {
  const file = absoluteText(path, cwd);
  const what = verdict === 'a directory' ? 'is a directory' : 'is not executable';
  const hint = verdict === 'a directory' ? undefined : `chmod +x ${file}`;
  // A name from PATH does not say which file was found.
  const where = command.includes('/') ? command : `${command}: ${file}`;
  return new LaunchError(command, 126, `${where} ${what}`, { hint });
}
