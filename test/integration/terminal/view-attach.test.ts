/** The live view of a cgroup that exists. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { host, needs, testWith } from '../harness.ts';
import { needsTmux } from '../terminal.ts';
import { openView } from './view-harness.ts';

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
      rmdirSync(directory);
    }
  },
);
