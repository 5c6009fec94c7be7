/** Runs a command several times, with the actions before, between and after the runs. */
import { closeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describeErrno, errnoOf, ToolError, UsageError } from '../../errors.ts';
import { openDirectory, parentOf } from '../../kernel/files/file-place.ts';
import type { ProgressLine } from '../../output/progress-line.ts';
import { recoverWords } from '../../target/byte-string.ts';
import { readOwnEnvironment, targetEnvironment } from '../../target/environment.ts';
import { findExecutable } from '../../target/find-executable.ts';
import { endingSignals } from '../../target/signals.ts';
import { workingDirectory } from '../../target/working-directory.ts';
import type { RunOptions } from '../run/options.ts';
import { runHook } from './hook-command.ts';
import { dropCaches, warmFiles } from './page-cache.ts';
import type { SeriesPlan } from './plan.ts';
import { numberedFile } from './run-files.ts';

/** Runs once; returns false to end the series. `run` counts from 1, and is 0 for a warm-up. */
export type RunOnce = (options: RunOptions, run: number) => Promise<boolean>;

/** Failures outside the runs. */
export interface SeriesEnd {
  /**
   * Why the series ended early: a hook failed, a signal was received between two runs, or a run could not be
   * started.
   */
  fault: ToolError | undefined;
  /** Why `--cleanup` failed. */
  cleanupFault: ToolError | undefined;
}

/**
 * Runs the warm-ups, then the measured runs; `--cleanup` always runs at the end, also after a failure.
 * @throws only errors other than ToolError.
 */
export async function runSeries(
  options: RunOptions,
  plan: SeriesPlan,
  progress: ProgressLine,
  runOnce: RunOnce,
): Promise<SeriesEnd> {
  const end: SeriesEnd = { fault: undefined, cleanupFault: undefined };
  const directories = new Map<string, number>();
  try {
    end.fault = await faultOf(async () => {
      openDirectories(options, directories);
      await runAll({ ...options, directories }, plan, progress, runOnce);
    });
  } finally {
    for (const fd of directories.values()) closeSync(fd);
    progress.clear();
    const { cleanup } = plan;
    if (cleanup !== undefined) end.cleanupFault = await faultOf(() => runHook('--cleanup', cleanup));
  }
  return end;
}

/**
 * Opens the directories of files that are opened when the target has run before.
 * @throws UsageError that names the option and the file.
 */
function openDirectories(
  { outputs: { output, summaryJson }, streams }: RunOptions,
  opened: Map<string, number>,
): void {
  const files = { output, 'summary-json': summaryJson, ...streams };
  for (const [name, path] of Object.entries(files)) {
    const directory = path === undefined ? undefined : parentOf(path);
    if (directory === undefined || opened.has(directory)) continue;
    try {
      opened.set(directory, openDirectory(directory));
    } catch (error) {
      throw new UsageError(`--${name}`, `--${name} ${path}: ${describeErrno(errnoOf(error))}`);
    }
  }
}

/** Expected failures: returned, so that earlier measurements are not lost. */
async function faultOf(act: () => Promise<void>): Promise<ToolError | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof ToolError) return error;
    throw error;
  }
}

async function runAll(
  options: RunOptions,
  plan: SeriesPlan,
  progress: ProgressLine,
  runOnce: RunOnce,
): Promise<void> {
  for (let count = 1 - plan.warmup; count <= plan.runs; count += 1) {
    const run = Math.max(0, count);
    if (plan.warmup + plan.runs > 1) {
      progress.show(run === 0 ? `warm-up ${count + plan.warmup}/${plan.warmup}` : `run ${run}/${plan.runs}`);
    }
    await unlessSignalled(() => prepare(options, plan));
    progress.endLine();
    if (!(await runOnce(optionsOf(options, plan, run), run))) break;
  }
}

/**
 * Between two runs a signal would end cmemstat immediately, without `--cleanup`.
 * @throws UsageError after a signal.
 */
async function unlessSignalled(act: () => Promise<void>): Promise<void> {
  let received: NodeJS.Signals | undefined;
  const note = (signal: NodeJS.Signals) => {
    received ??= signal;
  };
  for (const signal of endingSignals()) process.on(signal, note);
  try {
    await act();
    // Signals are delivered between turns of the event loop, and reading files does not yield to it.
    await setImmediate();
    await setImmediate();
  } finally {
    for (const signal of endingSignals()) process.off(signal, note);
  }
  if (received !== undefined) throw new UsageError('--runs', `ended by ${received} before a run`);
}

async function prepare(options: RunOptions, plan: SeriesPlan): Promise<void> {
  if (plan.prepare !== undefined) await runHook('--prepare', plan.prepare);
  if (plan.dropCaches) await dropCaches();
  if (!plan.warm) return;
  const env = targetEnvironment(readOwnEnvironment(), options.env, options.user);
  const { file } = findExecutable(recoverWords(options.command)[0] ?? '', env.get('PATH'), options.cwd);
  await warmFiles(file, options.command, options.cwd ?? workingDirectory() ?? '/');
}

/**
 * A warm-up writes no files; each of several runs has its own files, and no table, which would only scroll.
 */
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
