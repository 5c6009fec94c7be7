import { expect, test } from 'vitest';
import { UsageError } from '#src/errors.ts';
import { parseMoment } from '#src/view/state/moment.ts';

const RUN = { endMs: 200_000, peakMs: 70_000 };

test.each([
  ['start', 0],
  ['end', 200_000],
  [' peak ', 70_000],
  ['50%', 100_000],
  ['90s', 90_000],
  ['2m', 120_000],
  ['10h', 200_000],
  ['250%', 200_000],
])('%s', (text, ms) => {
  expect(parseMoment(text, '--at')(RUN)).toBe(ms);
});

test('without a sample the peak is the start', () => {
  expect(parseMoment('peak', '--at')({ endMs: 5, peakMs: undefined })).toBe(0);
});

test.each(['', 'noon', '-3s', '5%%'])('%s is not a moment, and the error names the option', (text) => {
  expect(() => parseMoment(text, '--at')).toThrow(UsageError);
  expect(() => parseMoment(text, '--at')).toThrow(
    `--at ${text}: not a time; expected 90s, 2m, 50%, start, peak or end`,
  );
});
