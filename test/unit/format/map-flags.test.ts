import { expect, it } from 'vitest';
import { formatMapFlags } from '#src/format/map-flags.ts';

it.each([
  [0, '-'],
  [1, 'NO_PREALLOC'],
  [0x480, 'RDONLY_PROG|MMAPABLE'],
  [0x80000, 'RB_OVERWRITE'],
  [0x8000_0002, 'NO_COMMON_LRU|0x80000000'],
  [0x30_0000, '0x300000'],
])('%i is %s', (flags, text) => {
  expect(formatMapFlags(flags)).toBe(text);
});
