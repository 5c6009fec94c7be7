/** Signals to cmemstat at random moments, from its first instruction on. */
import { constants } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { readPidStat } from '#src/kernel/procfs/pid-stat.ts';
import type { Random } from '../random.ts';
import { checkEnd, checkLeft, endOf } from './check-run.ts';
import { type FuzzHost, tryKill } from './fuzz-host.ts';
import type { ProcessTarget, RunOutcome } from './process-target.ts';
import { awaitEnd, type EndedRun, type RunMode, type StartedRun, startRun } from './start-run.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Targets without and with children; a signal ends them at any moment, which is not so with a shell. */
const TARGETS: readonly (readonly string[])[] = [
  ['sleep', '600'],
  ['perl', '-e', 'for (601 .. 603) { fork or exec "sleep", $_ } sleep 604'],
];

/** The latest moment of a signal: after the launch, even if the machine is busy. Unit: milliseconds. */
const latestMs = (host: FuzzHost) => Math.max(600, host.runMs + 200);

async function sendOne(host: FuzzHost, random: Random, mode: RunMode): Promise<RunOutcome> {
  const target = random.pick(TARGETS);
  const isHangUp = mode === 'view' && random.chance(0.2);
  const signal = random.pick(SIGNALS);
  const run = await startRun(host, { mode, target });
  // The end of the terminal is a SIGHUP from the kernel.
  const delayMs = random.fraction() * latestMs(host);
  await wait(delayMs);
  if (isHangUp) tryKill(run.outerPid);
  else send(run, signal, random.chance(0.5));
  const end = await awaitEnd(run);
  const what = isHangUp ? 'closed' : signal;
  if (end === undefined) {
    return {
      kind: `${what}: no end`,
      faults: [`${what} after ${delayMs} ms did not end it`, ...(await host.clearUp(run.mark))],
    };
  }
  const faults = [
    ...checkEnd(end),
    ...(isHangUp ? [] : checkStatus(end, signal)),
    ...(await checkLeft(host, run)),
  ];
  return {
    kind: `${what}: ${describeEnd(end)}`,
    faults: faults.map((fault) => `${what} after ${Math.round(delayMs)} ms: ${fault}`),
  };
}

/**
 * As a terminal does: Ctrl-C and SIGQUIT reach all processes in the foreground, and cmemstat does not forward
 * them then. One that reaches it alone looks the same.
 */
function send({ pid, type }: StartedRun, signal: (typeof SIGNALS)[number], isTyped: boolean): void {
  if (type === undefined || signal === 'SIGTERM' || signal === 'SIGHUP') tryKill(pid, signal);
  else if (isTyped && signal === 'SIGINT') type('\u0003');
  else tryKill(-readPidStat(pid).pgrp, signal);
}

/** Before its handlers are in place cmemstat has started nothing, and the signal may end it. */
function checkStatus({ status, signal, output }: EndedRun, sent: (typeof SIGNALS)[number]): string[] {
  if (signal === sent || status === 128 + constants.signals[sent]) return [];
  return [`ended with ${signal ?? `status ${status}`}: ${endOf(output)}`];
}

/** The end in few words. */
export function describeEnd({ status, signal }: EndedRun): string {
  return signal === null ? `status ${status}` : `ended by ${signal}`;
}

/** One target for each mode. */
export const SIGNALS_TARGETS: readonly ProcessTarget[] = (['table', 'json', 'view'] as const).map((mode) => ({
  name: `signals-${mode}`,
  about: `INT, TERM, HUP and QUIT at random moments, ${mode === 'view' ? 'in a terminal, which is closed too' : mode}`,
  runOnce: (host, random) => sendOne(host, random, mode),
}));
