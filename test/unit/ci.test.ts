import { afterEach, describe, expect, it, type TestContext, vi } from 'vitest';
import { isCi } from '../ci.ts';
import { requires } from '../integration/bpf/bpf-requirements.ts';
import { hasProgram } from '../programs.ts';

afterEach(() => vi.unstubAllEnvs());

it.each([
  ['true', true],
  ['1', true],
  ['false', false],
  ['', false],
  [undefined, false],
])('is CI with CI=%s: %s', (CI, expected) => {
  expect(isCi({ CI })).toBe(expected);
});

describe('a program that a test requires', () => {
  const outcome = (tool: string): string => {
    const skip = (reason: string) => {
      throw new Error(`skipped: ${reason}`);
    };
    try {
      requires({ skip } as unknown as TestContext, { tool });
      return 'runs';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it.each(['true', ''])('is found in PATH, with CI=%s', (CI) => {
    vi.stubEnv('CI', CI);
    expect([hasProgram('sh'), outcome('sh')]).toEqual([true, 'runs']);
  });

  it('skips the test where it is missing, and fails it in CI', () => {
    vi.stubEnv('CI', '');
    expect([hasProgram('no-such-tool'), outcome('no-such-tool')]).toEqual([
      false,
      'skipped: no-such-tool is not installed',
    ]);
    vi.stubEnv('CI', 'true');
    expect(outcome('no-such-tool')).toBe('this host should have the program no-such-tool');
  });
});
