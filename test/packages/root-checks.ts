/** What every package can do, in the root that it is installed in. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VERSION } from '../../build/package/tools.ts';
import type { BareRoot, RootOutcome } from './bare-root.ts';
import { expect } from './checks.ts';

/** The version, the diagnosis, a run with and without `--json`, and the maps. */
export function checkCommands(root: BareRoot): void {
  const run = (...words: string[]): RootOutcome => {
    const outcome = root.run(['cmemstat', ...words]);
    expect(outcome.status === 0, { words, ...outcome });
    return outcome;
  };
  expect(run('--version').stdout === `${VERSION}\n`, 'cmemstat --version');
  const { stdout: diagnosis } = run('doctor');
  expect(/^memory controller +(ok|limited)/m.test(diagnosis), diagnosis);
  expect(/^bpf access +ok/m.test(diagnosis), diagnosis);
  // Its shell allocates 32 MiB, and keeps them for a second.
  const target = ['sh', '-c', 'x=$(head -c 33554432 /dev/zero | tr "\\0" x); sleep 1; : "$x"'];
  const lines = run('--json', '--interval', '100ms', '--', ...target)
    .stdout.trim()
    .split('\n');
  const summary = JSON.parse(lines.at(-1) ?? '{}');
  expect(summary.type === 'summary' && summary.exit?.code === 0, summary);
  expect(JSON.stringify(summary.maxima ?? {}).length > 2, summary);
  const samples = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'sample');
  expect(Math.max(...samples.map(({ stat }) => stat?.anon ?? 0)) >= 32 * 1024 * 1024, samples.at(-1));
  expect(Array.isArray(JSON.parse(run('maps', '--json').stdout).maps), 'cmemstat maps --json');
}

/** The view, in a terminal of tmux on this host. */
export function checkView(root: BareRoot): void {
  const socket = join(tmpdir(), 'tmux');
  const tmux = (...words: string[]) => spawnSync('tmux', ['-S', socket, ...words], { encoding: 'utf8' });
  const command = root.command(['cmemstat', '--', 'sleep', '60']);
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', '80', '-y', '24', ...command);
  try {
    let screen = '';
    for (const end = Date.now() + 60_000; Date.now() < end && !/running[\s\S]*1 Breakdown/.test(screen); ) {
      spawnSync('sleep', ['0.2']);
      screen = tmux('capture-pane', '-p').stdout;
    }
    expect(/running .* sleep 60[\s\S]*1 Breakdown/.test(screen), screen);
    tmux('send-keys', 'q');
    // The question what becomes of the target.
    tmux('send-keys', 's');
    for (const end = Date.now() + 30_000; Date.now() < end && tmux('has-session').status === 0; ) {
      spawnSync('sleep', ['0.2']);
    }
    expect(tmux('has-session').status !== 0, tmux('capture-pane', '-p').stdout);
  } finally {
    tmux('kill-server');
  }
}
