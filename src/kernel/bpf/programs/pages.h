/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The kernel's types of pages, folios and slabs, as kernel.h has those of everything else. They change with almost
 * every release: what is here covers Linux 5.17 to 7.3.
 */
#pragma once

/* The lowest bits of folio->mapping. */
#define MAPPING_ANON 1
#define MAPPING_KSM 3
/* The lowest bits of folio->memcg_data and slab->obj_exts; pointers are aligned to more than that. */
#define DATA_OBJECTS 1
#define DATA_KERNEL 2
#define DATA_FLAGS 7

/* Linux 5.17 to 6.10: bits of page->page_type, which are cleared in pages of the type. */
#define OLD_TYPE_BASE 0xf0000000
#define OLD_TYPE_BUDDY 0x80
#define OLD_TYPE_TABLE 0x200
/* Linux 6.11. */
#define MIDDLE_TYPE_BASE 0x80000000

struct xarray {
	void *xa_head;
} __attribute__((preserve_access_index));

struct xa_node {
	void *slots[1];
} __attribute__((preserve_access_index));

struct address_space {
	struct xarray i_pages;
} __attribute__((preserve_access_index));

struct page {
	unsigned long private;
	unsigned int page_type;
} __attribute__((preserve_access_index));

/* Until Linux 6.2, in the second struct page. */
struct page___compound {
	unsigned char compound_order;
	atomic_t compound_mapcount;
} __attribute__((preserve_access_index));

struct folio {
	struct address_space *mapping;
	atomic_t _mapcount;
	atomic_t _refcount;
	unsigned long memcg_data;
	/* Since Linux 6.10. */
	atomic_t _large_mapcount;
	/* Since Linux 6.3. */
	atomic_t _nr_pages_mapped;
	atomic_t _entire_mapcount;
} __attribute__((preserve_access_index));

/* Linux 6.1 to 6.5; since then the order is in the lowest byte of _flags_1. */
struct folio___order {
	unsigned char _folio_order;
} __attribute__((preserve_access_index));

struct kmem_cache {
	const char *name;
	unsigned int size;
	/* With CONFIG_SLUB_DEBUG. */
	unsigned int red_left_pad;
} __attribute__((preserve_access_index));

/* With CONFIG_SLAB, until Linux 6.7: objects of each slab, which slabs themselves do not count. */
struct kmem_cache___slab {
	unsigned int num;
} __attribute__((preserve_access_index));

struct slab {
	struct kmem_cache *slab_cache;
	void *freelist;
	unsigned int objects : 15;
} __attribute__((preserve_access_index));

/* Since Linux 6.10; before, it was memcg_data. */
struct slab___extended {
	unsigned long obj_exts;
} __attribute__((preserve_access_index));

/* Some releases 7.x. */
struct slab___stride {
	unsigned int stride;
} __attribute__((preserve_access_index));

/* Linux 7.x: objects may hold their own extensions. */
struct slab___in_object {
	unsigned int obj_exts_in_object : 1;
} __attribute__((preserve_access_index));

/* Since Linux 6.10; before, the vector of a slab had pointers only. */
struct slabobj_ext {
	struct obj_cgroup *objcg;
} __attribute__((preserve_access_index));

struct slabobj_ext___underscore {
	struct obj_cgroup *_objcg;
} __attribute__((preserve_access_index));

enum pageflags {
	PG_writeback = 1,
	PG_dirty,
	PG_lru,
	PG_head,
	PG_active,
	PG_reserved,
	PG_swapbacked,
	PG_unevictable,
};

/* Until Linux 6.10. */
enum pageflags___slab { PG_slab = 1 };

/* Since Linux 6.12: the upper 8 bits of page->page_type. */
enum pagetype {
	PGTY_buddy = 1,
	PGTY_table,
	PGTY_hugetlb,
	PGTY_slab,
};

/* Linux 6.11: bits of it, which are cleared in pages of the type. */
enum pagetype___bits {
	PG_buddy___bits = 1,
	PG_table___bits,
	PG_hugetlb___bits,
	PG_slab___bits,
};

enum cgroup_subsys_id { memory_cgrp_id = 1 };

/* A member in a copy of a struct page. */
#define copied(copy, type, member, value_type) (*(value_type *)((void *)(copy) + field_offset(type, member)))
/* A member of struct folio that lies in the second struct page. */
#define copied_second(copy, type, member, value_type)                                                                       \
	(*(value_type *)((void *)(copy) + field_offset(type, member) - PAGE_SIZE_IN_ARRAY))

#define PAGE_SIZE_IN_ARRAY type_size(struct page)

#define has_flag(flags, name) (((flags) >> enum_value(enum pageflags, name)) & 1)

static __always_inline __u32 order_of_large(const __u64 *second)
{
	if (field_exists(struct page___compound, compound_order))
		return copied(second, struct page___compound, compound_order, __u8);
	if (field_exists(struct folio___order, _folio_order))
		return copied_second(second, struct folio___order, _folio_order, __u8);
	return second[0] & 0xff;
}

/* How many pages of a large folio are mapped by some process. */
static __always_inline __u64 mapped_of_large(const __u64 *second, __u64 pages)
{
	__s64 mapped = 0;

	if (field_exists(struct folio, _entire_mapcount)) {
		if (copied_second(second, struct folio, _entire_mapcount, __s32) >= 0)
			return pages;
		if (field_exists(struct folio, _nr_pages_mapped))
			mapped = copied_second(second, struct folio, _nr_pages_mapped, __s32) & 0x7fffff;
		/* Kernels that don't count mapped pages count mappings. */
		if (mapped == 0 && field_exists(struct folio, _large_mapcount))
			mapped = copied_second(second, struct folio, _large_mapcount, __s32) + 1;
	} else if (field_exists(struct page___compound, compound_mapcount)) {
		if (copied(second, struct page___compound, compound_mapcount, __s32) >= 0)
			return pages;
		mapped = copied(second, struct folio, _mapcount, __s32) >= 0 ? pages : 0;
	}
	return mapped > (__s64)pages ? pages : mapped < 0 ? 0 : mapped;
}

enum type { TYPE_NONE, TYPE_BUDDY, TYPE_SLAB, TYPE_TABLE, TYPE_HUGETLB };

static __always_inline enum type type_of(const __u64 *page, __u64 flags)
{
	__u32 type = copied(page, struct page, page_type, __u32);

	if (enum_exists(enum pagetype, PGTY_slab)) {
		type >>= 24;
		if (type == enum_value(enum pagetype, PGTY_buddy))
			return TYPE_BUDDY;
		if (type == enum_value(enum pagetype, PGTY_slab))
			return TYPE_SLAB;
		if (type == enum_value(enum pagetype, PGTY_table))
			return TYPE_TABLE;
		if (type == enum_value(enum pagetype, PGTY_hugetlb))
			return TYPE_HUGETLB;
		return TYPE_NONE;
	}
	if (enum_exists(enum pagetype___bits, PG_slab___bits)) {
		if (!(type & MIDDLE_TYPE_BASE))
			return TYPE_NONE;
		if (!(type & enum_value(enum pagetype___bits, PG_buddy___bits)))
			return TYPE_BUDDY;
		if (!(type & enum_value(enum pagetype___bits, PG_slab___bits)))
			return TYPE_SLAB;
		if (!(type & enum_value(enum pagetype___bits, PG_table___bits)))
			return TYPE_TABLE;
		if (!(type & enum_value(enum pagetype___bits, PG_hugetlb___bits)))
			return TYPE_HUGETLB;
		return TYPE_NONE;
	}
	if ((flags >> enum_value(enum pageflags___slab, PG_slab)) & 1)
		return TYPE_SLAB;
	if ((type & OLD_TYPE_BASE) != OLD_TYPE_BASE)
		return TYPE_NONE;
	if (!(type & OLD_TYPE_BUDDY))
		return TYPE_BUDDY;
	if (!(type & OLD_TYPE_TABLE))
		return TYPE_TABLE;
	return TYPE_NONE;
}
