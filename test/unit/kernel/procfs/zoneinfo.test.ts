import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FrameRange, mergeRanges, parseZoneinfo } from '#src/kernel/procfs/zoneinfo.ts';

/** As Linux 6.18 prints it, without most lines. */
const HOST = `Node 0, zone      DMA
  per-node stats
      nr_inactive_anon 946515
  pages free     3840
        boost    0
        spanned  4095
        present  3999
        managed  3840
        protection: (0, 2972, 24075, 24075, 24075)
      nr_free_pages 3840
  pagesets
    cpu: 0
              count:    0
  node_unreclaimable:  0
  start_pfn:           1
  reserved_highatomic: 0
Node 0, zone    DMA32
  pages free     763264
        spanned  1044480
        present  782336
  start_pfn:           4096
Node 0, zone   Normal
  pages free     5000000
        spanned  5505024
  start_pfn:           1048576
Node 0, zone  Movable
  pages free     0
        spanned  0
        present  0
        managed  0
`;

describe('parseZoneinfo', () => {
  it('returns the ranges of zones with pages, joined where they touch', () => {
    expect(parseZoneinfo(HOST, 'zoneinfo')).toEqual([{ start: 1, end: 6553600 }]);
  });

  it('keeps ranges with a gap apart', () => {
    const text = HOST.replace('1044480', '1000000');
    expect(parseZoneinfo(text, 'zoneinfo')).toEqual([
      { start: 1, end: 1004096 },
      { start: 1048576, end: 6553600 },
    ]);
  });

  it.each([
    ['', 'no zone with pages'],
    ['Node 0, zone DMA\n  start_pfn:           1\n', 'line 2: a start_pfn without a spanned'],
    ['Node 0, zone DMA\n        spanned  x\n  start_pfn:           1\n', 'line 2'],
    ['Node 0, zone DMA\n        spanned  0\n  start_pfn:           0\n', 'no zone with pages'],
  ])('refuses %j', (text, words) => {
    expect(() => parseZoneinfo(text, 'zoneinfo')).toThrow(words);
  });
});

describe('mergeRanges', () => {
  const range = fc
    .tuple(fc.nat(300), fc.integer({ min: 1, max: 60 }))
    .map(([start, length]): FrameRange => ({ start, end: start + length }));

  it('covers the same frames in ascending order, without overlap', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
        const frames = (all: readonly FrameRange[]) =>
          all.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index));
        const merged = mergeRanges(ranges);
        expect(frames(merged)).toEqual([...new Set(frames(ranges))].sort((left, right) => left - right));
        for (const [index, { start }] of merged.entries()) {
          expect(start).toBeGreaterThan(merged[index - 1]?.end ?? -1);
        }
      }),
    );
  });
});
