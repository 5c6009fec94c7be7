/** What makes a placement possible, as a command that works in the environment at hand. */
import { accessSync, constants, existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { readEffectiveCapabilities } from '../kernel/procfs/capabilities.ts';
import { isInInitialNamespace } from '../kernel/procfs/namespace.ts';

/** The environment that a hint has to work in. */
export interface HintFacts {
  isRoot: boolean;
  hasSudo: boolean;
  /** Whether this is a container, whose settings are chosen where it is started. */
  inContainer: boolean;
  /**
   * Whether this is a user namespace, as in a rootless container: its root is an ordinary user of the host.
   */
  isRootless: boolean;
  /** Whether file systems can be mounted here (CAP_SYS_ADMIN). */
  canMount: boolean;
  hasSystemd: boolean;
  /** The name of the user, or the uid if it has none. */
  user: string;
}

/** Reads the facts of this process. @throws KernelFileError if the capabilities cannot be read. */
export function readHintFacts(): HintFacts {
  return {
    isRoot: process.getuid?.() === 0,
    hasSudo: isOnPath('sudo'),
    inContainer: isInContainer(),
    isRootless: !isInInitialNamespace('user'),
    canMount: readEffectiveCapabilities().has('CAP_SYS_ADMIN'),
    hasSystemd: existsSync('/run/systemd/system'),
    user: userName(),
  };
}

function isInContainer(): boolean {
  const { container, KUBERNETES_SERVICE_HOST } = process.env;
  if (container !== undefined || KUBERNETES_SERVICE_HOST !== undefined) return true;
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) return true;
  return !isInInitialNamespace('cgroup');
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(`${directory}/${name}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 0);
  }
}

/** How the command of a user is measured by root. */
export function asRootHint({ hasSudo, inContainer, user }: HintFacts): string {
  if (hasSudo) return `sudo cmemstat --user "${user}" -- COMMAND`;
  if (inContainer)
    return 'start the container, or the shell in it, as root: docker run (or exec) --user root';
  return `su -c 'cmemstat --user "${user}" -- COMMAND'`;
}

const PRIVILEGED =
  'docker run --privileged --cgroupns=private, or podman run --privileged --cgroupns=private';

/**
 * How a container is started that can create cgroups. On cgroup v1, and without delegation, only root can.
 */
function startHint(needsRoot: boolean): string {
  return `start the container ${needsRoot ? 'as root of its host, ' : ''}with: ${PRIVILEGED}`;
}

/** How a hierarchy that is mounted read-only becomes writable. */
export function readOnlyHint(mountPoint: string, version: 1 | 2, facts: HintFacts): string {
  const { canMount, inContainer, isRootless, hasSudo } = facts;
  const remount = `mount -o remount,bind,rw ${mountPoint}`;
  // In a user namespace, mounts of the host cannot be made writable.
  if (canMount && !isRootless) return remount;
  if (inContainer && !isRootless && version === 2) {
    return `${startHint(false)} (podman without BPF memory: --security-opt unmask=${mountPoint} is enough)`;
  }
  if (inContainer || isRootless) return startHint(isRootless && version === 1);
  return hasSudo ? `sudo ${remount}` : `su -c '${remount}'`;
}

/** How a hierarchy of another cgroup namespace is replaced by our own. */
export function foreignMountHint(mountPoint: string, { canMount }: HintFacts): string {
  // Beside the other one: what a container was given cannot always be unmounted, and a file system cannot be
  // mounted on itself.
  const ours = '/run/cmemstat-cgroup';
  if (canMount) return `mkdir -p ${ours} && mount -t cgroup2 none ${ours}`;
  return `start the container without a volume at ${mountPoint}, and with: ${PRIVILEGED}`;
}

/** How a user or a container gets permission to create cgroups. */
export function permissionHint(version: 1 | 2, facts: HintFacts): string {
  if (facts.isRoot) return startHint(facts.isRootless);
  if (version === 1) return `${asRootHint(facts)} (cgroup v1 has no delegation to unprivileged users)`;
  if (!facts.hasSystemd) return asRootHint(facts);
  return `systemd-run --user --scope -p Delegate=yes cmemstat -- COMMAND, or ${asRootHint(facts)}`;
}

/** How the processes of a cgroup make room for a leaf; `parent` is then the place of the leaf. */
export function moveHint(parent: string): string {
  const move = `for p in $(cat ${parent}/cgroup.procs); do echo $p > ${parent}/cmemstat-others/cgroup.procs; done`;
  return `mkdir -p ${parent}/cmemstat-others; ${move} 2>/dev/null; cmemstat --cgroup-parent ${parent} -- COMMAND`;
}

/** How cmemstat gets a cgroup of its own. */
export function ownCgroupHint(own: string, { hasSystemd, isRoot }: HintFacts): string {
  if (!hasSystemd) return moveHint(own);
  return `systemd-run ${isRoot ? '' : '--user '}--scope -p Delegate=yes cmemstat -- COMMAND`;
}

/** How a user gets a systemd user manager, and a bus to it, in the directory `runtime`. */
export function userManagerHint(
  runtime: string,
  { user }: HintFacts,
  exists: (path: string) => boolean = existsSync,
): string {
  if (!exists(`${runtime}/systemd/private`)) return `as root: loginctl enable-linger ${user}`;
  if (!exists(`${runtime}/bus`)) {
    return `as root: apt-get install dbus-user-session, then: systemctl --user start dbus.socket`;
  }
  return 'journalctl --user -n 20  # shows what is wrong';
}
