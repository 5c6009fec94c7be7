import { spawnSync } from 'node:child_process';
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
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BINARY = resolve(import.meta.dirname, '../../../bin/cmemstat.js');

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'code-cache-'));
});
afterEach(() => rmSync(home, { recursive: true }));

function help(environment: NodeJS.ProcessEnv = {}, words = ['maps', '--help']): string {
  const { HOME: _home, XDG_CACHE_HOME: _cache, ...others } = process.env;
  const env = { ...others, HOME: home, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [BINARY, ...words], {
    env,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
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

  it('is kept by a command that changes the flags of V8, and takes longer than the code is kept back', (context) => {
    if (spawnSync(BINARY, ['maps', '--total']).status !== 0) context.skip('BPF maps cannot be read');
    const { HOME: _home, XDG_CACHE_HOME: _cache, ...others } = process.env;
    const watch = () =>
      spawnSync(process.execPath, [BINARY, 'maps', '--total', '--watch', '600ms'], {
        env: { ...others, HOME: home },
        timeout: 2500,
        killSignal: 'SIGINT',
      });
    watch();
    const before = cacheFiles().map((file) => [file, statSync(file).mtimeMs]);
    expect(before).not.toEqual([]);
    watch();
    expect(cacheFiles().map((file) => [file, statSync(file).mtimeMs])).toEqual(before);
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
