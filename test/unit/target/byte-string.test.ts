import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  pathOf,
  readStrings,
  recoverValues,
  recoverWords,
  splitStrings,
  textOf,
  wasDecodedExactly,
} from '#src/target/byte-string.ts';

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

describe('wasDecodedExactly', () => {
  const REPLACED = '\xef\xbf\xbd';

  it.each([
    ['plain', [], true],
    ['a\ufffd', ['--output', 'a\xff'], false],
    ['a\ufffd', ['--output=a\xff'], false],
    ['a\ufffd', ['-oa\xff'], false],
    ['a\ufffd', ['-o', `a${REPLACED}`], true],
    ['a\ufffd', [`a${REPLACED}`, 'a\xff'], false],
    ['a\ufffd', [], false],
  ])('%j of %j: %s', (text, words, expected) => {
    expect(wasDecodedExactly(text, () => words)).toBe(expected);
  });

  it('is also false if the command line cannot be read', () => {
    expect(wasDecodedExactly('\ufffd', () => undefined)).toBe(false);
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

describe('recoverValues', () => {
  const LINE = ['node', 'cmemstat', '--env', 'A=\xe9', '--env=B=\xe8', '--env', 'C=x', '--', 'A=\xe7'];

  it('finds the bytes of each value of an option, in both notations', () => {
    const values = ['A=\ufffd', 'B=\ufffd', 'C=x'];
    expect(recoverValues('--env', values, LINE)).toEqual(['A=\xe9', 'B=\xe8', 'C=x']);
  });

  it('encodes values that are not in the command line', () => {
    expect(recoverValues('--env', ['A=é', 'B=\ufffd'], [])).toEqual(['A=\xc3\xa9', 'B=\xef\xbf\xbd']);
  });
});
