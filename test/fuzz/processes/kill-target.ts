/** SIGKILL to cmemstat at random moments: the target may survive, and the next run removes the cgroup. */
import { setTimeout as wait } from 'node:timers/promises';
import { checkEnd } from './check-run.ts';
import { processesWith, tryKill, untilTrue } from './fuzz-host.ts';
import type { ProcessTarget } from './process-target.ts';
import { awaitEnd, startRun } from './start-run.ts';

/** What may survive: the stub that starts the target is ended by the end of its parent. */
const TARGET = /^(sleep 60\d|sh -c sleep)/;

export const KILL_TARGET: ProcessTarget = {
  name: 'kill-9',
  about: 'SIGKILL to cmemstat at random moments, followed by another run',
  async runOnce(host, random) {
    const target = random.chance(0.5) ? ['sleep', '600'] : ['sh', '-c', 'sleep 601 & sleep 602 & wait'];
    const run = await startRun(host, { mode: random.pick(['table', 'json'] as const), target });
    await wait(random.fraction() * Math.max(600, host.runMs + 200));
    tryKill(run.pid);
    const end = await awaitEnd(run);
    if (end === undefined) return { kind: 'no end', faults: ['SIGKILL did not end it'] };
    const listOthers = () =>
      processesWith(run.mark).filter(({ command }) => !TARGET.test(command) && command !== '');
    // A stub whose parent has ended, or that is about to become the target: for a moment, it is a copy of its
    // parent.
    await wait(100);
    await untilTrue(() => listOthers().length === 0);
    const others = listOthers();
    const left = processesWith(run.mark);
    const faults = [
      ...checkEnd(end),
      ...others.map(({ pid, command }) => `left running: ${pid} ${command}`),
      ...(await host.clearUp(run.mark)),
    ];
    return { kind: left.length > 0 ? 'while the target ran' : 'before the launch', faults };
  },
};
