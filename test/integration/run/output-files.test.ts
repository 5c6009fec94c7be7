import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readDynamicLoader } from '#src/target/interpreter.ts';
import { BINARY, needs, type Outcome, scratch, start, testWith, testWithoutKernel } from '../harness.ts';

const NOBODY = 65534;

/** A folder of its own, which others can enter. */
function newFolder(): string {
  const folder = mkdtempSync(join(scratch, 'files-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Runs the binary in a shell, in a folder. */
function inShell(folder: string, line: string): Promise<Outcome> {
  const command = `cd ${folder}; cmemstat() { ${process.execPath} ${BINARY} "$@"; }; ${line}`;
  return start('bash', ['-c', command], { input: '' }).ended;
}

testWithoutKernel([], 'files keep what they hold if the target is not started', async () => {
  const folder = newFolder();
  const files = ['o', 's', 'out', 'err', 'r', 'b'];
  const options =
    '--output o --summary-json s --stdout out --stderr err --report junit:r --save-baseline b --runs 1';
  const failures = [
    '--cgroup-parent /nowhere -- true',
    '--cwd /nowhere -- true',
    '--cwd o -- true',
    '--memory-max 12Q -- true',
    '-- ./nowhere',
    '--placement process-tree --require cgroup -- true',
    '--prepare false -- true',
    '-- ./script',
    '-- ./indirect',
    '-- ./foreign',
    '-- ./busy',
    '-- ./pipe',
    '-- ./by-pipe',
    ...(needs.root.has ? ['--user nobody -- ./locked/program'] : []),
  ];
  writeFileSync(join(folder, 'script'), '#!/nowhere\n', { mode: 0o755 });
  writeFileSync(join(folder, 'indirect'), '#!./script\n', { mode: 0o755 });
  const shell = readFileSync('/bin/sh');
  const loader = readDynamicLoader('/bin/sh') ?? '#!/bin/sh';
  const foreign = Buffer.from(shell);
  foreign.fill('x', foreign.indexOf(loader) + 1, foreign.indexOf(loader) + loader.length);
  writeFileSync(join(folder, 'foreign'), foreign, { mode: 0o755 });
  execFileSync('mkfifo', ['-m', '755', join(folder, 'pipe')]);
  writeFileSync(join(folder, 'by-pipe'), '#!./pipe\n', { mode: 0o755 });
  mkdirSync(join(folder, 'locked'), { mode: 0o700 });
  writeFileSync(join(folder, 'locked/program'), shell, { mode: 0o755 });
  writeFileSync(join(folder, 'busy'), shell, { mode: 0o755 });
  const writer = openSync(join(folder, 'busy'), 'r+');
  for (const failure of failures) {
    for (const file of files) writeFileSync(join(folder, file), 'of the run before');
    const { status } = await inShell(folder, `cmemstat ${options} ${failure}`);
    expect([125, 126, 127], failure).toContain(status);
    for (const file of files) {
      expect([failure, readFileSync(join(folder, file), 'utf8')]).toEqual([failure, 'of the run before']);
    }
  }
  closeSync(writer);
});

/** One bad byte, as bash writes it; for programs in JavaScript it is U+FFFD. */
const BAD = "$'\\xff'";

testWithoutKernel(
  [],
  'names that are not UTF-8 are refused, and no other file is written or read',
  async () => {
    const folder = newFolder();
    await inShell(
      folder,
      `cmemstat -q --no-summary -o good -- true; mkdir ${BAD}; cp good "\ufffd"; cp good ${BAD}/r`,
    );
    const before = readdirSync(folder, 'latin1').sort();
    for (const [line, name] of [
      [`--output=${BAD} -- true`, '--output'],
      [`-qo${BAD} -- true`, '--output'],
      [`--stdout ${BAD}.o -- true`, '--stdout'],
      [`--baseline ${BAD}/r -- true`, '--baseline'],
      [`--budget 'anon<=1G' --report json:${BAD}.o -- true`, '--report'],
      [`--cwd ${BAD} -- true`, '--cwd'],
      [`report ${BAD}/r`, 'report <files>'],
      [`report good -o ${BAD}.o`, '--output'],
      [`elf ${BAD}/r`, 'elf <files>'],
      [`budget init --write ${BAD}.o -- true`, '--write'],
    ] as const) {
      const { status, stderr } = await inShell(folder, `cmemstat ${line}`);
      expect([line, status, stderr]).toEqual([
        line,
        125,
        expect.stringMatching(/^cmemstat: .*: not UTF-8 \(.*\n$/),
      ]);
      expect(stderr).toContain(`cmemstat: ${name} `);
    }
    const link = await inShell(folder, `ln -s ${BAD}.o link; cmemstat -q -o link -- true`);
    expect([link.status, link.stderr]).toEqual([125, expect.stringContaining('which is not UTF-8')]);
    expect(readdirSync(folder, 'latin1').sort()).toEqual([...before, 'link'].sort());
    // The command gets its words as they are, in any directory.
    const command = await inShell(
      folder,
      `cd ${BAD}; cmemstat -q --no-summary -o new -- sh -c 'printf %s "$1"' - ${BAD}; ls`,
    );
    expect([command.status, command.stdout]).toEqual([0, '\ufffdnew\nr\n']);
    const utf8 = await inShell(folder, 'cmemstat -q --no-summary -o "\ufffd" -- true && ls "\ufffd"');
    expect([utf8.status, utf8.stderr]).toEqual([0, '']);
  },
);

testWithoutKernel([], 'files that were created are removed if the target is not started', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'script'), '#!/nowhere\n', { mode: 0o755 });
  const options = '--output o --summary-json s --stdout out --stderr err --report junit:r --save-baseline b';
  for (const failure of ['--cgroup-parent /nowhere -- true', '-- ./script']) {
    expect((await inShell(folder, `cmemstat ${options} ${failure}`)).status).not.toBe(0);
    expect([failure, readdirSync(folder)]).toEqual([failure, ['script']]);
  }
});

testWithoutKernel([], 'both streams of the target share a file, under any name', async () => {
  const folder = newFolder();
  symlinkSync('both', join(folder, 'link'));
  const target = `sh -c 'echo one; echo two >&2; echo three'`;
  for (const names of ['--stdout both --stderr link', '--stdout link --stderr ./both']) {
    expect((await inShell(folder, `cmemstat -q ${names} -- ${target}`)).status).toBe(0);
    expect(readFileSync(join(folder, 'both'), 'utf8')).toBe('one\ntwo\nthree\n');
  }
  expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
});

testWithoutKernel([], 'two outputs to one file are rejected with one line', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'f'), 'contents');
  mkdirSync(join(folder, 'd'));
  symlinkSync('d', join(folder, 'd2'));
  symlinkSync('f', join(folder, 'link'));
  for (const options of [
    '--output f --report junit:link',
    '--output d/new --stdout d2/new',
    '--summary-json f --stderr ./f',
    '--output link --summary-json f',
    '--save-baseline f --output f',
    'budget init --write link.2 --output link',
    '--runs 2 --stdout ./d2/../f.2 --output f',
  ]) {
    const { status, stderr } = await inShell(folder, `cmemstat ${options} -- true`);
    expect([options, status]).toEqual([options, 125]);
    expect(stderr).toMatch(/^cmemstat: --\S+( \S+)? and --\S+( \S+)? both go to \S+\n$/);
  }
  const { stderr } = await inShell(folder, 'cmemstat --stdin f --stdout link -- cat');
  expect(stderr).toBe('cmemstat: --stdout and --stdin are the same file: link\n');
  expect(readFileSync(join(folder, 'f'), 'utf8')).toBe('contents');
  const read = await inShell(folder, 'cmemstat --stdin . -- cat');
  expect(read).toMatchObject({ status: 125, stderr: 'cmemstat: --stdin .: is a directory\n' });
});

testWithoutKernel([], 'outputs go through process substitutions, /dev/stdout and named pipes', async () => {
  const folder = newFolder();
  const script = `
    cmemstat -q --report junit:>(cat >junit) --summary-json >(cat >summary) --output >(head -1 >first) \
      -- sleep 0.3 || echo $?
    sleep 0.5
    { echo header; cmemstat -q --report json:/dev/stdout -- echo target; echo footer; } >log
    mkfifo early late
    cat early >from-early &
    { sleep 2; cat late >from-late; } &
    cmemstat -q --report tap:early --report markdown:late -- sleep 0.3
    wait`;
  const { stdout, stderr } = await inShell(folder, script);
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  expect(stdout, stderr).toBe('');
  expect(text('junit')).toMatch(/^<\?xml.*<\/testsuite>\n$/s);
  expect(JSON.parse(text('summary')).type).toBe('summary');
  expect(JSON.parse(text('first')).type).toBe('start');
  expect(text('log')).toMatch(/^header\ntarget\n\{\n.*\}\nfooter\n$/s);
  expect(text('from-early')).toMatch(/^TAP version 1\d\n.*1\.\.\d/s);
  expect(text('from-late')).toContain('Memory: no budgets');
});

testWithoutKernel([], 'a recording that is truncated by others has no hole', async () => {
  const folder = newFolder();
  const target = `sh -c 'sleep 0.5; : >run.jsonl; : >out; echo after; sleep 0.5'`;
  await inShell(folder, `cmemstat -q --interval 20ms --output run.jsonl --stdout out -- ${target}`);
  const text = readFileSync(join(folder, 'run.jsonl'), 'utf8');
  expect(text).not.toContain('\0');
  expect(JSON.parse(text.trim().split('\n').at(-1) ?? '').type).toBe('summary');
  expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('after\n');
});

testWithoutKernel([], 'reports are written although the target removes or replaces their files', async () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'build'));
  for (const name of ['moved', 'gone', 'build/f']) writeFileSync(join(folder, name), 'of the run before');
  const target = `sh -c 'mv moved kept; rm gone; rm -r build; mkdir build; sleep 0.3'`;
  const reports = '--report junit:moved --report tap:gone --report json:build/f --save-baseline build/new';
  const outcome = await inShell(folder, `cmemstat -q ${reports} -- ${target}`);
  expect(outcome.status, outcome.stderr).toBe(0);
  expect(readFileSync(join(folder, 'moved'), 'utf8')).toMatch(/^<\?xml/);
  expect(readFileSync(join(folder, 'kept'), 'utf8')).toBe('of the run before');
  expect(readFileSync(join(folder, 'gone'), 'utf8')).toMatch(/^TAP/);
  expect(readdirSync(join(folder, 'build'))).toEqual(['f', 'new']);
});

testWithoutKernel([], 'what does not fit on standard error exits with 125', async () => {
  const folder = newFolder();
  const commands = [
    '-- true',
    '-q -- true',
    '--runs 2 -- true',
    "--budget 'processes<=9' -- sleep 1",
    '--no-such-option',
  ];
  for (const command of commands) {
    const { status } = await inShell(folder, `cmemstat ${command} 2>/dev/full >/dev/null`);
    expect([command, status]).toEqual([command, 125]);
    const piped = await inShell(
      folder,
      `cmemstat ${command} 2>&1 >/dev/null | head -1; echo \${PIPESTATUS[0]}`,
    );
    expect(piped.stdout.trimEnd().split('\n').length, piped.stdout).toBeLessThanOrEqual(2);
    expect(piped.stderr).toBe('');
    if (command !== '--no-such-option') expect(piped.stdout).toMatch(/(^|\n)0\n$/);
  }
});

/** A target that puts links to `secret` in the place of these names, as soon as it runs. */
const planting = (secret: string, names: readonly string[]) =>
  `sh -c 'for each in ${names.join(' ')}; do rm -rf $each; ln -s ${secret} $each; done; sleep 0.3'`;

const PLANTED = [
  'memory.xml',
  'base.json',
  'run.2.jsonl',
  'sum.2.json',
  'sum.1.json',
  'step.md',
  'out/run.2.jsonl',
];

testWith([needs.root], 'a target of another user cannot redirect what root writes', async () => {
  const folder = newFolder();
  chownSync(folder, NOBODY, NOBODY);
  const secrets = newFolder();
  chmodSync(secrets, 0o700);
  const secret = join(secrets, 'secret');
  writeFileSync(secret, 'of root');
  const user = '--user 65534 -q --interval 50ms';
  const one = `--report junit:memory.xml --save-baseline base.json --report github`;
  const runs = [
    `GITHUB_STEP_SUMMARY=step.md cmemstat ${user} ${one} --budget 'processes<=9' -- ${planting(secret, PLANTED)}`,
    `cmemstat ${user} --runs 2 --output run.jsonl -- ${planting(secret, PLANTED)}`,
    `cmemstat ${user} --runs 2 --summary-json sum.json -- ${planting(secret, PLANTED)}`,
    `cmemstat budget init ${user} --runs 2 --write base.json -- ${planting(secret, PLANTED)}`,
    `cmemstat ${user} --runs 2 --stdout memory.xml -- ${planting(secret, PLANTED)}`,
  ];
  const outcomes: Outcome[] = [];
  for (const run of runs) {
    await inShell(folder, 'rm -rf *; mkdir out; chown 65534:65534 out');
    outcomes.push(await inShell(folder, run));
    expect([run, readFileSync(secret, 'utf8')]).toEqual([run, 'of root']);
    expect(readdirSync(secrets)).toEqual(['secret']);
  }
  const isLink = 'it is a symbolic link in a directory that others can write to';
  expect(outcomes.map(({ status }) => status)).toEqual([0, 125, 125, 0, 125]);
  expect(outcomes[0]?.stderr).toContain('cmemstat: warning: GITHUB_STEP_SUMMARY step.md: ');
  expect(outcomes[1]?.stderr).toContain(`--output run.2.jsonl: ${isLink}`);
  expect(outcomes[2]?.stderr).toContain(`--summary-json sum.2.json: ${isLink}`);
  expect(outcomes[4]?.stderr).toContain(`--stdout memory.xml: ${isLink}`);
});

testWith(
  [needs.root],
  'a target cannot put another directory in the place of that of the files',
  async () => {
    const folder = newFolder();
    chownSync(folder, NOBODY, NOBODY);
    const secrets = newFolder();
    const swap = `sh -c 'test -h out || mv out moved; ln -sfn ${secrets} out; sleep 0.3'`;
    const user = '--user 65534 -q --interval 50ms';
    const files = '--output out/run.jsonl --summary-json out/sum.json --stdout out/text';
    const budget = "--budget 'processes<=9' --report junit:out/memory.xml --save-baseline out/base.json";
    await inShell(
      folder,
      `mkdir out; chown 65534:65534 out; cmemstat ${user} --runs 2 ${files} ${budget} -- ${swap}`,
    );
    expect(readdirSync(secrets)).toEqual([]);
    expect(readdirSync(join(folder, 'moved'))).toEqual(
      [
        'base.json',
        'memory.xml',
        'run.1.jsonl',
        'run.2.jsonl',
        'sum.1.json',
        'sum.2.json',
        'text',
      ].toSorted(),
    );
  },
);

testWithoutKernel([], "a user's own links in a directory of their own are followed", async () => {
  const folder = newFolder();
  const data = newFolder();
  for (const name of ['o', 's.1', 's.2', 'r', 'b', 'out']) {
    symlinkSync(join(data, name), join(folder, name));
    if (name === 'r') writeFileSync(join(data, name), 'of the run before');
  }
  const files = '--summary-json s --report junit:r --save-baseline b --stdout out';
  expect((await inShell(folder, `cmemstat -q --output o -- true`)).status).toBe(0);
  const outcome = await inShell(folder, `cmemstat -q --runs 2 ${files} -- sleep 0.3`);
  expect(outcome.status, outcome.stderr).toBe(0);
  expect(readdirSync(data)).toEqual(['b', 'o', 'out', 'r', 's.1', 's.2']);
  expect(readFileSync(join(data, 'r'), 'utf8')).toMatch(/^<\?xml/);
  for (const name of readdirSync(folder)) expect(lstatSync(join(folder, name)).isSymbolicLink()).toBe(true);
});
