import { describe, expect, it } from 'vitest';
import { declareProgram } from '#src/cli/program.ts';

/** The values of the options after these words. */
function optionsAfter(...words: string[]): Record<string, unknown> {
  const program = declareProgram().action(() => {});
  program.parse([...words, 'true'], { from: 'user' });
  return program.opts();
}

describe('former names of options', () => {
  it.each([
    [
      ['--runs', '2', '--judge', 'worst'],
      ['--runs', '2', '--evaluate', 'worst'],
    ],
    [
      ['--runs', '2', '--judge=median'],
      ['--runs', '2', '--evaluate', 'median'],
    ],
    [
      ['--budget', 'anon<=1G', '--stop-on-breach'],
      ['--budget', 'anon<=1G', '--stop-on-exceeded'],
    ],
  ])('%j is %j', (former, current) => {
    expect(optionsAfter(...former)).toEqual(optionsAfter(...current));
    const { budget } = optionsAfter(...former);
    expect(optionsAfter(...former)).not.toEqual(budget === undefined ? {} : { budget });
  });

  it('are rejected with the values that the current option rejects', () => {
    expect(() => optionsAfter('--judge', 'best')).toThrow('--evaluate best: expected median or worst');
  });

  it('require what the current option requires', () => {
    expect(() => optionsAfter('--stop-on-breach')).toThrow('--stop-on-exceeded requires --budget');
  });

  it('are not in the help', () => {
    const help = declareProgram().helpInformation();
    expect(help).toContain('--evaluate');
    expect(help).not.toMatch(/--judge|--stop-on-breach/);
  });
});
