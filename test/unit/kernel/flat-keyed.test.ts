import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelFileError } from '#src/errors.ts';
import { parseFlatKeyed } from '#src/kernel/flat-keyed.ts';

const key = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_.]{0,20}$/),
  fc.constantFrom('constructor', 'toString'),
);
const record = fc.dictionary(key, fc.maxSafeNat(), { noNullPrototype: true });
const print = (values: Record<string, number>) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');

describe('parseFlatKeyed', () => {
  it('reads back printed records', () => {
    fc.assert(
      fc.property(record, (values) => {
        expect(parseFlatKeyed(print(values), 'f')).toEqual(values);
      }),
    );
  });

  it('does not require the last newline', () => {
    fc.assert(
      fc.property(record, (values) => {
        expect(parseFlatKeyed(print(values).replace(/\n$/, ''), 'f')).toEqual(values);
      }),
    );
  });

  it('reads an empty file as an empty record', () => {
    expect(parseFlatKeyed('', 'f')).toEqual({});
  });

  it('returns unknown keys', () => {
    expect(parseFlatKeyed('anon 1\nsome_key_of_linux_9 2\n', 'f')).toEqual({
      anon: 1,
      some_key_of_linux_9: 2,
    });
  });

  it('reports malformed lines to a callback, skips them, and keeps the rest', () => {
    const faults: (number | undefined)[] = [];
    const text = 'anon 1\nper_node N0=1\nfile 2\nfile 3\n\nkernel 9007199254740993\nslab 4';
    expect(parseFlatKeyed(text, 'f', ({ line }) => faults.push(line))).toEqual({ anon: 1, file: 2, slab: 4 });
    expect(faults).toEqual([2, 4, 5, 6]);
  });

  it.each([
    ['a line without a value', 'anon 1\nfile\n', 2],
    ['a line cut off before the value', 'anon 1\nfile 2\nker', 3],
    ['a value that is cut off', 'anon 1\nfile ', 2],
    ['an empty line', 'anon 1\n\nfile 2\n', 2],
    ['a line without a key', ' 1\n', 1],
    ['a negative value', 'anon -1\n', 1],
    ['the word max', 'anon 1\nfile max\n', 2],
    ['a value above 2^53', 'anon 1\nfile 2\nkernel 9007199254740993\n', 3],
    ['two values', 'anon 1 2\n', 1],
    ['a key that comes twice', 'anon 1\nfile 2\nanon 1\n', 3],
    ['a key that comes twice with 0', 'anon 0\nanon 0\n', 2],
    ['two blanks', 'anon  1\n', 1],
    ['a carriage return', 'anon 1\r\n', 1],
  ])('reports the file and the line of %s', (_, text, line) => {
    expect(() => parseFlatKeyed(text, '/leaf/memory.stat')).toThrow(
      expect.objectContaining({
        operation: 'parse',
        path: '/leaf/memory.stat',
        line,
        message: expect.stringContaining(`/leaf/memory.stat, line ${line}: `),
      }),
    );
  });

  it('returns safe integers for any text or throws a KernelFileError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '1', '9', ' ', '\n', '-') }), (text) => {
        try {
          expect(Object.values(parseFlatKeyed(text, 'f')).every(Number.isSafeInteger)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(KernelFileError);
        }
      }),
    );
  });
});
