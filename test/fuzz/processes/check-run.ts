/** What no run may do, however it ends. */
import { STACK } from '../../stack.ts';
import { type FuzzHost, processesWith, untilTrue } from './fuzz-host.ts';
import type { EndedRun, StartedRun } from './start-run.ts';

/** Faults that its output and its terminal show. */
export function checkEnd({ output, terminal }: EndedRun): string[] {
  const faults: string[] = [];
  if (/internal error/.test(output) || STACK.test(output)) faults.push(`internal error: ${endOf(output)}`);
  if (terminal !== undefined && terminal.before !== terminal.after) {
    faults.push(`the terminal was ${terminal.before} and is ${terminal.after}`);
  }
  // A terminal that was closed needs no sequences.
  if (terminal !== undefined) faults.push(...checkSequences(output));
  return faults;
}

/** DEC private modes that a program must not leave set, and the cursor, which must be visible. */
function checkSequences(output: string): string[] {
  const state = new Map<string, string>();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of a terminal
  for (const [, modes = '', set = ''] of output.matchAll(/\x1b\[\?([\d;]+)([hl])/g)) {
    for (const mode of modes.split(';')) state.set(mode, set);
  }
  return [...state].flatMap(([mode, set]) =>
    (mode === '25' || mode === '7' ? set === 'l' : set === 'h')
      ? [`mode ${mode} of the terminal is left ${set}`]
      : [],
  );
}

/** Faults of a run that has ended by itself: processes and cgroups that it left. */
export async function checkLeft(host: FuzzHost, run: StartedRun): Promise<string[]> {
  await untilTrue(() => processesWith(run.mark).length === 0);
  const orphans = processesWith(run.mark).map(({ pid, command }) => `left running: ${pid} ${command}`);
  const leaves = host.leaves().map((name) => `left for the next run: ${name}`);
  return [...orphans, ...leaves, ...(await host.clearUp(run.mark))];
}

/** The last words of an output, on one line. */
export function endOf(output: string): string {
  return JSON.stringify(output.slice(-600));
}
