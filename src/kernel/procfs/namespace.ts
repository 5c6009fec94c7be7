import { statSync } from 'node:fs';

/** Source: `include/linux/proc_ns.h`, PROC_CGROUP_INIT_INO and the others. */
const INITIAL_INODES = { cgroup: 4026531835, pid: 4026531836, time: 4026531834, user: 4026531837 };

/** A kind of namespaces that is looked at here. */
export type NamespaceKind = keyof typeof INITIAL_INODES;

/** The inode number of the initial namespace of a kind: that of the host. */
export function initialNamespace(kind: NamespaceKind): number {
  return INITIAL_INODES[kind];
}

/**
 * The inode number of the namespace of a kind that this process is in; that of the initial one if it is
 * unknown, as where the kernel does not have the kind. Source: namespaces(7), `/proc/self/ns`.
 */
export function ownNamespace(kind: NamespaceKind): number {
  try {
    return statSync(`/proc/self/ns/${kind}`).ino;
  } catch {
    return initialNamespace(kind);
  }
}

/** Whether this process is in the initial namespace of a kind, and not in that of a container. */
export function isInInitialNamespace(kind: NamespaceKind): boolean {
  return ownNamespace(kind) === initialNamespace(kind);
}
