// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Writes a record for each BPF link of the host. Since: Linux 5.19. */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct bpf_iter_link {
	struct {
		struct bpf_map *map;
	} __attribute__((preserve_access_index)) aux;
} __attribute__((preserve_access_index));

/* Since: Linux 6.4. */
struct bpf_struct_ops_link {
	struct bpf_map *map;
} __attribute__((preserve_access_index));

/* Since: Linux 6.10. */
struct sockmap_link {
	struct bpf_map *map;
} __attribute__((preserve_access_index));

/* Read by link-iterator.ts. */
struct link_record {
	__u32 id;
	__u32 type;
	/* 0 for none. */
	__u32 prog_id;
	/* 0 for none. */
	__u32 map_id;
	__s64 refcnt;
};

struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
} __attribute__((preserve_access_index));

/* The map is in the struct around the link. */
static __always_inline struct bpf_map *map_of(struct bpf_link *link, __u32 type)
{
	if (type == BPF_LINK_TYPE_ITER && field_exists(struct bpf_iter_link, aux.map))
		return read_kernel((struct bpf_iter_link *)link, aux.map);
	if (type == BPF_LINK_TYPE_STRUCT_OPS && field_exists(struct bpf_struct_ops_link, map))
		return read_kernel((struct bpf_struct_ops_link *)link, map);
	if (type == BPF_LINK_TYPE_SOCKMAP && field_exists(struct sockmap_link, map))
		return read_kernel((struct sockmap_link *)link, map);
	return NULL;
}

SEC("iter/bpf_link")
int cmemstat_links(struct bpf_iter__bpf_link *ctx)
{
	struct link_record record = {};
	struct bpf_link *link = ctx->link;
	struct bpf_prog *prog;
	struct bpf_map *map;

	/* The kernel calls once more after the last link. */
	if (!link)
		return 0;
	record.id = link->id;
	record.type = link->type;
	record.refcnt = link->refcnt.counter;
	prog = link->prog;
	if (prog)
		record.prog_id = prog->aux->id;
	map = map_of(link, record.type);
	if (map)
		record.map_id = read_kernel(map, id);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
