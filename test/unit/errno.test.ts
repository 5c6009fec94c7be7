import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { describe, expect, it } from 'vitest';
import { errnoName } from '#src/errno.ts';
import { errnoOf } from '#src/errors.ts';
import { PROJECT } from '../paths.ts';

/**
 * The error that Node.js throws for a failed call of node:fs, with the name that this version has for the
 * errno.
 */
function nodeError(errno: number): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: call`), { code, errno: -errno, syscall: 'call' });
}

describe('errnoName', () => {
  it.each([
    [1, 'EPERM'],
    [2, 'ENOENT'],
    [8, 'ENOEXEC'],
    [11, 'EAGAIN'],
    [22, 'EINVAL'],
    [38, 'ENOSYS'],
    [95, 'EOPNOTSUPP'],
    [116, 'ESTALE'],
    [524, 'ENOTSUPP'],
    [4711, 'errno 4711'],
  ])('of %i is %s', (number, name) => {
    expect(errnoName(number)).toBe(name);
  });
});

describe('errnoOf', () => {
  it.each(Object.values(constants.errno))("returns the kernel's name of %i of a Node.js error", (errno) => {
    expect(errnoOf(nodeError(errno))).toBe(errnoName(errno));
  });

  it('covers every errno that the code compares with', () => {
    const files = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' });
    const text = files
      .filter((name) => name.endsWith('.ts') && name !== 'errno.ts')
      .map((name) => readFileSync(join(PROJECT, 'src', name), 'utf8'))
      .join('\n');
    const compared = [...text.matchAll(/[!=]==? '(E[A-Z0-9]+)'|case '(E[A-Z0-9]+)'/g)].map(
      ([, a, b]) => a ?? b ?? '',
    );
    const given = new Set([...Object.values(constants.errno).map(errnoName), errnoName(524)]);
    expect(compared.length).toBeGreaterThan(10);
    expect(compared.filter((name) => !given.has(name))).toEqual([]);
  });
});
