// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Writes a record for each BPF map of the host, or of a subtree of cgroups. Since: Linux 5.8. */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Only maps that are charged to this memory cgroup or one below it; 0 for all maps. */
DECLARE_CONSTANT(cgroup_id);
/* How many CPUs may each have a part of an element count. */
DECLARE_CONSTANT(possible_cpus);

/* Since: Linux 6.6. */
extern __s64 bpf_map_sum_elem_count(const struct bpf_map *map) __ksym __weak;
struct rq {};
/* Any variable that each CPU has a copy of would do, and no kernel is without this one. Needs CONFIG_KALLSYMS_ALL. */
extern const struct rq runqueues __ksym __weak;

/* Levels of cgroups that the filter climbs: a map below the 65th level is not found. */
#define MAX_CGROUP_LEVELS 64
#define BPF_F_NO_PREALLOC 1
/* Source: include/linux/percpu-refcount.h, include/linux/cgroup-defs.h. */
#define __PERCPU_REF_DEAD 2
#define CSS_ONLINE 2

/*
 * How the elements of hashes are counted. Each is a program of its own: a kernel may have the function and not let an
 * iterator call it, or not know its variables by name, and would refuse to load a program that mentions them.
 */
enum counting { SUM_ELEM_COUNT, PERCPU_COUNTERS, NEITHER };

/* Linux 5.11 to 6.0. */
struct bpf_map___memcg {
	struct mem_cgroup *memcg;
} __attribute__((preserve_access_index));

struct bpf_ringbuf {
	unsigned long consumer_pos;
	unsigned long producer_pos;
} __attribute__((preserve_access_index));

struct bpf_ringbuf_map {
	struct bpf_ringbuf *rb;
} __attribute__((preserve_access_index));

struct bpf_queue_stack {
	__u32 head;
	__u32 tail;
} __attribute__((preserve_access_index));

struct lpm_trie {
	unsigned long n_entries;
} __attribute__((preserve_access_index));

struct bpf_dtab {
	__u32 items;
} __attribute__((preserve_access_index));

struct bpf_shtab {
	atomic_t count;
} __attribute__((preserve_access_index));

struct percpu_counter {
	__s64 count;
	__s32 *counters;
} __attribute__((preserve_access_index));

struct bpf_htab {
	/* Since Linux 6.0, for large maps. */
	struct percpu_counter pcount;
	atomic_t count;
	bool use_percpu_counter;
} __attribute__((preserve_access_index));

/* What is true of a map; read by map-records.ts. */
#define MAP_FROZEN 1
#define MAP_ORPHANED 2

/* Read by map-records.ts. */
struct map_record {
	__u32 id;
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 map_flags;
	__u32 state;
	__u32 btf_id;
	__u32 btf_key_type_id;
	__u32 btf_value_type_id;
	__u32 btf_vmlinux_value_type_id;
	/* 1 when the counters hold something. */
	__u32 counted;
	char name[16];
	__s64 refcnt;
	__s64 usercnt;
	__u64 map_extra;
	/* 0 for none. */
	__u64 cgroup_id;
	__u64 charge_identity;
	/* The meaning depends on the type. */
	__u64 counters[2];
};

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
} __attribute__((preserve_access_index));

/* The cgroup or one above it is the one that was requested. */
static __always_inline bool is_inside(struct cgroup_subsys_state *css, __u64 wanted)
{
	for (int level = 0; level <= MAX_CGROUP_LEVELS && css; level++) {
		if (css->cgroup->kn->id == wanted)
			return 1;
		css = css->parent;
	}
	return 0;
}

/* Returns whether the filter lets the map through. */
static __always_inline bool read_charge(struct map_record *record, struct bpf_map *map)
{
	__u64 wanted = CONSTANT(cgroup_id);
	struct mem_cgroup *memcg = NULL;
	const void *charge;
	bool orphaned = 0;

	if (field_exists(struct bpf_map, objcg)) {
		struct obj_cgroup *objcg = map->objcg;

		charge = __builtin_preserve_access_index(&map->objcg);
		/* When a cgroup is removed, its parent takes the charges, and no new ones are made through this. */
		if (objcg) {
			memcg = objcg->memcg;
			orphaned = objcg->refcnt.percpu_count_ptr & __PERCPU_REF_DEAD;
		}
	} else if (field_exists(struct bpf_map___memcg, memcg)) {
		struct bpf_map___memcg *older = (void *)map;

		charge = __builtin_preserve_access_index(&older->memcg);
		memcg = older->memcg;
		orphaned = memcg && !(memcg->css.flags & CSS_ONLINE);
	}
	if (!memcg)
		return wanted == 0;
	if (wanted != 0 && !is_inside(&memcg->css, wanted))
		return 0;
	record->cgroup_id = memcg->css.cgroup->kn->id;
	if (orphaned)
		record->state |= MAP_ORPHANED;
	/* The verifier keeps a tracked pointer out of what is written: only a copy of its bytes is a number. */
	bpf_probe_read_kernel(&record->charge_identity, sizeof(record->charge_identity), charge);
	return 1;
}

/* Adds the parts that the CPUs keep to the count that they have in common. */
static __always_inline void sum_percpu_counter(struct map_record *record, struct bpf_htab *htab)
{
	__u32 cpus = CONSTANT(possible_cpus);
	__s32 *parts;

	if (!&runqueues || cpus == 0)
		return;
	record->counters[0] = read_kernel(htab, pcount.count);
	parts = read_kernel(htab, pcount.counters);
	for (__u32 cpu = 0; cpu < cpus; cpu++) {
		const void *copy = bpf_per_cpu_ptr(&runqueues, cpu);
		__s32 part = 0;
		__u64 distance;

		if (!copy)
			break;
		/* How far this CPU's copy of anything is. Of all that can be done to two tracked pointers only this makes a number. */
		distance = (__u64)copy - (__u64)&runqueues;
		/* Keeps the compiler from subtracting something else first. */
		asm volatile("" : "+r"(distance));
		bpf_probe_read_kernel(&part, sizeof(part), (void *)((__u64)parts + distance));
		record->counters[0] += part;
	}
	record->counted = 1;
}

/* Before Linux 6.6 only hashes without preallocation keep a count. */
static __always_inline void count_old_hash(struct map_record *record, struct bpf_map *map, enum counting counting)
{
	struct bpf_htab *htab = (void *)map;

	if (record->type != BPF_MAP_TYPE_HASH && record->type != BPF_MAP_TYPE_PERCPU_HASH &&
	    record->type != BPF_MAP_TYPE_HASH_OF_MAPS)
		return;
	if (!field_exists(struct bpf_htab, count) || !(record->map_flags & BPF_F_NO_PREALLOC))
		return;
	if (field_exists(struct bpf_htab, use_percpu_counter) && read_kernel(htab, use_percpu_counter)) {
		if (counting == PERCPU_COUNTERS)
			sum_percpu_counter(record, htab);
		return;
	}
	record->counters[0] = (__u32)read_kernel(htab, count.counter);
	record->counted = 1;
}

static __always_inline void read_counters(struct map_record *record, struct bpf_map *map, enum counting counting)
{
	switch (record->type) {
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF: {
		struct bpf_ringbuf *rb = read_kernel((struct bpf_ringbuf_map *)map, rb);

		record->counters[0] = read_kernel(rb, consumer_pos);
		record->counters[1] = read_kernel(rb, producer_pos);
		break;
	}
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		record->counters[0] = read_kernel((struct bpf_queue_stack *)map, head);
		record->counters[1] = read_kernel((struct bpf_queue_stack *)map, tail);
		break;
	case BPF_MAP_TYPE_LPM_TRIE:
		record->counters[0] = read_kernel((struct lpm_trie *)map, n_entries);
		break;
	case BPF_MAP_TYPE_DEVMAP_HASH:
		record->counters[0] = read_kernel((struct bpf_dtab *)map, items);
		break;
	case BPF_MAP_TYPE_SOCKHASH:
		record->counters[0] = (__u32)read_kernel((struct bpf_shtab *)map, count.counter);
		break;
	default:
		if (counting != SUM_ELEM_COUNT || !bpf_map_sum_elem_count ||
		    !field_exists(struct bpf_map, elem_count)) {
			count_old_hash(record, map, counting);
			return;
		}
		if (!read_kernel(map, elem_count))
			return;
		record->counters[0] = bpf_map_sum_elem_count(map);
	}
	record->counted = 1;
}

static __always_inline int write_map(struct bpf_iter__bpf_map *ctx, enum counting counting)
{
	struct map_record record = {};
	struct bpf_map *map = ctx->map;
	struct btf *btf;

	/* The kernel calls once more after the last map. */
	if (!map || !read_charge(&record, map))
		return 0;
	record.id = map->id;
	record.type = map->map_type;
	record.key_size = map->key_size;
	record.value_size = map->value_size;
	record.max_entries = map->max_entries;
	record.map_flags = map->map_flags;
	if (map->frozen)
		record.state |= MAP_FROZEN;
	record.btf_key_type_id = map->btf_key_type_id;
	record.btf_value_type_id = map->btf_value_type_id;
	record.btf_vmlinux_value_type_id = map->btf_vmlinux_value_type_id;
	record.refcnt = map->refcnt.counter;
	record.usercnt = map->usercnt.counter;
	if (field_exists(struct bpf_map, map_extra))
		record.map_extra = map->map_extra;
	bpf_probe_read_kernel(record.name, sizeof(record.name), map->name);
	/* The verifier takes 0.3 ms for each way on which a pointer is loaded from a tracked one. */
	btf = read_kernel(map, btf);
	if (btf)
		record.btf_id = read_kernel(btf, id);
	read_counters(&record, map, counting);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/bpf_map")
int cmemstat_maps(struct bpf_iter__bpf_map *ctx)
{
	return write_map(ctx, SUM_ELEM_COUNT);
}

/* The question mark: libbpf loads these only when it is asked to. */
SEC("?iter/bpf_map")
int cmemstat_maps_p(struct bpf_iter__bpf_map *ctx)
{
	return write_map(ctx, PERCPU_COUNTERS);
}

SEC("?iter/bpf_map")
int cmemstat_maps_n(struct bpf_iter__bpf_map *ctx)
{
	return write_map(ctx, NEITHER);
}
