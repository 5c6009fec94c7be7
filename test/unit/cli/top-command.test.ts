import { describe, expect, it } from 'vitest';
import { toTopRequest } from '#src/cli/commands/top-command.ts';
import type { TopFlags } from '#src/cli/options/top-flags.ts';
import type { UsageError } from '#src/errors.ts';

const view = (flags: TopFlags) => {
  const request = toTopRequest(flags, true);
  return 'view' in request ? request.view : undefined;
};
const print = (flags: TopFlags) => {
  const request = toTopRequest(flags, false);
  return 'print' in request ? request.print : undefined;
};
const errorOf = (flags: TopFlags, isTerminal = false) => {
  try {
    return toTopRequest(flags, isTerminal);
  } catch (error) {
    const { message, hint } = error as UsageError;
    return { message, hint };
  }
};

describe('cmemstat top', () => {
  it('shows the view on a terminal, unless a table or a document is requested', () => {
    expect(view({})).toMatchObject({ sort: 'current', units: 'readable', intervalMs: 1000 });
    for (const flags of [{ once: true }, { json: true }, { top: '3' }] as const) {
      expect(view(flags)).toBeUndefined();
    }
    expect(print({})).toMatchObject({ json: false, plainBytes: false, intervalMs: undefined });
  });

  it('has --bytes in the view, too', () => {
    expect(view({ bytes: true })?.units).toBe('bytes');
    expect(print({ bytes: true })?.plainBytes).toBe(true);
  });

  it.each([
    ['NGINX*', 'nginx.service', true],
    ['nginx*', 'Nginx.service', true],
    ['[N]ginx*', 'nginx.service', true],
    ['nginx?', 'nginx.service', false],
    ['NGI', 'nginx.service', true],
  ])('ignores case with --filter %s', (filter, name, isMatch) => {
    expect(print({ filter })?.choice.matches?.(name)).toBe(isMatch);
  });

  it('refuses a range that is reversed', () => {
    expect(errorOf({ filter: 'a[z-b]' }, true)).toMatchObject({
      message: expect.stringContaining('--filter a[z-b]: '),
    });
  });

  it('needs more than one reading for growth, and names the option that gives them', () => {
    const message = '--sort growth: a single reading shows no growth';
    expect(errorOf({ sort: 'growth' })).toEqual({ message, hint: 'add --interval 1s' });
    expect(errorOf({ sort: 'growth', once: true }, true)).toEqual({
      message,
      hint: 'use --interval 1s in place of --once',
    });
    expect(print({ sort: 'growth', interval: '1s' })?.choice.sort).toBe('growth');
    expect(view({ sort: 'growth' })?.sort).toBe('growth');
  });

  it.each(['99ms', '600h'])('refuses an interval of %s', (interval) => {
    expect(errorOf({ interval }, true)).toMatchObject({
      message: `--interval ${interval}: must be from 100ms to 24 days`,
    });
  });
});
