import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '#src/errors.ts';
import {
  formatBytes,
  formatDuration,
  formatLimit,
  formatPercent,
  parseDuration,
  parseLimitOption,
  parseSize,
} from '#src/format/units.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Texts that resemble sizes and durations more often than by chance. */
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[0-9.eE+\- ]{0,30}(ms|s|m|h|k|M|GiB|b)?$/),
);

describe('parseSize', () => {
  it.each([
    ['0', 0],
    ['1', 1],
    ['1048576', MIB],
    ['512M', 512 * MIB],
    ['512m', 512 * MIB],
    ['64kb', 64 * KIB],
    ['64K', 64 * KIB],
    ['64KB', 64 * KIB],
    ['64kB', 64_000],
    ['1.5MB', 1_500_000],
    ['2GB', 2e9],
    ['512Mi', 512 * MIB],
    ['1.5Gi', 1.5 * GIB],
    ['129e6', 129e6],
    ['1e3', 1000],
    ['2E3k', 2000 * KIB],
    ['64KiB', 64 * KIB],
    ['1.5GiB', 1.5 * GIB],
    ['.5G', 0.5 * GIB],
    ['2 GiB', 2 * GIB],
    [' 2G ', 2 * GIB],
    ['1T', 1024 * GIB],
    ['1P', 1024 * 1024 * GIB],
    ['12b', 12],
    ['1.9', 1],
    ['0.0005k', 0],
  ])('reads %o', (text, bytes) => {
    expect(parseSize(text, '--memory-max')).toBe(bytes);
  });

  it.each([
    '',
    ' ',
    'M',
    'max',
    '-1',
    '+1',
    '1,5G',
    '1.5.5G',
    '0x10',
    '1.',
    '512 M B',
    '1E',
    '1Mi!',
    '9007199254740992',
    '8P',
    '9'.repeat(400),
    'Infinity',
    'NaN',
  ])('rejects %o and names the option', (text) => {
    expect(() => parseSize(text, '--memory-max')).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        option: '--memory-max',
        message: expect.stringContaining(`--memory-max ${text}: not a size`),
      }),
    );
  });

  it('returns a whole number of bytes for any text or throws a UsageError', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          const bytes = parseSize(text, '--x');
          expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });

  it('reads back the output of formatBytes, up to the rounding to three digits', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeNat(), fc.nat({ max: 4 * MIB })), (bytes) => {
        // Half of a unit in the third digit.
        expect(
          Math.abs(parseSize(formatBytes(Math.min(bytes, 2 ** 52)), '--x') - Math.min(bytes, 2 ** 52)),
        ).toBeLessThanOrEqual(Math.min(bytes, 2 ** 52) * 0.0052 + 1);
      }),
    );
  });

  it('reads back exact bytes', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSize(`${bytes}`, '--x') === bytes));
  });
});

describe('parseLimitOption', () => {
  it('accepts max', () => {
    expect(parseLimitOption('max', '--memory-max')).toBe('max');
    expect(parseLimitOption('1k', '--memory-max')).toBe(1024);
    expect(() => parseLimitOption('MAX', '--memory-max')).toThrow(UsageError);
  });
});

describe('parseDuration', () => {
  it.each([
    ['100ms', 100],
    ['1s', 1000],
    ['2m', 120_000],
    ['2min', 120_000],
    ['1h', 3_600_000],
    ['1', 1000],
    ['0.5', 500],
    ['.5s', 500],
    ['1.5h', 5_400_000],
    [' 10 ms ', 10],
    ['0', 0],
    ['0.25ms', 0.25],
  ])('reads %o', (text, ms) => {
    expect(parseDuration(text, '--interval')).toBe(ms);
  });

  it.each(['', 's', 'soon', '-1s', '1S', '1M', '1d', '1 s s', '1e3', '1,5s', '1us', '1.s'])(
    'rejects %o and names the option',
    (text) => {
      expect(() => parseDuration(text, '--interval')).toThrow(
        expect.objectContaining({
          option: '--interval',
          message: expect.stringContaining(`--interval ${text}: not a duration`),
        }),
      );
    },
  );

  it('returns a non-negative number for any text or throws a UsageError', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          expect(parseDuration(text, '--x')).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [512, '512 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [10_240, '10.0 KiB'],
    [102_400, '100 KiB'],
    [1.5 * MIB, '1.50 MiB'],
    [128 * MIB, '128 MiB'],
    [999.4 * KIB, '999 KiB'],
    [999.6 * KIB, '0.98 MiB'],
    [9.996 * MIB, '10.0 MiB'],
    [99.96 * MIB, '100 MiB'],
    [GIB, '1.00 GiB'],
    [Number.MAX_SAFE_INTEGER, '8.00 PiB'],
    [-1536, '-1.50 KiB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('never has more than three digits', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(formatBytes(bytes)).toMatch(/^(\d{1,3}|\d\.\d\d|\d\d\.\d) (B|[KMGTP]iB)$/);
      }),
    );
  });
});

describe('formatLimit', () => {
  it('accepts max', () => {
    expect(formatLimit('max')).toBe('max');
    expect(formatLimit(MIB)).toBe('1.00 MiB');
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [0.4, '0ms'],
    [870, '870ms'],
    [1000, '1.0s'],
    [2549, '2.5s'],
    [59_900, '59.9s'],
    [60_000, '1m00s'],
    [200_000, '3m20s'],
    [3_599_400, '59m59s'],
    [3_599_600, '1h00m'],
    [3_600_000, '1h00m'],
    [7_500_000, '2h05m'],
    [360_000_000, '100h00m'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatPercent', () => {
  it.each([
    [0, '0.0%', '0%'],
    [0.0004, '<0.1%', '<0.1%'],
    [0.0006, '0.1%', '0.1%'],
    [0.0094, '0.9%', '0.9%'],
    [0.0096, '1.0%', '1%'],
    [0.642, '64.2%', '64%'],
    [1, '100.0%', '100%'],
  ])('formats %f', (share, long, short) => {
    expect([formatPercent(share), formatPercent(share, 'short')]).toEqual([long, short]);
  });
});
