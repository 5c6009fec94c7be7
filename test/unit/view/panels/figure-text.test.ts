import { describe, expect, it } from 'vitest';
import {
  formatChange,
  formatFigure,
  formatShare,
  formatSize,
  growthOf,
  growthSpan,
} from '#src/view/panels/figure-text.ts';
import { Tracks } from '#src/view/state/tracks.ts';
import type { Track } from '#src/view/state/view.ts';
import { exampleView } from '../example-view.ts';

const MIB = 1024 * 1024;

/** A figure with a value at each half second. */
function trackOf(seconds: number, valueAt: (second: number) => number): Track {
  const tracks = new Tracks();
  for (let ms = 0; ms <= seconds * 1000; ms += 500) {
    tracks.set('x', valueAt(ms / 1000), ms);
    tracks.addToGrowth(ms);
  }
  return tracks.all.get('x') as Track;
}

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

  it('knows no growth before ten readings over five seconds, which is shown as nothing', () => {
    expect(growthOf(undefined)).toBeUndefined();
    expect(growthOf(trackOf(4.5, (second) => second * MIB))).toBeUndefined();
    expect(growthSpan(undefined, 'readable')).toEqual({ text: '' });
    expect(growthOf(trackOf(5, (second) => second * MIB))).toBeCloseTo(60 * MIB, 0);
  });

  it('shows a leak of 60 MiB per minute as such, and a program that has started as steady', () => {
    // Both have the same size after the start.
    const start = (second: number) => Math.min(second, 2) * 35 * MIB;
    for (const seconds of [7, 20, 120, 600]) {
      const leak = growthOf(trackOf(seconds, (second) => start(second) + second * MIB));
      expect((leak ?? 0) / MIB).toBeCloseTo(60, 0);
      expect(growthSpan(leak, 'readable').text).toMatch(/^\+(59|60)\.\d MiB$/);
      expect(growthOf(trackOf(seconds, start))).toBe(0);
    }
  });

  it('shows a sawtooth without a trend as no growth', () => {
    const sawtooth = trackOf(60, (second) => 100 * MIB + (second % 7) * 5 * MIB);
    expect(growthOf(sawtooth)).toBe(0);
    expect(growthSpan(0, 'readable')).toEqual({ text: '0', style: 'dim' });
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
