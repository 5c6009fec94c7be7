/** A transient scope of systemd with a delegated cgroup: the place that systemd wants us to use. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
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
  const holder = spawn(
    'systemd-run',
    ['--scope', '--quiet', '--unit', unit, '-p', 'Delegate=yes', '--', '/bin/sh', '-c', 'echo up; read -r _'],
    // A session of its own, so that Ctrl-C and a hang-up of the terminal do not end it before us.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  let complaint = '';
  holder.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const isUp = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), START_TIMEOUT_MS);
    const settle = (up: boolean) => {
      clearTimeout(timer);
      resolve(up);
    };
    holder.stdout.once('data', () => settle(true));
    holder.once('error', (error) => {
      complaint ||= error.message;
      settle(false);
    });
    holder.once('exit', () => settle(false));
  });
  const gone = new Promise<void>((resolve) => {
    holder.once('exit', () => resolve());
    holder.once('error', () => resolve());
  });
  const end = async () => {
    // The end of its standard input is what the shell waits for.
    for (const stream of [holder.stdin, holder.stdout, holder.stderr]) stream.destroy();
    if (holder.pid === undefined || holder.exitCode !== null || holder.signalCode !== null) return;
    holder.ref();
    holder.kill('SIGKILL');
    await gone;
  };
  const pid = holder.pid;
  const directory = isUp && pid !== undefined ? directoryOfPid(pid) : undefined;
  if (pid === undefined || directory === undefined || directory === hierarchy.ownDirectory) {
    await end();
    throw new Rejection(
      'systemd',
      `systemd-run could not start a scope: ${complaint.trim() || 'it has no cgroup in the memory hierarchy'}`,
      `systemd-run --scope -p Delegate=yes true  # shows what is wrong`,
    );
  }
  holder.unref();
  for (const stream of [holder.stdin, holder.stdout, holder.stderr]) (stream as { unref?(): void }).unref?.();
  if (hierarchy.version === 2) {
    const sibling = join(directory, leafName('self'));
    makeCgroup(sibling);
    writePseudoFile(join(sibling, 'cgroup.procs'), String(pid));
    enableControllers(directory);
  }
  return {
    directory,
    reason: `systemd runs this host: transient scope ${unit} of the system manager`,
    release: end,
  };
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
  const uid = process.getuid?.();
  const unit = nextUnit();
  const before = hierarchy.ownDirectory;
  const runtime = process.env.XDG_RUNTIME_DIR ?? `/run/user/${uid}`;
  // prettier-ignore
  const call = [
    '--user',
    'call',
    'org.freedesktop.systemd1',
    '/org/freedesktop/systemd1',
    'org.freedesktop.systemd1.Manager',
    'StartTransientUnit',
    'ssa(sv)a(sa(sv))',
    unit,
    'fail',
    '2',
    'PIDs',
    'au',
    '1',
    String(process.pid),
    'Delegate',
    'b',
    'true',
    '0',
  ];
  try {
    await run('busctl', call, {
      env: { ...process.env, XDG_RUNTIME_DIR: runtime },
      timeout: START_TIMEOUT_MS,
    });
  } catch (error) {
    const complaint = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new Rejection(
      'systemd',
      `the user's systemd manager could not start a scope: ${complaint}`,
      `loginctl enable-linger "$USER" and install dbus-user-session, then log in again`,
      error,
    );
  }
  const deadline = performance.now() + START_TIMEOUT_MS;
  let directory = directoryOfPid(process.pid);
  while ((directory === undefined || directory === before) && performance.now() < deadline) {
    await sleep(2);
    directory = directoryOfPid(process.pid);
  }
  if (directory === undefined || directory === before) {
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

function directoryOfPid(pid: number): string | undefined {
  const path = `/proc/${pid}/cgroup`;
  const facts = readHierarchyFacts();
  const hierarchy = chooseMemoryHierarchy({
    ...facts,
    memberships: parsePidCgroup(readPseudoFile(path), path),
  });
  return hierarchy.version === undefined ? undefined : hierarchy.ownDirectory;
}
