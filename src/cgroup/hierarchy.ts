/** The mounted hierarchy that has the memory controller, and our own cgroup in it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseControllers } from '../kernel/cgroup2/controllers.ts';
import { formatDevice } from '../kernel/file-number.ts';
import { type Mount, parseMountinfo } from '../kernel/procfs/mountinfo.ts';
import { type CgroupMembership, parsePidCgroup } from '../kernel/procfs/pid-cgroup.ts';
import { readPseudoFile } from '../kernel/pseudo-file.ts';
import { tryStat } from '../try-stat.ts';

/** A mounted cgroup hierarchy that can account memory. */
export interface MemoryHierarchy {
  version: 1 | 2;
  /** Where it is mounted, such as `/sys/fs/cgroup`. */
  mountPoint: string;
  readOnly: boolean;
  /**
   * Whether it was mounted outside our cgroup namespace: processes cannot join cgroups outside their
   * namespace.
   */
  isOutsideNamespace: boolean;
  /** The directory of our own cgroup; undefined if it is outside the mounted part. */
  ownDirectory: string | undefined;
}

/** `/..` stands for what is above our cgroup namespace; `/..name` is an ordinary name. */
function isAbove(path: string): boolean {
  return path === '/..' || path.startsWith('/../');
}

/** Whether a mount shows cgroups above our cgroup namespace: our own cgroup cannot be found in it. */
function isOutside(mount: Pick<Mount, 'root'>): boolean {
  return isAbove(mount.root);
}

/** Why there is no such hierarchy, and what would provide one. */
export interface NoHierarchy {
  version: undefined;
  reason: string;
  hint: string;
}

/** The facts that the choice is based on; tests pass their own. */
export interface HierarchyFacts {
  mounts: Mount[];
  memberships: CgroupMembership[];
  /** The controllers that are available at the root of a cgroup v2 mount. */
  controllersAt: (mountPoint: string) => string[];
  kernelCommandLine: string;
  /** Whether /sys/fs/cgroup exists; without sysfs it does not. */
  hasCgroupDirectory: boolean;
}

const CGROUP_DIRECTORY = '/sys/fs/cgroup';

/**
 * Reads the facts of this host.
 * Source: proc_pid_mountinfo(5), cgroups(7), proc_cmdline(5).
 * @throws KernelFileError.
 */
export function readHierarchyFacts(): HierarchyFacts {
  return {
    mounts: findVisibleCgroupMounts(
      parseMountinfo(readPseudoFile('/proc/self/mountinfo'), '/proc/self/mountinfo'),
      readDeviceAt,
    ),
    memberships: parsePidCgroup(readPseudoFile('/proc/self/cgroup'), '/proc/self/cgroup'),
    controllersAt: (mountPoint) => {
      const path = join(mountPoint, 'cgroup.controllers');
      return existsSync(path) ? parseControllers(readPseudoFile(path)) : [];
    },
    kernelCommandLine: readPseudoFile('/proc/cmdline'),
    hasCgroupDirectory: existsSync(CGROUP_DIRECTORY),
  };
}

/**
 * The mounts of cgroup hierarchies that their paths lead to: the last of several that are stacked on one
 * mount point, and none that is hidden below a mount on a directory above it. `deviceAt` gives the device
 * that a path leads to.
 */
export function findVisibleCgroupMounts(
  mounts: readonly Mount[],
  deviceAt: (path: string) => string | undefined,
): Mount[] {
  const topmost = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
  return [...topmost.values()].filter(
    (mount) =>
      (mount.fsType === 'cgroup' || mount.fsType === 'cgroup2') &&
      deviceAt(mount.mountPoint) === mount.device,
  );
}

/** The device of the file system that a path leads to, `major:minor`; undefined where it leads nowhere. */
function readDeviceAt(path: string): string | undefined {
  const dev = tryStat(path)?.dev;
  return dev === undefined ? undefined : formatDevice(dev);
}

/**
 * The hierarchy to use: cgroup v2 if it has the memory controller, otherwise the memory hierarchy of v1 (also
 * on hosts where cgroup v2 is mounted without the memory controller).
 */
export function chooseMemoryHierarchy(facts: HierarchyFacts): MemoryHierarchy | NoHierarchy {
  const v2 = facts.mounts.filter((mount) => mount.fsType === 'cgroup2');
  const own2 = facts.memberships.find((membership) => membership.hierarchy === 0);
  const own1 = facts.memberships.find((membership) => membership.controllers.includes('memory'));
  const found = [
    ...v2
      .filter((mount) => facts.controllersAt(mount.mountPoint).includes('memory'))
      .map((mount) => describe(2, mount, own2?.path)),
    ...facts.mounts
      .filter((mount) => mount.fsType === 'cgroup' && mount.superOptions.includes('memory'))
      .map((mount) => describe(1, mount, own1?.path)),
  ];
  const best = found
    .filter(({ version }) => version === found[0]?.version)
    .toSorted((a, b) => countDrawbacks(a) - countDrawbacks(b))[0];
  if (best !== undefined) return best;
  return explainAbsence(facts, v2.length > 0);
}

/**
 * The directory of a cgroup path (as `/proc/<pid>/cgroup` prints it) below a mount; undefined if it is not
 * below it.
 */
export function directoryOf(
  mount: Pick<Mount, 'root' | 'mountPoint'>,
  cgroupPath: string,
): string | undefined {
  // A bind mount shows a part of the hierarchy: its root is a prefix of the path that the directory does not
  // have.
  if (isOutside(mount)) return undefined;
  if (mount.root === '/') {
    return isAbove(cgroupPath) ? undefined : below(mount.mountPoint, cgroupPath);
  }
  if (cgroupPath === mount.root) return mount.mountPoint;
  if (!cgroupPath.startsWith(`${mount.root}/`)) return undefined;
  return below(mount.mountPoint, cgroupPath.slice(mount.root.length));
}

/** For the root cgroup, `join` would leave a slash at the end. */
function below(mountPoint: string, path: string): string {
  return path === '/' ? mountPoint : join(mountPoint, path);
}

function describe(version: 1 | 2, mount: Mount, ownPath: string | undefined): MemoryHierarchy {
  const own = ownPath === undefined ? undefined : directoryOf(mount, ownPath);
  return {
    version,
    mountPoint: mount.mountPoint,
    readOnly: mount.options.includes('ro') || mount.superOptions.includes('ro'),
    isOutsideNamespace: version === 2 && isOutside(mount),
    ownDirectory: own !== undefined && existsSync(own) ? own : undefined,
  };
}

/** A hierarchy may be mounted more than once: read-only, or only the part of it below another cgroup. */
function countDrawbacks({ readOnly, isOutsideNamespace, ownDirectory }: MemoryHierarchy): number {
  return (readOnly ? 4 : 0) + (isOutsideNamespace ? 2 : 0) + (ownDirectory === undefined ? 1 : 0);
}

function explainAbsence(facts: HierarchyFacts, hasV2: boolean): NoHierarchy {
  const disabled = /(?:^|\s)cgroup_disable=\S*\bmemory\b/.exec(facts.kernelCommandLine);
  if (disabled !== null) {
    return {
      version: undefined,
      reason: `the kernel was booted with ${disabled[0].trim()}`,
      hint: 'remove cgroup_disable=memory from the kernel command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub) and reboot',
    };
  }
  const sysfs = facts.hasCgroupDirectory ? '' : 'mount -t sysfs none /sys && ';
  if (facts.memberships.some(({ controllers }) => controllers.includes('memory'))) {
    // Directories cannot be made in sysfs itself.
    const directory = '/run/cmemstat-cgroup';
    return {
      version: undefined,
      reason: 'the memory controller is in use on cgroup v1, and its hierarchy is not mounted',
      hint: `${sysfs}mkdir -p ${directory} && mount -t cgroup -o memory none ${directory}`,
    };
  }
  if (hasV2) {
    return {
      version: undefined,
      reason: 'cgroup v2 is mounted, but the memory controller is not in its cgroup.controllers',
      hint: 'delegate the memory controller to this cgroup: echo +memory > cgroup.subtree_control in its parent, or for a user session: systemctl edit user@.service with [Service] Delegate=cpu memory pids',
    };
  }
  return {
    version: undefined,
    reason: 'no cgroup hierarchy with the memory controller is mounted',
    hint: `${sysfs}mount -t cgroup2 none ${CGROUP_DIRECTORY}`,
  };
}
