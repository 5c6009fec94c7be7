// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Adds up the memory of the host by owner and by what it is used for: goes through the array of struct page, and keeps
 * a row for each memory cgroup, kind, and file or slab cache. Since: Linux 5.17.
 *
 * cmemstat_find is run once; cmemstat_scan for each part of the array, so that other work is done in between.
 */
#include "kernel.h"
#include "pages.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Only what is charged to this memory cgroup or one below it; 0 for all. */
DECLARE_CONSTANT(cgroup_id);
/* How many rows there are at most, without those for the rest of an owner and a kind. */
DECLARE_CONSTANT(max_rows);
/* From how many rows on a scan stops, so that user space drains them. */
DECLARE_CONSTANT(full_rows);
/* 1 to add up what no cgroup is charged for, by kind. */
DECLARE_CONSTANT(with_uncharged);
/* The order of a transparent huge page. */
DECLARE_CONSTANT(huge_order);

/* Read by scan-rows.ts. */
enum kind {
	KIND_ANON = 1,
	KIND_KSM,
	KIND_FILE,
	KIND_SHMEM,
	KIND_SWAP_CACHE,
	KIND_HUGETLB,
	KIND_SLAB,
	KIND_PAGE_TABLES,
	KIND_KERNEL,
	KIND_OTHER,
	KIND_RESERVED,
};
#define KINDS 16

#define BPF_MAP_TYPE_ARRAY 2
#define BPF_NOEXIST 1
/* Of a slab: its members count them in 15 bits. */
#define MAX_OBJECTS 0x7fff
/* A larger order is not believed: 1 GiB pages have order 18 at most. */
#define MAX_ORDER 20
/* The array has holes of at least this many pages: 16 MiB are the smallest section of all architectures. */
#define HOLE_BYTES (1 << 24)
#define MAX_CGROUP_LEVELS 1024
#define CSS_ONLINE 2
#define CSS_DYING 16

struct row_key {
	__u64 owner;
	__u64 object;
	__u32 kind;
	/* 1 in the row of all that found no place in a row of its own. */
	__u32 is_rest;
};

struct row_value {
	__u64 bytes;
	__u64 count;
	/* Parts of `bytes`. Unit: pages. Of dentries: the number of negative ones, and of those that were looked at. */
	__u32 dirty;
	__u32 active;
	__u32 mapped;
	__u32 unevictable;
	__u32 huge;
	__u32 unused;
};

struct dentry {
	void *d_inode;
} __attribute__((preserve_access_index));

struct path {
	struct dentry *dentry;
} __attribute__((preserve_access_index));

struct file___path {
	struct path f_path;
} __attribute__((preserve_access_index));

struct owner {
	__u64 cgroup_id;
	__u32 level;
	__u32 flags;
	/* Whether the filter lets it through. */
	__u32 is_wanted;
	__u32 unused;
};

enum owner_flags { OWNER_OFFLINE = 1, OWNER_REMOVED = 2 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	/* User space gives another number, and empties it each time that it is full. */
	__uint(max_entries, 65536);
	__type(key, struct row_key);
	__type(value, struct row_value);
} rows SEC(".maps");

/* By the address of struct mem_cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	/* User space gives another number. What does not fit is looked up each time. */
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct owner);
} owners SEC(".maps");

/* What user space reads: no addresses. Read by page-scan.ts. */
struct totals {
	__u64 scanned_pages;
	__u64 hole_pages;
	__u64 free_pages;
	__u64 charged_pages;
	__u64 row_count;
	__u64 owner_count;
	/* Charged, to something that is not a memory cgroup: freed while it was read. */
	__u64 stray_bytes;
	/* Not even in a row for the rest. */
	__u64 lost_bytes;
	/* Of the owners that the filter lets through. */
	__u64 wanted_bytes;
	__u64 uncharged_bytes[KINDS];
} totals;

/* How many objects' extensions are read at once: the largest have two words. */
#define VECTOR_PART 64
#define VECTOR_WORDS 128

/* How many words of a struct page are read: it has 7 to 12 of them. */
#define PAGE_WORDS 16

/* What must not leave the kernel. */
struct {
	/* The address of the struct page of page frame 0. */
	__u64 base;
	struct cgroup_subsys *subsystem;
	/* Whether memcg_data of pages on LRU lists is an obj_cgroup. */
	__u64 lru_has_objcg;
	__u64 pfn;
	__u64 end;
	/* The row that is being added to: neighbours mostly belong together. */
	struct row_key key;
	struct row_value value;
	/* The last that were looked up. */
	__u64 objcg;
	__u64 objcg_owner;
	__u64 owner;
	__u64 is_wanted;
	struct owner new_owner;
	/* Of the slab whose objects are looked at. */
	__u64 vector;
	__u64 stride;
	__u64 cache;
	__u64 object_bytes;
	/* What is added to a physical address in the kernel's linear mapping; 0 if it is not known yet. */
	__u64 linear;
	/* The cache `dentry`, as soon as it is known. */
	__u64 dentry_cache;
	/* Of a slab of dentries: the address of d_inode in the first, or 0; and the distance to the next. */
	__u64 first_inode;
	__u64 object_size;
	/* Copies of the struct page and the one behind it. */
	__u64 page[PAGE_WORDS];
	__u64 second[PAGE_WORDS];
	__u64 vector_part[VECTOR_WORDS];
} scan;

#define PAGE_READ_SIZE (PAGE_SIZE_IN_ARRAY > sizeof(scan.page) ? sizeof(scan.page) : PAGE_SIZE_IN_ARRAY)

/* Unit: bits. Known when the program is loaded. */
DECLARE_CONSTANT(page_shift);
#define PAGE_SHIFT CONSTANT(page_shift)

__noinline int flush_row(void)
{
	struct row_value *row;

	if (scan.value.bytes == 0)
		return 0;
	totals.wanted_bytes += scan.value.bytes;
	row = bpf_map_lookup_elem(&rows, &scan.key);
	if (!row) {
		if (totals.row_count < CONSTANT(max_rows) &&
		    bpf_map_update_elem(&rows, &scan.key, &scan.value, BPF_NOEXIST) == 0) {
			totals.row_count++;
			goto flushed;
		}
		scan.key.object = 0;
		scan.key.is_rest = 1;
		row = bpf_map_lookup_elem(&rows, &scan.key);
		if (!row) {
			if (bpf_map_update_elem(&rows, &scan.key, &scan.value, BPF_NOEXIST) != 0)
				totals.lost_bytes += scan.value.bytes;
			/* The next one of the same kind is to be looked up by its own object. */
			scan.key.kind = 0;
			goto flushed;
		}
	}
	row->bytes += scan.value.bytes;
	row->count += scan.value.count;
	row->dirty += scan.value.dirty;
	row->active += scan.value.active;
	row->mapped += scan.value.mapped;
	row->unevictable += scan.value.unevictable;
	row->huge += scan.value.huge;
	if (scan.key.is_rest)
		scan.key.kind = 0;
flushed:
	__builtin_memset(&scan.value, 0, sizeof(scan.value));
	return 0;
}

static __always_inline void add(__u64 owner, enum kind kind, __u64 object, __u64 bytes)
{
	if (scan.key.owner != owner || scan.key.object != object || scan.key.kind != kind) {
		flush_row();
		scan.key.owner = owner;
		scan.key.object = object;
		scan.key.kind = kind;
		scan.key.is_rest = 0;
	}
	scan.value.bytes += bytes;
	scan.value.count++;
}

struct climb {
	struct cgroup_subsys_state *css;
	__u64 found;
};

static long climb_step(__u32 level __unused, struct climb *climb)
{
	struct cgroup_subsys_state *css = climb->css;

	if (!css)
		return 1;
	if (read_kernel(read_kernel(read_kernel(css, cgroup), kn), id) == CONSTANT(cgroup_id)) {
		climb->found = 1;
		return 1;
	}
	climb->css = read_kernel(css, parent);
	return 0;
}

/* Looks at a memory cgroup for the first time; returns whether it is wanted. */
__noinline int add_owner(__u64 address)
{
	struct mem_cgroup *memcg = (void *)address;
	struct climb climb = { .css = &memcg->css };
	struct owner *owner = &scan.new_owner;
	struct cgroup *cgroup;

	/* Not a memory cgroup: the memory was freed while it was read. */
	if (read_kernel(memcg, css.ss) != scan.subsystem)
		return -1;
	cgroup = read_kernel(memcg, css.cgroup);
	owner->cgroup_id = read_kernel(read_kernel(cgroup, kn), id);
	owner->level = read_kernel(cgroup, level);
	owner->flags = 0;
	if (!(read_kernel(memcg, css.flags) & CSS_ONLINE))
		owner->flags |= OWNER_OFFLINE;
	if (!(read_kernel(cgroup, self.flags) & CSS_ONLINE))
		owner->flags |= OWNER_REMOVED;
	owner->is_wanted = 1;
	if (CONSTANT(cgroup_id) != 0) {
		bpf_loop(MAX_CGROUP_LEVELS, climb_step, &climb, 0);
		owner->is_wanted = climb.found;
	}
	if (bpf_map_update_elem(&owners, &address, owner, 0) == 0)
		totals.owner_count++;
	return owner->is_wanted;
}

/* 1 or 0, or -1 where it is not a memory cgroup. */
static __always_inline int is_wanted(__u64 address)
{
	struct owner *owner;
	int wanted;

	if (address == scan.owner)
		return scan.is_wanted;
	owner = bpf_map_lookup_elem(&owners, &address);
	wanted = owner ? (int)owner->is_wanted : add_owner(address);
	if (wanted < 0)
		return wanted;
	scan.owner = address;
	scan.is_wanted = wanted;
	return wanted;
}

static __always_inline __u64 owner_of_objcg(__u64 address)
{
	if (address != scan.objcg) {
		scan.objcg_owner = (__u64)read_kernel((struct obj_cgroup *)address, memcg);
		scan.objcg = address;
	}
	return scan.objcg_owner;
}

/* Whether a dentry is negative: the name of a file that does not exist. */
static __always_inline void inspect_dentry(__u32 index)
{
	__u64 inode;

	if (bpf_probe_read_kernel(&inode, sizeof(inode), (void *)(scan.first_inode + index * scan.object_size)))
		return;
	scan.value.active++;
	if (!inode)
		scan.value.dirty++;
}

static long add_object(__u32 index, void *unused __unused)
{
	__u64 stride = scan.stride, objcg = 0, owner;
	int wanted;

	if (stride <= 16) {
		__u32 at = index & (VECTOR_PART - 1), word;

		if (at == 0)
			bpf_probe_read_kernel(scan.vector_part, sizeof(scan.vector_part),
					      (void *)(scan.vector + index * stride));
		word = at * (stride >> 3);
		/* Otherwise the compiler drops the mask, and the verifier of 6.1 does not know the bounds of a product. */
		asm volatile("" : "+r"(word));
		objcg = scan.vector_part[word & (VECTOR_WORDS - 1)];
	} else {
		bpf_probe_read_kernel(&objcg, sizeof(objcg), (void *)(scan.vector + index * stride));
	}
	if (!objcg)
		return 0;
	owner = owner_of_objcg(objcg);
	wanted = is_wanted(owner);
	if (wanted > 0) {
		add(owner, KIND_SLAB, scan.cache, scan.object_bytes);
		if (scan.first_inode)
			inspect_dentry(index);
	} else if (wanted < 0) {
		totals.stray_bytes += scan.object_bytes;
	}
	return 0;
}

/* The linear mapping is aligned to more than this, and so is each slab to its size. */
#define LINEAR_ALIGNMENT (1 << 21)

static __always_inline int is_dentry_cache(struct kmem_cache *cache)
{
	char name[8] = {};

	bpf_probe_read_kernel(name, sizeof(name), read_kernel(cache, name));
	return name[0] == 'd' && name[1] == 'e' && name[2] == 'n' && name[3] == 't' && name[4] == 'r' &&
	       name[5] == 'y' && name[6] == 0;
}

static __always_inline int is_file_cache(struct kmem_cache *cache)
{
	char name[8] = {};

	bpf_probe_read_kernel(name, sizeof(name), read_kernel(cache, name));
	return name[0] == 'f' && name[1] == 'i' && name[2] == 'l' && name[3] == 'p' && name[4] == 0;
}

/* Where the objects of a slab are: the kernel has no list of them, but the address of a free one in some slabs. */
static __always_inline void find_dentries(struct slab *slab, struct kmem_cache *cache, __u64 pages)
{
	__u64 offset = scan.pfn << PAGE_SHIFT;

	scan.first_inode = 0;
	/* With CONFIG_SLAB, the free list is something else. */
	if (!field_exists(struct slab, objects) || !field_exists(struct slab, freelist))
		return;
	if (!scan.linear) {
		__u64 address = (__u64)read_kernel(slab, freelist);

		address &= ~((pages << PAGE_SHIFT) - 1);
		if (address && !((address - offset) & (LINEAR_ALIGNMENT - 1)))
			scan.linear = address - offset;
	}
	if (!scan.dentry_cache && is_dentry_cache(cache))
		scan.dentry_cache = (__u64)cache;
	if (scan.dentry_cache != (__u64)cache || !scan.linear)
		return;
	scan.first_inode = scan.linear + offset + field_offset(struct dentry, d_inode);
	if (field_exists(struct kmem_cache, red_left_pad))
		scan.first_inode += read_kernel(cache, red_left_pad);
}

__noinline int add_slab(__u64 address, __u64 extensions, __u64 pages)
{
	struct slab *slab = (void *)address;
	struct kmem_cache *cache = read_kernel(slab, slab_cache);
	__u64 size = read_kernel(cache, size);
	__u32 objects = 0;

	scan.cache = (__u64)cache;
	scan.vector = extensions & ~(__u64)DATA_FLAGS;
	scan.stride = type_size(struct slabobj_ext);
	if (scan.stride == 0)
		scan.stride = sizeof(struct obj_cgroup *);
	if (field_exists(struct slab___stride, stride)) {
		scan.stride = read_kernel((struct slab___stride *)slab, stride);
	} else if (field_exists(struct slab___in_object, obj_exts_in_object)) {
		if (read_bit_field((struct slab___in_object *)slab, obj_exts_in_object))
			scan.stride = size;
	}
	/* The member is the first unless allocations are profiled. */
	if (field_exists(struct slabobj_ext, objcg))
		scan.vector += field_offset(struct slabobj_ext, objcg);
	else if (field_exists(struct slabobj_ext___underscore, _objcg))
		scan.vector += field_offset(struct slabobj_ext___underscore, _objcg);
	/* The kernel charges a pointer with each object. */
	scan.object_bytes = size + sizeof(struct obj_cgroup *);
	scan.object_size = size;
	find_dentries(slab, cache, pages);
	if (field_exists(struct slab, objects))
		objects = read_bit_field(slab, objects);
	else if (field_exists(struct kmem_cache___slab, num))
		objects = read_kernel((struct kmem_cache___slab *)cache, num);
	bpf_loop(objects & MAX_OBJECTS, add_object, NULL, 0);
	return 0;
}

static __always_inline enum kind kind_of_user(enum type type, __u64 flags, __u64 mapping)
{
	if (type == TYPE_HUGETLB)
		return KIND_HUGETLB;
	if ((mapping & MAPPING_KSM) == MAPPING_KSM)
		return KIND_KSM;
	if (mapping & MAPPING_ANON)
		return KIND_ANON;
	if (has_flag(flags, PG_swapbacked))
		return mapping ? KIND_SHMEM : KIND_SWAP_CACHE;
	return mapping ? KIND_FILE : KIND_OTHER;
}

__noinline int add_uncharged(enum type type, __u64 flags, __u64 pages)
{
	__u64 mapping = copied(scan.page, struct folio, mapping, __u64);
	enum kind kind = KIND_KERNEL;

	if (type == TYPE_SLAB)
		kind = KIND_SLAB;
	else if (type == TYPE_TABLE)
		kind = KIND_PAGE_TABLES;
	else if (has_flag(flags, PG_reserved))
		kind = KIND_RESERVED;
	else if (type == TYPE_HUGETLB || has_flag(flags, PG_lru))
		kind = kind_of_user(type, flags, mapping);
	totals.uncharged_bytes[kind & (KINDS - 1)] += pages << PAGE_SHIFT;
	return 0;
}

/* Pages that processes map, and the page cache. */
__noinline int add_user(__u64 owner, enum type type, __u64 flags, __u64 pages)
{
	__u64 mapping = copied(scan.page, struct folio, mapping, __u64);
	enum kind kind = kind_of_user(type, flags, mapping);
	int is_named = kind == KIND_FILE || kind == KIND_SHMEM;

	add(owner, kind, is_named ? mapping : 0, pages << PAGE_SHIFT);
	if (has_flag(flags, PG_dirty) || has_flag(flags, PG_writeback))
		scan.value.dirty += pages;
	if (has_flag(flags, PG_active))
		scan.value.active += pages;
	if (has_flag(flags, PG_unevictable))
		scan.value.unevictable += pages;
	if (pages > 1) {
		scan.value.mapped += mapped_of_large(scan.second, pages);
		if (pages >= 1ULL << CONSTANT(huge_order))
			scan.value.huge += pages;
	} else if (copied(scan.page, struct folio, _mapcount, __s32) >= 0) {
		scan.value.mapped++;
	}
	return 0;
}

static long scan_step(__u32 index __unused, void *unused __unused)
{
	__u64 pfn = scan.pfn, pages = 1, flags, data, owner;
	void *address = (void *)(scan.base + pfn * PAGE_SIZE_IN_ARRAY);
	enum type type;
	int wanted;

	if (pfn >= scan.end || totals.row_count >= CONSTANT(full_rows))
		return 1;
	if (bpf_probe_read_kernel(scan.page, PAGE_READ_SIZE, address)) {
		__u64 hole = HOLE_BYTES >> PAGE_SHIFT;

		pages = hole - (pfn & (hole - 1));
		totals.hole_pages += pages;
		scan.pfn = pfn + pages;
		return 0;
	}
	flags = scan.page[0];
	/* The second word of all but the first page of a large one. */
	if (scan.page[1] & 1)
		goto next;
	if (has_flag(flags, PG_head) &&
	    !bpf_probe_read_kernel(scan.second, PAGE_READ_SIZE, address + PAGE_SIZE_IN_ARRAY)) {
		__u32 order = order_of_large(scan.second);

		if (order <= MAX_ORDER)
			pages = 1ULL << order;
	}
	type = type_of(scan.page, flags);
	if (type == TYPE_BUDDY) {
		__u64 order = copied(scan.page, struct page, private, __u64);

		if (order <= MAX_ORDER)
			pages = 1ULL << order;
		totals.free_pages += pages;
		goto next;
	}
	data = copied(scan.page, struct folio, memcg_data, __u64);
	if (type == TYPE_SLAB && field_exists(struct slab___extended, obj_exts))
		data = copied(scan.page, struct slab___extended, obj_exts, __u64);
	owner = data & ~(__u64)DATA_FLAGS;
	if (!owner) {
		/* Free as well: in the list of a CPU, for example. */
		if (type == TYPE_NONE && copied(scan.page, struct folio, _refcount, __s32) == 0)
			totals.free_pages += pages;
		else if (CONSTANT(with_uncharged))
			add_uncharged(type, flags, pages);
		goto next;
	}
	totals.charged_pages += pages;
	if (type == TYPE_SLAB) {
		if (data & DATA_OBJECTS)
			add_slab((__u64)address, data, pages);
		goto next;
	}
	if ((data & DATA_KERNEL) || scan.lru_has_objcg)
		owner = owner_of_objcg(owner);
	wanted = is_wanted(owner);
	if (wanted < 0)
		totals.stray_bytes += pages << PAGE_SHIFT;
	if (wanted <= 0)
		goto next;
	if (data & DATA_KERNEL)
		add(owner, type == TYPE_TABLE ? KIND_PAGE_TABLES : KIND_KERNEL, 0, pages << PAGE_SHIFT);
	else
		add_user(owner, type, flags, pages);
next:
	totals.scanned_pages += pages;
	scan.pfn = pfn + pages;
	return 0;
}

/* Page frames from start up to end; start is then where the next part begins: before end if the rows are full. */
struct part {
	__u64 start;
	__u64 end;
	/* Whether there are no rows. */
	__u64 is_empty;
};

SEC("syscall")
int cmemstat_scan(struct part *part)
{
	scan.pfn = part->start;
	scan.end = part->end;
	if (part->is_empty)
		totals.row_count = 0;
	if (scan.pfn >= scan.end)
		return 0;
	bpf_loop((__u32)(scan.end - scan.pfn), scan_step, NULL, 0);
	flush_row();
	part->start = scan.pfn;
	return 0;
}

/* A file in memory of a single page, open in the process that calls, and the number of that page. */
struct known_page {
	__u64 fd;
	__u64 pfn;
};

/* Linear mappings start at a multiple of this; how many of them are tried, holes included. */
#define LINEAR_STEP (1ULL << 30)
#define MAX_LINEAR_STEPS 16384
#define MAX_SLAB_ORDER 4

/* The slab cache of the object at an address, if the linear mapping starts at `linear`; else mostly 0. */
__noinline __u64 cache_at(__u64 address, __u64 linear)
{
	__u64 pfn = (address - linear) >> PAGE_SHIFT;
	struct slab *slab;

	/* What tail pages say of their head differs between releases. */
	for (int order = 0; order < MAX_SLAB_ORDER; order++) {
		slab = (void *)(scan.base + (pfn & ~((1ULL << order) - 1)) * PAGE_SIZE_IN_ARRAY);
		if (bpf_probe_read_kernel(scan.page, PAGE_READ_SIZE, slab))
			return 0;
		if (!(scan.page[1] & 1))
			break;
	}
	if (type_of(scan.page, scan.page[0]) != TYPE_SLAB)
		return 0;
	return (__u64)read_kernel(slab, slab_cache);
}

struct linear {
	__u64 file;
	__u64 dentry;
};

/* Tries each start: a file and its directory entry must be in pages of their caches. */
static long try_linear(__u32 step, struct linear *known)
{
	__u64 start = (known->file & ~(LINEAR_STEP - 1)) - step * LINEAR_STEP;
	struct kmem_cache *cache;

	if (known->dentry < start)
		return 0;
	cache = (void *)cache_at(known->file, start);
	if (!cache || !is_file_cache(cache))
		return 0;
	cache = (void *)cache_at(known->dentry, start);
	if (!cache || !is_dentry_cache(cache))
		return 0;
	scan.linear = start;
	scan.dentry_cache = (__u64)cache;
	return 1;
}

enum found { FOUND, FOUND_NO_FILE, FOUND_NO_CONTROLLER, FOUND_NO_OWNER };

SEC("syscall")
int cmemstat_find(struct known_page *known)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file **files = read_kernel(read_kernel(read_kernel(task, files), fdt), fd);
	struct cgroup_subsys_state **subsystems, *css = NULL;
	struct file *file = NULL;
	struct linear linear;
	__u64 page, data, owner;

	bpf_probe_read_kernel(&file, sizeof(file), files + known->fd);
	page = (__u64)read_kernel(read_kernel(file, f_mapping), i_pages.xa_head);
	/* A node of the tree: the file is in a large folio. */
	for (int level = 0; level < 4 && (page & 3) == 2; level++) {
		struct xa_node *node = (void *)(page & ~3ULL);

		page = (__u64)read_kernel(node, slots[0]);
	}
	if (!page || (page & 3))
		return FOUND_NO_FILE;
	if (!enum_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return FOUND_NO_CONTROLLER;
	subsystems = (void *)read_kernel(task, cgroups) + field_offset(struct css_set, subsys);
	bpf_probe_read_kernel(&css, sizeof(css), subsystems + enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	scan.subsystem = read_kernel(css, ss);
	data = read_kernel((struct folio *)page, memcg_data);
	if (!scan.subsystem || !data)
		return FOUND_NO_CONTROLLER;
	owner = data & ~(__u64)DATA_FLAGS;
	if (read_kernel((struct mem_cgroup *)owner, css.ss) != scan.subsystem) {
		owner = (__u64)read_kernel((struct obj_cgroup *)owner, memcg);
		if (read_kernel((struct mem_cgroup *)owner, css.ss) != scan.subsystem)
			return FOUND_NO_OWNER;
		scan.lru_has_objcg = 1;
	}
	scan.base = page - known->pfn * PAGE_SIZE_IN_ARRAY;
	linear.file = (__u64)file;
	linear.dentry = (__u64)read_kernel((struct file___path *)file, f_path.dentry);
	bpf_loop(MAX_LINEAR_STEPS, try_linear, &linear, 0);
	return FOUND;
}
