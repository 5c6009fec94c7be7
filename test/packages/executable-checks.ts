/** What Node.js itself would do with signals, options and channels, and must leave to the target. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from './checks.ts';

/** What a check of signals waits for. Unit: milliseconds. */
const TIMEOUT_MS = 60_000;

/** SIGUSR1 opens no debugger: it ends a command, and is for the target of a run, which can receive it. */
export async function checkSignals(executable: string): Promise<void> {
  const script = 'grep -E "^Sig(Blk|Ign)" /proc/self/status; trap "echo received; exit 5" USR1; echo ready';
  const target = ['sh', '-c', `${script}; while :; do sleep 0.1; done`];
  const run = await signalled(executable, ['-q', '--', ...target], /ready/);
  expect(run.status === 5 && run.stdout.endsWith('ready\nreceived\n'), run);
  expect(/^SigBlk:\s0+\nSigIgn:\s0+$/m.test(run.stdout) && !/Debugger/.test(run.stderr), run);
  const command = await signalled(executable, ['top', '--json', '--interval', '100ms'], /\n/);
  expect(command.status === 138 && !/Debugger/.test(command.stderr), command);
}

/** Sends SIGUSR1 when standard output matches. */
async function signalled(executable: string, words: readonly string[], pattern: RegExp) {
  const child = spawn(executable, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  let [stdout, stderr, isSent] = ['', '', false];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (!isSent && pattern.test(stdout)) isSent = child.kill('SIGUSR1');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status, signal] = await once(child, 'close');
  return { words, status, signal, stdout: stdout.slice(-2000), stderr };
}

/** NODE_OPTIONS is for the target alone, and options of Node.js are unknown to the command line. */
export function checkNodeOptions(executable: string): void {
  for (const options of ['--require /no/such/file', '--inspect=127.0.0.1:0', '--no-such-option']) {
    const env = { ...process.env, NODE_OPTIONS: options };
    const words = ['-q', '--', 'sh', '-c', 'echo "$NODE_OPTIONS"'];
    const run = spawnSync(executable, words, { env, encoding: 'utf8', timeout: TIMEOUT_MS });
    expect(run.status === 0 && run.stdout === `${options}\n` && !/Debugger/.test(run.stderr), run);
  }
  for (const option of ['--inspect', '--eval=1', '--no-such-option']) {
    const run = spawnSync(executable, [option, '--', 'true'], { encoding: 'utf8', timeout: TIMEOUT_MS });
    expect(run.status === 125 && run.stderr.includes(`unknown option ${option.replace(/=.*/, '')} `), run);
  }
}

/** Each message of a parent is for the target, also those that are sent before it starts. */
export async function checkChannel(executable: string): Promise<void> {
  const reply = 'process.on("message", (n) => process.send(n + 1, () => n === 43 && process.disconnect()))';
  const child = spawn(executable, ['-q', '--', process.execPath, '-e', reply], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    timeout: TIMEOUT_MS,
  });
  const replies: unknown[] = [];
  child.on('message', (message) => {
    replies.push(message);
    if (replies.length === 2) child.send(43);
  });
  for (const number of [41, 42]) child.send(number);
  const [status] = await once(child, 'close');
  expect(status === 0 && JSON.stringify(replies) === '[42,43,44]', { status, replies });
}
