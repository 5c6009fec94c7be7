import { afterAll, describe, expect, it } from 'vitest';
import { readComm } from '#src/kernel/procfs/comm.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';

afterAll(removeTrees);

describe('readComm', () => {
  it('has the name of a process without the end of the line', () => {
    const procRoot = makeTree({ '7/comm': 'a\nb c\n', '8/comm': 'é\n' });
    expect(readComm(7, { procRoot })).toBe('a\nb c');
    expect(readComm(8, { procRoot })).toBe('é');
    expect(readComm(8, { procRoot, encoding: 'latin1' })).toBe('Ã©');
  });

  it('has none of a process that has exited', () => {
    expect(readComm(7, { procRoot: makeTree() })).toBeUndefined();
  });
});
