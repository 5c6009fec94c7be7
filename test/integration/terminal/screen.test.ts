/** The terminal of the live view: opened, and restored exactly. */
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import { testWith } from '../harness.ts';
import {
  bare,
  modes,
  needsScript,
  needsTmux,
  SHELL_MODES,
  type TmuxTerminal,
  tmux,
  until,
  VIEW_MODES,
} from '../terminal.ts';
import { buildDemo, childOf, DEMO, newFile } from './build-screen-demo.ts';

buildDemo();

/**
 * The screen of an interactive shell before and after the demo; every property that tmux reports is the same.
 */
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
  expect(await modes(terminal)).toBe(VIEW_MODES);
  await leave(terminal);
  const after = await terminal.waitFor(afterwards);
  expect(await modes(terminal)).toBe(SHELL_MODES);
  await terminal.enter(`stty -g >${settings}.after; echo settled`);
  await terminal.waitFor(/^settled$/m);
  expect(readFileSync(`${settings}.after`, 'utf8')).toBe(readFileSync(`${settings}.before`, 'utf8'));
  return { before: shown, after };
}

describe('the terminal is restored', () => {
  testWith([needsTmux], 'after the screen is closed', async () => {
    const { after } = await shellAround((terminal) => terminal.keys('q'), /status=0/);
    expect(after).toMatch(/^one\ntwo\n\$ NODE_PATH.*\nclosed by q\nstatus=0\n\$\n/ms);
    expect(after).not.toMatch(/screen 80x16|###/);
  });

  testWith([needsTmux], 'after an uncaught exception, whose message is readable', async () => {
    const { after } = await shellAround((terminal) => terminal.keys('x'), /status=1/);
    expect(after).toMatch(/^Error: thrown by the demo$/m);
    expect(after).not.toMatch(/screen 80x16|###/);
  });

  testWith([needsTmux], 'after an unhandled rejection', async () => {
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

  testWith([needsScript], 'exactly: every mode is reset in reverse order', async () => {
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
  });
});

describe('job control', () => {
  testWith(
    [needsTmux],
    'Ctrl-Z restores the terminal, fg takes it again and redraws everything',
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
        expect(await modes(terminal)).toBe(SHELL_MODES);
        await terminal.enter(`stty -g >${settings}.${round}; echo ${round}`);
        await terminal.waitFor(new RegExp(`^${round}$`, 'm'));
        expect(readFileSync(`${settings}.${round}`, 'utf8')).toBe(readFileSync(`${settings}.before`, 'utf8'));
        await terminal.enter('fg');
        const again = await terminal.waitFor(/screen 80x16/);
        expect(again).not.toMatch(/Stopped|\$/);
        expect(again).toMatch(/^#{80}$/m);
        expect(await modes(terminal)).toBe(VIEW_MODES);
      }
      await terminal.keys('a');
      await terminal.waitFor(/^key a$/m);
      await terminal.keys('q');
      await terminal.waitFor(/closed by q/);
      expect(await modes(terminal)).toBe(SHELL_MODES);
    },
  );

  testWith([needsTmux], 'handles SIGTSTP and SIGSTOP from other processes', async () => {
    const terminal = await tmux({ width: 80, height: 16 });
    const shell = await terminal.fact('pane_pid');
    await terminal.enter(DEMO);
    await terminal.waitFor(/screen 80x16/);
    for (const signal of ['SIGTSTP', 'SIGSTOP'] as const) {
      const pid = childOf(Number(shell));
      process.kill(pid, signal);
      await until(`the stop of ${pid}`, () => (readPidStat(pid).state === 'T' ? true : undefined));
      // A line feed: after SIGSTOP, Enter does not end a line, because nothing was restored.
      await terminal.type('fg\n');
      await terminal.waitFor(/^screen 80x16.*\n#{80}$/ms);
    }
    await terminal.keys('q');
    const after = await terminal.waitFor(/closed by q/);
    expect(after).not.toMatch(/###/);
    expect(await modes(terminal)).toBe(SHELL_MODES);
  });

  testWith(
    [needsTmux],
    'leaves the terminal alone in the background, and resumes in the foreground',
    async () => {
      const terminal = await tmux({ width: 80, height: 16 });
      await terminal.enter(`${DEMO} & wait; echo waited`);
      const shown = await terminal.waitFor(/^waited$/m);
      expect(shown).toMatch(/refused: cmemstat is a background job of its terminal/);
      await terminal.enter('clear');
      await terminal.enter(DEMO);
      await terminal.waitFor(/screen 80x16/);
      await terminal.keys('z');
      await terminal.waitFor(/Stopped/);
      await terminal.enter('bg; sleep 0.5; echo rested');
      await terminal.waitFor(/^rested$/m);
      expect(await modes(terminal)).toBe(SHELL_MODES);
      await terminal.enter('kill %1; wait; echo killed');
      const after = await terminal.waitFor(/^killed$/m);
      expect(after).not.toMatch(/###/);
      expect(await modes(terminal)).toBe(SHELL_MODES);
    },
  );

  testWith([needsTmux], 'does not stop without a shell that could resume it', async () => {
    const terminal = await tmux({ width: 80, height: 16, command: `exec env ${DEMO}` });
    await terminal.waitFor(/screen 80x16/);
    await terminal.keys('z', 'a');
    await terminal.waitFor(/^key a$/m);
    expect(await modes(terminal)).toBe(VIEW_MODES);
  });
});
