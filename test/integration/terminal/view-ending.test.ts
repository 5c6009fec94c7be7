/** How a run with the view ends, how it is left, and what the terminal shows afterwards. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import { required } from '../../required.ts';
import { host, needs, readRecording, testWith } from '../harness.ts';
import {
  bare,
  ENDED_MODES,
  modes,
  needsScript,
  needsTmux,
  SHELL_MODES,
  shellQuote,
  type TmuxTerminal,
  tmux,
  until,
  VIEW_MODES,
} from '../terminal.ts';
import { CMEMSTAT, childrenOf, newFolder, openView, readWhole, script, startView } from './view-harness.ts';

const FOREVER = script('while :; do echo tick; sleep 0.1; done');

/** The pid of cmemstat in a window that runs only cmemstat. */
async function pidIn(terminal: TmuxTerminal): Promise<number> {
  return Number(await terminal.fact('pane_pid'));
}

/** The pid of the target in the header. */
async function targetIn(terminal: TmuxTerminal): Promise<number> {
  return Number(/ pid (\d+) /.exec(await terminal.waitFor(/ pid \d+ /))?.[1]);
}

function isGone(pid: number): boolean {
  try {
    return readPidStat(pid).state === 'Z';
  } catch {
    return true;
  }
}

testWith(
  [needsTmux, needs.cgroup],
  'a process that reads from the terminal gets its input, and the view is closed',
  async () => {
    const command = script('read line </dev/tty; echo "got $line"; sleep 0.5; exit 3');
    const terminal = await tmux({ command: `${CMEMSTAT} -- ${command}; exec sleep 60`, height: 40 });
    await terminal.waitFor(/the view is closed: process \d+ \(sh\) reads from the terminal/);
    await terminal.keys('h', 'i', 'Enter');
    await terminal.waitFor(/exit status 3/, /^got hi$/m);
  },
);

describe('the target ends', () => {
  testWith(
    [needsTmux, needs.cgroup],
    'the view stays, frozen, until q; then the usual summary is printed',
    async () => {
      const terminal = await startView(
        `--interval 100ms -- ${script('echo hello; echo bye; sleep 0.5; exit 3')}`,
        {
          height: 60,
        },
      );
      await terminal.waitFor(
        /FAILED/,
        /^ ■ exit status 3 {2}after [\d.]+m?s/,
        /^ {2}FAILED {2}exit status 3 after .* {2}q quits$/m,
        /^ {2}peak \S+ [KM]iB .*mean/m,
        /^ {2}\d+ samples, /m,
      );
      await terminal.keys('6');
      await terminal.waitFor(/^ {2}bye$/m);
      await terminal.keys('C-c', 'k', 'x');
      const later = await terminal.capture();
      expect(later).toMatch(/FAILED/);
      expect(await modes(terminal)).toBe(VIEW_MODES);
      await terminal.keys('q');
      expect(await terminal.ended()).toBe(3);
      const left = await terminal.capture();
      expect(left).toMatch(/^bye\n\ncmemstat: sh -c .*\n {2}exit status 3 after \S+\n {2}peak /);
      expect(left).not.toMatch(/Breakdown/);
      expect(await modes(terminal)).toBe(ENDED_MODES);
    },
  );

  for (const [target, status, line] of [
    ['sleep 0.6', 0, /exit status 0 after/],
    [script('sleep 0.6; exit 7'), 7, /exit status 7 after/],
    [script('sleep 0.6; kill -ABRT $$'), 134, /SIGABRT/],
    [script('sleep 0.6; kill -KILL $$'), 137, /SIGKILL/],
  ] as const) {
    testWith(
      [needsTmux],
      `--exit-on-end leaves at once with ${status}, like --no-tui: ${target}`,
      async () => {
        const folder = newFolder();
        const command = `cd ${folder}; ${CMEMSTAT} --exit-on-end -- ${target}; echo $? >with; ${CMEMSTAT} --no-tui -- ${target}; echo $? >without`;
        const pty = bare({ command });
        const output = await pty.ended();
        expect(readFileSync(join(folder, 'with'), 'utf8')).toBe(`${status}\n`);
        expect(readFileSync(join(folder, 'without'), 'utf8')).toBe(`${status}\n`);
        const [, view, after = ''] = output.split('␛[?1049');
        expect(view).toMatch(/^h/);
        expect(after).toMatch(/^l/);
        // The view's summary, and that of the run without the view.
        expect(after.split('\r\n').filter((text) => line.test(text))).toHaveLength(2);
      },
    );
  }

  testWith([needsTmux], 'a failed start is reported on the normal screen, with 125, 126 or 127', async () => {
    for (const [args, status, message] of [
      ['-- no-such-program', 127, /cmemstat: .*no-such-program/],
      ['-- /etc/passwd', 126, /cmemstat: .*\/etc\/passwd/],
      ['--stdin /no/such/file -- true', 125, /cmemstat: --stdin \/no\/such\/file: /],
      ['--stdout /no/such/file -- true', 125, /cmemstat: --stdout \/no\/such\/file: /],
      ['--memory-max nonsense -- true', 125, /cmemstat: --memory-max/],
      ['--chdir /no/such/folder -- true', 125, /cmemstat: /],
    ] as const) {
      const pty = bare({ command: `${CMEMSTAT} ${args}; echo "status=$?"` });
      const output = await pty.ended();
      const after = output.split('␛[?1049l').at(-1) ?? '';
      expect(after, args).toMatch(message);
      expect(after, args).toContain(`status=${status}`);
      expect(output, args).not.toMatch(/^ {4}at /m);
    }
  });

  testWith([needsTmux, needs.cgroup], 'an OOM kill is shown as event, state and exit status', async () => {
    const terminal = await startView(
      `--interval 100ms --memory-max 32M --swap-max 0 -- ${script('sleep 0.4; exec tail /dev/zero')}`,
      {
        width: 120,
        height: 40,
      },
    );
    await terminal.waitFor(
      /FAILED/,
      /^ ■ killed: out of memory/,
      /FAILED {2}killed by the OOM killer/,
      /oom_kill 1 at/,
      /max 32\.0 MiB/,
      /O OOM kill/,
    );
    await terminal.keys('q');
    expect(await terminal.ended()).toBe(137);
  });

  testWith(
    [needsTmux, needs.cgroup],
    'an exceeded budget is marked in the timeline, and reported after leaving',
    async () => {
      const grow = `${shellQuote(process.execPath)} ${shellQuote(join(import.meta.dirname, '../targets/grow.mjs'))}`;
      const terminal = await openView(`--interval 100ms --budget 'anon<=20MiB' -- ${grow} 1@0 40@900 1800`, {
        width: 120,
        height: 40,
      });
      await terminal.waitFor(/B budget exceeded/, /budget_exceeded +anon *<= *20 ?MiB/);
      await terminal.waitFor(/ENDED|FAILED/);
      await terminal.keys('q');
      const status = await terminal.ended();
      const report = await terminal.capture();
      expect(report).toMatch(/anon *<= *20 ?MiB/);
      expect(report).toMatch(/FAILED/);
      expect(status).toBe(3);
    },
  );
});

describe('leaving while the target runs', () => {
  testWith([needsTmux], 'Ctrl-C sends exactly one SIGINT to the target', async () => {
    const counting = script("trap 'echo got INT' INT; while :; do sleep 0.05; done");
    const terminal = await openView(`-- ${counting}`);
    await terminal.keys('6', 'C-c');
    await terminal.waitFor(/sent SIGINT to the target/);
    await terminal.waitFor(/^ {2}got INT$/m);
    await terminal.keys('Up', 'Down');
    const screen = await terminal.waitFor(/^ \? help/m);
    expect(screen.match(/^ {2}got INT$/gm)).toHaveLength(1);
    await terminal.keys('C-c');
    await terminal.waitFor(/^ {2}got INT\n {2}got INT$/m, /● running/);
    await terminal.keys('q', 's');
    expect(await terminal.ended()).toBe(143);
  });

  testWith(
    [needsTmux, needs.cgroup],
    'with --wait all the remaining processes are listed, asked about and stopped',
    async () => {
      const terminal = await startView(`--wait all -i 100ms -- ${script('sleep 60 & sleep 1')}`, {
        width: 120,
      });
      await terminal.waitFor(/target ended, 1 process left/);
      await terminal.keys('q');
      await terminal.waitFor(/s +terminate the remaining processes and quit/);
      await terminal.keys('s');
      expect(await terminal.ended()).toBe(0);
    },
  );

  testWith([needsTmux], 'q asks: s stops the target, Esc and any other key cancel', async () => {
    const terminal = await openView(`-- ${FOREVER}`);
    for (const key of ['Escape', 'x', 'Enter', 'q']) {
      await terminal.keys('q');
      await terminal.waitFor(
        /The target is still running/,
        /s +terminate it \(pid \d+\) and quit/,
        /l +quit and leave it running; the summary is printed at its end/,
      );
      await terminal.keys(key);
      await terminal.waitFor(/^(?!.*The target is still running).*running/s);
    }
    await terminal.keys('q', 's');
    expect(await terminal.ended()).toBe(143);
    expect(await terminal.capture()).toMatch(/ended by SIGTERM after .*exit status 143/);
    expect(await modes(terminal)).toBe(ENDED_MODES);
  });

  testWith(
    [needsTmux],
    'a target that ignores SIGTERM is killed after --kill-after, and the view closes',
    async () => {
      const stubborn = script("trap '' TERM; while :; do sleep 0.1; done");
      const terminal = await openView(`--kill-after 500ms -- ${stubborn}`);
      await terminal.keys('q', 's');
      expect(await terminal.ended()).toBe(137);
    },
  );

  testWith(
    [needsTmux],
    'l detaches the view: the target continues, its output goes to the terminal, the recording is complete',
    async () => {
      const folder = newFolder();
      // The last two lines are printed when the view is closed, at any time.
      const lines =
        'for i in 1 2 3 4 5 6; do [ $i -lt 5 ] || until [ -e closed ]; do sleep 0.1; done; echo out $i; echo err $i >&2; sleep 0.4; done';
      const terminal = await tmux({
        command: `cd ${folder}; ${CMEMSTAT} --interval 100ms --output run.jsonl --stderr errors -- ${script(`${lines}; exit 5`)}; echo "status=$?"; exec sleep 60`,
        height: 60,
      });
      await terminal.waitFor(/running.*samples/s);
      await terminal.keys('q');
      expect(await terminal.waitFor(/The target is still running/)).toMatch(
        /recording continues in run\.jsonl/,
      );
      await terminal.keys('l');
      const shell = await terminal.waitFor(
        /the view is closed; the target \(pid \d+\) continues and is measured/,
      );
      expect(shell).not.toMatch(/Breakdown/);
      expect(await modes(terminal)).toBe(SHELL_MODES);
      writeFileSync(join(folder, 'closed'), '');
      const end = await terminal.waitFor(/status=5/);
      expect(end).toMatch(/^out 5\nout 6\n/m);
      expect(end).not.toMatch(/^err/m);
      expect(end).toMatch(/^ {2}exit status 5 after/m);
      expect(readFileSync(join(folder, 'errors'), 'utf8')).toBe('err 1\nerr 2\nerr 3\nerr 4\nerr 5\nerr 6\n');
      const { samples, summary } = await readWhole(join(folder, 'run.jsonl'));
      expect(summary.exit.status).toBe(5);
      expect(samples.length).toBeGreaterThan(20);
    },
  );

  testWith([needsTmux], 'Ctrl-C after l ends the target as without a view', async () => {
    const terminal = await openView(`-- ${FOREVER}`);
    await terminal.keys('q', 'l');
    await terminal.waitFor(/^tick\ntick/m);
    await terminal.keys('C-c');
    expect(await terminal.ended()).toBe(130);
    expect(await terminal.capture()).toMatch(/ended by SIGINT/);
  });

  testWith([needsTmux], 'Ctrl-Z stops both, fg continues; the terminal is restored', async () => {
    const folder = newFolder();
    const terminal = await tmux();
    await terminal.enter(`cd ${folder}; stty -g >before; echo ready`);
    await terminal.waitFor(/^ready$/m);
    await terminal.enter(`${CMEMSTAT} -- ${FOREVER}`);
    const target = await targetIn(terminal);
    await terminal.keys('C-z');
    await terminal.waitFor(/Stopped/);
    expect(await modes(terminal)).toBe(SHELL_MODES);
    expect(readPidStat(target).state).toBe('T');
    await terminal.enter('stty -g >stopped; echo looked');
    await terminal.waitFor(/^looked$/m);
    await terminal.enter('fg');
    await terminal.waitFor(/● running/);
    expect(await modes(terminal)).toBe(VIEW_MODES);
    await until('the target continues', () => (readPidStat(target).state === 'T' ? undefined : true));
    await terminal.keys('q', 's');
    await terminal.waitFor(/ended by SIGTERM/);
    expect(await modes(terminal)).toBe(SHELL_MODES);
    await terminal.enter('stty -g >after; echo settled');
    await terminal.waitFor(/^settled$/m);
    const settings = (name: string) => readFileSync(join(folder, name), 'utf8');
    expect(settings('stopped')).toBe(settings('before'));
    expect(settings('after')).toBe(settings('before'));
  });

  testWith([needsTmux], 'a stopped target is shown as stopped', async () => {
    const terminal = await openView('--interval 100ms -- sleep 60');
    const target = await targetIn(terminal);
    process.kill(target, 'SIGSTOP');
    await terminal.waitFor(/^ ■ stopped/);
    process.kill(target, 'SIGCONT');
    await terminal.waitFor(/^ ● running/);
  });
});

describe('signals to cmemstat', () => {
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ] as const) {
    testWith([needsTmux], `${signal} ends the target and the view`, async () => {
      const terminal = await openView('-- sleep 60');
      const target = await targetIn(terminal);
      process.kill(await pidIn(terminal), signal);
      expect(await terminal.ended()).toBe(status);
      expect(isGone(target)).toBe(true);
      expect(await modes(terminal)).toBe(ENDED_MODES);
      expect(await terminal.capture()).toMatch(new RegExp(`ended by ${signal}`));
    });

    testWith(
      [needsTmux],
      `${signal} while the view is frozen closes it; the exit status is the target's`,
      async () => {
        const terminal = await startView(`-- ${script('sleep 0.5; exit 4')}`);
        await terminal.waitFor(/FAILED/);
        process.kill(await pidIn(terminal), signal);
        expect(await terminal.ended()).toBe(4);
        expect(await modes(terminal)).toBe(ENDED_MODES);
        expect(await terminal.capture()).toMatch(/exit status 4 after/);
      },
    );
  }

  testWith(
    [needsTmux],
    'closing the window sends SIGHUP to the target, and the recording gets its summary',
    async () => {
      const file = join(newFolder(), 'run.jsonl');
      const terminal = await openView(`--interval 100ms --output ${file} -- sleep 60`);
      const [own, target] = [await pidIn(terminal), await targetIn(terminal)];
      await terminal.close();
      const { summary } = await readWhole(file);
      expect(summary.exit).toMatchObject({ signal: 'SIGHUP' });
      await until('the end of cmemstat', () => (isGone(own) && isGone(target) ? true : undefined));
    },
  );

  testWith([needsTmux], 'closing the window while the target prints is not an error', async () => {
    const file = join(newFolder(), 'run.jsonl');
    const lasting = script(
      'trap "" HUP; i=0; while [ $i -lt 20 ]; do echo tick; echo tock >&2; sleep 0.1; i=$((i+1)); done; exit 3',
    );
    const terminal = await openView(`--interval 100ms --output ${file} -- ${lasting}`);
    const own = await pidIn(terminal);
    await terminal.close();
    const { summary } = await readWhole(file);
    expect(summary.exit).toMatchObject({ status: 3 });
    await until('the end of cmemstat', () => (isGone(own) ? true : undefined));
  });
});

describe('the view fails', () => {
  /** Loaded before cmemstat: after this number of calls, sorting the fields of the header fails. */
  function failingPreload(calls: number): string {
    const folder = join(newFolder(), 'preload');
    mkdirSync(folder);
    const file = join(folder, 'fail.cjs');
    writeFileSync(
      file,
      `let calls = 0; const { toSorted } = Array.prototype;
      Array.prototype.toSorted = function (...how) {
        if (this[0]?.spans !== undefined && (calls += 1) > ${calls}) throw new Error('drawing went wrong');
        return toSorted.apply(this, how);
      };`,
    );
    return file;
  }

  for (const calls of [0, 8]) {
    testWith(
      [needsTmux],
      `after ${calls} calls: the run continues, the terminal is restored, the status is kept`,
      async () => {
        const folder = newFolder();
        const terminal = await tmux({
          command: `cd ${folder}; stty -g >before; ${CMEMSTAT} --interval 100ms --output run.jsonl -- ${script('for i in 1 2 3 4 5 6; do echo out $i; sleep 0.5; done; exit 9')}; echo "status=$?"; stty -g >after; exec sleep 60`,
          width: 120,
          height: 60,
          env: { NODE_OPTIONS: `--require ${failingPreload(calls)}` },
        });
        const screen = await terminal.waitFor(/status=/);
        expect(screen).toMatch(
          /^cmemstat: the view failed: drawing went wrong; the target continues and is measured$/m,
        );
        expect(screen).toMatch(/^out 6$/m);
        expect(screen).toMatch(/^ {2}exit status 9 after/m);
        expect(screen).toMatch(/status=9/);
        expect(screen).not.toMatch(/^ {4}at /m);
        expect(await modes(terminal)).toBe(SHELL_MODES);
        await until('the settings', () => existsSync(join(folder, 'after')) || undefined);
        expect(readFileSync(join(folder, 'after'), 'utf8')).toBe(
          readFileSync(join(folder, 'before'), 'utf8'),
        );
        const { summary } = await readWhole(join(folder, 'run.jsonl'));
        expect(summary.exit.status).toBe(9);
      },
    );
  }
});

describe("the target's streams", () => {
  testWith(
    [needsTmux],
    'stdin is /dev/null or the file of --stdin; --stdout and --stderr are written and shown',
    async () => {
      const folder = newFolder();
      writeFileSync(join(folder, 'in'), 'from a file\n');
      const target = script('cat; echo shown >&2; readlink /proc/self/fd/0; exec sleep 60');
      const without = await openView(`-- ${target}`);
      await without.keys('6');
      expect(await without.waitFor(/\/dev\/null/)).not.toMatch(/from a file/);
      const terminal = await openView(
        `--stdin ${folder}/in --stdout ${folder}/out --stderr ${folder}/err -- ${target}`,
      );
      await terminal.keys('6');
      await terminal.waitFor(/^ {2}from a file$/m, /^! shown$/m);
      await terminal.keys('q', 's');
      await terminal.ended();
      expect(readFileSync(join(folder, 'out'), 'utf8')).toBe(`from a file\n${folder}/in\n`);
      expect(readFileSync(join(folder, 'err'), 'utf8')).toBe('shown\n');
    },
  );

  testWith(
    [needsTmux],
    '--stdout receives every byte, also of a target that prints a lot and exits at once',
    async () => {
      const file = join(newFolder(), 'out');
      const pty = bare({
        command: `${CMEMSTAT} --exit-on-end --stdout ${file} -- ${script('seq 1 200000')}`,
      });
      await pty.ended();
      const lines = readFileSync(file, 'utf8').split('\n');
      expect(lines).toHaveLength(200_001);
      expect(lines.every((line, index) => line === (index < 200_000 ? `${index + 1}` : ''))).toBe(true);
    },
  );

  testWith([needsTmux], '--tui with --json draws on /dev/tty, and standard output is only JSON', async () => {
    const folder = newFolder();
    const terminal = await tmux({
      command: `cd ${folder}; ${CMEMSTAT} --json --tui --interval 100ms -- ${script('echo noise; sleep 0.8; exit 6')} >out.jsonl; echo "status=$?"; exec sleep 60`,
    });
    await terminal.waitFor(/1 Breakdown/);
    await terminal.keys('6');
    await terminal.waitFor(/^ {2}noise$/m);
    await terminal.waitFor(/FAILED/);
    await terminal.keys('q');
    await terminal.waitFor(/status=6/);
    const text = readFileSync(join(folder, 'out.jsonl'), 'utf8');
    const { summary } = readRecording({ status: 6, signal: null, stdout: text, stderr: '' });
    expect(summary.exit.status).toBe(6);
    expect(text).not.toContain('\x1b');
  });

  testWith([needsTmux], '--tui without a terminal prints one message, and the table', async () => {
    const folder = newFolder();
    const pty = bare({
      command: `cd ${folder}; setsid -w ${CMEMSTAT} --tui -- true </dev/null >out 2>err; echo "status=$?"`,
    });
    expect(await pty.ended()).toContain('status=0');
    const said = readFileSync(join(folder, 'err'), 'utf8');
    expect(said).toMatch(
      /^cmemstat: no terminal view: no terminal could be opened; printing a table instead/,
    );
    expect(said).toMatch(/exit status 0 after/);
    expect(existsSync(join(folder, 'out'))).toBe(true);
  });

  for (const [option, rest] of [
    ['--json', 'printing only JSON lines'],
    ['-q', 'printing only the summary'],
  ]) {
    testWith([needsTmux], `without promising a table with ${option}`, async () => {
      const folder = newFolder();
      const pty = bare({
        command: `cd ${folder}; setsid -w ${CMEMSTAT} --tui ${option} -- true </dev/null >out 2>err; echo "status=$?"`,
      });
      expect(await pty.ended()).toContain('status=0');
      const [first] = readFileSync(join(folder, 'err'), 'utf8').split('\n');
      expect(first).toBe(`cmemstat: no terminal view: no terminal could be opened; ${rest}`);
    });
  }
});

testWith([needsTmux], 'no process, no leaf and no descriptor remains', async () => {
  const terminal = await startView(`-- ${script('sleep 300 & sleep 1.5')}`);
  await terminal.waitFor(/ENDED/);
  const screen = await terminal.capture();
  expect(screen).toMatch(/1 process outlived the target and was killed: \d+ \(sleep\)/);
  // The frozen view may stay open for hours: the leaf is removed earlier.
  const [leaf] = required(/cmemstat-\d+-\d+/.exec(screen));
  expect(existsSync(join(required(host.top), leaf))).toBe(false);
  expect(childrenOf(await pidIn(terminal))).toEqual([]);
});

for (const [how, options] of [
  ['a view', ''],
  ['a table', '--no-tui'],
] as const) {
  testWith(
    [needsScript],
    `${how} on a terminal that is gone ends with the status of the target`,
    async () => {
      const file = join(newFolder(), 'status');
      const target = script('sleep 2; exit 7');
      const pty = bare({ command: `trap '' HUP; ${CMEMSTAT} ${options} -- ${target}; echo $? > ${file}` });
      await pty.waitFor(/uptime|running/);
      await pty.hangUp();
      const status = await until('the exit status', () => {
        const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
        return text.endsWith('\n') ? text.trim() : undefined;
      });
      expect(status).toBe('7');
    },
  );
}
