import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findExecutable } from '#src/target/find-executable.ts';
import { makeTree } from '../temporary-tree.ts';

const top = makeTree({
  'one/tool': '#!/bin/sh\n',
  'one/plain': 'no program',
  'one/folder/': '',
  'two/tool': '#!/bin/sh\n',
  'two/plain': '#!/bin/sh\n',
  'two/folder': '#!/bin/sh\n',
  here: '#!/bin/sh\n',
});
for (const file of ['one/tool', 'two/tool', 'two/plain', 'two/folder', 'here'])
  chmodSync(join(top, file), 0o755);
symlinkSync(join(top, 'two/tool'), join(top, 'link'));
symlinkSync('nowhere', join(top, 'broken'));

const ONE = join(top, 'one');
const TWO = join(top, 'two');

describe('findExecutable', () => {
  it.each([
    ['an absolute path', join(ONE, 'tool'), '/nowhere', join(ONE, 'tool')],
    ['a path from where the target starts', './one/tool', '', join(ONE, 'tool')],
    ['a path that goes up', 'two/../one/tool', '', join(ONE, 'tool')],
    ['a symbolic link', './link', '', join(top, 'link')],
    ['the first of the PATH', 'tool', `${ONE}:${TWO}`, join(ONE, 'tool')],
    ['the second of the PATH where the first has none', 'tool', `/nowhere:${TWO}`, join(TWO, 'tool')],
    ['the one that can be executed', 'plain', `${ONE}:${TWO}`, join(TWO, 'plain')],
    ['no folder of that name', 'folder', `${ONE}:${TWO}`, join(TWO, 'folder')],
    [
      'where the target starts, for an empty word in the PATH',
      'here',
      `/nowhere::/nowhere2`,
      join(top, 'here'),
    ],
    ['below where the target starts, for a relative word in the PATH', 'tool', 'two', join(TWO, 'tool')],
  ])('finds %s', (_, command, path, file) => {
    expect(findExecutable(command, path, top).file).toBe(file);
  });

  it('uses the default PATH of a shell if there is none', () => {
    expect(findExecutable('sh', undefined, top).path).toMatch(/^(\/usr)?\/bin\/sh$/);
  });

  it('returns the path that a shell would execute: as typed, or the word in the PATH and the name', () => {
    expect(findExecutable('./one/tool', '', top).path).toBe('./one/tool');
    expect(findExecutable('tool', 'two', top).path).toBe('two/tool');
    expect(findExecutable('here', '', top).path).toBe('./here');
  });

  it.each([
    ['a name that is nowhere', 'no-such-tool', ONE],
    ['a name that is only where the target starts', 'here', ONE],
    ['a path that is not there', './no-such-tool', ''],
    ['a path through a file', './here/tool', ''],
    ['a link that leads nowhere', './broken', ''],
  ])('fails to find %s: 127', (_, command, path) => {
    expect(() => findExecutable(command, path, top)).toThrow(
      expect.objectContaining({
        code: 'LAUNCH',
        exitCode: 127,
        command,
        message: `${command}: command not found`,
        hint: undefined,
      }),
    );
  });

  it('fails to find the empty word: 127', () => {
    expect(() => findExecutable('', ONE, top)).toThrow(expect.objectContaining({ exitCode: 127 }));
  });

  it('suggests quoting for a whole command line in one word', () => {
    expect(() => findExecutable('tool --flag', ONE, top)).toThrow(
      expect.objectContaining({ exitCode: 127, hint: expect.stringContaining("sh -c 'tool --flag'") }),
    );
  });

  it('reports files that cannot be executed, and their mode: 126', () => {
    const file = join(ONE, 'plain');
    const refusal = { exitCode: 126, hint: `chmod +x ${file}` };
    expect(() => findExecutable('plain', ONE, top)).toThrow(
      expect.objectContaining({ ...refusal, message: `plain: ${file} is not executable` }),
    );
    expect(() => findExecutable('./one/plain', '', top)).toThrow(
      expect.objectContaining({ ...refusal, message: './one/plain is not executable' }),
    );
    expect(() => findExecutable(file, '', top)).toThrow(`${file} is not executable`);
  });

  it('reports a directory: 126', () => {
    expect(() => findExecutable('./one/folder', '', top)).toThrow(
      expect.objectContaining({
        exitCode: 126,
        message: './one/folder is a directory',
        hint: undefined,
      }),
    );
  });
});
