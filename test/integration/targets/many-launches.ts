/** Calls `run` repeatedly in one process, and reports what remains in it. */
import { readdirSync, readFileSync } from 'node:fs';
import type { RunOptions } from '#src/app/run/options.ts';
import { run } from '#src/app/run/run.ts';
import { NO_OUTPUTS } from '../../unit/output/no-outputs.ts';

const OPTIONS: RunOptions = {
  command: ['true'],
  intervalMs: 500,
  bpfIntervalMs: 1000,
  processIntervalMs: 1000,
  wantsDetails: false,
  cgroupParent: undefined,
  placement: undefined,
  requireCgroup: true,
  limits: {},
  inheritRatio: undefined,
  cwd: undefined,
  env: [],
  user: undefined,
  noNewPrivs: false,
  streams: {},
  stdoutToStderr: false,
  wait: 'target',
  killAfterMs: 10_000,
  outputs: { ...NO_OUTPUTS, quiet: true },
  explain: new Set(),
  failOnLeftover: false,
  timeoutMs: undefined,
  view: 'never',
  exitOnEnd: false,
};

function zombieChildren(): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return fields[0] === 'Z' && fields[1] === String(process.pid);
    } catch {
      return false;
    }
  }).length;
}

async function main(): Promise<void> {
  const launches = Number(process.argv[2]);
  // The first launch opens what remains open: koffi, the thread pool.
  await run(OPTIONS);
  const openFds = () => readdirSync('/proc/self/fd').length;
  const fdsBefore = openFds();
  let failures = 0;
  for (let launch = 0; launch < launches; launch += 1) if ((await run(OPTIONS)) !== 0) failures += 1;
  console.log(
    JSON.stringify({ launches, failures, zombies: zombieChildren(), fdsBefore, fdsAfter: openFds() }),
  );
}

void main();
