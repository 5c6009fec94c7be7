// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Writes a record for each BPF program of the host, and behind it the ids of its maps. Since: Linux 5.9. */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/*
 * How many functions and maps of a program are read at most. The verifier walks through each round of a loop: at the
 * limits of the kernel it takes 25 ms, most of the time that loading takes, and nearly all programs are far smaller.
 */
DECLARE_CONSTANT(max_functions);
DECLARE_CONSTANT(max_used_maps);

#define GPL_UNKNOWN 0x10000

/* Read by program-iterator.ts. */
struct program_record {
	__u32 id;
	__u32 type;
	/* Of the main function. */
	__u32 pages;
	/* Of its functions, which the kernel keeps as programs of their own once they are jited. */
	__u32 function_pages;
	__u32 instructions;
	__u32 jited_length;
	__u32 uid;
	__u32 gpl_compatible;
	__u32 btf_id;
	__u32 func_cnt;
	__u32 used_map_cnt;
	/* How many ids of maps follow, 4 bytes each. */
	__u32 listed_maps;
	__u8 tag[8];
	char name[16];
	__u64 load_time;
	__s64 refcnt;
};

struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
} __attribute__((preserve_access_index));

static __always_inline void read_pointer(void *to, const void *from)
{
	bpf_probe_read_kernel(to, sizeof(void *), from);
}

SEC("iter/bpf_prog")
int cmemstat_progs(struct bpf_iter__bpf_prog *ctx)
{
	struct program_record record = {};
	struct bpf_prog *prog = ctx->prog;
	struct seq_file *seq = ctx->meta->seq;
	struct bpf_prog_aux *aux;
	struct bpf_prog **functions;
	struct bpf_map **maps;

	/* The kernel calls once more after the last program. */
	if (!prog)
		return 0;
	record.type = prog->type;
	record.pages = prog->pages;
	record.instructions = prog->len;
	record.jited_length = prog->jited_len;
	record.gpl_compatible = field_exists(struct bpf_prog, gpl_compatible) ? read_bit_field(prog, gpl_compatible)
									      : GPL_UNKNOWN;
	bpf_probe_read_kernel(record.tag, sizeof(record.tag), prog->tag);

	aux = prog->aux;
	record.id = aux->id;
	record.func_cnt = aux->func_cnt;
	record.used_map_cnt = aux->used_map_cnt;
	record.load_time = aux->load_time;
	record.refcnt = aux->refcnt.counter;
	bpf_probe_read_kernel(record.name, sizeof(record.name), aux->name);
	if (aux->user)
		record.uid = aux->user->uid.val;
	record.listed_maps = record.used_map_cnt;
	if (record.listed_maps > CONSTANT(max_used_maps))
		record.listed_maps = CONSTANT(max_used_maps);
	if (aux->btf)
		record.btf_id = aux->btf->id;

	functions = aux->func;
	for (__u32 index = 0; index < CONSTANT(max_functions) && index < record.func_cnt; index++) {
		struct bpf_prog *function = NULL;

		read_pointer(&function, &functions[index]);
		record.function_pages += read_kernel(function, pages);
	}
	bpf_seq_write(seq, &record, sizeof(record));

	maps = aux->used_maps;
	for (__u32 index = 0; index < CONSTANT(max_used_maps) && index < record.used_map_cnt; index++) {
		struct bpf_map *map = NULL;
		__u32 id;

		read_pointer(&map, &maps[index]);
		id = read_kernel(map, id);
		bpf_seq_write(seq, &id, sizeof(id));
	}
	return 0;
}
