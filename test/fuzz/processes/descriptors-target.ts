/** Limits of open files, from those that Node.js itself hardly starts with. */
import { spawnSync } from 'node:child_process';
import { checkEnd, checkLeft, endOf } from './check-run.ts';
import { BINARY } from './fuzz-host.ts';
import type { ProcessTarget } from './process-target.ts';
import { describeEnd } from './signals-target.ts';
import { awaitEnd, startRun } from './start-run.ts';

const LEAST = 15;
const MOST = 100;

const TARGETS: readonly (readonly string[])[] = [
  ['true'],
  ['sleep', '0.2'],
  ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 0.3 & done; wait'],
];

const starts = new Map<number, boolean>();

/** Whether Node.js starts, and finds the files of the program, with this limit. */
function nodeStarts(limit: number): boolean {
  const known = starts.get(limit);
  if (known !== undefined) return known;
  const { status } = spawnSync('prlimit', [
    `--nofile=${limit}:${limit}`,
    process.execPath,
    BINARY,
    '--version',
  ]);
  starts.set(limit, status === 0);
  return status === 0;
}

export const DESCRIPTORS_TARGET: ProcessTarget = {
  name: 'descriptors',
  about: `limits of ${LEAST} to ${MOST} open files`,
  async runOnce(host, random) {
    const limit = random.between(LEAST, MOST);
    if (!nodeStarts(limit)) return { kind: 'Node.js does not start', faults: [] };
    const mode = random.pick(['table', 'json', 'view'] as const);
    const options = random.chance(0.5) ? ['--output', '/dev/null'] : [];
    const prefix = ['prlimit', `--nofile=${limit}:${limit}`];
    const run = await startRun(host, { mode, target: random.pick(TARGETS), options, prefix });
    const end = await awaitEnd(run);
    const left = await checkLeft(host, run);
    if (end === undefined) return { kind: 'no end', faults: [`${limit} files: no end`, ...left] };
    const faults = [...checkEnd(end), ...left];
    // 126 and 127: the target itself could not be started.
    if (![0, 125, 126, 127].includes(end.status ?? -1))
      faults.push(`${describeEnd(end)}: ${endOf(end.output)}`);
    return { kind: describeEnd(end), faults: faults.map((fault) => `${limit} files, ${mode}: ${fault}`) };
  },
};
