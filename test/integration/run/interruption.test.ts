/** Signals to cmemstat at any time: it ends, and so does everything that it started or created. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Command } from 'commander';
import { describe, expect, onTestFinished } from 'vitest';
import { measureRun } from '#src/app/run/run.ts';
import { parseLeafName } from '#src/cgroup/leaf-name.ts';
import { addRunOptions, type RunFlags } from '#src/cli/options/run-flags.ts';
import { toRunOptions } from '#src/cli/options/run-options.ts';
import { BINARY, host, needs, processesWith, SLOWNESS, scratch, testWith } from '../harness.ts';
import { bare, shellQuote, until } from '../terminal.ts';

/** A named pipe that is full, and that is never read. */
function fullPipe(): string {
  const path = join(scratch, `full-${process.pid}-${readdirSync(scratch).length}`);
  spawnSync('mkfifo', [path]);
  const end = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(end));
  const chunk = Buffer.alloc(4096);
  try {
    for (;;) writeSync(end, chunk);
  } catch {
    // It is full.
  }
  return path;
}

function leavesOf(pid: number | undefined): string[] {
  return host.top === undefined
    ? []
    : readdirSync(host.top).filter((name) => parseLeafName(name)?.pid === pid);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  for (const output of ['standard output', 'standard error', '--output'] as const) {
    testWith([], `${signal} ends the wait for a reader of ${output} that stands still`, async () => {
      const path = fullPipe();
      const stuck = output === '--output' ? undefined : openSync(path, 'w');
      const sign = `${path}.ran`;
      const args =
        output === '--output' ? ['-q', '--output', path] : output.endsWith('output') ? ['--json'] : [];
      const child = spawn(process.execPath, [BINARY, ...args, '--', 'touch', sign], {
        stdio: [
          'ignore',
          output === 'standard output' && stuck !== undefined ? stuck : 'ignore',
          output === 'standard error' && stuck !== undefined ? stuck : 'ignore',
        ],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      if (stuck !== undefined) closeSync(stuck);
      const ended = once(child, 'exit');
      await until('the target', () => existsSync(sign) || undefined);
      // Removed before the output is waited for.
      await until('the removal of the cgroup', () => leavesOf(child.pid).length === 0 || undefined);
      await wait(200 * SLOWNESS);
      expect(child.exitCode).toBeNull();
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
    });
  }
}

testWith([needs.cgroup], 'one SIGTERM ends an attachment whose reader stands still', async () => {
  const stuck = openSync(fullPipe(), 'w');
  const words = [BINARY, 'attach', '--json', '--interval', '10ms', String(process.pid)];
  const child = spawn(process.execPath, words, { stdio: ['ignore', stuck, 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  closeSync(stuck);
  const ended = once(child, 'exit');
  await wait(2_000 * SLOWNESS);
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
});

describe('SIGTERM while the other end of a named pipe is not open', () => {
  const start = (...args: string[]) => {
    const pipe = join(mkdtempSync(join(scratch, 'unread-')), 'pipe');
    spawnSync('mkfifo', [pipe]);
    const words = [BINARY, '-q', ...args.map((word) => word.replace('PIPE', pipe))];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let messages = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      messages += text;
    });
    return { child, ended: once(child, 'close').then((exit) => ({ exit, messages })) };
  };

  for (const option of ['--output', '--stdout', '--stdin']) {
    testWith([], `ends the wait for one of ${option}, before the target is started`, async () => {
      const { child, ended } = start(option, 'PIPE', '--', 'sleep', '0');
      // The wait is announced nowhere.
      await wait(600 * SLOWNESS);
      child.kill('SIGTERM');
      const { exit, messages } = await ended;
      expect(messages).toBe('cmemstat: ended by SIGTERM before the target was started\n');
      expect(exit).toEqual([143, null]);
      expect(leavesOf(child.pid)).toEqual([]);
    });
  }

  for (const args of [
    ['--report', 'junit:PIPE', '--budget', 'current<=1GiB'],
    ['--save-baseline', 'PIPE'],
    ['--runs', '2', '--report', 'json:PIPE', '--budget', 'current<=1GiB'],
  ]) {
    testWith([needs.cgroup], `ends the wait for one of ${args.join(' ')}, without the leaf`, async () => {
      const { child, ended } = start(...args, '--', 'sleep', '0');
      let messages = '';
      child.stderr.on('data', (text: string) => {
        messages += text;
      });
      await until('the summary', () => /peak|median/.test(messages) || undefined);
      await until('the removal of the cgroup', () => leavesOf(child.pid).length === 0 || undefined);
      await wait(200 * SLOWNESS);
      expect(child.exitCode).toBeNull();
      child.kill('SIGTERM');
      expect((await ended).exit).toEqual([null, 'SIGTERM']);
    });
  }
});

testWith([], 'a launch that fails leaves no descriptor open', async () => {
  const program = new Command();
  addRunOptions(program);
  program.parse(['-q'], { from: 'user' });
  const script = join(scratch, 'without-interpreter');
  writeFileSync(script, '#!/no/such/interpreter\n');
  chmodSync(script, 0o755);
  const options = toRunOptions(program.opts<RunFlags>(), [script]);
  const fail = async () => expect(measureRun(options)).rejects.toThrow('interpreter');
  // What is loaded once stays.
  await await fail();
  const before = readdirSync('/proc/self/fd').length;
  await await fail();
  await await fail();
  // Some are closed a little later.
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
});

testWith(
  [needs.cgroup],
  'Ctrl-C at any time ends a run in a terminal',
  async () => {
    const target = '4711.0815';
    for (let delayMs = 0; delayMs < 400 * SLOWNESS; delayMs += 20 * SLOWNESS) {
      const command = [process.execPath, BINARY, '--no-tui', '--', 'sleep', target].map(shellQuote).join(' ');
      const pty = bare({ command: `echo begin; exec ${command}` });
      await pty.waitFor(/begin/);
      await wait(delayMs);
      pty.type('\x03');
      await Promise.race([
        pty.ended(),
        wait(8_000 * SLOWNESS).then(() => {
          throw new Error(`runs on after Ctrl-C at ${delayMs}ms`);
        }),
      ]);
      expect(processesWith(target)).toEqual([]);
    }
  },
  120_000,
);
