// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Writes a record for each descriptor of a BPF object, of all processes in our pid namespace. Since: Linux 5.8.
 *
 * What a descriptor is shows in the function that closes it: links have two tables of functions since Linux 6.9
 * (bpf_link_fops_poll), which share that one. The addresses are learnt from descriptors of our own, because the
 * kernel hides its symbols from most.
 */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* The addresses of bpf_map_release(), bpf_prog_release() and bpf_link_release(). */
DECLARE_CONSTANT(map_release);
DECLARE_CONSTANT(prog_release);
DECLARE_CONSTANT(link_release);
/* Our own pid namespace, and how many are above it. */
DECLARE_CONSTANT(pid_namespace);
DECLARE_CONSTANT(pid_level);

/* Read by task-file-iterator.ts. */
enum object_kind { KIND_MAP, KIND_PROGRAM, KIND_LINK };

struct holder_record {
	__u32 pid;
	__u32 fd;
	__u32 kind;
	__u32 id;
	char comm[16];
};

struct learnt_record {
	__u32 fd;
	__u32 pid_level;
	__u64 release;
	__u64 pid_namespace;
};

/* The number of a process in the pid namespace of that level, and that namespace. */
static __always_inline struct upid *upid_at(struct pid *pid, __u64 level)
{
	return (void *)__builtin_preserve_access_index(&pid->numbers) + level * sizeof(struct upid);
}

/* What closes each descriptor of the process that reads, and where that process is. */
SEC("iter/task_file")
int cmemstat_learn(struct bpf_iter__task_file *ctx)
{
	struct learnt_record record = {};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct pid *pid;

	if (!task || !file || task->tgid != bpf_get_current_pid_tgid() >> 32)
		return 0;
	pid = task->group_leader->thread_pid;
	record.fd = ctx->fd;
	record.pid_level = pid->level;
	record.release = (__u64)file->f_op->release;
	record.pid_namespace = (__u64)read_kernel(upid_at(pid, record.pid_level), ns);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/task_file")
int cmemstat_files(struct bpf_iter__task_file *ctx)
{
	struct holder_record record = {};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct upid *upid;
	struct pid *pid;
	__u64 release;

	if (!task || !file)
		return 0;
	release = (__u64)file->f_op->release;
	if (release == CONSTANT(map_release)) {
		record.kind = KIND_MAP;
		record.id = read_kernel((struct bpf_map *)file->private_data, id);
	} else if (release == CONSTANT(prog_release)) {
		struct bpf_prog_aux *aux = read_kernel((struct bpf_prog *)file->private_data, aux);

		record.kind = KIND_PROGRAM;
		record.id = read_kernel(aux, id);
	} else if (release == CONSTANT(link_release)) {
		record.kind = KIND_LINK;
		record.id = read_kernel((struct bpf_link *)file->private_data, id);
	} else {
		return 0;
	}
	task = task->group_leader;
	pid = task->thread_pid;
	/* A process above or beside our namespace has no number there: what is read instead is another namespace. */
	if (pid->level < CONSTANT(pid_level))
		return 0;
	upid = upid_at(pid, CONSTANT(pid_level));
	if (read_kernel(upid, ns) != (struct pid_namespace *)CONSTANT(pid_namespace))
		return 0;
	record.pid = read_kernel(upid, nr);
	record.fd = ctx->fd;
	bpf_probe_read_kernel(record.comm, sizeof(record.comm), task->comm);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
