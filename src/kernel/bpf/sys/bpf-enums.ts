/**
 * The commands, types and flags of bpf(2), by name and number.
 *
 * Source: `include/uapi/linux/bpf.h`.
 */

/** The commands of bpf(2) that we use. Source: `enum bpf_cmd`. */
export const BPF_COMMANDS = {
  BPF_MAP_CREATE: 0,
  BPF_MAP_LOOKUP_ELEM: 1,
  BPF_MAP_UPDATE_ELEM: 2,
  BPF_MAP_DELETE_ELEM: 3,
  BPF_PROG_LOAD: 5,
  BPF_OBJ_PIN: 6,
  BPF_OBJ_GET: 7,
  BPF_PROG_TEST_RUN: 10,
  BPF_PROG_GET_NEXT_ID: 11,
  BPF_MAP_GET_NEXT_ID: 12,
  BPF_PROG_GET_FD_BY_ID: 13,
  BPF_MAP_GET_FD_BY_ID: 14,
  BPF_OBJ_GET_INFO_BY_FD: 15,
  BPF_BTF_LOAD: 18,
  BPF_BTF_GET_FD_BY_ID: 19,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM: 21,
  BPF_MAP_FREEZE: 22,
  BPF_BTF_GET_NEXT_ID: 23,
  BPF_MAP_LOOKUP_BATCH: 24,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH: 25,
  BPF_LINK_CREATE: 28,
  BPF_LINK_GET_FD_BY_ID: 30,
  BPF_LINK_GET_NEXT_ID: 31,
  BPF_ITER_CREATE: 33,
} as const;

/** The name of a bpf(2) command. */
export type BpfCommand = keyof typeof BPF_COMMANDS;

/** `BPF_F_SLEEPABLE`: the program may sleep. Since: Linux 5.10. */
export const BPF_F_SLEEPABLE = 16;
/** `BPF_F_NO_PREALLOC`: the elements of the map are allocated as they are added. Since: Linux 4.6. */
export const BPF_F_NO_PREALLOC = 1;

/** The types of maps by their numbers. Source: `enum bpf_map_type`, in lower case as bpftool prints it. */
export const MAP_TYPES = [
  'unspec',
  'hash',
  'array',
  'prog_array',
  'perf_event_array',
  'percpu_hash',
  'percpu_array',
  'stack_trace',
  'cgroup_array',
  'lru_hash',
  'lru_percpu_hash',
  'lpm_trie',
  'array_of_maps',
  'hash_of_maps',
  'devmap',
  'sockmap',
  'cpumap',
  'xskmap',
  'sockhash',
  'cgroup_storage',
  'reuseport_sockarray',
  'percpu_cgroup_storage',
  'queue',
  'stack',
  'sk_storage',
  'devmap_hash',
  'struct_ops',
  'ringbuf',
  'inode_storage',
  'task_storage',
  'bloom_filter',
  'user_ringbuf',
  'cgrp_storage',
  'arena',
  'insn_array',
  'rhash',
] as const;

const PROGRAM_TYPES = [
  'unspec',
  'socket_filter',
  'kprobe',
  'sched_cls',
  'sched_act',
  'tracepoint',
  'xdp',
  'perf_event',
  'cgroup_skb',
  'cgroup_sock',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'sock_ops',
  'sk_skb',
  'cgroup_device',
  'sk_msg',
  'raw_tracepoint',
  'cgroup_sock_addr',
  'lwt_seg6local',
  'lirc_mode2',
  'sk_reuseport',
  'flow_dissector',
  'cgroup_sysctl',
  'raw_tracepoint_writable',
  'cgroup_sockopt',
  'tracing',
  'struct_ops',
  'ext',
  'lsm',
  'sk_lookup',
  'syscall',
  'netfilter',
] as const;

const LINK_TYPES = [
  'unspec',
  'raw_tracepoint',
  'tracing',
  'cgroup',
  'iter',
  'netns',
  'xdp',
  'perf_event',
  'kprobe_multi',
  'struct_ops',
  'netfilter',
  'tcx',
  'uprobe_multi',
  'netkit',
  'sockmap',
] as const;

/** A type of map that we know by name. */
export type MapTypeName = (typeof MAP_TYPES)[number];

/** The name of a map type as printed by bpftool; absent for types newer than this list. */
export function mapTypeName(type: number): MapTypeName | undefined {
  return MAP_TYPES[type];
}

/** The number of a map type, `BPF_MAP_TYPE_*`. */
export function mapTypeNumber(name: MapTypeName): number {
  return MAP_TYPES.indexOf(name);
}

/** The map types for local storage. The kernel creates them only with BTF for their keys and values. */
export const STORAGE_MAP_TYPES: ReadonlySet<number> = new Set(
  (['sk_storage', 'inode_storage', 'task_storage', 'cgrp_storage'] as const).map(mapTypeNumber),
);

/** The name of a program type as printed by bpftool; absent for types newer than this list. */
export function programTypeName(type: number): (typeof PROGRAM_TYPES)[number] | undefined {
  return PROGRAM_TYPES[type];
}

/** The number of a program type, `BPF_PROG_TYPE_*`. */
export function programTypeNumber(name: (typeof PROGRAM_TYPES)[number]): number {
  return PROGRAM_TYPES.indexOf(name);
}

/** The name of a link type as printed by bpftool; absent for types newer than this list. */
export function linkTypeName(type: number): (typeof LINK_TYPES)[number] | undefined {
  return LINK_TYPES[type];
}
