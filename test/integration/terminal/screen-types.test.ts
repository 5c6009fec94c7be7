/** The terminal of the live view on terminals of every type: opened, or rejected with a reason. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { NODE_PATH } from '../../bundle.ts';
import { needsProgram, start, testWith } from '../harness.ts';
import { bare, needsScript, needsTmux, tmux } from '../terminal.ts';
import { buildDemo, DEMO, demo, newFile } from './build-screen-demo.ts';

buildDemo();

/** Types of terminals, and the result: a part of the first line, or of the error. */
const TYPES: readonly [env: Record<string, string | undefined>, expected: RegExp][] = [
  [{ TERM: 'xterm' }, /screen 80x24 unicode 8␛/],
  [{ TERM: 'xterm-256color' }, /screen 80x24 unicode 256/],
  [{ TERM: 'tmux-256color' }, /screen 80x24 unicode 256/],
  [{ TERM: 'screen' }, /screen 80x24 unicode 8␛/],
  [{ TERM: 'screen-256color' }, /screen 80x24 unicode 256/],
  [{ TERM: 'screen.xterm-256color' }, /screen 80x24 unicode 256/],
  [{ TERM: 'linux' }, /screen 80x24 ascii 16/],
  [{ TERM: 'alacritty' }, /screen 80x24 unicode true/],
  [{ TERM: 'xterm-kitty' }, /screen 80x24 unicode true/],
  [{ TERM: 'foot' }, /screen 80x24 unicode true/],
  [{ TERM: 'xterm-direct' }, /screen 80x24 unicode true/],
  [{ TERM: 'xterm-ghostty' }, /screen 80x24 unicode true/],
  [{ TERM: 'vt100' }, /screen 80x24 unicode none/],
  [{ TERM: 'vt220' }, /screen 80x24 unicode none/],
  [{ TERM: 'rxvt-unicode-256color' }, /screen 80x24 unicode 256/],
  [{ TERM: 'vt52' }, /refused: terminal type vt52 cannot move the cursor or erase a line/],
  [{ TERM: 'unknown-term' }, /refused: this host has no terminfo entry for terminal type unknown-term/],
  [{ TERM: 'dumb' }, /refused: terminal type dumb cannot move the cursor/],
  [{ TERM: '' }, /refused: TERM is not set/],
  [{ TERM: undefined }, /refused: TERM is not set/],
  [{ TERM: '/dev/zero' }, /refused: TERM is not the name of a terminal type/],
  [{ TERM: 'xterm', TERMINFO: '/nowhere' }, /screen 80x24 unicode 8␛/],
  [{ TERM: 'xterm', TERMINFO: 'hex:1a01', TERMINFO_DIRS: '/nowhere:' }, /screen 80x24 unicode 8␛/],
];

describe('types of terminals', () => {
  for (const [env, expected] of TYPES) {
    testWith([needsScript], `${JSON.stringify(env)}: ${expected.source}`, async () => {
      const pty = bare({
        command: DEMO,
        env: { ...env, TMUX: '/tmp/no-such-server,1,0', COLORTERM: undefined },
      });
      const output = await pty.waitFor(expected);
      if (expected.source.startsWith('refused')) {
        expect(await pty.ended()).toMatch(/^refused: [^\n␛]*\r\n$/);
      } else {
        expect(output).not.toMatch(/Error|Setulc|warning/i);
        pty.type('q');
        expect(await pty.ended()).toMatch(/closed by q\r\n$/);
      }
    });
  }

  testWith([needsTmux], 'equivalent entries draw the same screen', async () => {
    const shown: string[] = [];
    for (const term of ['xterm-256color', 'tmux-256color', 'alacritty', 'vt100', 'linux']) {
      const terminal = await tmux({ command: DEMO, width: 60, env: { TERM: term } });
      const screen = await terminal.waitFor(/^#{60}$/m);
      shown.push(screen.replace(/^screen .*/, ''));
    }
    expect(new Set(shown).size).toBe(1);
    expect(shown[0]).toMatch(/^\nanon 全角 é file\n/);
  });

  testWith(
    [needsScript, needsProgram('tic')],
    'supports entries without attributes, damaged or wide',
    async () => {
      const terminfo = newFile('terminfo');
      const source = newFile('source');
      writeFileSync(
        source,
        [
          'poor-term|cursor only, cup=\\E[%i%p1%d;%p2%dH, clear=\\E[H\\E[J,',
          'odd-term|a sequence that can not be compiled, cup=\\E[%?%p1%t, clear=\\E[H\\E[J, el=\\E[K, sgr0=\\E[m, Setulc=\\E[%?%p1%{5}%-%t,',
          'foot-wide|numbers of 32 bits, pairs#0x10000, colors#256, cup=\\E[%i%p1%d;%p2%dH, clear=\\E[H\\E[J, el=\\E[K, sgr0=\\E[m,',
          '',
        ].join('\n'),
      );
      spawnSync('tic', ['-x', '-o', terminfo, source]);
      mkdirSync(join(terminfo, 'd'), { recursive: true });
      writeFileSync(join(terminfo, 'd/damaged-term'), Buffer.from('1a01ffffffffffffffffffff', 'hex'));
      const expected: Record<string, RegExp> = {
        'poor-term': /^refused: terminal type poor-term cannot move the cursor or erase a line\r\n$/,
        'damaged-term':
          /^refused: this host has no terminfo entry for terminal type damaged-term [^\n]*\r\n$/,
      };
      for (const [term, pattern] of Object.entries(expected)) {
        const pty = bare({ command: DEMO, env: { TERM: term, TERMINFO: terminfo } });
        expect(await pty.ended()).toMatch(pattern);
      }
      const wide = bare({ command: DEMO, env: { TERM: 'foot-wide', TERMINFO: terminfo } });
      await wide.waitFor(/screen 80x24/);
      wide.type('q');
      expect(await wide.ended()).toMatch(/closed by q\r\n$/);
      const odd = bare({ command: DEMO, env: { TERM: 'odd-term', TERMINFO: terminfo } });
      await odd.waitFor(/screen 80x24|refused: /);
      odd.type('q');
      expect(await odd.ended()).not.toMatch(/Error|at .*\.js/);
    },
  );

  testWith([needsScript], 'rejects a missing terminal with a reason', async () => {
    const outcome = await start('setsid', ['--wait', process.execPath, demo], {
      input: '',
      env: { NODE_PATH: NODE_PATH, TERM: 'xterm' },
    }).ended;
    expect(outcome.stdout).toBe('refused: no terminal could be opened\n');
    expect(outcome.stderr).toBe('');
    expect(outcome.status).toBe(7);
  });
});
