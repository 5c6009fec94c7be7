/** The terminal of the live view: keys, drawing, and terminals that fail. */
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { testWith } from '../harness.ts';
import { bare, needsScript, needsTmux, tmux } from '../terminal.ts';
import { buildDemo, DEMO, gone, newFile, reported } from './build-screen-demo.ts';

buildDemo();

describe('input', () => {
  testWith([needsTmux], 'reports keys by name', async () => {
    const report = newFile('report');
    const terminal = await tmux({ command: `${DEMO} --report ${report}`, height: 40 });
    await terminal.waitFor(/screen 80x40/);
    const names: Record<string, string> = {
      Up: 'up',
      Down: 'down',
      Left: 'left',
      Right: 'right',
      PPage: 'pageup',
      NPage: 'pagedown',
      Home: 'home',
      End: 'end',
      DC: 'delete',
      IC: 'insert',
      Enter: 'enter',
      Escape: 'escape',
      Tab: 'tab',
      BTab: 'S-tab',
      BSpace: 'backspace',
      Space: 'space',
      'C-c': 'C-c',
      'C-z': 'C-z',
      'C-l': 'C-l',
      'C-Space': 'C-space',
      'C-Up': 'C-up',
      'S-Left': 'S-left',
      'M-a': 'M-a',
      F1: 'f1',
      F5: 'f5',
      F12: 'f12',
      S: 'S',
      '?': '?',
      '/': '/',
      '+': '+',
      é: 'é',
      全: '全',
    };
    await terminal.keys(...Object.keys(names));
    const lines = await reported(report, 'key 全');
    expect(lines).toEqual(Object.values(names).map((name) => `key ${name}`));
  });

  testWith(
    [needsScript],
    'accepts sequences of other terminals, incomplete ones, pastes, the mouse and invalid bytes',
    async () => {
      const report = newFile('report');
      const pty = bare({ command: `${DEMO} --report ${report}` });
      await pty.waitFor(/frame 1/);
      const pause = () => new Promise((settle) => setTimeout(settle, 150));
      pty.type('\x1bOA\x1b[[A\x1b[11~\x1b[7~');
      pty.type('\x1b[<64;10;5M\x1b[<65;10;5M\x1b[<0;3;2M\x1b[<0;3;2m\x1b[<2;1;1M\x1b[<66;1;1M\x1b[<128;1;1M');
      pty.type('\x1b[200~q\x1b[A\nk\x1b[201~');
      pty.type('\x1b[27;5;9~\x1b[99;99z\x1b]11;rgb:1/1/1\x07\x1bP>|x\x1b\\\x9b\x00\x1c👍');
      await pause();
      pty.type('\x1b');
      await pause();
      pty.type('\x1b[');
      pty.type('5~');
      await pause();
      pty.type('\xff\xfe.');
      const lines = await reported(report, 'key .');
      expect(lines).toEqual([
        'key up',
        'key f1',
        'key f1',
        'key home',
        'mouse wheel up 9 4',
        'mouse wheel down 9 4',
        'mouse click left 2 1',
        'mouse click right 0 0',
        'paste "q\\u001b[A\\nk"',
        'key C-space',
        'key 👍',
        'key escape',
        'key pageup',
        'key ÿ',
        'key þ',
        'key .',
      ]);
      pty.type('q');
      await pty.waitFor(/closed by q/);
    },
  );

  testWith([needsTmux], 'a size change is reported, and everything is redrawn', async () => {
    const terminal = await tmux({ command: `exec env ${DEMO}` });
    await terminal.waitFor(/screen 80x24/);
    await terminal.resize(60, 15);
    const small = await terminal.waitFor(/screen 60x15.*resize 60x15/s);
    expect(small.trimEnd().split('\n')).toHaveLength(15);
    expect(small).toMatch(/^#{60}$/m);
    await terminal.resize(200, 50);
    const large = await terminal.waitFor(/screen 200x50.*resize 200x50/s);
    expect(large.match(/#+/g)).toEqual(['#'.repeat(200)]);
    await terminal.resize(10, 3);
    // Long lines are truncated by the terminal: none of them wraps.
    expect(await terminal.waitFor(/^screen 10/)).toMatch(/^screen 10.\nanon 全角.\n#{10}\n$/);
  });

  testWith([needsTmux], 'uses /dev/tty when stdin and stdout are redirected', async () => {
    const out = newFile('out');
    const terminal = await tmux({ command: `echo input | ${DEMO} >${out}` });
    await terminal.waitFor(/screen 80x24/);
    await terminal.keys('a');
    await terminal.waitFor(/^key a$/m);
    await terminal.keys('q');
    await terminal.ended();
    expect(readFileSync(out, 'utf8')).toBe('closed by q\n');
  });
});

/** tmux reports its own colours too. */
function withoutDefaults(text: string): string {
  return text.replaceAll('␛[39m', '').replaceAll('␛[49m', '');
}

describe('the drawn screen', () => {
  testWith([needsTmux], 'has colours and attributes', async () => {
    const terminal = await tmux({ command: DEMO, width: 60, env: { COLORTERM: 'truecolor' } });
    await terminal.waitFor(/screen 60x24 unicode true/);
    const [heading, second] = withoutDefaults(await terminal.capture({ escapes: true })).split('\n');
    expect(heading).toMatch(/^␛\[1mscreen 60x24 unicode true␛\[0;2m frame 1$/);
    expect(second).toContain('␛[38;2;52;145;195manon');
    expect(second).toContain(' 全角 é ');
    expect(second).toContain('␛[0;4m␛[38;2;1;2;3mfile');
  });

  testWith([needsTmux], 'is ASCII with LANG=C, and without colours with NO_COLOR', async () => {
    const terminal = await tmux({
      command: `exec env ${DEMO}`,
      env: { LC_ALL: undefined, LANG: 'C', NO_COLOR: '1' },
    });
    const shown = await terminal.waitFor(/screen 80x24 ascii none/);
    expect(shown).toMatch(/^anon \?\?\?\? \? file$/m);
    expect(withoutDefaults(await terminal.capture({ escapes: true }))).not.toMatch(/␛\[(\d;)*[3-9]\d/);
  });

  testWith([needsScript], 'writes only rows that have changed', async () => {
    const pty = bare({ command: DEMO });
    await pty.waitFor(/#{80}␛\[0m␛\[\?2026l/);
    const before = pty.output.length;
    pty.type('a');
    await pty.waitFor(/key a␛\[\?2026l/);
    expect(pty.output.slice(before)).toBe(
      '␛[?2026h␛[1;1H␛[K␛[1mscreen 80x24 unicode 256␛[0;2m frame 2␛[0m␛[3;1H␛[Kkey a␛[?2026l',
    );
    pty.type('q');
    await pty.waitFor(/closed by q/);
  });
});

describe('a terminal that fails', () => {
  testWith(
    [needsScript],
    'and stalls does not block the program, and shows the last frame when it resumes',
    async () => {
      const report = newFile('report');
      const pty = bare({ command: `${DEMO} --report ${report}` });
      await pty.waitFor(/frame 1/);
      pty.stall();
      for (let round = 0; round < 400; round += 1) pty.type(`i\x0c`);
      pty.type('.');
      await reported(report, 'key .');
      pty.flow();
      await pty.waitFor(/frame 400802␛/);
      expect(pty.output.length).toBeLessThan(2_000_000);
      pty.type('q');
      expect(await pty.ended()).toMatch(/␛\[\?1049l.*closed by q\r\n$/s);
    },
  );

  testWith([needsScript], 'and stalls permanently does not prevent the exit', async () => {
    const report = newFile('report');
    const pid = newFile('pid');
    const pty = bare({ command: `echo $$ >${pid}; exec env ${DEMO} --report ${report}` });
    await pty.waitFor(/frame 1/);
    pty.stall();
    for (let round = 0; round < 400; round += 1) pty.type(`i\x0c`);
    pty.type('.');
    await reported(report, 'key .');
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');
    await gone(Number(readFileSync(pid, 'utf8')));
  });

  testWith(
    [needsScript],
    'and disappears without SIGHUP closes the screen, and the program continues',
    async () => {
      const report = newFile('report');
      const pid = newFile('pid');
      const pty = bare({ command: `echo $$ >${pid}; exec env ${DEMO} --report ${report}` });
      await pty.waitFor(/frame 1/);
      await pty.hangUp();
      expect(await reported(report, 'lost')).toEqual(['lost']);
      // No process has it open, and no operation on it has failed.
      await gone(Number(readFileSync(pid, 'utf8')));
    },
  );
});
