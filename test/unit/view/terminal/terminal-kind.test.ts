import { describe, expect, test } from 'vitest';
import { terminalKind, usableSize } from '#src/view/terminal/terminal-kind.ts';

describe('terminals that the view does not support', () => {
  test.each([
    [{}, 'TERM is not set, so the terminal type is unknown'],
    [{ TERM: '' }, 'TERM is not set, so the terminal type is unknown'],
    [{ TERM: 'dumb' }, 'terminal type dumb cannot move the cursor'],
    [{ TERM: 'unknown' }, 'terminal type unknown cannot move the cursor'],
    [{ TERM: '../../etc/passwd' }, 'TERM is not the name of a terminal type'],
    [{ TERM: '/dev/zero' }, 'TERM is not the name of a terminal type'],
    [{ TERM: 'xterm\x1b[2J' }, 'TERM is not the name of a terminal type'],
  ])('%j', (env, reason) => {
    expect(terminalKind(env)).toMatchObject({ reason });
  });
});

describe('characters', () => {
  test.each([
    [{}, false],
    [{ LANG: 'C' }, false],
    [{ LANG: 'POSIX' }, false],
    [{ LANG: 'C.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'de_DE.UTF-8@euro' }, true],
    [{ LANG: 'de_DE' }, false],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'en_US.UTF-8', LC_ALL: '' }, true],
    [{ LANG: 'C', LC_CTYPE: 'en_US.UTF-8' }, true],
    [{ LC_CTYPE: 'C', LC_ALL: 'en_US.UTF-8' }, true],
  ])('%j: %s', (env, unicode) => {
    expect(terminalKind({ TERM: 'xterm', ...env })).toMatchObject({ unicode, utf8: unicode });
  });

  test('the Linux console shows names, but no braille', () => {
    expect(terminalKind({ TERM: 'linux', LANG: 'C.UTF-8' })).toMatchObject({ unicode: false, utf8: true });
  });
});

test.each([
  ['xterm-256color', true],
  ['xterm-direct', true],
  ['tmux-256color', true],
  ['screen.xterm-256color', true],
  ['foot', true],
  ['foot-extra', true],
  ['st-256color', true],
  ['linux', false],
  ['vt100', false],
  ['stv52', false],
])('%s uses the sequences of xterm: %s', (term, isXtermLike) => {
  expect(terminalKind({ TERM: term })).toMatchObject({ isXtermLike });
});

describe('the size', () => {
  test.each([
    [{ width: 80, height: 24 }, {}, { width: 80, height: 24 }],
    [{ width: 0, height: 0 }, {}, { width: 80, height: 24 }],
    [
      { width: 0, height: 0 },
      { COLUMNS: '100', LINES: '30' },
      { width: 100, height: 30 },
    ],
    [
      { width: 0, height: 0 },
      { COLUMNS: 'wide', LINES: '-1' },
      { width: 80, height: 24 },
    ],
    [
      { width: 120, height: 40 },
      { COLUMNS: '100', LINES: '30' },
      { width: 120, height: 40 },
    ],
    [{ width: 65_535, height: 65_535 }, {}, { width: 1000, height: 1000 }],
  ])('%j with %j', (reported, env, size) => {
    expect(usableSize(reported, env)).toEqual(size);
  });
});
