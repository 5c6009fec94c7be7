import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree } from '../temporary-tree.ts';

const PROJECT = resolve(import.meta.dirname, '../../..');
const SCRIPT = join(PROJECT, 'action/run.sh');

/** The effects of the action's step. */
interface Step {
  status: number | null;
  /** The arguments of cmemstat. */
  words: string[];
  outputs: Record<string, string>;
  stderr: string;
}

/**
 * Runs the step like GitHub's runner, with programs that record their arguments in place of cmemstat, sudo,
 * and id.
 */
function runStep(
  inputs: Record<string, string>,
  options: { uid?: number; status?: number; files?: string[] } = {},
): Step {
  const tree = makeTree();
  const [bin, log, output] = [join(tree, 'bin'), join(tree, 'log'), join(tree, 'output')];
  mkdirSync(bin);
  const program = (name: string, body: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
    return join(bin, name);
  };
  // The second argument is the file of --output.
  const touch = (options.files ?? []).map((name) => `touch "$(dirname "$2")/${name}.jsonl"; `).join('');
  const cmemstat = program('cmemstat', `printf '%s\\0' "$@" >>"${log}"; ${touch}exit ${options.status ?? 0}`);
  program('id', `echo ${options.uid ?? 0}`);
  program('chown', 'exit 0');
  program(
    'sudo',
    `printf '%s\\0' sudo "$@" >>"${log}"; while [ "\${1#-}" != "$1" ]; do shift; done; exec "$@"`,
  );
  const { status, stderr } = spawnSync('bash', [SCRIPT], {
    encoding: 'utf8',
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      RUNNER_TEMP: tree,
      GITHUB_OUTPUT: output,
      INPUT_WORKING_DIRECTORY: tree,
      INPUT_EXECUTABLE: cmemstat,
      ...inputs,
    },
  });
  const lines = existsSync(output) ? readFileSync(output, 'utf8').trim().split('\n') : [];
  return {
    status,
    words: existsSync(log) ? readFileSync(log, 'utf8').split('\0').slice(0, -1) : [],
    outputs: Object.fromEntries(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)])),
    stderr,
  };
}

describe('the step of the action', () => {
  it('passes the inputs as single arguments', () => {
    const { status, words, outputs } = runStep({
      INPUT_COMMAND: 'make test && echo "done"',
      INPUT_BUDGETS: '  anon<=256MiB  \n\n# a remark\nbpf.map:flow *<=1MiB\n',
      INPUT_REPORTS: 'text\njunit:out file.xml\n',
      INPUT_BUDGET_FILE: 'budget.json',
      INPUT_BASELINE: 'base line.json',
      INPUT_MAX_REGRESSION: 'bpf=1%,anon=10%+2MiB',
      INPUT_RUNS: '5',
      INPUT_TIMEOUT: '10m',
      INPUT_BUDGET_OPTIONAL: 'true',
      INPUT_CMEMSTAT_ARGS: '--interval\n100ms',
    });
    expect(status).toBe(0);
    const directory = outputs.directory ?? '';
    // biome-ignore format: an option and its value in one line
    expect(words).toEqual([
      '--output', `${directory}/recording.jsonl`,
      '--report', `json:${directory}/verdict.json`,
      '--budget', 'anon<=256MiB',
      '--budget', 'bpf.map:flow *<=1MiB',
      '--report', 'text',
      '--report', 'junit:out file.xml',
      '--budget-file', 'budget.json',
      '--baseline', 'base line.json',
      '--max-regression', 'bpf=1%,anon=10%+2MiB',
      '--timeout', '10m',
      '--runs', '5',
      '--budget-optional',
      '--interval',
      '100ms',
      '--', 'sh', '-e', '-c', 'make test && echo "done"',
    ]);
    expect(outputs).toEqual({
      'exit-status': '0',
      verdict: `${directory}/verdict.json`,
      recording: `${directory}/recording.jsonl`,
      directory,
    });
  });

  it('omits inputs that are not set', () => {
    const { words } = runStep({ INPUT_COMMAND: 'true', INPUT_RUNS: '1', INPUT_BUDGET_OPTIONAL: 'false' });
    expect(words.filter((word) => word.startsWith('--'))).toEqual(['--output', '--report', '--']);
  });

  it('names the first recording of several', () => {
    const { outputs } = runStep(
      { INPUT_COMMAND: 'true', INPUT_RUNS: '2' },
      { files: ['recording.2', 'recording.1'] },
    );
    expect(outputs.recording).toBe(`${outputs.directory}/recording.1.jsonl`);
  });

  it.each([3, 5, 124])('exits with the status %d of cmemstat, after the outputs are written', (expected) => {
    const { status, outputs } = runStep({ INPUT_COMMAND: 'true' }, { status: expected });
    expect(status).toBe(expected);
    expect(outputs['exit-status']).toBe(String(expected));
  });

  it('executes no part of an input other than the command', () => {
    const evil = '$(touch smuggled) `touch smuggled`; touch smuggled';
    const tree = makeTree();
    const { words } = runStep({
      INPUT_COMMAND: 'true',
      INPUT_BUDGETS: evil,
      INPUT_BASELINE: evil,
      INPUT_CMEMSTAT_ARGS: evil,
      INPUT_WORKING_DIRECTORY: tree,
    });
    expect(existsSync(join(tree, 'smuggled'))).toBe(false);
    expect(words.filter((word) => word === evil)).toHaveLength(3);
  });

  it('uses sudo for cmemstat only: the command runs as the user', () => {
    const { words } = runStep({ INPUT_COMMAND: 'true' }, { uid: 1001 });
    const at = words.lastIndexOf('env');
    expect(words.slice(at - 3, at)).toEqual(['sudo', '-n', '-E']);
    expect(words[at + 1]).toMatch(/^PATH=/);
    expect(words.slice(at + 3, at + 5)).toEqual(['--user', '1001:1001']);
  });

  it.each([
    ['false', 1001],
    ['auto', 0],
  ])('does not use sudo with "%s" as user %d', (sudo, uid) => {
    const { words } = runStep({ INPUT_COMMAND: 'true', INPUT_SUDO: sudo }, { uid });
    expect(words).not.toContain('sudo');
    expect(words).not.toContain('--user');
  });

  it('builds its own checkout as the user, once, if no executable is given', () => {
    const root = makeTree({ 'action/run.sh': readFileSync(SCRIPT, 'utf8'), 'work/': '' });
    const bin = join(root, 'tools');
    mkdirSync(bin);
    const program = (file: string, body: string) => {
      writeFileSync(file, `#!/bin/sh\n${body}\n`);
      chmodSync(file, 0o755);
    };
    const log = join(root, 'log');
    mkdirSync(join(root, 'bin'));
    program(join(root, 'bin/cmemstat.js'), `echo "cmemstat $*" >>'${log}'`);
    program(
      join(bin, 'npm'),
      `echo "npm $*" >>'${log}'; mkdir -p '${root}/dist'; : >'${root}/dist/start.cjs'`,
    );
    program(join(bin, 'id'), 'echo 1001');
    program(join(bin, 'sudo'), `echo sudo >>'${log}'; exit 1`);
    const run = () =>
      spawnSync('bash', [join(root, 'action/run.sh')], {
        env: { PATH: `${bin}:${process.env.PATH}`, RUNNER_TEMP: root, INPUT_COMMAND: 'true' },
        encoding: 'utf8',
      });
    expect(run().status).toBe(0);
    expect(run().status).toBe(0);
    const lines = readFileSync(log, 'utf8').split('\n');
    expect(lines.filter((line) => line.startsWith('npm'))).toEqual([`npm ci --prefix ${root}`]);
    expect(lines[0]).toMatch(/^npm/);
    expect(lines.filter((line) => line.startsWith('cmemstat --output'))).toHaveLength(2);
  });
});

describe('action.yml', () => {
  const action = readFileSync(join(PROJECT, 'action.yml'), 'utf8');

  it('declares every input that the script reads, and no other', () => {
    const inputs = action.slice(action.indexOf('\ninputs:'), action.indexOf('\noutputs:'));
    const names = [...inputs.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(10);
    const script = readFileSync(SCRIPT, 'utf8');
    for (const name of names) {
      const variable = `INPUT_${name.toUpperCase().replaceAll('-', '_')}`;
      expect(action).toContain(`        ${variable}: \${{ inputs.${name} }}\n`);
      expect(script).toContain(variable);
    }
  });

  it('offers the outputs that the script sets', () => {
    const offered = [...action.matchAll(/steps\.measure\.outputs\.([a-z-]+)/g)].map(([, name = '']) => name);
    expect(offered).toEqual(Object.keys(runStep({ INPUT_COMMAND: 'true' }).outputs));
  });

  it.each(['action.yml', 'examples/ci/github.yml'])('interpolates no input into a script: %s', (file) => {
    const text = readFileSync(join(PROJECT, file), 'utf8');
    const scripts = [...text.matchAll(/^( *)(?:- )?run: ?(\|?.*(?:\n\1 {2,}.*)*)/gm)].map(
      ([script]) => script,
    );
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(script).not.toContain('${{');
  });

  it('is a script that bash can parse', () => {
    expect(execFileSync('bash', ['-n', SCRIPT], { encoding: 'utf8' })).toBe('');
  });
});
