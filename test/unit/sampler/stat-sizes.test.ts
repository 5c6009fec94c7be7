import { describe, expect, it } from 'vitest';
import { parseNumberBytes, StatSizes } from '#src/sampler/stat-sizes.ts';

const bytesOf = (text: string) => Buffer.from(text, 'latin1');
const read = (sizes: StatSizes, text: string) => {
  sizes.parse(bytesOf(text));
  return Object.fromEntries(sizes.names.map((name, index) => [name, sizes.values[index]]));
};
const all = () => new StatSizes((key) => key);

describe('the sizes of memory.stat', () => {
  it('can be read repeatedly', () => {
    const sizes = all();
    expect(read(sizes, 'anon 1\nfile 22\n')).toEqual({ anon: 1, file: 22 });
    expect(read(sizes, 'anon 333\nfile 0\n')).toEqual({ anon: 333, file: 0 });
    expect(sizes.valueOf('anon')).toBe(333);
    expect(sizes.valueOf('shmem')).toBeUndefined();
  });

  it('follow lines that appear and disappear', () => {
    const sizes = all();
    read(sizes, 'anon 1\nfile 2\n');
    expect(read(sizes, 'anon 3\nswap 4\nfile 5\n')).toEqual({ anon: 3, swap: 4, file: 5 });
    expect(read(sizes, 'anon 6\n')).toEqual({ anon: 6 });
  });

  it('skip lines without key and value', () => {
    expect(read(all(), 'anon 1\nvendor\n\n 7\nfile 2\n')).toEqual({ anon: 1, file: 2 });
    const sizes = all();
    sizes.parse(bytesOf('anon many\nfile 2'));
    expect([sizes.valueOf('anon'), sizes.valueOf('file')]).toEqual([undefined, 2]);
  });

  it('omit unwanted keys', () => {
    const sizes = new StatSizes((key) => (key === 'file' ? undefined : `total ${key}`));
    expect(read(sizes, 'anon 1\nfile 2\nshmem 3\n')).toEqual({ 'total anon': 1, 'total shmem': 3 });
  });

  it.each([
    ['', undefined],
    ['12\n', 12],
    ['max\n', undefined],
    ['9007199254740991\n', 9007199254740991],
  ])('%j is the number %s', (text, number) => {
    expect(parseNumberBytes(bytesOf(text))).toBe(number);
  });
});
