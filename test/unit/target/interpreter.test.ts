import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeExecFailure } from '#src/target/interpreter.ts';
import { makeTree } from '../temporary-tree.ts';

const tree = makeTree({
  missing: '#!/no/such/interpreter -x\n',
  carriage: '#!/bin/sh\r\necho\r\n',
  directory: '#! /tmp\n',
  data: 'text',
  'not-executable': '#!./data\n',
  nested: '#!./missing\n',
  fine: '#!/bin/sh\n',
});
for (const name of ['missing', 'nested', 'fine']) chmodSync(join(tree, name), 0o755);

const describeIn = (name: string, errno: string) =>
  describeExecFailure({ path: name, file: join(tree, name) }, errno, tree).replaceAll(tree, 'DIR');

describe('describeExecFailure', () => {
  it.each([
    ['missing', 'ENOENT', 'the interpreter /no/such/interpreter of DIR/missing does not exist'],
    ['carriage', 'ENOENT', 'the interpreter /bin/sh\r of DIR/carriage does not exist'],
    ['directory', 'EACCES', 'the interpreter /tmp of DIR/directory is a directory'],
    ['not-executable', 'EACCES', 'the interpreter ./data of DIR/not-executable is not executable'],
    ['nested', 'ENOENT', 'the interpreter /no/such/interpreter of DIR/missing does not exist'],
    ['fine', 'ENOEXEC', 'cannot execute DIR/fine: '],
    ['data', 'ENOENT', 'the dynamic loader of DIR/data does not exist: it was built for another system'],
    ['missing', 'E2BIG', 'the arguments and the environment are too long'],
  ])('of %s, %s: %s', (name, errno, text) => {
    expect(describeIn(name, errno).startsWith(text)).toBe(true);
  });
});
