import { describe, expect, it } from 'vitest';
import {
  asRootHint,
  foreignMountHint,
  type HintFacts,
  moveHint,
  ownCgroupHint,
  permissionHint,
  readOnlyHint,
  userManagerHint,
} from '#src/cgroup/hints.ts';

const host: HintFacts = {
  isRoot: false,
  hasSudo: true,
  inContainer: false,
  isRootless: false,
  canMount: false,
  hasSystemd: true,
  user: 'ada',
};
const container: HintFacts = { ...host, hasSudo: false, inContainer: true, hasSystemd: false };
const asRoot = { isRoot: true, canMount: true };
const sudo = 'sudo cmemstat --user "ada" -- COMMAND';

describe('a hint', () => {
  it('names sudo only if it is installed', () => {
    expect(asRootHint(host)).toBe(sudo);
    expect(asRootHint({ ...host, hasSudo: false })).toBe(`su -c 'cmemstat --user "ada" -- COMMAND'`);
    expect(asRootHint(container)).toContain('--user root');
    expect(permissionHint(2, container)).not.toContain('sudo');
    expect(permissionHint(1, host)).toMatch(/^sudo .*cgroup v1 has no delegation/);
    expect(permissionHint(2, host)).toBe(
      `systemd-run --user --scope -p Delegate=yes cmemstat -- COMMAND, or ${sudo}`,
    );
    expect(permissionHint(2, { ...container, isRoot: true })).toContain('docker run --privileged');
  });

  it('suggests a mount only where it is permitted', () => {
    const top = '/sys/fs/cgroup/memory';
    expect(readOnlyHint(top, 1, { ...container, ...asRoot })).toBe(`mount -o remount,bind,rw ${top}`);
    expect(readOnlyHint(top, 1, host)).toBe(`sudo mount -o remount,bind,rw ${top}`);
    expect(readOnlyHint(top, 1, { ...host, hasSudo: false })).toBe(`su -c 'mount -o remount,bind,rw ${top}'`);
    expect(readOnlyHint(top, 1, container)).toMatch(/^start the container with: docker run --privileged/);
    // Tried with podman 5: the cgroup namespace of a container is its own.
    expect(readOnlyHint('/sys/fs/cgroup', 2, container)).toMatch(
      /--privileged --cgroupns=private \(podman without BPF memory: --security-opt unmask=\/sys\/fs\/cgroup is enough\)$/,
    );
    expect(foreignMountHint(top, { ...container, ...asRoot })).toBe(
      'mkdir -p /run/cmemstat-cgroup && mount -t cgroup2 none /run/cmemstat-cgroup',
    );
    expect(foreignMountHint(top, { ...container, isRoot: true })).toMatch(/^start the container without/);
  });

  it('does not lead from one rootless container to the same one', () => {
    const top = '/sys/fs/cgroup';
    const rootless = { ...container, ...asRoot, isRootless: true };
    expect(readOnlyHint(top, 1, rootless)).toMatch(/^start the container as root of its host, with: /);
    // On cgroup v2, the user manager delegates a cgroup.
    expect(readOnlyHint(top, 2, rootless)).toMatch(/^start the container with: docker run --privileged/);
    expect(permissionHint(2, rootless)).toMatch(/^start the container as root of its host, with: /);
  });

  it('uses systemd only where it runs', () => {
    expect(ownCgroupHint('/c', host)).toMatch(/^systemd-run --user --scope/);
    expect(ownCgroupHint('/c', { ...host, isRoot: true })).toMatch(/^systemd-run --scope/);
    expect(ownCgroupHint('/c', container)).toBe(moveHint('/c'));
  });

  it('names the missing part of a user manager', () => {
    const hint = (...files: string[]) => userManagerHint('/run', host, (path) => files.includes(path));
    expect(hint()).toBe('as root: loginctl enable-linger ada');
    expect(hint('/run/systemd/private')).toContain('dbus-user-session');
    expect(hint('/run/systemd/private', '/run/bus')).toContain('journalctl');
  });
});
