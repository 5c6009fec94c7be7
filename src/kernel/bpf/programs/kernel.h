/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the programs in this folder need of the kernel: types, helper functions, CO-RE macros.
 *
 * The types have only the members that we read. preserve_access_index has the compiler record each access in
 * .BTF.ext, and the loader replaces the offset by that of the running kernel; neither the order nor the size of
 * these structs matters. A name after ___ is a flavour: the same kernel type with members that other kernels lack.
 */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef _Bool bool;

#define NULL ((void *)0)
#define SEC(name) __attribute__((section(name), used))
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define __ksym __attribute__((section(".ksyms")))
#define __unused __attribute__((unused))
#define __weak __attribute__((weak))
#define IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/*
 * A constant that is given when the program is loaded, as a symbol whose address is its value; 0 when it is not given.
 * The verifier knows the value and drops code that it makes unreachable. A variable in .rodata would do the same, but
 * it lives in a map, and that map would be among those that we list.
 */
#define DECLARE_CONSTANT(name) extern const void cmemstat_##name __ksym __weak
#define CONSTANT(name) ((__u64)&cmemstat_##name)

/* Definitions of maps. */
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name

/* enum bpf_func_id, part of the kernel's stable interface. */
static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static __u64 (*const bpf_get_current_pid_tgid)(void) = (void *)14;
/* A number and no tracked pointer: follow it with read_kernel(). */
static __u64 (*const bpf_get_current_task)(void) = (void *)35;
static long (*const bpf_probe_read_kernel)(void *dst, __u32 size, const void *unsafe_ptr) = (void *)113;
static long (*const bpf_probe_read_kernel_str)(void *dst, __u32 size, const void *unsafe_ptr) = (void *)115;
static long (*const bpf_seq_write)(void *seq, const void *data, __u32 len) = (void *)127;
static void *(*const bpf_per_cpu_ptr)(const void *percpu_ptr, __u32 cpu) = (void *)153;
/* Since Linux 5.17; at most 2^23 turns. The callback ends the loop by returning 1. */
static long (*const bpf_loop)(__u32 turns, void *callback, void *context, __u64 flags) = (void *)181;

/* The second argument of __builtin_preserve_field_info(); enum bpf_core_relo_kind. */
enum { FIELD_BYTE_OFFSET = 0, FIELD_BYTE_SIZE = 1, FIELD_EXISTS = 2, FIELD_LSHIFT_U64 = 4, FIELD_RSHIFT_U64 = 5 };

/* Whether the running kernel has the member. Where it hasn't, code behind this test is never verified. */
#define field_exists(type, member) __builtin_preserve_field_info(((type *)0)->member, FIELD_EXISTS)

/* The offset of a member in the running kernel. Unit: bytes. */
#define field_offset(type, member) __builtin_preserve_field_info(((type *)0)->member, FIELD_BYTE_OFFSET)
/* The size of a type in the running kernel; 0 where it has none of that name. Unit: bytes. */
#define type_size(type) __builtin_preserve_type_info(*(type *)0, 1)
/* The value of an enumerator in the running kernel, and whether it has it. */
#define enum_value(type, name) __builtin_preserve_enum_value(*(type *)name, 1)
#define enum_exists(type, name) __builtin_preserve_enum_value(*(type *)name, 0)

/*
 * Reads a member through a pointer whose type the verifier does not track: zero where the address is bad. A pointer
 * that was loaded from a tracked one is read as in plain C, which the verifier turns into such a read by itself.
 */
#define read_kernel(pointer, member)                                                                          \
	({                                                                                                    \
		typeof(pointer) pointer_ = (pointer);                                                         \
		typeof((pointer)->member) value_ = (typeof((pointer)->member))0;                              \
		bpf_probe_read_kernel(&value_, sizeof(value_), &pointer_->member);                            \
		value_;                                                                                       \
	})

/*
 * Reads a bit field in the same way, as an unsigned number: the bytes around it are shifted up and down, so that its
 * neighbours fall out. The loader puts in how far.
 */
#define read_bit_field(pointer, member)                                                                               \
	({                                                                                                            \
		__u64 value_ = 0;                                                                                     \
		__u32 size_ = __builtin_preserve_field_info((pointer)->member, FIELD_BYTE_SIZE);                      \
		void *to_ = (void *)&value_ + (IS_BIG_ENDIAN ? sizeof(value_) - size_ : 0);                           \
		bpf_probe_read_kernel(to_, size_, (const void *)(pointer) + __builtin_preserve_field_info(             \
							  (pointer)->member, FIELD_BYTE_OFFSET));               \
		value_ <<= __builtin_preserve_field_info((pointer)->member, FIELD_LSHIFT_U64);                        \
		value_ >> __builtin_preserve_field_info((pointer)->member, FIELD_RSHIFT_U64);                         \
	})

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

typedef struct {
	__s64 counter;
} __attribute__((preserve_access_index)) atomic64_t;

typedef struct {
	int counter;
} __attribute__((preserve_access_index)) atomic_t;

struct btf {
	__u32 id;
} __attribute__((preserve_access_index));

struct kernfs_node {
	__u64 id;
	const char *name;
} __attribute__((preserve_access_index));

struct cgroup;
struct cgroup_subsys;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys *ss;
	__u32 flags;
	struct cgroup_subsys_state *parent;
} __attribute__((preserve_access_index));

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
} __attribute__((preserve_access_index));

struct mem_cgroup {
	struct cgroup_subsys_state css;
} __attribute__((preserve_access_index));

struct percpu_ref {
	/* An address with flags in its lowest bits. */
	unsigned long percpu_count_ptr;
} __attribute__((preserve_access_index));

struct obj_cgroup {
	struct percpu_ref refcnt;
	struct mem_cgroup *memcg;
} __attribute__((preserve_access_index));

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_HASH_OF_MAPS = 13,
	BPF_MAP_TYPE_SOCKHASH = 18,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_DEVMAP_HASH = 25,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_USER_RINGBUF = 31,
};

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	/* Since Linux 5.16. */
	__u64 map_extra;
	__u32 map_flags;
	__u32 id;
	__u32 btf_key_type_id;
	__u32 btf_value_type_id;
	__u32 btf_vmlinux_value_type_id;
	struct btf *btf;
	/* Since Linux 6.1. */
	struct obj_cgroup *objcg;
	char name[16];
	atomic64_t refcnt;
	atomic64_t usercnt;
	bool frozen;
	/* Since Linux 6.6. */
	__s64 *elem_count;
} __attribute__((preserve_access_index));

struct user_struct {
	struct {
		__u32 val;
	} __attribute__((preserve_access_index)) uid;
} __attribute__((preserve_access_index));

struct bpf_prog;

struct bpf_prog_aux {
	atomic64_t refcnt;
	__u32 used_map_cnt;
	__u32 id;
	__u32 func_cnt;
	struct bpf_prog **func;
	struct bpf_map **used_maps;
	struct btf *btf;
	struct user_struct *user;
	__u64 load_time;
	char name[16];
} __attribute__((preserve_access_index));

enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC };

struct bpf_prog {
	__u16 pages;
	__u16 gpl_compatible : 1;
	enum bpf_prog_type type;
	__u32 len;
	__u32 jited_len;
	__u8 tag[8];
	struct bpf_prog_aux *aux;
} __attribute__((preserve_access_index));

enum bpf_link_type {
	BPF_LINK_TYPE_ITER = 4,
	BPF_LINK_TYPE_STRUCT_OPS = 9,
	BPF_LINK_TYPE_SOCKMAP = 14,
};

struct bpf_link {
	atomic64_t refcnt;
	__u32 id;
	enum bpf_link_type type;
	struct bpf_prog *prog;
} __attribute__((preserve_access_index));

struct file_operations {
	int (*release)(void);
} __attribute__((preserve_access_index));

struct address_space;
struct inode;

struct file {
	const struct file_operations *f_op;
	struct inode *f_inode;
	struct address_space *f_mapping;
	void *private_data;
} __attribute__((preserve_access_index));

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
} __attribute__((preserve_access_index));

struct pid {
	__u32 level;
	struct upid numbers[1];
} __attribute__((preserve_access_index));

struct css_set {
	struct cgroup_subsys_state *subsys[1];
} __attribute__((preserve_access_index));

struct fdtable {
	struct file **fd;
} __attribute__((preserve_access_index));

struct files_struct {
	struct fdtable *fdt;
} __attribute__((preserve_access_index));

struct task_struct {
	int tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct files_struct *files;
	struct css_set *cgroups;
	char comm[16];
} __attribute__((preserve_access_index));

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
} __attribute__((preserve_access_index));

/* The number of a process in the pid namespace of the process that reads an iterator; 0 outside it. */
static __always_inline __u32 pid_for_reader(struct task_struct *task)
{
	struct task_struct *reader = (void *)bpf_get_current_task();
	struct task_struct *leader = read_kernel(reader, group_leader);
	struct pid *own = read_kernel(leader, thread_pid);
	__u32 level = read_kernel(own, level);
	struct pid *pid;
	struct upid *own_upid, *upid;

	leader = read_kernel(task, group_leader);
	pid = read_kernel(leader, thread_pid);
	if (read_kernel(pid, level) < level)
		return 0;
	own_upid = (void *)__builtin_preserve_access_index(&own->numbers) + level * sizeof(struct upid);
	upid = (void *)__builtin_preserve_access_index(&pid->numbers) + level * sizeof(struct upid);
	return read_kernel(upid, ns) == read_kernel(own_upid, ns) ? read_kernel(upid, nr) : 0;
}
