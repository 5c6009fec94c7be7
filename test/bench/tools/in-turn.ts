/** Runs compared commands alternately, so that disturbances affect all of them. */
import { spawnSync } from 'node:child_process';
import { median } from './report.ts';

/** A command and its arguments. */
export type Command = readonly [file: string, ...args: string[]];

/** The medians of their durations, after an unmeasured round. Unit: milliseconds. */
export function timeInTurn<K extends string>(
  commands: Readonly<Record<K, Command>>,
  rounds: number,
): Record<K, number> {
  const entries = Object.entries(commands) as [K, Command][];
  const times = new Map<K, number[]>(entries.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, command] of entries) {
      const ms = timeOf(command);
      if (round > 0) times.get(name)?.push(ms);
    }
  }
  return Object.fromEntries([...times].map(([name, all]) => [name, median(all)])) as Record<K, number>;
}

function timeOf([file, ...args]: Command): number {
  const before = performance.now();
  const { status, error } = spawnSync(file, args, { stdio: 'ignore' });
  const ms = performance.now() - before;
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status}`, { cause: error });
  return ms;
}
