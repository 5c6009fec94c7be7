/** The live view of a cgroup that exists. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { BINARY, host, needs, start, testWith } from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';
import { needsTmux } from '../terminal.ts';
import { newFolder, openView, startView } from './view-harness.ts';

testWith(
  [needsTmux, needs.root, needs.cgroup],
  'Ctrl-C in the view ends the measurement and nothing else',
  async () => {
    const directory = join(host.top ?? '', `cmemstat-test-view-attach-${process.pid}`);
    mkdirSync(directory);
    const join0 = 'echo 0 > "$0/cgroup.procs" && exec sleep 600';
    const child = spawn('/bin/sh', ['-c', join0, directory], { stdio: 'ignore' });
    const exited = new Promise((done) => child.once('exit', done));
    try {
      const terminal = await openView(`attach --process-interval 200ms ${directory}`);
      const screen = await terminal.waitFor(/4 Processes.*sleep 600/s);
      expect(screen).not.toContain('Output');
      await terminal.keys('q');
      await terminal.waitFor(/nothing is sent to the processes/);
      await terminal.keys('Escape');
      await terminal.keys('C-c');
      await terminal.waitFor(/samples, longest gap/);
      expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    } finally {
      child.kill('SIGKILL');
      await exited;
      await removeWhenEmpty(directory);
    }
  },
);

testWith(
  [needsTmux, needs.root, needs.cgroup],
  'an attachment that followed a restart is replayed from its recording',
  async () => {
    const name = `cmemstat-test-view-restart-${process.pid}`;
    const directory = join(host.top ?? '', name);
    const file = join(newFolder(), 'run.jsonl');
    const restart = () => {
      if (existsSync(directory)) rmdirSync(directory);
      mkdirSync(directory);
    };
    restart();
    try {
      const options = ['--no-tui', '--follow', '--interval', '100ms', '--output', file];
      const attached = start(BINARY, ['attach', ...options, `/${name}`]);
      await attached.until(/current/);
      restart();
      await attached.until(/followed: /);
      attached.child.kill('SIGINT');
      expect((await attached.ended).status).toBe(0);
    } finally {
      rmdirSync(directory);
    }
    const terminal = await startView(`replay --at end ${file}`);
    const screen = await terminal.waitFor(/1 Breakdown/);
    expect(screen).toContain(name);
    expect(screen).toMatch(/followed/);
    await terminal.keys('q');
  },
);
