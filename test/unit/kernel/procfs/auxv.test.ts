import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parsePageSize, readPageSize } from '#src/kernel/procfs/auxv.ts';

const AT_PAGESZ = 6n;
const AT_SYSINFO_EHDR = 33n;

/** An auxiliary vector of 64-bit words. */
function auxv(littleEndian: boolean, entries: readonly (readonly [type: bigint, value: bigint])[]): Buffer {
  const buffer = Buffer.alloc(entries.length * 16);
  for (const [index, words] of entries.entries()) {
    for (const [at, word] of words.entries()) {
      if (littleEndian) buffer.writeBigUInt64LE(word, index * 16 + at * 8);
      else buffer.writeBigUInt64BE(word, index * 16 + at * 8);
    }
  }
  return buffer;
}

describe('parsePageSize', () => {
  it.each([
    [true, 4096],
    [true, 65_536],
    [false, 4096],
    [false, 65_536],
  ])('finds the page size (little endian: %o, %i bytes)', (littleEndian, bytes) => {
    const entries = [
      [AT_SYSINFO_EHDR, 6n],
      [AT_PAGESZ, BigInt(bytes)],
      [0n, 0n],
    ] as const;
    expect(parsePageSize(auxv(littleEndian, entries), 'auxv', littleEndian)).toBe(bytes);
  });

  it.each([
    ['an empty file', Buffer.alloc(0)],
    [
      'a vector without it',
      auxv(true, [
        [AT_SYSINFO_EHDR, 6n],
        [0n, 0n],
      ]),
    ],
    ['a vector that is cut off within it', auxv(true, [[AT_PAGESZ, 4096n]]).subarray(0, 12)],
    ['the wrong byte order', auxv(false, [[AT_PAGESZ, 4096n]])],
  ])('rejects %s', (_, buffer) => {
    expect(() => parsePageSize(buffer, '/proc/self/auxv', true)).toThrow('/proc/self/auxv: no AT_PAGESZ');
  });

  it('matches getconf on this host', () => {
    expect(readPageSize()).toBe(Number(execFileSync('getconf', ['PAGESIZE'])));
  });
});
