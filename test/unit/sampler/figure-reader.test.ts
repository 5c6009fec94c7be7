import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KernelFileError } from '#src/errors.ts';
import { absentAs, KeptValue, MalformedLines, setIfDefined } from '#src/sampler/figure-reader.ts';
import { makeTree } from '../temporary-tree.ts';

const failing = (errno: string) => () => {
  throw new KernelFileError('read', '/f', 'no', { errno });
};

describe('absentAs', () => {
  it.each(['ENOENT', 'ENODEV', 'EOPNOTSUPP'])('treats %s as absent', (errno) => {
    expect(absentAs('absent', failing(errno))).toBe('absent');
  });

  it.each(['EACCES', 'EPERM', 'EIO', 'EISDIR'])('does not treat %s as absent', (errno) => {
    expect(() => absentAs('absent', failing(errno))).toThrow(expect.objectContaining({ errno }));
  });

  it('does not treat a file that cannot be parsed as absent', () => {
    const parse = () => {
      throw new KernelFileError('parse', '/f', 'malformed');
    };
    expect(() => absentAs('absent', parse)).toThrow('malformed');
  });

  it('returns what was read', () => {
    expect(absentAs('absent', () => 0)).toBe(0);
  });
});

describe('KeptValue', () => {
  const refuse = (fault: Error) => {
    throw fault;
  };
  const parse = (text: string, path: string) => `${path}: ${text}`;

  it('passes text and path to the parser', () => {
    const tree = makeTree({ file: 'text' });
    const value = new KeptValue(tree, 'file', parse, refuse);
    expect(value.read()).toBe(`${join(tree, 'file')}: text`);
    value.close();
  });

  it('stays undefined if the kernel lacks the file', () => {
    const value = new KeptValue(makeTree(), 'file', parse, refuse);
    expect(value.read()).toBeUndefined();
    expect(() => value.close()).not.toThrow();
  });

  it('reports a file that exists but cannot be read', () => {
    const value = new KeptValue(makeTree({ 'file/': '' }), 'file', parse, refuse);
    expect(() => value.read()).toThrow(expect.objectContaining({ errno: 'EISDIR' }));
    value.close();
  });
});

describe('MalformedLines', () => {
  it('reports the first one immediately, and counts all', () => {
    const reported: string[] = [];
    const lines = new MalformedLines((message) => reported.push(message));
    expect(lines.describe()).toBeUndefined();
    for (const line of [3, 3, 5]) lines.add(new KernelFileError('parse', '/f', `/f, line ${line}: odd`));
    expect(reported).toEqual(['/f, line 3: odd; the line is skipped']);
    expect(lines.describe()).toBe(
      '3 lines of kernel files could not be parsed and were skipped; the first: /f, line 3: odd',
    );
  });
});

describe('setIfDefined', () => {
  it('sets defined values, and no key for undefined ones', () => {
    const target: { a?: number; b?: number } = {};
    setIfDefined(target, 'a', 0);
    setIfDefined(target, 'b', undefined);
    expect(target).toEqual({ a: 0 });
    expect('b' in target).toBe(false);
  });
});
