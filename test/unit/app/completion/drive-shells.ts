/** Completion in real shells: takes lines, returns what they offer. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shell } from '#src/cli/options/shells.ts';
import { fixture } from '../../../paths.ts';

/** What a shell offers for a line. */
export interface Offer {
  word: string;
  /** Absent if the shell shows none. */
  description?: string;
}

/** The programs required to drive a shell; Debian has a package for each. */
export const PROGRAMS: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['bash', 'script'],
  zsh: ['zsh'],
  fish: ['fish'],
};

/** Those missing on this host. */
export function missingPrograms(shell: Shell): string[] {
  const folders = (process.env.PATH ?? '').split(':');
  return PROGRAMS[shell].filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
}

/**
 * What a shell offers for each line with a completion loaded; `folder` is writable. The name of the file
 * decides in zsh: `_cmemstat` is found in fpath, another is sourced.
 */
export async function completeLines(
  shell: Shell,
  completion: string,
  lines: readonly string[],
  folder: string,
  name = shell === 'zsh' ? '_cmemstat' : `completion.${shell}`,
): Promise<Map<string, Offer[]>> {
  const file = join(folder, name);
  writeFileSync(file, completion);
  const env = {
    COMPLETION: file,
    DRIVER: fixture(`completion/drive.${shell}`),
    HOME: folder,
    XDG_CONFIG_HOME: folder,
  };
  const input = lines.map((line) => `${line}\n`).join('');
  const text =
    shell === 'bash'
      ? await driveBash(lines, { ...env, CANDIDATES: join(folder, 'candidates') })
      : await run(shell, [env.DRIVER], env, (child) => child.stdin?.end(input));
  return readOffers(text);
}

/** readline splits words itself, so a real one is used: in a terminal, once its prompt is shown. */
async function driveBash(
  lines: readonly string[],
  env: { DRIVER: string; CANDIDATES: string },
): Promise<string> {
  writeFileSync(env.CANDIDATES, '');
  let isReady = false;
  await run(
    'script',
    ['-qec', `bash --noprofile --rcfile '${env.DRIVER}' -i`, '/dev/null'],
    env,
    (child, output) => {
      if (isReady || !output.includes('READY> ')) return;
      isReady = true;
      // A tab, then the line is killed.
      child.stdin?.end(`${lines.map((line) => `${line}\t\x15`).join('')}exit\n`);
    },
  );
  return readFileSync(env.CANDIDATES, 'utf8');
}

/** Runs a program; `feed` is called at its start and after each output. */
function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  feed: (child: ReturnType<typeof spawn>, output: string) => void,
): Promise<string> {
  const child = spawn(program, args, {
    env: { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    if (program === 'script') feed(child, output);
  });
  if (program !== 'script') feed(child, output);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}

function readOffers(text: string): Map<string, Offer[]> {
  const offers = new Map<string, Offer[]>();
  let current: Offer[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('> ')) {
      current = [];
      offers.set(line.slice(2), current);
    } else if (line !== '') {
      const [word = '', description = ''] = line.split('\t');
      current.push(description === '' ? { word } : { word, description });
    }
  }
  return offers;
}
