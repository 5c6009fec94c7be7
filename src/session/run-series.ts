/** Several runs of one command: what is done before, between and after them. */
import type { SeriesPlan } from '../judge-plan.ts';
import type { RunOptions } from '../run-options.ts';
import type { ProgressLine } from '../sinks/progress.ts';
import { targetEnvironment } from '../target/environment.ts';
import { findExecutable } from '../target/find-executable.ts';
import { runHook } from './hook-command.ts';
import { dropCaches, warmFiles } from './warm-files.ts';

/** Runs once; false ends the series. `run` counts from 1, and is 0 for a warm-up. */
export type RunOnce = (options: RunOptions, run: number) => Promise<boolean>;

/**
 * Warm-ups first, then the runs; `--cleanup` comes after all of them, also when one failed.
 * @throws ToolError when a hook fails, or a run can't be started.
 */
export async function runSeries(
  options: RunOptions,
  plan: SeriesPlan,
  progress: ProgressLine,
  runOnce: RunOnce,
): Promise<void> {
  try {
    for (let count = 1 - plan.warmup; count <= plan.runs; count += 1) {
      const run = Math.max(0, count);
      if (plan.warmup + plan.runs > 1) {
        progress.show(
          run === 0 ? `warm-up ${count + plan.warmup}/${plan.warmup}` : `run ${run}/${plan.runs}`,
        );
      }
      await prepare(options, plan);
      if (!(await runOnce(optionsOf(options, plan, run), run))) break;
    }
  } finally {
    progress.clear();
    if (plan.cleanup !== undefined) await runHook('--cleanup', plan.cleanup);
  }
}

async function prepare(options: RunOptions, plan: SeriesPlan): Promise<void> {
  if (plan.prepare !== undefined) await runHook('--prepare', plan.prepare);
  if (plan.dropCaches) await dropCaches();
  if (!plan.warm) return;
  const env = targetEnvironment(process.env, options.env, options.user);
  const cwd = options.cwd ?? process.cwd();
  await warmFiles(findExecutable(options.command[0] ?? '', env.PATH, cwd), options.command, cwd);
}

/** A warm-up leaves nothing behind; of several runs each has files of its own, and the table would only scroll by. */
function optionsOf(options: RunOptions, { runs }: SeriesPlan, run: number): RunOptions {
  const { outputs } = options;
  if (run === 0) {
    const none = { ...outputs, json: false, output: undefined, summaryJson: undefined, silent: true };
    return { ...options, view: 'never', outputs: none };
  }
  if (runs === 1) return options;
  const numbered = {
    ...outputs,
    silent: true,
    output: numberedFile(outputs.output, run),
    summaryJson: numberedFile(outputs.summaryJson, run),
  };
  return { ...options, view: 'never', outputs: numbered };
}

/** `run.jsonl` of the third run is `run.3.jsonl`. */
export function numberedFile(path: string | undefined, run: number): string | undefined {
  if (path === undefined) return undefined;
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  return dot > slash + 1 ? `${path.slice(0, dot)}.${run}${path.slice(dot)}` : `${path}.${run}`;
}
