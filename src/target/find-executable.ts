/** Finds the executable before anything is set up, so that a typo is reported at once. */
import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { LaunchError } from '../errors.ts';

/**
 * The file that a shell would execute for `command`: a path is used unchanged, a plain name is looked up in
 * `PATH`.
 * @throws LaunchError with 127 if the file does not exist, with 126 if it is not executable.
 */
export function findExecutable(command: string, path: string | undefined, cwd: string): string {
  if (command === '') throw new LaunchError(command, 127, 'the command is empty');
  if (command.includes('/')) {
    // `resolve` would remove a trailing slash, which is only valid for a directory.
    const file = command.endsWith('/') ? `${resolve(cwd, command)}/` : resolve(cwd, command);
    const verdict = examine(file);
    if (verdict === 'executable') return file;
    throw verdict === 'absent' ? notFound(command) : notExecutable(command, file, verdict);
  }
  let refused: { file: string; verdict: Verdict } | undefined;
  for (const directory of (path ?? '/usr/local/bin:/usr/bin:/bin').split(':')) {
    const file = resolve(cwd, directory || '.', command);
    const verdict = examine(file);
    if (verdict === 'executable') return file;
    if (verdict === 'no permission') refused ??= { file, verdict };
  }
  throw refused === undefined ? notFound(command) : notExecutable(command, refused.file, refused.verdict);
}

type Verdict = 'executable' | 'absent' | 'a directory' | 'no permission';

function examine(file: string): Verdict {
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

function notExecutable(command: string, file: string, verdict: Verdict): LaunchError {
  const what = verdict === 'a directory' ? 'is a directory' : 'is not executable';
  const hint = verdict === 'a directory' ? undefined : `chmod +x ${file}`;
  // A name from PATH does not say which file was found.
  const where = command.includes('/') ? command : `${command}: ${file}`;
  return new LaunchError(command, 126, `${where} ${what}`, { hint });
}
