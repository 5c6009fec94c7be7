/** The target's output with the view: complete, at any reading speed, and without a delayed sample. */
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { needs, testWith } from '../harness.ts';
import { bare, needsScript, needsTmux, shellQuote, tmux, until } from '../terminal.ts';
import { CMEMSTAT, newFolder, readWhole, script } from './view-harness.ts';

const OFTEN = '--interval 100ms --output run.jsonl';

testWith([needsTmux], 'a target that prints continuously delays neither samples nor keys', async () => {
  const folder = newFolder();
  const terminal = await tmux({ command: `cd ${folder}; exec ${CMEMSTAT} ${OFTEN} -- timeout 60 yes yes` });
  await terminal.waitFor(/running.*samples/s);
  await terminal.keys('6');
  await terminal.waitFor(/^ {2}yes\n {2}yes$/m);
  await until('three seconds of it', () =>
    readFileSync(join(folder, 'run.jsonl'), 'utf8').split('"type":"sample"').length > 30 ? true : undefined,
  );
  await terminal.keys('q', 's');
  await terminal.ended();
  const { summary } = await readWhole(join(folder, 'run.jsonl'));
  // A busy machine misses some; without pauses it is nearly all.
  expect(summary.samples.missed).toBeLessThan(summary.samples.count / 4);
});

testWith([needsScript], '--stdout to a slow reader delivers every byte', async () => {
  const folder = newFolder();
  const reader = '(exec 3<pipe; sleep 2; wc -c <&3 >count) &';
  const run = `${CMEMSTAT} --exit-on-end --stdout pipe -- seq 1 100000; echo "status=$?"; wait`;
  const output = await bare({ command: `cd ${folder}; mkfifo pipe; ${reader} ${run}` }).ended();
  expect(output).toMatch(/status=0/);
  expect(readFileSync(join(folder, 'count'), 'utf8').trim()).toBe('588895');
});

/** The text with lines that were too long for the terminal in one piece. */
const unwrapped = (text: string) => text.replaceAll(/\r\n +/g, ' ');

testWith(
  [needsScript],
  'a --stdout or --stderr that cannot be written is reported, and the run is incomplete',
  async () => {
    for (const [option, target] of [
      ['--stdout', 'seq 1 100000'],
      ['--stderr', script('seq 1 100000 >&2')],
    ] as const) {
      const pty = bare({
        command: `${CMEMSTAT} --exit-on-end ${option} /dev/full -- ${target}; echo "status=$?"`,
      });
      const after = unwrapped((await pty.ended()).split('␛[?1049l').at(-1) ?? '');
      const message = `cmemstat: ${option}: cannot write to /dev/full: no space left on the device; the target continues`;
      expect(after.split(message), after).toHaveLength(2);
      expect(after).toContain('status=125');
    }
  },
);

testWith([needsScript], 'a reader that closes the pipe early is not a failure', async () => {
  const folder = newFolder();
  const run = `${CMEMSTAT} --exit-on-end --stdout pipe -- ${script('seq 1 100000; exit 3')}; echo "status=$?"`;
  const output = await bare({
    command: `cd ${folder}; mkfifo pipe; head -n 1 <pipe >first & ${run}`,
  }).ended();
  expect(output).toContain('status=3');
  expect(readFileSync(join(folder, 'first'), 'utf8')).toBe('1\n');
});

testWith(
  [needsScript, needs.root, needs.cgroup],
  'a process that left the leaf and holds the pipe open is not waited for',
  async () => {
    const folder = newFolder();
    // Our own process group.
    const join_ = `for f in /sys/fs/cgroup/memory/tasks /sys/fs/cgroup/cgroup.procs; do [ -e $f ] && echo $$ >$f; done`;
    const holder = shellQuote(`${join_}; echo $$ >holder; exec sleep 30`);
    const target = script(
      `sh -c ${holder} & while [ ! -s holder ]; do sleep 0.05; done; sleep 0.2; echo said`,
    );
    const run = `${CMEMSTAT} --exit-on-end --stdout out -- ${target}; echo "status=$?"`;
    const output = await bare({
      command: `cd ${folder}; ${run}; kill -0 $(cat holder) && echo held; kill $(cat holder)`,
    }).ended();
    expect(output).toMatch(/status=0\r\nheld/);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('said\n');
  },
);

testWith([needsScript], 'after l, a terminal that accepts no output does not delay samples', async () => {
  const folder = newFolder();
  const target = script('timeout 4 yes; exit 6');
  const pty = bare({ command: `cd ${folder}; ${CMEMSTAT} ${OFTEN} -- ${target}; echo "status=$?" >status` });
  await pty.waitFor(/running/);
  pty.type('q');
  await pty.waitFor(/The target is still running/);
  pty.stall();
  pty.type('l');
  const { samples, summary } = await until('the end of the target', () =>
    /"type":"sample"[^\n]*"elapsedMs":4\d\d\d/.test(readFileSync(join(folder, 'run.jsonl'), 'utf8'))
      ? readStalled()
      : undefined,
  );
  async function readStalled() {
    expect(existsSync(join(folder, 'status'))).toBe(false);
    pty.flow();
    return readWhole(join(folder, 'run.jsonl'));
  }
  await pty.ended();
  expect(readFileSync(join(folder, 'status'), 'utf8')).toBe('status=6\n');
  expect(summary.samples.missed).toBeLessThan(samples.length / 4);
});

describe('after the view', () => {
  /** The raw output of a shell with the command, after the last escape sequence that leaves the view. */
  async function runBare(args: string, setup = ':'): Promise<{ all: string; after: string }> {
    const all = await bare({
      command: `cd ${newFolder()}; ${setup}; ${CMEMSTAT} ${args}; echo "status=$?"`,
    }).ended();
    return { all, after: all.split('␛[?1049l').at(-1) ?? '' };
  }

  testWith([needsScript], 'a target that ends at once gets no view, only output and summary', async () => {
    const { all } = await runBare('-- ls', 'touch one two');
    expect(all).not.toContain('␛[?1049');
    expect(all).toMatch(/^one\r\ntwo\r\n\r\ncmemstat: ls\r\n {2}exit status 0 after/);
  });

  testWith([needsScript], 'its output is printed as it came, in the order of both streams', async () => {
    const said =
      'printf "\\033[31mred\\033[0m\\tend\\r\\n"; sleep 0.3; echo error >&2; sleep 0.3; printf "no newline"';
    const { all, after } = await runBare(`--exit-on-end -- ${script(said)}`);
    expect(all).toContain('␛[?1049h');
    expect(after).toMatch(/␛\[31mred␛\[0m\tend\r+\nerror\r\nno newline\r\ncmemstat: sh/);
  });

  testWith(
    [needsScript],
    'of a long output the last 10,000 lines are printed, and a file is named',
    async () => {
      const folder = newFolder();
      for (const target of ['seq 30000', script('seq 30000; sleep 0.6')]) {
        const { after } = await runBare(`--exit-on-end -- ${target}`, `export TMPDIR=${folder}`);
        const printed = after.split('\r\n').flatMap((line) => /^(?:.*[a-z])?(\d+)$/.exec(line)?.[1] ?? []);
        expect(printed).toHaveLength(10_000);
        expect([printed[0], printed.at(-1)]).toEqual(['20001', '30000']);
        const [, lines, file = ''] =
          /without the first (\d+) lines; all of it is in (\S+)\r\n/.exec(unwrapped(after)) ?? [];
        expect(lines, after.slice(-2000)).toBe('20000');
        expect(file.startsWith(folder)).toBe(true);
        expect(readFileSync(file, 'utf8')).toBe(
          Array.from({ length: 30_000 }, (_, at) => `${at + 1}\n`).join(''),
        );
      }
    },
  );

  testWith(
    [needsScript],
    'a program that reads from the terminal is reported with the way to run it',
    async () => {
      const hint = /cmemstat: in the view stdin is \/dev\/null; interactive: cmemstat --no-tui -- bash\r\n/;
      expect(unwrapped((await runBare('-- bash')).all)).toMatch(hint);
      // Not in the list, but it printed nothing.
      const shown = unwrapped((await runBare('-- env bash')).all);
      expect(shown).toMatch(/interactive: cmemstat --no-tui -- env bash\r\n/);
      for (const args of ['-- echo shown', '--stdin empty -- bash', '--no-tui -- bash -c true'])
        expect((await runBare(args, 'touch empty')).all, args).not.toContain('/dev/null');
    },
  );

  testWith([needsTmux], 'it is reported immediately in the view', async () => {
    const program = join(newFolder(), 'psql');
    symlinkSync('/bin/sleep', program);
    const terminal = await tmux({ command: `exec ${CMEMSTAT} -- ${program} 60` });
    await terminal.waitFor(
      /1 Breakdown/,
      /^ cmemstat: in the view stdin is \/dev\/null; interactive: cmemstat --no-tui/m,
    );
  });

  testWith([needsScript], 'input from a pipe reaches the target, output to a pipe is complete', async () => {
    const folder = newFolder();
    const { all } = await runBare(
      `--tui --exit-on-end -- ${script('cat; seq 30000; sleep 0.6')} <${folder}/in >${folder}/out`,
      `echo input >${folder}/in`,
    );
    expect(all).toContain('status=0');
    const lines = readFileSync(join(folder, 'out'), 'utf8').split('\n');
    expect(lines).toHaveLength(30_002);
    expect(lines[0]).toBe('input');
    expect(all).not.toContain('the end of the output');
  });
});

/** Writes what a process has from its start to files in a folder. */
const DUMP = `
cat /proc/$$/environ >$1/environ
cat /proc/self/limits /proc/self/oom_score_adj /proc/self/coredump_filter >$1/rest
grep -E "^(Umask|Uid|Gid|Groups|NoNewPrivs|Seccomp|Sig(Blk|Ign)|Cap|Cpus_allowed|Mems)" /proc/self/status >>$1/rest
cut -d" " -f 6-8,18,19 /proc/self/stat >>$1/rest
ls /proc/$$/fd >>$1/rest
readlink /proc/$$/fd/0 >$1/input
sleep 0.6
`;

testWith(
  [needsTmux],
  'the view changes nothing that the target has from its start, but its streams',
  async () => {
    const [without, inView] = [newFolder(), newFolder()];
    const setup = `umask 027; ulimit -Sn 256; trap '' USR1; set -- env -i a.b=1 ''=x TERM="$TERM" PATH="$PATH"`;
    const dump = (folder: string) => `${shellQuote(DUMP)} sh ${folder}`;
    const command = `${setup}; "$@" sh -c ${dump(without)}; "$@" ${CMEMSTAT} --exit-on-end -- sh -c ${dump(inView)}; true`;
    await (await tmux({ command })).ended();
    expect(readFileSync(join(inView, 'input'), 'utf8')).toBe('/dev/null\n');
    for (const file of ['environ', 'rest']) {
      const expected = readFileSync(join(without, file), 'latin1');
      expect(readFileSync(join(inView, file), 'latin1')).toBe(expected);
      expect(expected).toMatch(file === 'rest' ? /SigIgn:\s0\w*2\w\w$/m : /^a\.b=1\0/);
    }
  },
);
