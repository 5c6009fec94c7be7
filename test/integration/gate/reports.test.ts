/** Reports of real runs in files, pipes, shells, make and CI runners. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import {
  BINARY,
  cmemstat,
  needs,
  needsProgram,
  type Outcome,
  SLOWNESS,
  start,
  testWith,
  testWithoutKernel,
} from '../harness.ts';
import { newFile, readVerdict, words } from './gated.ts';

const PROJECT = resolve(import.meta.dirname, '../../..');
const SCHEMA = resolve(import.meta.dirname, '../../fixtures/reports/junit.xsd');
const TARGET = ['--', 'sh', '-c', `echo "from the target"; sleep ${0.4 * SLOWNESS}`];
const FAILED = words('-q --interval 100ms --budget processes<=0 --budget processes<=9');

/** The beginning of each report, and a part of its content. */
const FORMATS: Readonly<Record<string, [start: RegExp, part: string]>> = {
  text: [/^cmemstat: 1 of 2 budgets passed, 1 failed\n/, '✗ FAILED        processes<=0: '],
  markdown: [/^## ❌ Memory: 1 of 2 budgets passed, 1 failed\n/, '| ❌ FAILED | `processes<=0` |'],
  junit: [/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuite /, '<failure message='],
  github: [/^::error title=Memory budget%3A processes<=0::/, '%0Awhen: '],
  json: [/^\{\n {2}"type": "verdict",/, '"status": "failed"'],
  tap: [/^TAP version 14\n1\.\.3\n/, 'not ok 1 - processes<=0\n'],
};

testWith(
  [],
  'every report can be written to a file, together with others, and to its default stream',
  async () => {
    const files = Object.keys(FORMATS).map((format) => [format, newFile(`report.${format}`)] as const);
    const all = files.flatMap(([format, file]) => ['--report', `${format}:${file}`]);
    const outcome = await cmemstat(...FAILED, ...all, ...TARGET);
    expect(outcome.status).toBe(3);
    // A text with its own file is not written elsewhere.
    expect(outcome.stderr).not.toContain('FAILED');
    expect(outcome.stderr).toMatch(/^cmemstat: exit status 3: a budget failed$/m);
    expect(outcome.stdout).toBe('from the target\n');
    for (const [format, file] of files) {
      const [begin, part] = FORMATS[format] ?? [/$^/, ''];
      const text = readFileSync(file, 'utf8');
      expect(text).toMatch(begin);
      expect(text).toContain(part);
    }
    for (const [format, [begin, part]] of Object.entries(FORMATS)) {
      const { stdout, stderr, status } = await cmemstat(...FAILED, '--report', format, ...TARGET);
      const text = format === 'text' ? stderr.slice(stderr.indexOf('cmemstat: 1 of')) : stdout;
      const own = format === 'github' ? text.replace('from the target\n\n', '') : text;
      expect([format, status]).toEqual([format, 3]);
      expect(own).toMatch(begin);
      expect(own).toContain(part);
      // A document is alone on standard output.
      expect([format, /^from the target$/m.test(stdout)]).toEqual([
        format,
        format === 'text' || format === 'github',
      ]);
    }
  },
);

testWith([], 'a report that cannot be written exits with 125 before the start', async () => {
  const marker = newFile('started');
  const outcome = await cmemstat('--report', 'junit:/nonexistent/junit.xml', '--', 'touch', marker);
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toBe('cmemstat: --report junit /nonexistent/junit.xml: no such file or directory\n');
  expect((await cmemstat('--', 'test', '-e', marker)).status).toBe(1);
});

testWith(
  [needsProgram('xmllint')],
  'the JUnit report of a real run is valid by the common schema',
  async () => {
    const file = newFile('junit.xml');
    const names = [
      ...words('--budget anon.growth<=1 --budget bpf<=1 --budget'),
      'current<=50% of memory.max',
    ];
    await cmemstat(...FAILED, ...names, '--budget-optional', '--report', `junit:${file}`, ...TARGET);
    const { status, stderr } = await start('xmllint', ['--noout', '--nonet', '--schema', SCHEMA, file]).ended;
    expect([status, stderr]).toEqual([0, `${file} validates\n`]);
  },
);

testWith([], 'github appends to the summary of the step', async () => {
  const summary = newFile('summary.md');
  writeFileSync(summary, 'before\n');
  const env = { GITHUB_STEP_SUMMARY: summary };
  const { stdout } = await start(process.execPath, [BINARY, ...FAILED, '--report', 'github', ...TARGET], {
    env,
  }).ended;
  expect(stdout).toMatch(/^::error title=Memory budget%3A processes<=0::.*%0A/m);
  expect(readFileSync(summary, 'utf8')).toMatch(
    /^before\n## ❌ Memory: [\s\S]*\n```text\nprocesses, highest \d+\n/,
  );
});

/** The same run as a shell command line. */
const line = (...options: string[]) =>
  [process.execPath, BINARY, ...options, '--', 'sleep', String(0.4 * SLOWNESS)]
    .map((word) => `'${word}'`)
    .join(' ');

testWith([needsProgram('make')], 'sh -e, make and a GitHub runner act on the exit status', async () => {
  const passed = line('-q', '--interval', '100ms', '--budget', 'processes<=9');
  const failed = line(...FAILED);
  const missing = line('-q', '--placement', 'process-tree', '--budget', 'anon<=1');

  const sh = async (command: string) => start('sh', ['-e', '-c', `${command}\necho continued`]).ended;
  const afterSh = [await sh(passed), await sh(failed), await sh(missing)];
  expect(afterSh.map(({ status, stdout }) => [status, stdout])).toEqual([
    [0, 'continued\n'],
    [3, ''],
    [5, ''],
  ]);

  const makefile = newFile('Makefile');
  writeFileSync(
    makefile,
    `passed:\n\t@${passed}\nfailed:\n\t@${failed}\nall: passed failed\n\t@echo continued\n`,
  );
  const make = (goal: string): Promise<Outcome> => start('make', ['-f', makefile, goal]).ended;
  expect((await make('passed')).status).toBe(0);
  const all = await make('all');
  expect([all.status, all.stdout.includes('continued')]).toEqual([2, false]);
  expect(all.stderr).toMatch(/make: \*\*\* \[.*failed\] Error 3/);

  // Like GitHub starts the script of a step.
  const script = newFile('step.sh');
  writeFileSync(script, `echo first\n${failed} 2>&1 | cat\necho continued\n`);
  const step = await start('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script]).ended;
  expect([step.status, step.stdout.includes('continued')]).toEqual([3, false]);
});

/** The indented code lines of a page that pipe into jq, or read a file with it. */
const recipes = ['README.md', 'docs/budgets.md', 'docs/ci.md', 'docs/comparing.md'].flatMap((page) =>
  [...readFileSync(resolve(PROJECT, page), 'utf8').matchAll(/^ {4}(cmemstat .*\bjq .*)$/gm)].map(
    (match) => match[1] ?? '',
  ),
);

testWith(
  [needsProgram('jq'), needsProgram('make'), needs.cgroup],
  'the jq commands in the documentation work on real output',
  async () => {
    expect(recipes.length).toBeGreaterThanOrEqual(5);
    const folder = newFile('recipes');
    mkdirSync(folder);
    writeFileSync(`${folder}/agent`, `#!/bin/sh\necho text of its own\nsleep ${0.6 * SLOWNESS}\n`, {
      mode: 0o755,
    });
    writeFileSync(`${folder}/Makefile`, `all:\n\t@sleep ${0.6 * SLOWNESS}\n`);
    const prelude = `cd ${folder}; cmemstat() { '${process.execPath}' '${BINARY}' "$@"; }`;
    const run = (text: string) => start('sh', ['-c', `${prelude}; ${text}`], { input: '' }).ended;
    await run('cmemstat -q --save-baseline base.json --output run.jsonl -- ./agent');
    for (const recipe of recipes) {
      const { status, stdout, stderr } = await run(recipe);
      expect([recipe, status, stderr.match(/^jq: .*/m)?.[0]]).toEqual([recipe, 0, undefined]);
      // Nothing was killed, and nothing regressed.
      if (!/oom_kill|regressed/.test(recipe)) expect([recipe, stdout.trim()]).not.toEqual([recipe, '']);
    }
    const file = newFile('verdict.json');
    await cmemstat(...FAILED, '--report', `json:${file}`, ...TARGET);
    expect(readVerdict(file).budgets.map(({ status }) => status)).toEqual(['failed', 'passed']);
    const query = '.budgets[] | [.expression, .status, .limit] | @tsv';
    expect((await start('jq', ['-r', query, file]).ended).stdout).toBe(
      'processes<=0\tfailed\t0\nprocesses<=9\tpassed\t9\n',
    );
  },
);

testWithoutKernel(
  [],
  'a recording without budgets is reported as its summary, also from a pipe',
  async () => {
    const first = newFile('plain.jsonl');
    const recorded = await cmemstat('--no-tui', '--output', first, '--', 'true');
    const report = await cmemstat('report', first);
    expect([report.status, report.stderr]).toEqual([0, '']);
    expect(report.stdout).toMatch(/^cmemstat: true\n {2}exit status 0 after /);
    expect(recorded.stderr).toContain(report.stdout.split('\n')[1]);
    // To standard output, and with the byte order mark of Windows.
    const piped = await cmemstat('-q', '--output', '-', '--', 'echo', 'from the target');
    expect(piped.stderr).toContain('from the target\n');
    const second = newFile('marked.jsonl');
    writeFileSync(second, `\ufeff${piped.stdout}`);
    expect((await cmemstat('report', second)).stdout).toMatch(/^cmemstat: echo 'from the target'\n/);
    const compared = await cmemstat('compare', first, second, second, '--json');
    expect(JSON.parse(compared.stdout)).toMatchObject({ base: { runs: 1 }, now: { runs: 2 } });
    const small = await cmemstat('-q', '--budget', 'current<64', '--', 'sh', '-c', 'sleep 0.2');
    expect(small.stderr).toContain('hint: 64 without a unit is 64 bytes; for MiB write current<64MiB\n');
  },
);
