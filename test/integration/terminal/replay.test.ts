/** Replaying recordings in the view: seeking, growing files, damaged files, and rejected ones. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { formatBytes } from '#src/format/units.ts';
import type { ProcessRow } from '#src/model/recorded-processes.ts';
import { applyProcesses } from '#src/model/row-changes.ts';
import { agent, BINARY, cmemstat, MIB, needs, scratch, start, TARGETS, testWith } from '../harness.ts';
import {
  bare,
  ENDED_MODES,
  modes,
  needsTmux,
  SHELL_MODES,
  type TmuxTerminal,
  tmux,
  until,
  VIEW_MODES,
} from '../terminal.ts';
import { CMEMSTAT, newFolder, readWhole, script } from './view-harness.ts';

const recording = join(scratch, 'run.jsonl');

beforeAll(async () => {
  if (!needsTmux.has) return;
  // 1 MiB, then 40 MiB from 600 ms to 1.2 s, then 10 MiB.
  const outcome = await cmemstat(
    ...['--interval', '100ms', '--process-interval', '100ms', '--output', recording, '--no-tui', '-q', '--'],
    ...[process.execPath, join(TARGETS, 'grow.mjs'), '1@0', '40@600', '10@1200', '1800'],
  );
  expect(outcome.status).toBe(0);
});

async function openReplay(
  args: string,
  options: { width?: number; height?: number } = {},
): Promise<TmuxTerminal> {
  const terminal = await tmux({ ...options, command: `exec ${CMEMSTAT} replay ${args}` });
  await terminal.waitFor(/1 Breakdown/);
  return terminal;
}

/** The time in the header. Unit: milliseconds. */
function shownMs(screen: string): number {
  const [, number, unit] = /^ \S+ [^\n]*? {2}([\d.]+)(ms|s) of /.exec(screen) ?? [];
  return Number(number) * (unit === 's' ? 1000 : 1);
}

/** Whether the shown time matches: above one second it is shown in tenths. */
function isAt(ms: number, wanted = Number.NaN): boolean {
  return Math.abs(ms - wanted) <= (wanted < 1000 ? 1 : 60);
}

/** Waits for a screen with a matching time. */
async function waitForTime(terminal: TmuxTerminal, wanted: (ms: number) => boolean): Promise<string> {
  let last = '';
  return until('the time', async () => {
    last = await terminal.capture();
    return wanted(shownMs(last)) ? last : undefined;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; on the screen:\n${last}`);
  });
}

describe('a whole recording', () => {
  testWith([needsTmux, needs.cgroup], 'plays from start to end, at double speed and faster', async () => {
    const terminal = await openReplay(`${recording} --speed 0.5`);
    expect(await modes(terminal)).toBe(VIEW_MODES);
    await terminal.waitFor(/^ ▶ playing 0\.5x {2}\S+ of [12]\.\ds {2}\S*node /);
    await terminal.keys('>', '>');
    await terminal.waitFor(/playing 2x/);
    await terminal.waitFor(/^ ■ at the end {2}([12]\.\ds) of \1/);
    await terminal.keys('<');
    await terminal.keys('Space');
    const again = await terminal.waitFor(/playing 1x/);
    expect(shownMs(again)).toBeLessThan(1700);
    await terminal.keys('Space');
    await terminal.waitFor(/^ ‖ paused 1x/);
    await terminal.keys('q');
    expect(await terminal.ended()).toBe(0);
    expect(await modes(terminal)).toBe(ENDED_MODES);
  });

  testWith([needsTmux, needs.cgroup], 'handles step, skip, go to, peak, Home and End', async () => {
    // On a busy machine samples are late: their times are taken from the recording.
    const { samples, summary } = await readWhole(recording);
    const times = samples.map(({ elapsedMs }) => elapsedMs);
    const high = samples.filter(({ stat }) => (stat?.anon ?? 0) > 40 * MIB).map(({ elapsedMs }) => elapsedMs);
    const terminal = await openReplay(`${recording} --at start`, { width: 120, height: 40 });
    const beginning = await terminal.waitFor(/^ ‖ paused 1x {2}0ms? of/);
    expect(beginning).not.toMatch(/40\.\d MiB/);
    await terminal.keys('Right', '.', 'Right');
    const third = await waitForTime(terminal, (ms) => isAt(ms, times[2]));
    expect(third).toMatch(/samples 3/);
    await terminal.keys('Left', ',');
    await waitForTime(terminal, (ms) => isAt(ms, times[0]));
    await terminal.keys('P');
    const peak = await waitForTime(terminal, (ms) => high.some((wanted) => isAt(ms, wanted)));
    expect(peak).toMatch(/a +anon +4\d\.\d MiB/);
    await terminal.keys('g');
    await terminal.waitFor(/Go to a time/);
    await terminal.type('300ms');
    await terminal.keys('Enter');
    const before = await waitForTime(terminal, (ms) => ms === 300);
    const anonThen = samples.findLast(({ elapsedMs }) => elapsedMs <= 300)?.stat?.anon ?? 0;
    expect(/a +anon +(\S+ \S+)/.exec(before)?.[1]).toBe(formatBytes(anonThen));
    await terminal.keys('g');
    await terminal.type('nonsense');
    await terminal.keys('Enter');
    await terminal.waitFor(/go to nonsense: /);
    expect(shownMs(await terminal.capture())).toBe(300);
    await terminal.keys('g');
    await terminal.type('50%');
    await terminal.keys('Enter');
    // On a busy machine the last sample is later than the end of the run.
    const endMs = Math.max(summary.durationMs, times.at(-1) ?? 0);
    await waitForTime(terminal, (ms) => isAt(ms, endMs / 2));
    await terminal.keys('2', 'End');
    await terminal.waitFor(/^ ■ at the end/);
    await terminal.keys('Home');
    await waitForTime(terminal, (ms) => ms === 0);
    await terminal.keys(']');
    await terminal.waitFor(/^ ■ at the end/);
    await terminal.keys('[');
    await waitForTime(terminal, (ms) => ms === 0);
    await terminal.keys('4');
    await terminal.waitFor(/\[4 Processes]/);
    await terminal.keys('End', '+');
    await terminal.waitFor(/not available in a replay/);
    await terminal.keys('C-c');
    expect(await terminal.ended()).toBe(0);
  });

  testWith([needsTmux, needs.cgroup], 'n and N go from event to event', async () => {
    const file = join(newFolder(), 'run.jsonl');
    const body = 'sleep 0.8; sleep 0.8; sleep 0.8';
    await cmemstat(
      '--interval',
      '100ms',
      '--process-interval',
      '100ms',
      '--output',
      file,
      '-q',
      '--',
      'sh',
      '-c',
      body,
    );
    const events = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"type":"event"'))
      .map((line) => Math.round((JSON.parse(line) as { elapsedMs: number }).elapsedMs));
    expect(events.length, 'execs that were seen').toBeGreaterThan(1);
    const terminal = await openReplay(`${file} --at 0ms`);
    for (const event of events) {
      await terminal.keys('n');
      await waitForTime(terminal, (ms) => isAt(ms, event));
    }
    await terminal.keys('n');
    await terminal.waitFor(/no later event/);
    await terminal.keys('N');
    await waitForTime(terminal, (ms) => isAt(ms, events.at(-2)));
  });

  testWith(
    [needsTmux, needs.cgroup],
    '--at accepts a time, the peak and the end, and rejects anything else',
    async () => {
      const at = async (moment: string) => {
        const terminal = await openReplay(`${recording} --at ${moment}`);
        const screen = await terminal.capture();
        await terminal.keys('q');
        expect(await terminal.ended()).toBe(0);
        return screen;
      };
      expect(shownMs(await at('400ms'))).toBe(400);
      expect(await at('peak')).toMatch(/a +anon +4\d\.\d MiB/);
      expect(await at('end')).toMatch(/^ ■ at the end/);
      const pty = bare({ command: `${CMEMSTAT} replay ${recording} --at tomorrow; echo "status=$?"` });
      const output = await pty.ended();
      expect(output).toMatch(/cmemstat: .*tomorrow/);
      expect(output).toContain('status=125');
      expect(output).not.toMatch(/^ {4}at /m);
    },
  );

  testWith(
    [needsTmux, needs.cgroup, needs.root, needs.chargedBpf],
    'shows the maps and processes of the moment',
    async () => {
      const file = join(newFolder(), 'run.jsonl');
      const often = ['--interval', '100ms', '--bpf-interval', '100ms', '--process-interval', '100ms'];
      await cmemstat(...often, '--output', file, '-q', '--', ...agent(3));
      // The first reading with both processes; the maps existed before.
      const rows = new Map<number, ProcessRow>();
      const first = (await readWhole(file)).lines.find((line) => {
        if (line.type === 'processes') applyProcesses(rows, line);
        return line.type === 'processes' && rows.size === 2;
      });
      if (first?.type !== 'processes') throw new Error('no reading with two processes');
      const moment = Math.ceil(first.elapsedMs);
      const terminal = await openReplay(`${file} --at 0ms`, { width: 120, height: 40 });
      expect(await terminal.capture()).not.toMatch(/flows/);
      await terminal.keys('g');
      await terminal.type(`${moment}ms`);
      await terminal.keys('Enter');
      const middle = await waitForTime(terminal, (ms) => Math.abs(ms - moment) <= 100);
      expect(middle).toMatch(/flows +hash +13\.\d MiB/);
      expect(middle).toMatch(/4 maps/);
      expect(middle).toMatch(/2 processes/);
      expect(middle).toMatch(/node \S*agent\.mjs/);
      await terminal.keys('4', 'k', 'Enter');
      expect(await terminal.waitFor(/\[Process \d+]/)).toMatch(/recordings do not contain them/);
      await terminal.keys('Escape', '3', 'Enter');
      expect(await terminal.waitFor(/\[BPF map \d+]/)).toMatch(/name +flows/);
      await terminal.keys('End');
      await terminal.waitFor(/BPF_F_NO_PREALLOC: saves/);
      await terminal.keys('Escape');
      await terminal.keys('2', 'Home');
      await terminal.waitFor(/^(?!.*flows)/s);
    },
  );
});

describe('the command line', () => {
  testWith([needsTmux], 'files that cannot be replayed exit with 125 and a one-line error', async () => {
    const folder = newFolder();
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const lines = readFileSync(recording, 'utf8').split('\n');
    const newer = JSON.stringify({ ...JSON.parse(lines[0] ?? ''), version: 99 });
    for (const [args, message] of [
      [file('text', 'hello\nworld\n'), /text: not a cmemstat recording \(no start record\)/],
      [file('empty', ''), /empty: not a cmemstat recording/],
      [file('json', '{"a":1}\n'), /json: not a cmemstat recording/],
      [
        file('newer', `${newer}\n${lines.slice(1).join('\n')}`),
        /newer: written by a newer cmemstat .*format version 99/,
      ],
      [file('start', `${lines[0]}\n`), /start: contains no samples/],
      [join(folder, 'absent'), /absent: (No such file|no such file|ENOENT)/],
      [folder, /only a regular file can be replayed|is a directory/],
      [`${recording} --speed fast`, /--speed fast: expected a number above 0/],
      ...['-1', '0', 'NaN', 'Infinity', '1e400'].map(
        (speed) => [`${recording} --speed=${speed}`, /--speed \S+: expected a number above 0/] as const,
      ),
    ] as const) {
      const pty = bare({ command: `${CMEMSTAT} replay ${args}; echo "status=$?"` });
      const output = await pty.ended();
      expect(output, args).toMatch(message);
      expect(output, args).toContain('status=125');
      expect(output, args).not.toMatch(/^ {4}at |␛\[\?1049h/m);
    }
  });

  testWith(
    [needsTmux, needs.cgroup],
    'damaged and truncated lines are counted, skipped and reported',
    async () => {
      const file = join(newFolder(), 'damaged.jsonl');
      const lines = readFileSync(recording, 'utf8').trimEnd().split('\n');
      lines[3] = '{"type":"sample","elapsedMs":1';
      lines.splice(6, 0, 'rubbish \x1b[31m\x00', '{"type":"sample"}');
      const text = lines.join('\n');
      writeFileSync(file, text.slice(0, -200));
      const terminal = await openReplay(`${file} --at end`, { width: 120, height: 40 });
      await terminal.waitFor(/damaged lines skipped \d/, /damaged lines skipped 4/, /c +current +\d/);
    },
  );

  testWith(
    [needsTmux, needs.cgroup],
    'a pipe on stdin is replayed on /dev/tty; without a terminal it fails with a reason',
    async () => {
      const folder = newFolder();
      const terminal = await tmux({
        command: `cd ${folder}; ${CMEMSTAT} replay ${recording} </dev/null | cat >out; echo; echo done; exec sleep 60`,
      });
      await terminal.waitFor(/1 Breakdown/);
      await terminal.keys('q');
      await terminal.waitFor(/^done$/m);
      expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('');
      expect(await modes(terminal)).toBe(SHELL_MODES);
      const outcome = await start('setsid', ['--wait', process.execPath, BINARY, 'replay', recording], {
        input: '',
        env: { TERM: 'xterm' },
      }).ended;
      expect(outcome.stderr).toBe(
        `cmemstat: no terminal could be opened (hint: cmemstat report ${recording}, which needs no terminal)\n`,
      );
      expect(outcome.stdout).toBe('');
      expect(outcome.status).toBe(125);
      const dumb = bare({
        command: `${CMEMSTAT} replay ${recording}; echo "status=$?"`,
        env: { TERM: 'dumb' },
      });
      expect(await dumb.ended()).toMatch(
        /^cmemstat: terminal type dumb cannot move the cursor[^␛]*status=125\r\n$/,
      );
    },
  );

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    testWith([needsTmux, needs.cgroup], `${signal} restores the terminal`, async () => {
      const shell = await tmux();
      await shell.enter(`${CMEMSTAT} replay ${recording}; echo "status=$?"`);
      await shell.waitFor(/1 Breakdown/);
      const pid = Number(
        readFileSync(
          `/proc/${await shell.fact('pane_pid')}/task/${await shell.fact('pane_pid')}/children`,
          'utf8',
        ).split(' ')[0],
      );
      process.kill(pid, signal);
      await shell.waitFor(/status=1(43|29|30)/);
      expect(await modes(shell)).toBe(SHELL_MODES);
    });
  }

  testWith([needsTmux, needs.cgroup], 'handles Ctrl-Z and fg', async () => {
    const shell = await tmux();
    await shell.enter(`${CMEMSTAT} replay ${recording} --at peak; echo "status=$?"`);
    await shell.waitFor(/1 Breakdown/);
    await shell.keys('C-z');
    await shell.waitFor(/Stopped/);
    expect(await modes(shell)).toBe(SHELL_MODES);
    await shell.enter('fg');
    await shell.waitFor(/1 Breakdown/);
    await shell.keys('q');
    await shell.waitFor(/^\$ fg\n(.*\n)*^\$$/m);
    expect(await modes(shell)).toBe(SHELL_MODES);
  });
});

describe('--follow', () => {
  testWith([needsTmux, needs.cgroup], 'follows a run in the background up to its summary', async () => {
    const file = join(newFolder(), 'run.jsonl');
    writeFileSync(file, '');
    const terminal = await tmux({
      command: `${CMEMSTAT} -q --no-tui --interval 100ms --output ${file} -- ${script('for i in 1 2 3 4 5 6 7 8; do sleep 0.5; done')} >/dev/null 2>&1 & exec ${CMEMSTAT} replay --follow ${file}`,
    });
    const first = await waitForTime(terminal, (ms) => ms > 0);
    expect(first).toMatch(/following/);
    const before = shownMs(first);
    await waitForTime(terminal, (ms) => ms > before + 300);
    await terminal.keys('Left');
    const halted = shownMs(await terminal.waitFor(/paused/));
    expect(shownMs(await terminal.capture())).toBe(halted);
    await terminal.keys('2', 'End');
    await waitForTime(terminal, (ms) => ms > halted + 300);
    await terminal.waitFor(/^(?!.*following).*at the end/s, /^ ■ at the end {2}([45]\.\ds) of \1/);
    await terminal.keys('q');
    expect(await terminal.ended()).toBe(0);
  });

  testWith([needsTmux], 'waits for the content of an empty file', async () => {
    const file = join(newFolder(), 'run.jsonl');
    writeFileSync(file, '');
    const terminal = await openReplay(`--follow ${file}`);
    expect(await terminal.capture()).toMatch(/waiting for the first sample/);
    writeFileSync(file, readFileSync(recording));
    await terminal.waitFor(/^(?!.*waiting for the first sample).*at the end/s);
    await terminal.keys('q');
    expect(await terminal.ended()).toBe(0);
  });
});
