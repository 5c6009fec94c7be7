/**
 * Prepares everything that can fail before the target is started: the executable, outputs, view and streams.
 */
import type { Log } from '../../output/log.ts';
import { type Outputs, openOutputs } from '../../output/open-outputs.ts';
import type { OutputWait } from '../../output/output-wait.ts';
import { recoverWords } from '../../target/byte-string.ts';
import { type TargetEnvironment, targetEnvironment } from '../../target/environment.ts';
import { type Executable, findExecutable } from '../../target/find-executable.ts';
import { type InheritedState, readInheritedState } from '../../target/inherited-state.ts';
import { type OpenedStreams, openStreams } from '../../target/standard-streams.ts';
import { checkTargetDirectory } from '../../target/working-directory.ts';
import type { CleanUp } from './clean-up.ts';
import type { LiveRun } from './live-run.ts';
import type { RunOptions } from './options.ts';

/** The open resources of a run. */
export interface Stage {
  /** Undefined if no command is started. */
  launch: LaunchParts | undefined;
  outputs: Outputs;
  log: Log;
  /** Undefined without a view. */
  view: LiveRun | undefined;
}

/** What a command is started with. */
export interface LaunchParts {
  executable: Executable;
  env: TargetEnvironment;
  /** What the target inherits besides. */
  inherited: InheritedState;
  /** The streams of the target. */
  streams: OpenedStreams;
}

/**
 * Finds the directory and the executable of the target, and opens the outputs. `onWait` may throw to end a
 * wait for the reader of a named pipe.
 * @throws LaunchError if the command does not exist; UsageError that names the option whose directory or file
 * cannot be opened.
 */
export async function openStage(
  options: RunOptions,
  cleanUp: CleanUp,
  wait: OutputWait,
  onWait: () => Promise<void>,
): Promise<Stage> {
  const access = { directories: options.directories, onWait };
  const command = options.attachment === undefined ? findCommand(options) : undefined;

  const outputs = await openOutputs(options.outputs, access);
  cleanUp.defer(() => outputs.close());
  cleanUp.defer(() => wait.until(outputs.log.flush()));

  const view = await openView(options, outputs);
  cleanUp.defer(() => view?.close());
  const opened = { outputs, log: outputs.log, view };
  if (command === undefined) return { ...opened, launch: undefined };

  const setup = {
    stdoutToStderr: options.stdoutToStderr,
    forView: view !== undefined,
    readsNothing: view !== undefined && (await import('node:tty')).isatty(0),
  };
  const streams = await openStreams(options.streams, setup, access);
  cleanUp.defer(() => streams.close());
  return { ...opened, launch: { ...command, streams } };
}

/** Finds the directory and the executable of the command. @throws LaunchError; UsageError. */
function findCommand(options: RunOptions): Omit<LaunchParts, 'streams'> {
  const inherited = readInheritedState();
  const env = targetEnvironment(inherited.environment, options.env, options.user);
  if (options.cwd !== undefined) checkTargetDirectory(options.cwd);
  const executable = findExecutable(recoverWords(options.command)[0] ?? '', env.get('PATH'), options.cwd);
  return { executable, env, inherited };
}

/** The modules of the view, and those of Node.js for terminals, are only loaded where there may be one. */
async function openView(options: RunOptions, outputs: Outputs): Promise<LiveRun | undefined> {
  const { json, quiet } = options.outputs;
  if (options.view === 'never' || (options.view === 'auto' && (json || quiet))) return undefined;
  const { openLiveView } = await import('./live-run.ts');
  return openLiveView(options, outputs);
}
