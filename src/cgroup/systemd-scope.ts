/** Placement in a transient systemd scope with a delegated cgroup, as systemd recommends. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { monotonicMs } from '../kernel/monotonic.ts';
import { writePseudoFile } from '../kernel/pseudo-file.ts';
import { sleep } from '../kernel/sleep.ts';
import { systemEnvironment } from '../kernel/system-environment.ts';
import { directoryOfPid } from './find-cgroup.ts';
import type { MemoryHierarchy } from './hierarchy.ts';
import { asRootHint, readHintFacts, userManagerHint } from './hints.ts';
import { leafName } from './leaf-name.ts';
import { enableControllers } from './memory-controller.ts';
import { OwnCgroup } from './own-cgroup.ts';
import { Rejection } from './rejection.ts';
import { makeCgroup } from './subtree.ts';

/** The time limit for systemd to start a scope. Unit: milliseconds. */
const START_TIMEOUT_MS = 10_000;

const run = promisify(execFile);

/** A started scope. */
export interface Scope {
  /** The directory of the scope in the memory hierarchy: the parent of the leaf. */
  directory: string;
  reason: string;
  /** Stops the scope; systemd removes its cgroup. */
  release(): Promise<void>;
}

/**
 * Starts a scope with `Delegate=yes`: by the system manager for root, by the user manager for other users.
 * @throws Rejection if systemd refuses; KernelFileError.
 */
export async function startScope(hierarchy: MemoryHierarchy): Promise<Scope> {
  return process.getuid?.() === 0 ? startSystemScope(hierarchy) : startUserScope(hierarchy);
}

let scopes = 0;

/** Each of several runs gets its own unit: systemd may not have removed the previous one yet. */
function nextUnit(): string {
  scopes += 1;
  return scopes === 1 ? `${leafName()}.scope` : `${leafName()}-${scopes}.scope`;
}

/**
 * For root: a shell that waits for cmemstat to exit keeps the scope alive, so that cmemstat stays in its own
 * cgroup. systemd-run uses the private socket of the system manager: no system bus or user bus is needed.
 */
async function startSystemScope(hierarchy: MemoryHierarchy): Promise<Scope> {
  const unit = nextUnit();
  const holder = new ScopeHolder(unit);
  const isUp = await holder.untilUp();
  const { pid } = holder;
  const directory = isUp && pid !== undefined ? directoryOfPid(pid) : undefined;
  if (pid === undefined || directory === undefined || directory === hierarchy.ownDirectory) {
    await holder.end();
    throw new Rejection(
      'systemd',
      `systemd-run could not start a scope: ${holder.errorText || 'it has no cgroup in the memory hierarchy'}`,
      `systemd-run --scope -p Delegate=yes true  # shows what is wrong`,
    );
  }
  holder.unref();
  if (hierarchy.version === 2) {
    const sibling = join(directory, leafName('self'));
    makeCgroup(sibling);
    writePseudoFile(join(sibling, 'cgroup.procs'), String(pid));
    enableControllers(directory);
  }
  return {
    directory,
    reason: `transient scope ${unit} of the systemd system manager`,
    release: () => holder.end(),
  };
}

/** The shell that keeps the scope alive; it exits at the end of its standard input. */
class ScopeHolder {
  readonly #shell: ChildProcessWithoutNullStreams;
  #errorText = '';

  constructor(unit: string) {
    this.#shell = spawn(
      'systemd-run',
      [
        '--scope',
        '--quiet',
        '--unit',
        unit,
        '-p',
        'Delegate=yes',
        '--',
        '/bin/sh',
        '-c',
        'echo up; read -r _',
      ],
      // In its own session, so that Ctrl-C and a hang-up of the terminal do not end it before cmemstat.
      { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: systemEnvironment() },
    );
    this.#shell.stderr.on('data', (chunk) => {
      this.#errorText += chunk;
    });
  }

  get pid(): number | undefined {
    return this.#shell.pid;
  }

  /** The messages of systemd-run so far; empty if there are none. */
  get errorText(): string {
    return this.#errorText.trim();
  }

  /** Waits until the shell runs in its scope; false if it exited or took too long. */
  untilUp(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), START_TIMEOUT_MS);
      const settle = (up: boolean) => {
        clearTimeout(timer);
        resolve(up);
      };
      this.#shell.stdout.once('data', () => settle(true));
      this.#shell.once('error', (error) => {
        this.#errorText ||= error.message;
        settle(false);
      });
      this.#shell.once('exit', () => settle(false));
    });
  }

  /** Stops keeping the event loop alive. */
  unref(): void {
    this.#shell.unref();
    for (const stream of this.#streams()) (stream as { unref?(): void }).unref?.();
  }

  async end(): Promise<void> {
    const shell = this.#shell;
    // The shell exits at the end of its standard input.
    for (const stream of this.#streams()) stream.destroy();
    if (shell.pid === undefined || shell.exitCode !== null || shell.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => {
      shell.once('exit', () => resolve());
      shell.once('error', () => resolve());
    });
    shell.ref();
    shell.kill('SIGKILL');
    await gone;
  }

  #streams() {
    const { stdin, stdout, stderr } = this.#shell;
    return [stdin, stdout, stderr];
  }
}

/**
 * For other users: cmemstat moves into the scope itself, as the target could not be moved there from a cgroup
 * that is not delegated to the user. systemd removes the scope when cmemstat and the target have exited.
 */
async function startUserScope(hierarchy: MemoryHierarchy): Promise<Scope> {
  if (hierarchy.version === 1) {
    throw new Rejection(
      'systemd',
      'on cgroup v1, systemd does not delegate the memory controller to unprivileged users',
      asRootHint(readHintFacts()),
    );
  }
  const unit = nextUnit();
  await requestUserScope(unit);
  const directory = await directoryAfterMove(hierarchy.ownDirectory);
  if (directory === undefined) {
    throw new Rejection(
      'systemd',
      `systemd created ${unit} but did not move cmemstat into it`,
      'journalctl --user -n 20',
    );
  }
  const room = OwnCgroup.enter(directory);
  return {
    directory: room.directory,
    reason: `transient scope ${unit} of the systemd user manager`,
    release: async () => {},
  };
}

/**
 * Asks the user manager to create a delegated scope and to move cmemstat into it.
 * @throws Rejection if it refuses.
 */
async function requestUserScope(unit: string): Promise<void> {
  const runtime = process.env.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.()}`;
  const manager = [
    'org.freedesktop.systemd1',
    '/org/freedesktop/systemd1',
    'org.freedesktop.systemd1.Manager',
  ];
  const properties = ['2', 'PIDs', 'au', '1', String(process.pid), 'Delegate', 'b', 'true'];
  try {
    await run(
      'busctl',
      [
        '--user',
        'call',
        ...manager,
        'StartTransientUnit',
        'ssa(sv)a(sa(sv))',
        unit,
        'fail',
        ...properties,
        '0',
      ],
      { env: { ...systemEnvironment(), XDG_RUNTIME_DIR: runtime }, timeout: START_TIMEOUT_MS },
    );
  } catch (error) {
    const errorText = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new Rejection(
      'systemd',
      `the systemd user manager could not start a scope: ${errorText}`,
      userManagerHint(runtime, readHintFacts()),
      error,
    );
  }
}

/** The directory of our cgroup after the move; undefined if the move does not happen in time. */
async function directoryAfterMove(before: string | undefined): Promise<string | undefined> {
  const deadline = monotonicMs() + START_TIMEOUT_MS;
  for (;;) {
    const directory = directoryOfPid(process.pid);
    if (directory !== undefined && directory !== before) return directory;
    if (monotonicMs() >= deadline) return undefined;
    await sleep(2);
  }
}
