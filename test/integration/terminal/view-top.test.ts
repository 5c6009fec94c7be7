/** The view of all cgroups, as a user sees it. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { host, needs, testWith } from '../harness.ts';
import { removeWhenEmpty } from '../memory-cgroup.ts';
import { needsTmux, tmux } from '../terminal.ts';
import { CMEMSTAT } from './view-harness.ts';

testWith(
  [needsTmux, needs.root, needs.cgroup],
  'finds a cgroup, attaches to it, returns, and restores the terminal',
  async () => {
    const name = `cmemstat-test-view-top-${process.pid}`;
    const directory = join(host.top ?? '', name);
    mkdirSync(directory);
    const join0 = 'echo 0 > "$0/cgroup.procs" && exec sleep 600';
    const child = spawn('/bin/sh', ['-c', join0, directory], { stdio: 'ignore' });
    const exited = new Promise((done) => child.once('exit', done));
    try {
      const terminal = await tmux({
        width: 80,
        height: 24,
        command: `${CMEMSTAT} top --filter ${name}; echo status $?; exec cat`,
      });
      await terminal.waitFor(new RegExp(`procs.*${name.slice(0, 12)}`, 's'));
      await terminal.keys('End', 'Enter');
      await terminal.waitFor(/running.*samples/s);
      await terminal.keys('C-c');
      await terminal.waitFor(/cmemstat top/);
      await terminal.keys('e');
      await terminal.waitFor(/Memory by name: \/cmemstat-test-view-top/);
      await terminal.keys('Escape', 'C-c');
      const screen = await terminal.waitFor(/status 0/);
      expect(screen).not.toContain('procs');
      expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    } finally {
      child.kill('SIGKILL');
      await exited;
      await removeWhenEmpty(directory);
    }
  },
);
