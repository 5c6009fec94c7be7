import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, copyFileSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { areTooLong, checkExec } from '#src/target/exec-check.ts';
import { makeTree } from '../temporary-tree.ts';

const KIB = 1024;

function stackBytes(): number {
  const limit = /^Max stack size +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Whether the kernel executes a file with these arguments and variables. */
function fits(words: string[], env: Record<string, string>): boolean {
  const { error } = spawnSync('/bin/true', words, { env, argv0: 'true' });
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  expect([undefined, 'E2BIG']).toContain(code);
  return code === undefined;
}

const isRefused = (words: string[], env: Record<string, string>) =>
  areTooLong(
    '/bin/true',
    ['true', ...words],
    Object.entries(env).map(([name, value]) => `${name}=${value}`),
    stackBytes(),
  );

describe('arguments and environment are too long exactly where the kernel refuses them', () => {
  it.each([
    ['one argument', (length: number) => [['x'.repeat(length)], {}] as const, 100 * KIB, 160 * KIB],
    ['one variable', (length: number) => [[], { A: 'x'.repeat(length) }] as const, 100 * KIB, 160 * KIB],
    [
      'all of them',
      (length: number) => {
        const words = Array.from({ length: Math.floor(length / 100_000) }, () => 'x'.repeat(100_000));
        return [[...words, 'y'.repeat(length % 100_000)], { A: 'b' }] as const;
      },
      100 * KIB,
      7 * KIB * KIB,
    ],
  ])('%s', (_, make, from, to) => {
    // Where this program begins to refuse them, the kernel must, and not one byte before.
    let [accepted, refused] = [from, to];
    while (refused - accepted > 1) {
      const length = Math.floor((accepted + refused) / 2);
      const [words, env] = make(length);
      if (isRefused([...words], env)) refused = length;
      else accepted = length;
    }
    const areExecuted = [accepted, refused].map((length) => {
      const [words, env] = make(length);
      return fits([...words], env);
    });
    expect(areExecuted).toEqual([true, false]);
  });

  it('with the smallest and with no limit of the stack', () => {
    const words = ['x'.repeat(100 * KIB), 'x'.repeat(100 * KIB)];
    expect(areTooLong('/bin/true', words, [], 64 * KIB)).toBe(true);
    expect(areTooLong('/bin/true', words, [], Number.POSITIVE_INFINITY)).toBe(false);
    expect(areTooLong('/bin/true', words.slice(1), [], 64 * KIB)).toBe(false);
  });
});

describe('checkExec', () => {
  const folder = makeTree();
  const file = join(folder, 'program');
  copyFileSync('/bin/true', file);
  chmodSync(file, 0o755);

  it('rejects a file that is open for writing, and no other', async () => {
    await checkExec({ path: file, file }, ['program'], [], undefined);
    const fd = openSync(file, 'r+');
    try {
      await expect(checkExec({ path: file, file }, ['program'], [], undefined)).rejects.toMatchObject({
        exitCode: 126,
        message: expect.stringContaining('program: cannot execute'),
      });
    } finally {
      closeSync(fd);
    }
    await checkExec({ path: file, file }, ['program'], [], undefined);
  });

  it('rejects a script whose interpreter does not exist where it starts', async () => {
    const scripts = makeTree({ script: '#!./interpreter\n', 'there/interpreter': '' });
    const script = { path: './script', file: join(scripts, 'script') };
    chmodSync(join(scripts, 'there/interpreter'), 0o755);
    await checkExec(script, ['./script'], [], join(scripts, 'there'));
    await expect(checkExec(script, ['./script'], [], scripts)).rejects.toMatchObject({
      exitCode: 126,
      message: `./script: the interpreter ./interpreter of ${script.file} does not exist`,
    });
  });

  it('rejects what is too long', async () => {
    await expect(checkExec({ path: file, file }, ['x'.repeat(200 * KIB)], [], undefined)).rejects.toThrow(
      'the arguments and the environment are too long',
    );
  });
});
