import { readlinkSync } from 'node:fs';

/** Source: `include/linux/proc_ns.h`, PROC_CGROUP_INIT_INO and PROC_USER_INIT_INO. */
const INITIAL_INODES = { cgroup: 4026531835, user: 4026531837 };

/**
 * Whether this process is in the initial namespace of a kind, and not in that of a container; also if that is
 * unknown. The link is `cgroup:[4026531835]`.
 * Source: namespaces(7), `/proc/self/ns`.
 */
export function isInInitialNamespace(kind: keyof typeof INITIAL_INODES): boolean {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`) === `${kind}:[${INITIAL_INODES[kind]}]`;
  } catch {
    return true;
  }
}
