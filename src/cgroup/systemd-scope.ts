/** A transient scope of systemd with a delegated cgroup: the place that systemd wants us to use. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { monotonicMs } from '../kernel/monotonic.ts';
import { parsePidCgroup } from '../kernel/procfs/pid-cgroup.ts';
import { readPseudoFile, writePseudoFile } from '../kernel/pseudo-file.ts';
import { chooseMemoryHierarchy, type MemoryHierarchy, readHierarchyFacts } from './hierarchy.ts';
import { leafName } from './leaf-name.ts';
import { enableControllers } from './memory-controller.ts';
import { OwnCgroup } from './own-cgroup.ts';
import { Rejection } from './rejection.ts';
import { makeCgroup } from './subtree.ts';

/** How long systemd may take to start a scope. Unit: milliseconds. */
const START_TIMEOUT_MS = 10_000;

const run = promisify(execFile);

/** A started scope. */
export interface Scope {
  /** Its directory in the memory hierarchy: the leaf's parent. */
  directory: string;
  reason: string;
  /** Ends the scope; systemd removes its cgroup. */
  release(): Promise<void>;
}

/**
 * Starts a scope with `Delegate=yes`: by the system manager as root, by the user's manager as an ordinary user.
 * @throws Rejection when systemd does not run this host or refuses.
 */
export async function startScope(hierarchy: MemoryHierarchy): Promise<Scope> {
  if (!existsSync('/run/systemd/system')) throw new Rejection('systemd', 'systemd does not run this host');
  return process.getuid?.() === 0 ? startSystemScope(hierarchy) : startUserScope(hierarchy);
}

let scopes = 0;

/** Of several runs each has a unit of its own: systemd may not have removed the last one yet. */
function nextUnit(): string {
  scopes += 1;
  return scopes === 1 ? `${leafName()}.scope` : `${leafName()}-${scopes}.scope`;
}

/**
 * As root: a shell that waits for our end holds the scope, so that we stay where we are. systemd-run talks to the
 * system manager's own socket: neither a system bus nor a user bus is needed.
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
      `systemd-run could not start a scope: ${holder.complaint || 'it has no cgroup in the memory hierarchy'}`,
      `systemd-run --scope -p Delegate=yes true  # shows what is wrong`,
    );
  }
  holder.letUsEnd();
  if (hierarchy.version === 2) {
    const sibling = join(directory, leafName('self'));
    makeCgroup(sibling);
    writePseudoFile(join(sibling, 'cgroup.procs'), String(pid));
    enableControllers(directory);
  }
  return {
    directory,
    reason: `systemd runs this host: transient scope ${unit} of the system manager`,
    release: () => holder.end(),
  };
}

/** The shell in a scope of its own; it ends with its standard input. */
class ScopeHolder {
  readonly #shell: ChildProcessWithoutNullStreams;
  #complaint = '';

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
      // A session of its own, so that Ctrl-C and a hang-up of the terminal do not end it before us.
      { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
    );
    this.#shell.stderr.on('data', (chunk) => {
      this.#complaint += chunk;
    });
  }

  get pid(): number | undefined {
    return this.#shell.pid;
  }

  /** What systemd-run has said so far; empty when it said nothing. */
  get complaint(): string {
    return this.#complaint.trim();
  }

  /** Whether the shell has started in its scope; false when it ended or took too long. */
  untilUp(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), START_TIMEOUT_MS);
      const settle = (up: boolean) => {
        clearTimeout(timer);
        resolve(up);
      };
      this.#shell.stdout.once('data', () => settle(true));
      this.#shell.once('error', (error) => {
        this.#complaint ||= error.message;
        settle(false);
      });
      this.#shell.once('exit', () => settle(false));
    });
  }

  /** Does not keep this process from ending. */
  letUsEnd(): void {
    this.#shell.unref();
    for (const stream of this.#streams()) (stream as { unref?(): void }).unref?.();
  }

  async end(): Promise<void> {
    const shell = this.#shell;
    // The end of its standard input is what the shell waits for.
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
 * As an ordinary user we move into the scope ourselves: the target could not be moved there from a cgroup that is not
 * delegated to the user. systemd removes the scope when we and the target are gone.
 */
async function startUserScope(hierarchy: MemoryHierarchy): Promise<Scope> {
  if (hierarchy.version === 1) {
    throw new Rejection(
      'systemd',
      'on cgroup v1 systemd delegates no memory cgroup to ordinary users',
      'sudo cmemstat --user "$USER" -- COMMAND',
    );
  }
  const unit = nextUnit();
  await requestUserScope(unit);
  const directory = await directoryAfterMove(hierarchy.ownDirectory);
  if (directory === undefined) {
    throw new Rejection(
      'systemd',
      `systemd accepted ${unit}, but did not move us into it`,
      'journalctl --user -n 20',
    );
  }
  const room = OwnCgroup.enter(directory);
  return {
    directory: room.directory,
    reason: `systemd runs this host: transient scope ${unit} of the user's manager`,
    release: async () => {},
  };
}

/** Asks the user's manager to make a delegated scope and to put us into it. @throws Rejection when it refuses. */
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
      { env: { ...process.env, XDG_RUNTIME_DIR: runtime }, timeout: START_TIMEOUT_MS },
    );
  } catch (error) {
    const complaint = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new Rejection(
      'systemd',
      `the user's systemd manager could not start a scope: ${complaint}`,
      `loginctl enable-linger "$USER" and install dbus-user-session, then log in again`,
      error,
    );
  }
}

/** Our cgroup once it is another one than before; undefined when that does not come to pass. */
async function directoryAfterMove(before: string | undefined): Promise<string | undefined> {
  const deadline = monotonicMs() + START_TIMEOUT_MS;
  for (;;) {
    const directory = directoryOfPid(process.pid);
    if (directory !== undefined && directory !== before) return directory;
    if (monotonicMs() >= deadline) return undefined;
    await sleep(2);
  }
}

function directoryOfPid(pid: number): string | undefined {
  const path = `/proc/${pid}/cgroup`;
  const facts = readHierarchyFacts();
  const hierarchy = chooseMemoryHierarchy({
    ...facts,
    memberships: parsePidCgroup(readPseudoFile(path), path),
  });
  return hierarchy.version === undefined ? undefined : hierarchy.ownDirectory;
}
