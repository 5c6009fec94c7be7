/** The single executable, against the npm package on the same Node.js. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildExecutable } from '../../build/package/executable.ts';
import { fetchRuntime, RUNTIME } from '../../build/package/fetch-package.ts';
import type { Arch } from '../../build/package/tools.ts';
import { timeInTurn } from '../bench/tools/in-turn.ts';
import type { Finding } from '../bench/tools/report.ts';
import { BINARY } from '../paths.ts';

const RUNS = 41;

/** The limit for each command, as a multiple of the npm package. */
const COMMANDS: readonly { args: readonly string[]; atMost: number | undefined }[] = [
  { args: ['-q', '--', 'true'], atMost: 1.3 },
  { args: ['--version'], atMost: undefined },
  { args: ['maps', '--json'], atMost: undefined },
];

/** The duration of the shortest commands; both forms have compiled code in the cache. */
export async function measurePackages(): Promise<Finding[]> {
  const work = mkdtempSync(join(tmpdir(), 'cmemstat-bench-'));
  try {
    const executable = join(work, 'cmemstat');
    mkdirSync(join(work, 'parts'));
    await buildExecutable(process.arch as Arch, executable, join(work, 'parts'));
    const node = join(fetchRuntime(process.arch as Arch), 'bin/node');
    return COMMANDS.map(({ args, atMost }) => {
      const { one, npm } = timeInTurn({ one: [executable, ...args], npm: [node, BINARY, ...args] }, RUNS);
      return {
        name: `executable: cmemstat ${args.join(' ')}, against npm on Node.js ${RUNTIME.version}`,
        value: one / npm,
        unit: 'times',
        atMost,
        detail: `${one.toFixed(1)} ms against ${npm.toFixed(1)} ms, medians of ${RUNS} in turn`,
      };
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
