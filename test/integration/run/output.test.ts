/** Output to streams and files, and what happens if it cannot be written. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import {
  BINARY,
  cmemstat,
  host,
  needs,
  needsProgram,
  readRecording,
  record,
  SLOWNESS,
  scratch,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';

const SCHEMAS = join(import.meta.dirname, '../../../schema');
const schemaOf = (name: string) => JSON.parse(readFileSync(join(SCHEMAS, name), 'utf8')) as object;

testWith([], 'every line of a real recording is valid by the schema', async () => {
  const validate = new Ajv2020({ allErrors: true, strict: true }).compile(schemaOf('recording.schema.json'));
  const limits = host.mode === 'process-tree' ? [] : ['--memory-max', '200M'];
  const runs = [
    await record(
      '--interval',
      '100ms',
      '--bpf-interval',
      '100ms',
      ...limits,
      '--',
      'sh',
      '-c',
      'sleep 0.5; setsid sleep 9 & exit 1',
    ),
    await record('--placement', 'process-tree', '--', 'sleep', '1'),
    await record('--bpf-interval', '0', '--', 'sh', '-c', 'kill -9 $$'),
  ];
  for (const line of runs.flatMap(({ lines }) => lines)) {
    validate(line);
    expect(validate.errors ?? [], JSON.stringify(line)).toEqual([]);
  }
});

testWithoutKernel(
  [],
  'the schema rejects a renamed key, a size that is text, and a negative count',
  async () => {
    const validate = new Ajv2020({ strict: true }).compile(schemaOf('recording.schema.json'));
    const { samples } = await record('--', 'true');
    const sample = { ...samples[0] };
    expect(validate(sample)).toBe(true);
    expect(validate({ ...sample, rss_bytes: 1 })).toBe(false);
    expect(validate({ ...sample, elapsedMs: '1' })).toBe(false);
    expect(validate({ ...sample, processes: -1 })).toBe(false);
    expect(validate({ ...sample, type: 'other' })).toBe(false);
  },
);

testWith(
  [],
  'without options: rows and a summary on standard error, nothing added to standard output',
  async () => {
    const { stdout, stderr } = await cmemstat('--interval', '100ms', '--', 'sh', '-c', 'sleep 0.5; echo out');
    expect(stdout).toBe('out\n');
    const columns =
      host.mode === 'process-tree'
        ? /uptime +rss +pss +cpu +processes/
        : /uptime +anon +file +kernel +current +workingset +bpf/;
    expect(stderr).toMatch(columns);
    expect(stderr).toMatch(/peak +[\d.]+ [KM]iB/);
    expect(stderr).toMatch(/exit status 0 after/);
    const quiet = await cmemstat('-q', '--bytes', '--', 'true');
    expect(quiet.stderr).not.toMatch(columns);
    expect(quiet.stderr).toMatch(/peak +\d+ /);
  },
);

testWithoutKernel([], 'repeats the header of the table', async () => {
  const { stderr } = await cmemstat(
    '--interval',
    '10ms',
    '--bpf-interval',
    '0',
    '--',
    'sleep',
    String(0.8 * SLOWNESS),
  );
  expect(stderr.match(/uptime/g)?.length).toBeGreaterThanOrEqual(2);
});

testWithoutKernel(
  [],
  "--json keeps the target's output off standard output; --output and --summary-json agree",
  async () => {
    const file = join(scratch, 'run.jsonl');
    const summaryFile = join(scratch, 'summary.json');
    const { outcome, lines, summary } = await record(
      '--output',
      file,
      '--summary-json',
      summaryFile,
      '--',
      'echo',
      'hello',
    );
    expect(outcome.stderr).toContain('hello');
    expect(outcome.stdout).not.toContain('hello\n');
    const kept = readRecording(outcome, readFileSync(file, 'utf8'));
    expect(kept.lines).toEqual(lines);
    expect(JSON.parse(readFileSync(summaryFile, 'utf8'))).toEqual(summary);
  },
);

testWithoutKernel([], 'a closed pipe is not an error, and the target runs to completion', () => {
  const marker = join(scratch, 'went-on');
  const line = `${process.execPath} ${BINARY} --json --interval 50ms -- sh -c 'sleep ${SLOWNESS}; echo done >${marker}; exit 3' | head -3; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' });
  const lines = stdout.trim().split('\n');
  expect(lines.length).toBe(4);
  for (const each of lines.slice(0, 3)) expect(JSON.parse(each)).toHaveProperty('type');
  expect(lines[3]).toBe('3');
  expect(stderr).toBe(
    'cmemstat: cannot write to standard output: the reader has closed the pipe; the target continues\n',
  );
  expect(existsSync(marker)).toBe(true);
});

testWithoutKernel([], 'a full disk is reported, does not affect the target, and exits with 125', async () => {
  const marker = join(scratch, 'unhurt');
  const outcome = await cmemstat(
    '-q',
    '--output',
    '/dev/full',
    '--',
    'sh',
    '-c',
    `sleep 0.2; echo >${marker}`,
  );
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toContain('cannot write to /dev/full: no space left on the device');
  expect(existsSync(marker)).toBe(true);
});

testWithoutKernel([needs.root], 'a disk that fills up leaves only whole lines', async () => {
  const disk = join(scratch, 'disk');
  mkdirSync(disk);
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status).toBe(0);
  try {
    const file = join(disk, 'run.jsonl');
    const outcome = await cmemstat(
      '-q',
      '--interval',
      '5ms',
      '--output',
      file,
      '--',
      'sleep',
      String(SLOWNESS * 4),
    );
    expect(outcome.status).toBe(125);
    const text = readFileSync(file, 'utf8');
    expect(statSync(file).size).toBeGreaterThan(10_000);
    expect(text.endsWith('\n')).toBe(true);
    for (const line of text.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  } finally {
    spawnSync('umount', [disk]);
  }
});

testWithoutKernel([], 'a file that cannot be written stops the run before the start', async () => {
  for (const option of ['--output', '--summary-json', '--stdout', '--stdin']) {
    const outcome = await cmemstat(option, '/no/such/folder/file', '--', 'sh', '-c', 'echo started >&2');
    expect(outcome.status).toBe(125);
    expect(outcome.stderr).toBe(`cmemstat: ${option} /no/such/folder/file: no such file or directory\n`);
  }
});

testWithoutKernel([needsProgram('jq')], 'jq reads the recording with simple expressions', () => {
  const line = `${process.execPath} ${BINARY} --json -- sleep 1 | jq -s 'map(select(.type == "sample") | .elapsedMs) | length >= 2'`;
  expect(spawnSync('bash', ['-c', line], { encoding: 'utf8' }).stdout).toBe('true\n');
});

testWithoutKernel([], 'invalid input exits with 125 and one line that names the option', async () => {
  const cases: [string[], RegExp][] = [
    [['--'], /no command/],
    [['--no-such-option', '--', 'true'], /unknown option --no-such-option/],
    [['--interval', '0', '--', 'true'], /--interval/],
    [['--interval', '5x', '--', 'true'], /--interval 5x: not a duration/],
    [['--bpf-interval', 'no', '--', 'true'], /--bpf-interval no: not a duration/],
    [['--memory-max', '12Q', '--', 'true'], /--memory-max 12Q: not a size/],
    [['--pids-max', '-3', '--', 'true'], /--pids-max -3/],
    [['--user', 'nobody-here', '--', 'true'], /--user nobody-here: unknown user/],
    [['--cgroup-parent', '/nowhere', '--', 'true'], /--cgroup-parent \/nowhere/],
    [['--wait', 'some', '--', 'true'], /--wait some: expected target or all/],
    [['--kill-after', 'x', '--', 'true'], /--kill-after x: not a duration/],
    [['--env', 'novalue', '--', 'true'], /--env novalue: expected NAME=VALUE/],
    [['--cwd', '/nowhere', '--', 'true'], /--cwd \/nowhere/],
    [['--inherit-limits', '--inherit-ratio', '2', '--', 'true'], /--inherit-ratio 2/],
    [['--require', 'luck', '--', 'true'], /--require luck/],
    [['--interval'], /--interval/],
  ];
  for (const [args, expected] of cases) {
    const { status, stderr } = await cmemstat(...args);
    expect({ args, status }).toEqual({ args, status: 125 });
    expect(stderr).toMatch(expected);
    expect(stderr.trimEnd().split('\n').length, stderr).toBe(1);
  }
});

testWithoutKernel([], 'prints help and version', async () => {
  const help = await cmemstat('--help');
  expect(help.status).toBe(0);
  for (const word of ['--interval', 'Exit status:', '125', 'doctor', 'Examples:'])
    expect(help.stdout).toContain(word);
  expect((await cmemstat('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

testWithoutKernel([], 'a slow reader does not delay the samples', async () => {
  const run = start(
    'bash',
    [
      '-c',
      `${process.execPath} ${BINARY} --json --interval 10ms -- sleep ${2 * SLOWNESS} | (sleep ${2 * SLOWNESS}; cat)`,
    ],
    { input: '' },
  );
  const { summary } = readRecording(await run.ended);
  expect(summary.samples.count + summary.samples.missed).toBeGreaterThanOrEqual(150);
  expect(summary.samples.dropped).toBeUndefined();
});

testWithoutKernel([], 'a command fails if its output does not fit on a full disk', async () => {
  const summary = join(scratch, 'printed.json');
  expect((await cmemstat('-q', '--summary-json', summary, '--', 'true')).status).toBe(0);
  const commands = [
    ...[`compare ${summary} ${summary}`, 'budget init --runs 1 -- true', 'doctor'],
    ...['--help', '--version', 'help maps', 'budget check --help'],
  ];
  for (const words of commands) {
    const { status, stderr } = await start('sh', ['-c', `${process.execPath} ${BINARY} ${words} > /dev/full`])
      .ended;
    expect({ words, status }).toEqual({ words, status: 125 });
    expect(stderr).toContain('cmemstat: cannot write to standard output: no space left on the device');
  }
});

testWithoutKernel([], 'a summary that does not fit on a full disk exits with 125', async () => {
  for (const words of ['-q -- true', '-- true']) {
    const command = `${process.execPath} ${BINARY} ${words} 2> /dev/full`;
    const { status, stdout } = await start('sh', ['-c', command]).ended;
    expect({ words, status, stdout }).toEqual({ words, status: 125, stdout: '' });
  }
  const closed = await start('bash', ['-c', `${process.execPath} ${BINARY} -q -- true 2> >(exec true)`])
    .ended;
  expect(closed.status).toBe(0);
});
