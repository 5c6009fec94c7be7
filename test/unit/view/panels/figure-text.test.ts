import { describe, expect, it } from 'vitest';
import {
  changeOf,
  formatChange,
  formatFigure,
  formatShare,
  formatSize,
  perMinuteOf,
} from '#src/view/panels/figure-text.ts';
import type { Track } from '#src/view/state/view.ts';
import { exampleView } from '../example-view.ts';

const track: Track = {
  now: 3000,
  peak: 5000,
  peakMs: 1000,
  before: 3500,
  first: 0,
  minuteAgo: { elapsedMs: 10_000, value: 1000 },
};

describe('figures', () => {
  it.each([
    [1_572_864, 'readable', '1.50 MiB'],
    [1_572_864, 'KiB', '1,536 KiB'],
    [1_572_864, 'bytes', '1,572,864'],
    [0, 'readable', '0 B'],
    [0, 'KiB', '0 KiB'],
    [300, 'KiB', '0.3 KiB'],
    [10_200, 'KiB', '10 KiB'],
    [-1_572_864, 'bytes', '-1,572,864'],
    [999, 'bytes', '999'],
    [undefined, 'KiB', '-'],
  ] as const)('writes %s bytes in %s as %s', (bytes, units, text) => {
    expect(formatSize(bytes, units)).toBe(text);
  });

  it.each([
    [2048, 'KiB', '+2 KiB'],
    [-2048, 'readable', '-2.00 KiB'],
    [0, 'bytes', '0'],
    [undefined, 'bytes', '-'],
  ] as const)('writes a change of %s bytes in %s as %s', (bytes, units, text) => {
    expect(formatChange(bytes, units)).toBe(text);
  });

  it.each([
    [64, 100, '64%'],
    [4, 1000, '0.4%'],
    [1, 10_000, '<0.1%'],
    [0, 100, '0%'],
    [1, 0, '-'],
    [undefined, 100, '-'],
  ])('writes %s of %s as %s', (part, whole, text) => {
    expect(formatShare(part, whole)).toBe(text);
  });

  it('shows the change since the previous reading and per minute, if enough readings exist', () => {
    expect(changeOf(track)).toBe(-500);
    expect(changeOf({ ...track, before: undefined })).toBeUndefined();
    expect(perMinuteOf(track, 40_000)).toBe(4000);
    expect(perMinuteOf(track, 12_000)).toBeUndefined();
    expect(perMinuteOf(undefined, 40_000)).toBeUndefined();
  });

  it('shows differences in relative mode, and nothing for values unknown at the reference', () => {
    const view = exampleView({
      ui: { relative: 'pause', units: 'bytes' },
      base: new Map([['anon', 1000]]),
      options: { untilMs: 1000 },
    });
    expect(formatFigure(view, 'anon', 400)).toBe('-600');
    expect(formatFigure(view, 'file', 400)).toBe('-');
    expect(formatFigure(exampleView({ options: { untilMs: 0 } }), 'anon', 400)).toBe('400 B');
  });
});
