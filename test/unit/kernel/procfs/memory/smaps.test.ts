import { expect, test } from 'vitest';
import { SmapsTotals } from '#src/kernel/procfs/memory/smaps.ts';

const SMAPS = `55d0c0a3b000-55d0c0a5c000 rw-p 00000000 00:00 0                          [heap]
Size:                132 kB
KernelPageSize:        4 kB
Rss:                  12 kB
Pss:                   8 kB
Swap:                  4 kB
VmFlags: rd wr mr mw me ac
7f0000000000-7f0000021000 rw-p 00000000 00:00 0
Size:                132 kB
Rss:                 100 kB
Pss:                 100 kB
7f1000000000-7f1000001000 r-xp 00001000 fd:00 131 /tmp/with spaces\\012and (deleted)
Size:                  4 kB
Rss:                   4 kB
Pss:                   1 kB
7f1000001000-7f1000002000 r--p 00002000 fd:00 131 /tmp/with spaces\\012and (deleted)
Size:                  4 kB
Rss:                   4 kB
Pss:                   1 kB
something that a later kernel adds`;

test('sums up mappings of the same file or kind, largest first', () => {
  const totals = new SmapsTotals();
  for (const line of SMAPS.split('\n')) totals.add(line);
  const kib = 1024;
  const sums = totals.totals();
  expect(totals.count).toBe(4);
  expect(sums).toEqual([
    { name: '', count: 1, size: 132 * kib, rss: 100 * kib, pss: 100 * kib, swap: 0 },
    { name: '[heap]', count: 1, size: 132 * kib, rss: 12 * kib, pss: 8 * kib, swap: 4 * kib },
    {
      name: '/tmp/with spaces\nand (deleted)',
      count: 2,
      size: 8 * kib,
      rss: 8 * kib,
      pss: 2 * kib,
      swap: 0,
    },
  ]);
});

test('an empty file has no mappings', () => {
  const totals = new SmapsTotals();
  totals.add('');
  totals.add('Rss:                   4 kB');
  expect(totals.totals()).toEqual([]);
});
