/** An internal error between the launch and the measurement: the target does not continue. */
import { existsSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { expect } from 'vitest';
import { measureRun } from '#src/app/run/run.ts';
import { addRunOptions, type RunFlags } from '#src/cli/options/run-flags.ts';
import { toRunOptions } from '#src/cli/options/run-options.ts';
import { testWith } from '../harness.ts';

testWith([], 'an exception in a watch ends the target, also in a process tree', async () => {
  const program = new Command();
  addRunOptions(program);
  program.parse(['-q', '--placement', 'process-tree'], { from: 'user' });
  const options = toRunOptions(program.opts<RunFlags>(), ['sleep', '60']);
  let pids: number[] = [];
  const failing = measureRun(options, () => {
    pids = childrenOfOurs();
    throw new TypeError('fault');
  });
  await expect(failing).rejects.toThrow('fault');
  expect(pids).not.toEqual([]);
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});

/** The running processes that this one has started. */
function childrenOfOurs(): number[] {
  const text = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}
