import { describe, expect, it } from 'vitest';
import { bytesOf, pathOf, readStrings, recoverWords, splitStrings, textOf } from '#src/target/byte-string.ts';

describe('byte strings', () => {
  it('have one character per byte', () => {
    expect(bytesOf('é')).toBe('\xc3\xa9');
    expect(textOf('\xc3\xa9')).toBe('é');
    expect(textOf('caf\xe9')).toBe('caf\ufffd');
    expect(pathOf('caf\xe9')).toEqual(Buffer.from([0x63, 0x61, 0x66, 0xe9]));
  });

  it.each([
    ['', []],
    ['\0', ['']],
    ['a\0', ['a']],
    ['a\0\0b\0', ['a', '', 'b']],
    ['cut', ['cut']],
  ])('%j are the strings %j', (bytes, strings) => {
    expect(splitStrings(bytes)).toEqual(strings);
  });

  it('are read from /proc', () => {
    expect(readStrings('cmdline')?.length).toBeGreaterThan(0);
  });
});

describe('recoverWords', () => {
  const LINE = ['node', 'cmemstat', '--', 'cat', 'caf\xe9', 'caf\xe8', '\xc3\xa9', ''];

  it('finds the bytes of each argument by its position', () => {
    expect(recoverWords(['cat', 'caf\ufffd', 'caf\ufffd', 'é', ''], LINE)).toEqual(LINE.slice(3));
  });

  it('encodes the arguments of a command that is not at the end of the line', () => {
    expect(recoverWords(['cat', 'é'], LINE)).toEqual(['cat', '\xc3\xa9']);
    expect(recoverWords(['cat', 'é'], [])).toEqual(['cat', '\xc3\xa9']);
  });
});
