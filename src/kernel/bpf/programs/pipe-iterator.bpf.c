// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Writes a record for each descriptor of a pipe, of all processes: how much data waits in it. Since: Linux 5.8.
 */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Slots of a pipe of 1 MiB, which is what a user may have. */
#define MAX_SLOTS 256

#define S_IFMT 0170000
#define S_IFIFO 0010000
/* A page that belongs to the pipe: a packet, or data can be added to it. Others are lent to it, as by splice(2). */
#define PIPE_BUF_FLAG_PACKET 0x08
#define PIPE_BUF_FLAG_CAN_MERGE 0x10

/* Read by pipe-iterator.ts. */
struct pipe_record {
	/* The address of its inode, to recognise it by; never shown. */
	__u64 identity;
	__u64 inode;
	__u32 device;
	__u32 pid;
	__u32 fd;
	__u32 readers;
	__u32 writers;
	__u32 slots;
	__u32 used_slots;
	/* Of the used slots, the first ones: how many were looked at, have a page of the pipe, and bytes of data. */
	__u32 counted_slots;
	__u32 own_pages;
	__u32 data_bytes;
	/* Pages that are kept for the next write. */
	__u32 spare_pages;
	__u32 padding;
};

struct super_block {
	__u32 s_dev;
} __attribute__((preserve_access_index));

struct pipe_buffer {
	__u32 len;
	__u32 flags;
} __attribute__((preserve_access_index));

struct page;

struct pipe_inode_info {
	__u32 head;
	__u32 tail;
	__u32 ring_size;
	__u32 readers;
	__u32 writers;
	struct page *tmp_page;
	struct pipe_buffer *bufs;
} __attribute__((preserve_access_index));

/* Some releases later, 6.18 among them. */
struct pipe_inode_info___two {
	struct page *tmp_page[2];
} __attribute__((preserve_access_index));

struct anon_pipe_prealloc {
	__u32 count;
} __attribute__((preserve_access_index));

/* Since Linux 7.x. */
struct pipe_inode_info___prealloc {
	struct anon_pipe_prealloc prealloc;
} __attribute__((preserve_access_index));

struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	struct pipe_inode_info *i_pipe;
} __attribute__((preserve_access_index));

static __always_inline void count_slots(struct pipe_record *record, struct pipe_inode_info *pipe)
{
	struct pipe_buffer *slots = read_kernel(pipe, bufs);
	__u32 tail = read_kernel(pipe, tail);
	__u32 used = read_kernel(pipe, head) - tail;

	/* It is being changed: nothing is counted. */
	if (used > record->slots)
		return;
	record->used_slots = used;
	for (__u32 at = 0; at < MAX_SLOTS; at++) {
		struct pipe_buffer *slot;

		if (at >= used)
			break;
		slot = (void *)slots + ((tail + at) & (record->slots - 1)) * type_size(struct pipe_buffer);
		record->counted_slots++;
		record->data_bytes += read_kernel(slot, len);
		if (read_kernel(slot, flags) & (PIPE_BUF_FLAG_PACKET | PIPE_BUF_FLAG_CAN_MERGE))
			record->own_pages++;
	}
}

static __always_inline void count_spare_pages(struct pipe_record *record, struct pipe_inode_info *pipe)
{
	struct page *spare[2] = {};

	if (field_exists(struct pipe_inode_info___prealloc, prealloc)) {
		record->spare_pages = read_kernel((struct pipe_inode_info___prealloc *)pipe, prealloc.count);
		return;
	}
	if (field_exists(struct pipe_inode_info___two, tmp_page))
		bpf_probe_read_kernel(spare, sizeof(spare), &((struct pipe_inode_info___two *)pipe)->tmp_page);
	else if (field_exists(struct pipe_inode_info, tmp_page))
		spare[0] = read_kernel(pipe, tmp_page);
	record->spare_pages = (spare[0] != NULL) + (spare[1] != NULL);
}

SEC("iter/task_file")
int cmemstat_pipes(struct bpf_iter__task_file *ctx)
{
	struct pipe_record record = {};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct pipe_inode_info *pipe;
	struct super_block *sb;
	struct inode *inode;

	if (!task || !file)
		return 0;
	inode = read_kernel(file, f_inode);
	if ((read_kernel(inode, i_mode) & S_IFMT) != S_IFIFO)
		return 0;
	/* None: a named pipe that was opened as a place. */
	pipe = read_kernel(inode, i_pipe);
	if (!pipe)
		return 0;
	sb = read_kernel(inode, i_sb);
	record.identity = (__u64)inode;
	record.inode = read_kernel(inode, i_ino);
	record.device = read_kernel(sb, s_dev);
	record.slots = read_kernel(pipe, ring_size);
	record.readers = read_kernel(pipe, readers);
	record.writers = read_kernel(pipe, writers);
	count_slots(&record, pipe);
	count_spare_pages(&record, pipe);
	record.pid = pid_for_reader(task);
	record.fd = ctx->fd;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
