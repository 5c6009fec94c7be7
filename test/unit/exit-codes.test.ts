import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LaunchError } from '#src/errors.ts';
import { EXIT_CODES, EXIT_STATUS_HELP } from '#src/exit-codes.ts';
import { PROJECT } from '../paths.ts';

const README = readFileSync(join(PROJECT, 'README.md'), 'utf8');

it.each([EXIT_CODES.FAILED, EXIT_CODES.NOT_EXECUTABLE, EXIT_CODES.NOT_FOUND])(
  'the help explains %i',
  (status) => {
    expect(EXIT_STATUS_HELP).toMatch(new RegExp(`^ {2}${status} `, 'm'));
  },
);

it.each([
  [5, ['--strict-host', '--strict-sampling']],
  [125, ['--prepare', '--cleanup']],
])('the help and README name the options that lead to %i', (status, options) => {
  const [, ofHelp] = new RegExp(`^ {2}${status} +([^]*?)\\n {2}\\w`, 'm').exec(EXIT_STATUS_HELP) ?? [];
  const [ofReadme] = new RegExp(`^\\| ${status} \\|.*`, 'm').exec(README) ?? [];
  for (const option of options) {
    expect(ofHelp).toContain(option);
    expect(ofReadme).toContain(option);
  }
});

it('the help explains the exit status of doctor', () => {
  expect(EXIT_STATUS_HELP).toMatch(new RegExp(`^ {2}doctor .*otherwise ${EXIT_CODES.NOT_READY}$`, 'm'));
});

it('all are different, and match those of a shell', () => {
  expect(EXIT_CODES).toEqual({
    NOT_READY: 1,
    BUDGET_EXCEEDED: 3,
    LEFTOVER: 4,
    NOT_MEASURED: 5,
    TIMED_OUT: 124,
    FAILED: 125,
    NOT_EXECUTABLE: 126,
    NOT_FOUND: 127,
  });
  expect(new LaunchError('x', EXIT_CODES.NOT_FOUND, '').exitCode).toBe(127);
});
