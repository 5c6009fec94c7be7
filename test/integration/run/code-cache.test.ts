import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BINARY = resolve(import.meta.dirname, '../../../bin/cmemstat.js');

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'code-cache-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function environmentOf(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { HOME: _home, XDG_CACHE_HOME: _cache, ...others } = process.env;
  return { ...others, HOME: home, ...changes };
}

function help(environment: NodeJS.ProcessEnv = {}, words = ['maps', '--help']): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BINARY, ...words], {
    env: environmentOf(environment),
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** Until it ends, and one that repeats until it has taken longer than compiled code is kept back. */
async function execute(words: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [BINARY, ...words], {
    env: environmentOf(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  const output = once(child.stdout.resume(), 'data');
  if (words.some((word) => word.endsWith('ms'))) {
    await output;
    await setTimeout(1300);
    child.kill('SIGINT');
  }
  await ended;
}

function cacheFiles(): string[] {
  const code = join(home, '.cache/cmemstat/code');
  if (!existsSync(code)) return [];
  return readdirSync(code).flatMap((build) =>
    readdirSync(join(code, build)).map((f) => join(code, build, f)),
  );
}

describe('the code cache', () => {
  it('is created by the first run and used by the second, with the same output', () => {
    const first = help();
    const files = cacheFiles();
    expect(files.map((file) => file.replace(/.*\//, ''))).toContain('cmemstat.cjs.cache');
    const before = files.map((file) => readFileSync(file));
    expect(help()).toBe(first);
    expect(files.map((file) => readFileSync(file))).toEqual(before);
  });

  it('is completed by the next command, once', () => {
    help();
    const file = cacheFiles().find((each) => each.endsWith('/cmemstat.cjs.cache')) ?? '';
    const ofHelp = readFileSync(file);
    help({}, ['completion', 'bash']);
    const completed = readFileSync(file);
    expect(completed.equals(ofHelp)).toBe(false);
    expect(cacheFiles().some((each) => each.endsWith('/completion-command.cjs.complete.cache'))).toBe(true);
    const { mtimeMs } = statSync(file);
    help({}, ['completion', 'bash']);
    expect(statSync(file).mtimeMs).toBe(mtimeMs);
  });

  it.for([
    'maps --total',
    'maps --csv',
    'maps --html /dev/null',
    'explain --sample 1000 --csv',
    'explain --sample 1000 --html /dev/null',
    'top --json',
    // These take longer than the code is kept back.
    'maps --total --watch 600ms',
    'top --json --interval 600ms',
  ])('is kept by a command that changes the flags of V8: %s', async (words, context) => {
    if (spawnSync(process.execPath, [BINARY, 'maps', '--total']).status !== 0) {
      context.skip('BPF maps cannot be read');
    }
    const stored = () => cacheFiles().map((file) => [file, statSync(file).mtimeMs] as const);
    await execute(words.split(' '));
    const before = stored();
    expect(before.map(([file]) => basename(file))).toContain(`${words.split(' ')[0]}-command.cjs.cache`);
    await execute(words.split(' '));
    expect(stored()).toEqual(before);
  });

  it.each([
    ['rubbish', (file: string) => writeFileSync(file, 'rubbish')],
    ['cut off', (file: string) => truncateSync(file, 1000)],
    ['empty', (file: string) => truncateSync(file, 0)],
  ])('is created again if it is %s', (_, damage) => {
    const first = help();
    for (const file of cacheFiles()) damage(file);
    expect(help()).toBe(first);
    for (const file of cacheFiles()) expect(readFileSync(file).length).toBeGreaterThan(1000);
  });

  it.each([
    [{ HOME: '' }],
    [{ HOME: '/proc/none' }],
    [{ HOME: '/dev/null' }],
    [{ HOME: undefined, XDG_CACHE_HOME: '/sys' }],
    [{ NODE_DISABLE_COMPILE_CACHE: '1' }],
  ])('is not needed: %o', (environment) => {
    const expected = help();
    for (const file of cacheFiles()) rmSync(file);
    expect(help(environment)).toBe(expected);
    expect(cacheFiles()).toEqual([]);
  });
});
