/** The live view: its content, and that every key works as in the help. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import { host, needs, testWith } from '../harness.ts';
import { bare, ENDED_MODES, modes, needsTmux, shellQuote, tmux, until, VIEW_MODES } from '../terminal.ts';
import {
  AGENT,
  CMEMSTAT,
  click,
  columnsOf,
  newFolder,
  openView,
  readWhole,
  rowOf,
  script,
  wheel,
} from './view-harness.ts';

const needsMaps = [needsTmux, needs.cgroup, needs.root, needs.chargedBpf];

const FAST = '--interval 100ms --bpf-interval 100ms --process-interval 200ms';

/** Prints one number per second and sleeps. */
const COUNTING = script('i=0; while :; do i=$((i+1)); echo line $i; sleep 0.2; done');

describe('opening by default', () => {
  testWith(
    [needsTmux, needs.cgroup],
    'on a terminal, with header, breakdown, timeline and the lists that are not empty',
    async () => {
      const terminal = await openView(`-- ${COUNTING}`);
      const screen = await terminal.waitFor(
        /^ +c current +\S+ [KM]iB/m,
        /^─ 4 Processes ─+$.*^─ 6 Output ─+$/ms,
        /^ \? help/m,
      );
      const lines = screen.trimEnd().split('\n');
      expect(lines).toHaveLength(24);
      expect(lines[0]).toMatch(/^ ● running {2}\S+ {2}sh -c 'i=0; .* pid \d+ {2}cgroup[12]$/);
      expect(lines[1]).toMatch(
        /^ every 500ms {2}late \d+ {2}samples \d+ {2}no limits {2}cgroup …?\S*cmemstat-\d+/,
      );
      expect(lines[2]).toMatch(/^━\[1 Breakdown]━+$/);
      expect(screen).toMatch(/^─ 2 Timeline ─+$/m);
      expect(screen).not.toMatch(/3 BPF maps/);
      expect(lines[23]).toMatch(/^ \? help {2}q quit {2}Tab panel/);
      expect(await modes(terminal)).toBe(VIEW_MODES);
    },
  );

  for (const [what, command] of [
    ['--no-tui', `${CMEMSTAT} --no-tui -- sleep 0.3`],
    ['piped standard output', `${CMEMSTAT} -- sleep 0.3 | cat`],
    ['standard error in a file', `${CMEMSTAT} -- sleep 0.3 2>err; cat err`],
    ['--quiet', `${CMEMSTAT} -q -- sleep 0.3`],
  ] as const) {
    testWith([needsTmux], `not with ${what}`, async () => {
      const pty = bare({ command: `cd ${newFolder()}; ${command}` });
      const output = await pty.ended();
      expect(output).not.toContain('␛[?1049h');
      expect(output).toMatch(/exit status 0 after/);
    });
  }

  for (const [env, why] of [
    [{ TERM: 'dumb' }, 'terminal type dumb cannot move the cursor'],
    [{ TERM: undefined }, 'TERM is not set, so the terminal type is unknown'],
    [{ TERM: 'no-such-terminal' }, 'this host has no terminfo entry for terminal type no-such-terminal'],
  ] as const) {
    testWith(
      [needsTmux],
      `falls back to the table and one line with the reason, with TERM=${env.TERM}`,
      async () => {
        const pty = bare({ command: `${CMEMSTAT} -- sleep 0.3; echo status=$?`, env });
        const output = await pty.ended();
        expect(output).not.toContain('␛[?1049h');
        // What does not fit into a line is continued, indented, in the next one.
        const [first] = output.replaceAll(/\r\n +/g, ' ').split('\r\n');
        expect(first).toMatch(/^cmemstat: no terminal view: /);
        expect(first).toContain(why);
        expect(output.match(/no terminal view/g)).toHaveLength(1);
        expect(output).not.toMatch(/Error|^ {4}at /m);
        expect(output).toMatch(/exit status 0 after.*status=0/s);
      },
    );
  }

  for (const term of [
    'xterm-256color',
    'tmux-256color',
    'screen',
    'linux',
    'alacritty',
    'xterm-kitty',
    'foot',
  ]) {
    testWith([needsTmux], `with TERM=${term}`, async () => {
      const terminal = await openView('-- sleep 60', { env: { TERM: term } });
      const screen = await terminal.waitFor(/1 Breakdown/, /^ \? help/m);
      expect(screen.trimEnd().split('\n')).toHaveLength(24);
      await terminal.keys('q', 's');
      expect(await terminal.ended()).toBe(143);
      expect(await terminal.capture()).toMatch(/ended by SIGTERM/);
    });
  }
});

/** Resolves when a recording has this number of additional samples. */
async function untilMoreSamples(file: string, count: number): Promise<void> {
  const samples = () => readFileSync(file, 'utf8').split('"type":"sample"').length;
  const before = samples();
  await until(`${count} more samples`, () => (samples() >= before + count ? true : undefined));
}

describe('keys', () => {
  testWith([needsTmux], 'Tab, Shift-Tab, 1-6, z, click, wheel and ? control the panels', async () => {
    const terminal = await openView(`-- ${COUNTING}`);
    const focus = (panel: string) => terminal.waitFor(new RegExp(`^━\\[${panel}]━`, 'm'));
    await terminal.keys('Tab');
    await focus('2 Timeline');
    await terminal.keys('Tab');
    await focus('4 Processes');
    await terminal.keys('BTab');
    await focus('2 Timeline');
    for (const [key, panel] of [
      ['1', '1 Breakdown'],
      ['2', '2 Timeline'],
      ['3', '3 BPF maps'],
      ['4', '4 Processes'],
      ['5', '5 Pressure and events'],
      ['6', '6 Output'],
    ] as const) {
      await terminal.keys(key);
      await focus(panel);
    }
    await terminal.keys('z');
    await terminal.waitFor(/^(?!.*(Breakdown|Timeline)).*6 Output.*line 3/s);
    await terminal.keys('z');
    const back = await terminal.waitFor(/1 Breakdown/, /2 Timeline/);
    await click(terminal, 10, rowOf(back, /2 Timeline/) + 1);
    await focus('2 Timeline');
    await terminal.keys('?');
    await terminal.waitFor(/\[Help]/, /quit; asks while the target runs/);
    await terminal.keys('End');
    await terminal.waitFor(/clear the text/);
    await terminal.keys('Escape');
    await focus('2 Timeline');
  });

  testWith([needsTmux], 'Home, End, PgUp, PgDn, arrows and the wheel scroll the output', async () => {
    const terminal = await openView(`-- ${script('seq 1 500; exec sleep 60')}`);
    await terminal.keys('6');
    const last = await terminal.waitFor(/^ {2}500$/m, /6 Output/);
    await terminal.keys('PPage');
    await terminal.waitFor(/^ {2}48\d\n(?!.*^ {2}500$)/ms);
    await terminal.keys('Up', 'Up');
    await terminal.waitFor(/lines below, End follows the output/);
    await terminal.keys('Home');
    await terminal.waitFor(/^ {2}1\n {2}2$/m);
    await terminal.keys('NPage');
    await terminal.waitFor(/^(?!.*^ {2}1$)/ms);
    await terminal.keys('End');
    await terminal.waitFor(/^ {2}500$/m);
    await wheel(terminal, 'up', rowOf(last, /6 Output/) + 2);
    await terminal.waitFor(/3 lines below/);
    await wheel(terminal, 'down', rowOf(last, /6 Output/) + 2);
    await terminal.waitFor(/^ {2}500$/m);
  });

  testWith(needsMaps, 's, S, /, Enter, arrows and click control the list of maps', async () => {
    const terminal = await openView(`${FAST} -- ${AGENT}`, { width: 120, height: 24 });
    await terminal.keys('3');
    await terminal.waitFor(/bytes▼.*flows.*never_used.*counters.*4 maps/s);
    await terminal.keys('S');
    await terminal.waitFor(/bytes▲.*counters.*events.*never_used.*flows/s);
    await terminal.keys('S', 's');
    await terminal.waitFor(/growth\/min▼/);
    for (const title of ['used/max▼', 'fill▼', 'uncharged▼', 'name▲', 'type▲', 'id▲']) {
      await terminal.keys('s');
      await terminal.waitFor(new RegExp(title));
    }
    await terminal.keys('s');
    await terminal.waitFor(/bytes▼/);
    await terminal.keys('/');
    await terminal.type('v*');
    await terminal.waitFor(/No map matches v\*/);
    await terminal.keys('BSpace', 'BSpace');
    await terminal.type('EV');
    await terminal.waitFor(/2 of 4 maps.*filter: EV/, /^(?!.*(flows|counters))/s);
    await terminal.keys('Enter');
    await terminal.waitFor(/2 of 4 maps.*\n \? help/);
    await terminal.keys('/', 'C-u', 'Enter');
    const all = await terminal.waitFor(/^ {2}4 maps/m, /never_used/);
    await click(terminal, 4, rowOf(all, /never_used/));
    await terminal.waitFor(/^▶ never_used/m);
    await terminal.keys('Down');
    await terminal.waitFor(/^▶ events/m);
    await terminal.keys('Home', 'Enter');
    await terminal.waitFor(
      /\[BPF map \d+]/,
      /name +flows/,
      /definition +key \d+ bytes, value \d+ bytes, max_entries 100000/,
      /elements +5000 of 100000 \(5%\)/,
    );
    await terminal.keys('End');
    // Node.js 26 names its main thread.
    await terminal.waitFor(/BPF_F_NO_PREALLOC: saves 1\d\.\d MiB/, /held by +node(-MainThread)? \(\d+\)/);
    await terminal.keys('Escape');
    await terminal.waitFor(/^▶ flows/m);
  });

  testWith([needsTmux], 's, S, /, T and k control the list of processes, and k sends a signal', async () => {
    const folder = newFolder();
    copyFileSync('/bin/sleep', join(folder, 'beta'));
    const terminal = await openView(
      `${FAST} -- ${script(`sleep 61 & ${folder}/beta 62 & trap 'echo got USR1' USR1; while :; do wait; done`)}`,
      { height: 40 },
    );
    await terminal.keys('4');
    await terminal.waitFor(/rss▼.*beta/s);
    await terminal.keys('T');
    await terminal.waitFor(/[├└]─ beta/, /\d +sh -c /);
    await terminal.keys('T');
    await terminal.waitFor(/^(?!.*─ beta).*beta/s);
    await terminal.keys('Enter');
    await terminal.waitFor(/\[Process \d+].*Mappings: \d+/s, /^ {2}user +\S+$/m);
    await terminal.keys('End');
    await terminal.waitFor(/^ {2}open files +\d+/m);
    await terminal.keys('Escape');
    for (let round = 0; round < 6; round += 1) await terminal.keys('s');
    await terminal.waitFor(/command▲.*beta.*sh /s);
    await terminal.keys('S');
    await terminal.waitFor(/command▼.*sh .*beta/s);
    await terminal.keys('/');
    await terminal.type('*beta 62');
    await terminal.waitFor(/^▶ +\d+ +beta.*1 of \d+ processes/ms);
    await terminal.keys('Enter', 'k');
    const menu = await terminal.waitFor(/Signal to \d+ \(beta\)/, /▶ SIGTERM/);
    const pid = Number(/Signal to (\d+)/.exec(menu)?.[1]);
    await terminal.keys('Escape');
    await terminal.waitFor(/^(?!.*Signal to)/s);
    expect(readPidStat(pid).comm).toBe('beta');
    await terminal.keys('k', 'Down', 'Down', 'Down', 'Enter');
    await terminal.waitFor(new RegExp(`sent SIGSTOP to ${pid}`));
    await until('the stop', () => (readPidStat(pid).state === 'T' ? true : undefined));
    await terminal.keys('k', 'Down', 'Down', 'Enter');
    await terminal.waitFor(/No process matches \*beta 62/);
    await terminal.keys('/', 'C-u');
    await terminal.type('sh');
    await terminal.keys('Enter', 'k', 'End', 'Up', 'Enter');
    await terminal.keys('6');
    await terminal.waitFor(/got USR1/);
  });

  testWith(
    [needsTmux],
    'p pauses the display while sampling continues, r counts from the pause',
    async () => {
      const file = join(newFolder(), 'run.jsonl');
      const terminal = await openView(`--interval 100ms --output ${file} -- ${COUNTING}`);
      await terminal.keys('6', 'p');
      await terminal.waitFor(/PAUSED/);
      // The frame with this word is complete by then.
      await untilMoreSamples(file, 2);
      const paused = await terminal.capture();
      await untilMoreSamples(file, 10);
      expect(await terminal.capture()).toBe(paused);
      await terminal.keys('p');
      await terminal.waitFor(/^(?!.*PAUSED)/s, (shown) => shown !== paused);
      await terminal.keys('r');
      await terminal.waitFor(/since (the )?start/i);
      await terminal.keys('r');
      await terminal.waitFor(/since (the )?pause/i);
      await terminal.keys('r');
      await terminal.waitFor(/^(?!.*since (the )?(pause|start))/is);
    },
  );

  testWith([needsTmux], '+ and - change the interval, in the header and in the recording', async () => {
    const file = join(newFolder(), 'run.jsonl');
    const terminal = await openView(`--interval 200ms --output ${file} -- sleep 60`);
    await terminal.keys('-', '-');
    await terminal.waitFor(/every 50\.?0?ms/);
    await untilMoreSamples(file, 20);
    await terminal.keys('+', '+', '+', '+');
    await terminal.waitFor(/every 1\.0*s/);
    await untilMoreSamples(file, 2);
    await terminal.keys('q', 's');
    await terminal.ended();
    const { samples } = await readWhole(file);
    const gaps = samples.slice(1).map(({ elapsedMs }, index) => elapsedMs - (samples[index]?.elapsedMs ?? 0));
    expect(gaps.filter((gap) => gap < 120).length).toBeGreaterThan(8);
    expect(gaps.filter((gap) => gap > 900 && gap < 1500).length).toBeGreaterThan(0);
  });

  testWith(
    [needsTmux, needs.cgroup],
    't and u change the window and the unit, and w writes a snapshot',
    async () => {
      const folder = newFolder();
      const terminal = await tmux({
        command: `cd ${folder}; ${CMEMSTAT} -- ${COUNTING}`,
        width: 120,
        height: 40,
      });
      await terminal.waitFor(/2 Timeline ─/);
      for (const span of ['1m', '5m', '15m', '1h']) {
        await terminal.keys('t');
        await terminal.waitFor(new RegExp(`2 Timeline, last ${span} ─`));
      }
      await terminal.keys('t');
      await terminal.waitFor(/2 Timeline ─/);
      await terminal.keys('u');
      await terminal.waitFor(/c current +[\d,]+ KiB/);
      await terminal.keys('u');
      await terminal.waitFor(/c current +[\d,]{6,}( B)? /);
      await terminal.keys('u', 'w');
      await terminal.waitFor(/wrote cmemstat-\d+-\d+ms\.json and cmemstat-\d+-\d+ms\.txt/);
      const files = readdirSync(folder).sort();
      expect(files).toEqual([expect.stringMatching(/\.json$/), expect.stringMatching(/\.txt$/)]);
      const document = JSON.parse(readFileSync(join(folder, files[0] ?? ''), 'utf8'));
      expect(document).toMatchObject({
        type: 'snapshot',
        start: { type: 'start', command: ['sh', '-c', expect.stringContaining('line')] },
        sample: { type: 'sample', current: expect.any(Number) },
        processes: expect.arrayContaining([expect.objectContaining({ comm: 'sh' })]),
      });
      const text = readFileSync(join(folder, files[1] ?? ''), 'utf8');
      expect(text).toMatch(/1 Breakdown.*2 Timeline.*4 Processes.*6 Output/s);
      expect(text).not.toContain('\x1b');
    },
  );

  testWith([needsTmux], 'w reports a directory that cannot be written, without other effects', async () => {
    const terminal = await tmux({ command: `cd /proc; ${CMEMSTAT} -- sleep 60` });
    await terminal.waitFor(/running.*samples/s);
    await terminal.keys('w');
    await terminal.waitFor(/cannot write cmemstat-\d+-\d+ms\.json: /);
    await terminal.keys('Up');
    await terminal.waitFor(/^ \? help/m);
  });

  testWith([needsTmux], 'Ctrl-L redraws what another program has overwritten', async () => {
    const terminal = await openView('-- sleep 60');
    const tty = await terminal.fact('pane_tty');
    writeFileSync(tty, '\x1b[5;1Hrubbish from elsewhere');
    await terminal.waitFor(/rubbish from elsewhere/);
    await terminal.keys('C-l');
    await terminal.waitFor(/^(?!.*rubbish)/s);
  });
});

/** The required content of each size. */
function expectStructure(screen: string, width: number, height: number): void {
  const lines = screen.replace(/\n$/, '').split('\n');
  expect(lines).toHaveLength(height);
  if (width < 60 || height < 15) {
    expect(lines[0]).toMatch(/^ ● running/);
    expect(lines.slice(1).join('')).toBe('');
    return;
  }
  expect(lines[0]).toMatch(/^ ● running.*pid \d+/);
  expect(lines.at(-1)).toMatch(/^ \? help/);
  const titles = [...screen.matchAll(/[─━┬][ [](\d) /g)].map(([, number]) => number);
  // There are no BPF maps, and events only some time after the start.
  if (width < 110) expect(titles).toEqual(height < 20 ? ['1', '2', '4'] : ['1', '2', '4', '6']);
  else expect(titles.filter((title) => title !== '5')).toEqual(['1', '2', '4', '6']);
  // Panels side by side are separated by one straight line.
  const parted = lines.filter((line) => line.includes('│'));
  if (width === 120) {
    expect(parted.length).toBeGreaterThan(10);
    for (const line of parted) expect(columnsOf(line, '│')).toContain(59);
  }
}

describe('the terminal', () => {
  testWith([needsTmux, needs.cgroup], 'can be resized at any time', async () => {
    const terminal = await openView(`-- ${COUNTING}`);
    for (const [width, height] of [
      [120, 40],
      [200, 60],
      [50, 10],
      [80, 24],
      [60, 15],
      [20, 4],
      [120, 40],
      [80, 24],
    ] as const) {
      await terminal.resize(width, height);
      const screen = await until(`the frame for ${width}x${height}`, async () => {
        const shown = await terminal.capture();
        try {
          expectStructure(shown, width, height);
          return shown;
        } catch (error) {
          last = error;
          return undefined;
        }
      }).catch(() => {
        throw last;
      });
      expect(screen).toContain('running');
    }
  });
  let last: unknown;

  testWith([needsTmux], 'draws only ASCII with LANG=C', async () => {
    const file = newFolder();
    copyFileSync('/bin/sleep', join(file, '🚀sleep'));
    const terminal = await openView(`${FAST} -- ${file}/🚀sleep 60`, {
      env: { LC_ALL: undefined, LANG: 'C' },
      width: 120,
      height: 40,
    });
    await terminal.keys('4');
    const screen = await terminal.waitFor(/=\[4 Processes]=.*^> +\d+ +\?\?sleep 60/ms);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII
    expect(screen).toMatch(/^[\x00-\x7f]*$/);
  });

  testWith([needsTmux], 'draws no colours with NO_COLOR', async () => {
    const pty = bare({
      command: `${CMEMSTAT} --interval 100ms -- ${script("printf '\\033[31mred\\033[0m\\n'; sleep 0.5")}`,
      env: { NO_COLOR: '1' },
    });
    await pty.waitFor(/ENDED/);
    expect(pty.output).not.toMatch(/␛\[(\d+;)*(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;\d+)*m/);
    pty.type('q');
    await pty.ended();
  });

  testWith([needsTmux], 'uses the sequences of 8, 16, 256 and true colours, and no others', async () => {
    for (const [env, own] of [
      [{ TERM: 'screen' }, /␛\[(\d+;)*3[0-7]m/],
      [{ TERM: 'xterm-256color' }, /␛\[(\d+;)*38;5;\d+/],
      [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, /␛\[(\d+;)*38;2;\d+/],
    ] as const) {
      const pty = bare({ command: `${CMEMSTAT} -- sleep 60`, env: { COLORTERM: undefined, ...env } });
      const output = await pty.waitFor(/anon/);
      expect(output).toMatch(own);
      if (!('COLORTERM' in env)) expect(output).not.toMatch(/38;2;/);
      if (env.TERM === 'screen') expect(output).not.toMatch(/38;5;/);
      pty.type('qs');
      await pty.ended();
    }
  });
});

describe('untrusted input', () => {
  testWith(
    [needsTmux],
    'keeps columns aligned with escape sequences, wide characters and emoji in names',
    async () => {
      const folder = newFolder();
      const names = ['ordinary', '🚀rocket', '全角文字', 'é́combined', '\x1b[31mred\x07', 'a\nb'];
      for (const name of names) copyFileSync('/bin/sleep', join(folder, name));
      const starts = names.map((name) => `${shellQuote(join(folder, name))} 60 &`).join(' ');
      const terminal = await openView(`${FAST} -- ${script(`${starts} wait`)}`, { width: 120, height: 50 });
      await terminal.keys('4');
      // A process that has just been started has no page yet.
      const screen = await until('every process to have a size', async () => {
        const shown = await terminal.waitFor(/7 processes/);
        return / 0 B root/.test(shown) ? undefined : shown;
      });
      expect(await terminal.capture({ escapes: true })).not.toContain('␛[31mred');
      const above = rowOf(screen, /pid +comm/);
      const [title = '', ...rows] = screen.split('\n').slice(above);
      const right = (columnsOf(title, 'rss')[0] ?? 0) + 'rss▼'.length;
      for (const name of ['ordinary', '🚀rocket', '全角文字', 'combined', 'red', 'sh ']) {
        const line = rows.find((row) => row.slice(0, 35).includes(name)) ?? '';
        const size = /([\d.]+ [KM]iB)/.exec(line);
        expect(columnsOf(line, size?.[1] ?? '?')[0], line).toBe(right - (size?.[1]?.length ?? 0));
        expect(columnsOf(line, '│'), line).toContain(59);
      }
    },
  );

  testWith(
    [needsTmux],
    "shows the colours of the target's output, which cannot change the screen",
    async () => {
      const hostile = [
        '\\033[31mred text\\033[0m',
        '\\033[?1049l\\033[2Jcleared?',
        '\\033]0;new title\\007title',
        '\\033[10;10Hmoved',
        '\\033[?25h\\033[?1000l\\033cafter reset',
        'bell\\007',
        '\\033P+q544e\\033\\\\device\\033[6n\\033[c',
        'one\\rtwo',
        'tab\\tbed',
        '\\233\\061mc1',
        '\\033(0lqk',
      ];
      const terminal = await openView(
        `-- ${script(`printf '${hostile.join('\\n')}\\n'; echo oops >&2; exec sleep 60`)}`,
        { width: 120, height: 60 },
      );
      await terminal.keys('6', 'z');
      await terminal.waitFor(/^━\[6 Output]━+$.*^! oops$/ms);
      // The two streams arrive separately.
      await terminal.waitFor(
        /^ {2}red text$.*^ {2}two$/ms,
        /^ {2}.*cleared\?$/m,
        /^! oops$/m,
        /^━\[6 Output]━+$/m,
      );
      expect(await modes(terminal)).toBe(VIEW_MODES);
      expect(await terminal.fact('pane_title')).not.toBe('new title');
      expect(await terminal.capture({ escapes: true })).toMatch(/␛\[(0;)?(38;5;1|31)mred text/);
      await terminal.keys('z');
      const whole = await terminal.waitFor(/1 Breakdown/);
      expect(whole.replace(/\n$/, '').split('\n')).toHaveLength(60);
      await terminal.keys('q', 's');
      await terminal.ended();
      expect(await modes(terminal)).toBe(ENDED_MODES);
    },
  );

  testWith([needsTmux, needs.cgroup], 'takes no sample late with 10,000 lines a second', async () => {
    const noisy = script('i=0; while [ $i -lt 30 ]; do seq 1 1000; sleep 0.1; i=$((i+1)); done');
    const terminal = await tmux({
      command: `${CMEMSTAT} --interval 100ms -- ${noisy}`,
      width: 120,
      height: 40,
    });
    await terminal.keys('6');
    const ended = await terminal.waitFor(/ENDED.*samples, /s, /^ {2}1000$/m);
    const late = Number(/samples, (none|\d+) late/.exec(ended)?.[1]?.replace('none', '0'));
    // With other tests running, a single tick may be late.
    expect(late).toBeLessThan(5);
    await terminal.keys('Home');
    await terminal.waitFor(/earlier lines were discarded/);
  });

  testWith([needsTmux, needs.cgroup], 'shows 1,500 processes', async () => {
    // A slow machine needs 10 ms for each.
    const some = 'for i in $(seq 1 500); do sleep 600 & done';
    const many = script(`${some}; echo 500 there; ${some}; echo 1000 there; ${some}; echo all there; wait`);
    const terminal = await openView(`-- ${many}`, { width: 120, height: 40 });
    for (const progress of [/500 there/, /1000 there/, /all there/]) await terminal.waitFor(progress);
    await terminal.keys('4', 'z');
    // Until the next reading of the processes, the list has those of the last one.
    await terminal.waitFor(
      / [12]\d{3} processes|smaller processes not shown/,
      (screen) => screen.split('\n').filter((line) => / sleep +\d/.test(line)).length > 25,
    );
    await terminal.keys('End', 'T');
    await terminal.waitFor(/[├└]─ sleep/);
    await terminal.keys('q', 's');
    expect(await terminal.ended()).toBe(143);
    expect(await terminal.capture()).toMatch(/processes: 150\d at most/);
  });
});

testWith([needsTmux, needs.cgroup], 'shows the distance to limits, and their events', async () => {
  const what = host.mode === 'cgroup2' ? 'memory.max' : 'max';
  const terminal = await openView(
    `--memory-max 64M -- ${script('head -c 20M /dev/zero | tail; exec sleep 60')}`,
    { width: 120, height: 40 },
  );
  await terminal.waitFor(new RegExp(`${what} 64\\.0 MiB`));
});
