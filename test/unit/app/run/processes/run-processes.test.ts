import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { RunProcesses } from '#src/app/run/processes/run-processes.ts';
import type { Target } from '#src/target/launch-request.ts';
import { required } from '../../../../required.ts';

/** A target that records the signals that it gets, and ends on request. */
function makeTarget() {
  const signals: NodeJS.Signals[] = [];
  let end = () => {};
  const ended = new Promise((resolve) => {
    end = () => resolve({ code: 0 });
  });
  const target = { pid: 4711, ended, kill: (signal: NodeJS.Signals) => signals.push(signal) };
  return { target: target as unknown as Target, signals, end: () => end() };
}

function makeProcesses(changes: { isAttached?: boolean; tree?: number[] } = {}) {
  const { isAttached = false, tree = [] } = changes;
  return new RunProcesses({
    cgroup: undefined,
    own: undefined,
    isAttached,
    onlyPid: undefined,
    listTree: () => tree,
  });
}

describe('the signals of a process tree', () => {
  it('go to the target, and after its end to what has outlived it', async () => {
    const outliving = spawn('sleep', ['60']);
    const { target, signals, end } = makeTarget();
    const processes = makeProcesses({ tree: [0, required(outliving.pid)] });
    expect(processes.targetPid).toBeUndefined();
    processes.begin(target);
    expect(processes.signalActions.targetPid()).toBe(4711);
    processes.signalActions.passOn('SIGUSR1');
    expect(signals).toEqual(['SIGUSR1']);
    end();
    await target.ended;
    expect(processes.hasTargetEnded).toBe(true);
    expect(processes.haveEnded).toBe(false);
    expect(processes.signalActions.targetPid()).toBeUndefined();
    processes.signalActions.passOn('SIGTERM');
    expect(await once(outliving, 'exit')).toEqual([null, 'SIGTERM']);
    expect(signals).toEqual(['SIGUSR1']);
  });

  it('kill what is in it, which is then said', async () => {
    const inTree = spawn('sleep', ['60']);
    const { target } = makeTarget();
    const processes = makeProcesses({ tree: [required(inTree.pid)] });
    processes.begin(target);
    processes.signalActions.killAll();
    expect(await once(inTree, 'exit')).toEqual([null, 'SIGKILL']);
    expect(processes.wereKilledByUs).toBe(true);
  });
});

it('signals only end an attachment: no process is killed', async () => {
  const inCgroup = spawn('sleep', ['60']);
  const { target, signals, end } = makeTarget();
  const processes = makeProcesses({ isAttached: true, tree: [required(inCgroup.pid)] });
  processes.begin(target);
  expect(processes.signalActions.targetPid()).toBeUndefined();
  processes.signalActions.killAll();
  expect(signals).toEqual(['SIGKILL']);
  expect(processes.wereKilledByUs).toBe(false);
  end();
  await target.ended;
  processes.signalActions.passOn('SIGINT');
  expect(signals).toEqual(['SIGKILL', 'SIGINT']);
  expect(inCgroup.exitCode ?? inCgroup.signalCode).toBeNull();
  inCgroup.kill();
  await once(inCgroup, 'exit');
});
