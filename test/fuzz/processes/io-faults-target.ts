/** Errors of single system calls, which strace injects into the main thread of cmemstat. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkEnd, checkLeft, endOf } from './check-run.ts';
import { BINARY, type FuzzHost } from './fuzz-host.ts';
import type { ProcessTarget } from './process-target.ts';
import { describeEnd } from './signals-target.ts';
import { awaitEnd, startRun } from './start-run.ts';

/** Without `read` and `write`: libuv wakes its threads by them, and ends the process if they fail. */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  openat: ['EMFILE', 'ENFILE', 'EACCES', 'EIO', 'ENOMEM'],
  pwrite64: ['ENOSPC', 'EIO'],
  mkdir: ['ENOSPC', 'ENOMEM', 'EACCES'],
  rmdir: ['EBUSY', 'EPERM'],
  statx: ['EIO', 'EACCES'],
  getdents64: ['EIO'],
};

const TARGET = ['sh', '-c', 'sleep 0.1; true'];

/** The number of calls of a run, and of Node.js alone, which makes the first ones. */
const counts = new Map<string, { first: number; last: number }>();

function countCalls(host: FuzzHost, args: readonly string[]): Map<string, number> {
  const file = join(host.folder, 'calls');
  const trace = `trace=${Object.keys(ERRORS).join(',')}`;
  spawnSync('strace', ['-c', '-o', file, '-e', trace, process.execPath, ...args], { stdio: 'ignore' });
  const rows = readFileSync(file, 'utf8').matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$/gm);
  return new Map([...rows].map(([, count, name = '']) => [name, Number(count)]));
}

export const IO_FAULTS_TARGET: ProcessTarget = {
  name: 'io-faults',
  about: 'errors of single system calls: open, mkdir, rmdir and others (needs strace)',
  setUp(host) {
    const bare = countCalls(host, ['-e', '0']);
    const whole = countCalls(host, [
      BINARY,
      '--no-tui',
      '--interval',
      '20ms',
      ...host.options,
      '--',
      ...TARGET,
    ]);
    for (const [name, last] of whole) counts.set(name, { first: (bare.get(name) ?? 0) + 1, last });
    if (counts.size === 0) throw new Error('strace shows no calls (hint: apt-get install strace)');
    return () => counts.clear();
  },
  async runOnce(host, random) {
    const [call, { first, last }] = random.pick([...counts].filter(([name]) => ERRORS[name] !== undefined));
    const error = random.pick(ERRORS[call] ?? []);
    const when = random.between(Math.min(first, last), last);
    const inject = `inject=${call}:error=${error}:when=${when}`;
    const prefix = ['strace', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject];
    const mode = random.pick(['table', 'json'] as const);
    const run = await startRun(host, { mode, target: TARGET, prefix });
    const end = await awaitEnd(run);
    // A cgroup that cannot be removed is removed by the next run.
    const left = (await checkLeft(host, run)).filter((fault) => !fault.startsWith('left for the next run'));
    const name = `${call} ${error} at call ${when} in ${mode}`;
    if (end === undefined) return { kind: 'no end', faults: [`${name}: no end`, ...left] };
    // Node.js itself does not start, or does not find a module.
    if (end.status !== 0 && !end.output.includes('cmemstat: '))
      return { kind: 'Node.js fails', faults: left };
    const faults = [...checkEnd(end), ...left];
    if (![0, 125, 126, 127].includes(end.status ?? -1))
      faults.push(`${describeEnd(end)}: ${endOf(end.output)}`);
    return { kind: `${call}: ${describeEnd(end)}`, faults: faults.map((fault) => `${name}: ${fault}`) };
  },
};
