/** The terminal of the live view: taken, drawn on, and given back exactly as it was. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, onTestFinished } from 'vitest';
import { readPidStat } from '../../src/kernel/procfs/pid-stat.ts';
import { needsProgram, scratch, start, TARGETS, testWith } from './harness.ts';
import {
  BarePty,
  needsScript,
  needsTmux,
  shellQuote,
  type TerminalOptions,
  TmuxTerminal,
  until,
} from './terminal.ts';

const ROOT = resolve(import.meta.dirname, '../..');

const demo = join(scratch, 'screen-demo.cjs');

/** The demo, as a line for the shell. */
const DEMO = `NODE_PATH=${shellQuote(join(ROOT, 'node_modules'))} ${shellQuote(process.execPath)} ${shellQuote(demo)}`;

beforeAll(() => {
  // Bundled as the command is: blessed stays outside.
  const built = spawnSync(join(ROOT, 'node_modules/.bin/esbuild'), [
    join(TARGETS, 'screen-demo.ts'),
    '--bundle',
    '--platform=node',
    '--format=cjs',
    '--external:blessed',
    '--supported:dynamic-import=false',
    `--outfile=${demo}`,
  ]);
  expect(built.stderr.toString()).not.toMatch(/error/i);
});

async function tmux(options: TerminalOptions = {}): Promise<TmuxTerminal> {
  const terminal = await TmuxTerminal.open(options);
  onTestFinished(() => terminal.close());
  return terminal;
}

function bare(options: TerminalOptions & { command: string }): BarePty {
  const pty = new BarePty(options);
  onTestFinished(() => pty.close());
  return pty;
}

/** A file that does not exist yet. */
function newFile(name: string): string {
  return join(mkdtempSync(join(scratch, 'screen-')), name);
}

/** The lines of the demo's report, once one of them is there. */
async function reported(file: string, line: string): Promise<string[]> {
  return until(`the line ${line} of the report`, () => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    return lines.includes(line) ? lines.slice(0, -1) : undefined;
  });
}

/** The only child of a shell. */
function childOf(shell: number): number {
  return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')[0]);
}

/** Settles when a process has ended. */
async function gone(pid: number): Promise<void> {
  await until(`the end of ${pid}`, () => {
    try {
      return readPidStat(pid).state === 'Z' ? true : undefined;
    } catch {
      return true;
    }
  });
}

/** What an interactive shell shows before and after the demo; the window is as it was in every respect that tmux knows. */
async function shellAround(
  leave: (terminal: TmuxTerminal) => Promise<void>,
  afterwards: RegExp,
): Promise<{ before: string; after: string }> {
  const terminal = await tmux({ width: 80, height: 16 });
  const settings = newFile('stty');
  await terminal.enter(`stty -echoctl; stty -g >${settings}.before; printf 'one\\ntwo\\n'`);
  await terminal.waitFor(/^two$/m);
  await terminal.enter(`${DEMO} 2>&1; echo status=$?`);
  const shown = await terminal.waitFor(/screen 80x16 unicode 256/);
  expect(shown).toMatch(/^#{80}$/m);
  expect(await modes(terminal)).toBe('1 0 0 1 1');
  await leave(terminal);
  const after = await terminal.waitFor(afterwards);
  expect(await modes(terminal)).toBe('0 1 1 0 0');
  await terminal.enter(`stty -g >${settings}.after; echo settled`);
  await terminal.waitFor(/^settled$/m);
  expect(readFileSync(`${settings}.after`, 'utf8')).toBe(readFileSync(`${settings}.before`, 'utf8'));
  return { before: shown, after };
}

/** Alternate buffer, cursor, automatic wrap, mouse, mouse by numbers. */
function modes(terminal: TmuxTerminal): Promise<string> {
  return terminal.fact('alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_standard_flag} #{mouse_sgr_flag');
}

describe('the terminal is as before', () => {
  testWith([needsTmux], 'after the screen was closed', async () => {
    const { after } = await shellAround((terminal) => terminal.keys('q'), /status=0/);
    expect(after).toMatch(/^one\ntwo\n\$ NODE_PATH.*\nclosed by q\nstatus=0\n\$\n/ms);
    expect(after).not.toMatch(/screen 80x16|###/);
  });

  testWith([needsTmux], 'after an exception that nobody has caught, which can be read', async () => {
    const { after } = await shellAround((terminal) => terminal.keys('x'), /status=1/);
    expect(after).toMatch(/^Error: thrown by the demo$/m);
    expect(after).not.toMatch(/screen 80x16|###/);
  });

  testWith([needsTmux], 'after a promise that has failed unheard', async () => {
    const { after } = await shellAround((terminal) => terminal.keys('!'), /status=1/);
    expect(after).toMatch(/^Error: rejected by the demo$/m);
  });

  testWith([needsTmux], 'after process.exit without closing', async () => {
    const { after } = await shellAround((terminal) => terminal.keys('e'), /status=3/);
    expect(after).not.toMatch(/screen 80x16|###/);
  });

  testWith([needsTmux], 'after SIGTERM', async () => {
    const { after } = await shellAround(async (terminal) => {
      process.kill(childOf(Number(await terminal.fact('pane_pid'))), 'SIGTERM');
    }, /status=143/);
    expect(after).not.toMatch(/screen 80x16|###/);
  });

  testWith(
    [needsScript],
    'to the last byte: what was switched on is switched off, in the other order',
    async () => {
      const pty = bare({ command: `stty -g; ${DEMO}; stty -g` });
      await pty.waitFor(/frame 1/);
      pty.type('q');
      const output = await pty.ended();
      const [before, after] = [...output.matchAll(/^([0-9a-f]+(?::[0-9a-f]+){5,})\r$/gm)].map(
        ([, words]) => words,
      );
      expect(after).toBe(before);
      expect(before).toBeDefined();
      const on = [...output.matchAll(/␛\[\?([0-9;]+)h/g)].map(([, mode]) => mode);
      const off = [...output.matchAll(/␛\[\?([0-9;]+)l/g)].map(([, mode]) => mode);
      expect(on.filter((mode) => mode !== '2026')).toEqual(['1049', '1000', '1006', '2004', '7', '25']);
      expect(off.filter((mode) => mode !== '2026')).toEqual(['25', '7', '2004', '1006', '1000', '1049']);
      expect(output).toMatch(/␛\[\?1049l(␛\[23;0;0t)?␛\[\?25hclosed by q\r\n/);
    },
  );
});

describe('job control', () => {
  testWith(
    [needsTmux],
    'Ctrl-Z gives the terminal back, fg takes it again and draws everything',
    async () => {
      const terminal = await tmux({ width: 80, height: 16 });
      const settings = newFile('stty');
      await terminal.enter(`stty -g >${settings}.before; echo first`);
      await terminal.waitFor(/^first$/m);
      await terminal.enter(DEMO);
      await terminal.waitFor(/screen 80x16/);
      for (const round of ['one', 'two']) {
        await terminal.keys('z');
        await terminal.waitFor(/Stopped/);
        expect(await modes(terminal)).toBe('0 1 1 0 0');
        await terminal.enter(`stty -g >${settings}.${round}; echo ${round}`);
        await terminal.waitFor(new RegExp(`^${round}$`, 'm'));
        expect(readFileSync(`${settings}.${round}`, 'utf8')).toBe(readFileSync(`${settings}.before`, 'utf8'));
        await terminal.enter('fg');
        const again = await terminal.waitFor(/screen 80x16/);
        expect(again).not.toMatch(/Stopped|\$/);
        expect(again).toMatch(/^#{80}$/m);
        expect(await modes(terminal)).toBe('1 0 0 1 1');
      }
      await terminal.keys('a');
      await terminal.waitFor(/^key a$/m);
      await terminal.keys('q');
      await terminal.waitFor(/closed by q/);
      expect(await modes(terminal)).toBe('0 1 1 0 0');
    },
  );

  testWith([needsTmux], 'SIGTSTP and SIGSTOP from elsewhere too', async () => {
    const terminal = await tmux({ width: 80, height: 16 });
    const shell = await terminal.fact('pane_pid');
    await terminal.enter(DEMO);
    await terminal.waitFor(/screen 80x16/);
    for (const signal of ['SIGTSTP', 'SIGSTOP'] as const) {
      const pid = childOf(Number(shell));
      process.kill(pid, signal);
      await until(`the stop of ${pid}`, () => (readPidStat(pid).state === 'T' ? true : undefined));
      // A line feed: after SIGSTOP, Enter does not end a line, as nothing was given back.
      await terminal.type('fg\n');
      await terminal.waitFor(/^screen 80x16.*\n#{80}$/ms);
    }
    await terminal.keys('q');
    const after = await terminal.waitFor(/closed by q/);
    expect(after).not.toMatch(/###/);
    expect(await modes(terminal)).toBe('0 1 1 0 0');
  });

  testWith(
    [needsTmux],
    'in the background it leaves the terminal alone, and comes back in the foreground',
    async () => {
      const terminal = await tmux({ width: 80, height: 16 });
      await terminal.enter(`${DEMO} & sleep 1; echo waited`);
      const shown = await terminal.waitFor(/^waited$/m);
      expect(shown).toMatch(/refused: cmemstat runs in the background of its terminal/);
      await terminal.enter('clear');
      await terminal.enter(DEMO);
      await terminal.waitFor(/screen 80x16/);
      await terminal.keys('z');
      await terminal.waitFor(/Stopped/);
      await terminal.enter('bg; sleep 0.5; echo rested');
      await terminal.waitFor(/^rested$/m);
      expect(await modes(terminal)).toBe('0 1 1 0 0');
      await terminal.enter('kill %1; sleep 0.5; echo killed');
      const after = await terminal.waitFor(/^killed$/m);
      expect(after).not.toMatch(/###/);
      expect(await modes(terminal)).toBe('0 1 1 0 0');
    },
  );

  testWith([needsTmux], 'where no shell could let it go on, it does not stop', async () => {
    const terminal = await tmux({ width: 80, height: 16, command: `exec env ${DEMO}` });
    await terminal.waitFor(/screen 80x16/);
    await terminal.keys('z', 'a');
    await terminal.waitFor(/^key a$/m);
    expect(await modes(terminal)).toBe('1 0 0 1 1');
  });
});

describe('input', () => {
  testWith([needsTmux], 'keys come by name', async () => {
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

  testWith([needsScript], 'sequences of other terminals, torn ones, pastes, the mouse, rubbish', async () => {
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
  });

  testWith([needsTmux], 'a change of the size is told, and drawn anew', async () => {
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
    // Lines that are too long are cut by the terminal: none pushes another one down.
    expect(await terminal.waitFor(/^screen 10/)).toMatch(/^screen 10.\nanon 全角.\n#{10}\n$/);
  });

  testWith(
    [needsTmux],
    'keys and the screen on /dev/tty when stdin and stdout are something else',
    async () => {
      const out = newFile('out');
      const terminal = await tmux({ command: `echo input | ${DEMO} >${out}` });
      await terminal.waitFor(/screen 80x24/);
      await terminal.keys('a');
      await terminal.waitFor(/^key a$/m);
      await terminal.keys('q');
      await terminal.ended();
      expect(readFileSync(out, 'utf8')).toBe('closed by q\n');
    },
  );
});

/** tmux tells the colours of its own too. */
function withoutDefaults(text: string): string {
  return text.replaceAll('␛[39m', '').replaceAll('␛[49m', '');
}

describe('what is drawn', () => {
  testWith([needsTmux], 'colours and attributes', async () => {
    const terminal = await tmux({ command: DEMO, width: 60, env: { COLORTERM: 'truecolor' } });
    await terminal.waitFor(/screen 60x24 unicode true/);
    const [heading, second] = withoutDefaults(await terminal.capture({ escapes: true })).split('\n');
    expect(heading).toMatch(/^␛\[1mscreen 60x24 unicode true␛\[0;2m frame 1$/);
    expect(second).toContain('␛[38;2;52;145;195manon');
    expect(second).toContain(' 全角 é ');
    expect(second).toContain('␛[0;4m␛[38;2;1;2;3mfile');
  });

  testWith([needsTmux], 'ASCII alone with LANG=C, and no colours with NO_COLOR', async () => {
    const terminal = await tmux({
      command: `exec env ${DEMO}`,
      env: { LC_ALL: undefined, LANG: 'C', NO_COLOR: '1' },
    });
    const shown = await terminal.waitFor(/screen 80x24 ascii none/);
    expect(shown).toMatch(/^anon \?\?\?\? \? file$/m);
    expect(withoutDefaults(await terminal.capture({ escapes: true }))).not.toMatch(/␛\[(\d;)*[3-9]\d/);
  });

  testWith([needsScript], 'only rows that have changed are written', async () => {
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
    'stalled: the program goes on, and the last frame comes when it flows again',
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

  testWith([needsScript], 'stalled for good: it can still be ended', async () => {
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
    'gone without SIGHUP: the screen closes itself, and the program goes on without it',
    async () => {
      const report = newFile('report');
      const pid = newFile('pid');
      const pty = bare({ command: `echo $$ >${pid}; exec env ${DEMO} --report ${report}` });
      await pty.waitFor(/frame 1/);
      await pty.hangUp();
      expect(await reported(report, 'lost')).toEqual(['lost']);
      // Nothing holds it any more, and nothing has made it fail.
      await gone(Number(readFileSync(pid, 'utf8')));
    },
  );
});

/** Types of terminals, and what becomes of them: a part of the first line, or of the refusal. */
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
  [{ TERM: 'vt52' }, /refused: a terminal of type vt52 can't move its cursor or erase a line/],
  [{ TERM: 'unknown-term' }, /refused: this host has no terminfo entry for a terminal of type unknown-term/],
  [{ TERM: 'dumb' }, /refused: a terminal of type dumb can't move its cursor/],
  [{ TERM: '' }, /refused: TERM is not set/],
  [{ TERM: undefined }, /refused: TERM is not set/],
  [{ TERM: '/dev/zero' }, /refused: TERM is no name of a terminal type/],
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

  testWith([needsTmux], 'those that this terminal speaks look all the same', async () => {
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
    'entries of their own: without attributes, damaged, wide',
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
        'poor-term': /^refused: a terminal of type poor-term can't move its cursor or erase a line\r\n$/,
        'damaged-term':
          /^refused: this host has no terminfo entry for a terminal of type damaged-term [^\n]*\r\n$/,
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

  testWith([], 'no terminal at all: refused with a reason', async () => {
    const outcome = await start('setsid', ['--wait', process.execPath, demo], {
      input: '',
      env: { NODE_PATH: join(ROOT, 'node_modules'), TERM: 'xterm' },
    }).ended;
    expect(outcome.stdout).toBe('refused: there is no terminal that could be opened\n');
    expect(outcome.stderr).toBe('');
    expect(outcome.status).toBe(7);
  });
});
