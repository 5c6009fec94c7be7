import { describe, expect, it } from 'vitest';
import { renderTimeline } from '#src/report/timeline-chart.ts';

const chart = (max: (number | null)[]) => renderTimeline({ figure: 'current', fromMs: 0, toMs: 2000, max });

describe('renderTimeline', () => {
  it('draws a scale from 0 to the maximum', () => {
    expect(chart([0, 1024, 2048, 3072, 4096])).toEqual([
      'current, highest 4.00 KiB',
      '4.00 KiB ┤    █',
      '         ┤   ██',
      '         ┤  ███',
      '       0 ┤ ████',
      '          0ms2.0s',
    ]);
  });

  it('shows small values and marks unknown ones', () => {
    expect(chart([null, 1, 1_000_000]).at(-2)).toBe('      0 ┤?▁█');
  });

  it('keeps the maximum of each column', () => {
    const many = Array.from({ length: 120 }, (_, step) => (step === 61 ? 4096 : 0));
    expect(chart(many)[1]).toBe(`4.00 KiB ┤${' '.repeat(30)}█`);
  });

  it('draws a flat line of zeros, and no chart without values', () => {
    expect(chart([0, 0])[1]).toBe('0 B ┤');
    expect(chart([null, null])).toEqual([]);
    expect(chart([])).toEqual([]);
  });
});
