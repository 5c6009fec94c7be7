// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Names what page-scan.bpf.c found: files by the directory entries that lead to them, slab caches, memory cgroups.
 * Since: Linux 5.17.
 */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define BPF_MAP_TYPE_ARRAY 2

/* How many objects are named by one call. */
#define MAX_REQUESTS 512
/* All components of a path, each with the NUL behind it: PATH_MAX is 4,096. */
#define MAX_PATH_BYTES 8192
/* Where records begin: a power of two. Behind it is room for what is written at once. */
#define OUTPUT_BYTES (128 * 1024)
#define OUTPUT_SLACK 512
/* Beyond this there may be no room for another record. */
#define OUTPUT_FULL (OUTPUT_BYTES - MAX_PATH_BYTES - OUTPUT_SLACK)
#define MAX_COMPONENTS 4096
/* Hard links and deleted entries of a file: one of this many that is not deleted is looked for. */
#define MAX_ALIASES 64
#define CSS_ONLINE 2
#define SB_KERNMOUNT (1 << 22)

/* Read by object-names.ts. */
enum request_kind { REQUEST_FILE = 1, REQUEST_SLAB, REQUEST_OWNER };

enum name_flags {
	/* The object could be read. */
	NAME_FOUND = 1,
	/* The entry was deleted, or is that of a file that never had a name in a directory. */
	NAME_UNHASHED = 2,
	/* The path is longer than what is read. */
	NAME_TRUNCATED = 4,
	/* The file system is mounted by the kernel for itself: memfd, System V shared memory. */
	NAME_INTERNAL = 8,
	/* It has a directory entry. */
	NAME_HAS_ENTRY = 16,
	/* The name changed while it was read. */
	NAME_UNSTABLE = 32,
	NAME_OFFLINE = 64,
	NAME_REMOVED = 128,
};

struct name_record {
	/* With the components behind it, each with a NUL; a multiple of 8. */
	__u32 length;
	__u32 request;
	__u32 flags;
	__u32 mode;
	__u64 inode;
	__u64 size;
	__u64 pages;
	__u32 device;
	__u32 special_device;
	__u32 links;
	__u32 component_bytes;
	char file_system[32];
};

struct request {
	__u64 object;
	__u64 kind;
};

struct requests {
	struct request each[MAX_REQUESTS];
};

struct output {
	char bytes[OUTPUT_BYTES + OUTPUT_SLACK];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct requests);
} requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct output);
} output SEC(".maps");

/* It has no address of this. */
struct {
	/* Of the request, and where its record and the next component begin. */
	__u32 request;
	__u32 record;
	__u32 at;
	__u32 depth;
	struct dentry *dentry;
	struct hlist_node *alias;
	struct cgroup_subsys_state *css;
	struct name_record header;
} names;

struct hlist_node {
	struct hlist_node *next;
} __attribute__((preserve_access_index));

struct hlist_head {
	struct hlist_node *first;
} __attribute__((preserve_access_index));

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
} __attribute__((preserve_access_index));

struct qstr {
	__u32 len;
	const unsigned char *name;
} __attribute__((preserve_access_index));

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
} __attribute__((preserve_access_index));

/* Until Linux 6.19. */
struct dentry___union {
	union {
		struct hlist_node d_alias;
	} d_u;
} __attribute__((preserve_access_index));

struct dentry___anonymous {
	struct hlist_node d_alias;
} __attribute__((preserve_access_index));

struct file_system_type {
	const char *name;
} __attribute__((preserve_access_index));

struct super_block {
	__u32 s_dev;
	struct file_system_type *s_type;
	unsigned long s_flags;
} __attribute__((preserve_access_index));

struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_rdev;
	__s64 i_size;
	struct hlist_head i_dentry;
} __attribute__((preserve_access_index));

struct address_space {
	struct inode *host;
	unsigned long nrpages;
} __attribute__((preserve_access_index));

struct kmem_cache {
	unsigned int size;
	unsigned int object_size;
	const char *name;
} __attribute__((preserve_access_index));

static __always_inline struct dentry *dentry_of_alias(struct hlist_node *alias)
{
	if (field_exists(struct dentry___union, d_u.d_alias))
		return (void *)alias - field_offset(struct dentry___union, d_u.d_alias);
	return (void *)alias - field_offset(struct dentry___anonymous, d_alias);
}

/* Where the next bytes go, at most OUTPUT_SLACK of them; NULL where there is no room. */
static __always_inline char *room(__u32 at)
{
	__u32 zero = 0;
	struct output *to = bpf_map_lookup_elem(&output, &zero);

	if (!to || at >= OUTPUT_BYTES)
		return NULL;
	/* The test is about another copy of the number for the verifier. */
	asm volatile("" : "+r"(at));
	return to->bytes + (at & (OUTPUT_BYTES - 1));
}

/* Takes the first entry, or a later one that is not deleted. */
static long choose_alias(__u32 index, void *unused __unused)
{
	struct dentry *dentry;

	if (!names.alias)
		return 1;
	dentry = dentry_of_alias(names.alias);
	if (read_kernel(dentry, d_hash.pprev)) {
		names.dentry = dentry;
		names.header.flags &= ~NAME_UNHASHED;
		return 1;
	}
	if (index == 0)
		names.dentry = dentry;
	names.alias = read_kernel(names.alias, next);
	return 0;
}

static long add_component(__u32 index, void *unused __unused)
{
	struct dentry *dentry = names.dentry, *parent = read_kernel(dentry, d_parent);
	struct qstr name = {}, again = {};
	__u32 length;
	char *to;

	name.len = read_kernel(dentry, d_name.len);
	name.name = read_kernel(dentry, d_name.name);
	length = name.len & 0xff;
	to = room(names.at);
	if (!to || names.at - names.record > MAX_PATH_BYTES) {
		names.header.flags |= NAME_TRUNCATED;
		return 1;
	}
	if (bpf_probe_read_kernel(to, length, name.name))
		return 1;
	/* The root of a file system, but not a file that has no directory. */
	if (parent == dentry && (index > 0 || (length == 1 && to[0] == '/')))
		return 1;
	to[length] = 0;
	again.len = read_kernel(dentry, d_name.len);
	again.name = read_kernel(dentry, d_name.name);
	if (again.len != name.len || again.name != name.name)
		names.header.flags |= NAME_UNSTABLE;
	names.at += length + 1;
	if (!parent || parent == dentry)
		return 1;
	names.dentry = parent;
	return 0;
}

static __noinline int name_file(__u64 object)
{
	struct name_record *header = &names.header;
	struct address_space *mapping = (void *)object;
	struct inode *inode = read_kernel(mapping, host);
	struct super_block *sb;

	if (!inode)
		return 0;
	sb = read_kernel(inode, i_sb);
	if (!sb)
		return 0;
	header->flags |= NAME_FOUND;
	header->mode = read_kernel(inode, i_mode);
	header->inode = read_kernel(inode, i_ino);
	header->size = read_kernel(inode, i_size);
	header->links = read_kernel(inode, i_nlink);
	header->special_device = read_kernel(inode, i_rdev);
	header->pages = read_kernel(mapping, nrpages);
	header->device = read_kernel(sb, s_dev);
	if (read_kernel(sb, s_flags) & SB_KERNMOUNT)
		header->flags |= NAME_INTERNAL;
	bpf_probe_read_kernel_str(header->file_system, sizeof(header->file_system),
				  read_kernel(read_kernel(sb, s_type), name));
	names.alias = read_kernel(inode, i_dentry.first);
	if (!names.alias)
		return 0;
	header->flags |= NAME_HAS_ENTRY | NAME_UNHASHED;
	bpf_loop(MAX_ALIASES, choose_alias, NULL, 0);
	bpf_loop(MAX_COMPONENTS, add_component, NULL, 0);
	return 0;
}

static __noinline int name_slab(__u64 object)
{
	struct kmem_cache *cache = (void *)object;
	char *to = room(names.at);
	long length;

	if (!to)
		return 0;
	length = bpf_probe_read_kernel_str(to, 256, read_kernel(cache, name));
	if (length <= 0)
		return 0;
	names.at += length & 0x1ff;
	names.header.flags |= NAME_FOUND;
	names.header.size = read_kernel(cache, object_size);
	names.header.pages = read_kernel(cache, size);
	return 0;
}

static long add_cgroup(__u32 index __unused, void *unused __unused)
{
	struct cgroup_subsys_state *css = names.css, *parent = read_kernel(css, parent);
	char *to = room(names.at);
	long length;

	if (!parent)
		return 1;
	if (!to || names.at - names.record > MAX_PATH_BYTES) {
		names.header.flags |= NAME_TRUNCATED;
		return 1;
	}
	length = bpf_probe_read_kernel_str(to, 256, read_kernel(read_kernel(read_kernel(css, cgroup), kn), name));
	if (length <= 0)
		return 1;
	names.at += length & 0x1ff;
	names.css = parent;
	return 0;
}

static __noinline int name_owner(__u64 object)
{
	struct mem_cgroup *memcg = (void *)object;
	struct cgroup *cgroup = read_kernel(memcg, css.cgroup);

	if (!cgroup)
		return 0;
	names.header.flags |= NAME_FOUND;
	if (!(read_kernel(memcg, css.flags) & CSS_ONLINE))
		names.header.flags |= NAME_OFFLINE;
	if (!(read_kernel(cgroup, self.flags) & CSS_ONLINE))
		names.header.flags |= NAME_REMOVED;
	names.header.inode = read_kernel(read_kernel(cgroup, kn), id);
	names.css = (void *)object + field_offset(struct mem_cgroup, css);
	bpf_loop(MAX_COMPONENTS, add_cgroup, NULL, 0);
	return 0;
}

static long name_request(__u32 turn __unused, void *unused __unused)
{
	struct name_record *header = &names.header;
	__u32 zero = 0, index = names.request;
	struct requests *from;
	__u64 object;
	char *to;

	if (index >= MAX_REQUESTS || names.at >= OUTPUT_FULL)
		return 1;
	from = bpf_map_lookup_elem(&requests, &zero);
	if (!from)
		return 1;
	object = from->each[index].object;
	if (from->each[index].kind == 0)
		return 1;
	__builtin_memset(header, 0, sizeof(*header));
	names.record = names.at;
	names.at += sizeof(*header);
	if (from->each[index].kind == REQUEST_FILE)
		name_file(object);
	else if (from->each[index].kind == REQUEST_SLAB)
		name_slab(object);
	else
		name_owner(object);
	header->component_bytes = names.at - names.record - sizeof(*header);
	names.at = (names.at + 7) & ~7U;
	header->length = names.at - names.record;
	header->request = index;
	to = room(names.record);
	if (!to)
		return 1;
	__builtin_memcpy(to, header, sizeof(*header));
	names.request++;
	return 0;
}

/* Requests from the first on; first is then how many of them were answered, and length the bytes of the answers. */
struct batch {
	__u64 first;
	__u64 length;
};

SEC("syscall")
int cmemstat_names(struct batch *batch)
{
	names.request = batch->first;
	names.at = 0;
	bpf_loop(MAX_REQUESTS, name_request, NULL, 0);
	batch->first = names.request;
	batch->length = names.at;
	return 0;
}
