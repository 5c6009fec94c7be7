import { BINARY } from '../paths.ts';
import { timeInTurn } from './tools/in-turn.ts';
import { findNodes, type Node } from './tools/nodes.ts';
import type { Finding } from './tools/report.ts';

const RUNS = 41;

/** The limit for each command, as a multiple of `node -e 0`, by the version of Node.js. */
const COMMANDS: readonly { args: readonly string[]; atMost: Readonly<Record<number, number>> }[] = [
  { args: ['-q', '--', 'true'], atMost: { 20: 1.45, 24: 1.9, 26: 1.9 } },
  { args: ['-q', '--bpf-interval', '0', '--', 'true'], atMost: {} },
  { args: ['--version'], atMost: { 24: 1.5 } },
  { args: ['maps', '--json'], atMost: { 24: 2.3 } },
];

/** The duration of the shortest commands, compared with the shortest program of Node.js itself. */
export async function measureStartUp(): Promise<Finding[]> {
  return findNodes().flatMap(measureUnder);
}

function measureUnder({ major, path }: Node): Finding[] {
  const ours = COMMANDS.map(({ args }) => [`cmemstat ${args.join(' ')}`, [path, BINARY, ...args]] as const);
  const times: Partial<Record<string, number>> = timeInTurn(
    { base: [path, '-e', '0'], ...Object.fromEntries(ours) },
    RUNS,
  );
  const base = times.base ?? Number.NaN;
  return COMMANDS.map(({ args, atMost }) => {
    const name = `cmemstat ${args.join(' ')}`;
    const ms = times[name] ?? Number.NaN;
    return {
      name: `${name}, against node -e 0, Node.js ${major}`,
      value: ms / base,
      unit: 'times',
      atMost: atMost[major],
      detail: `${ms.toFixed(1)} ms against ${base.toFixed(1)} ms, medians of ${RUNS} in turn`,
    };
  });
}
