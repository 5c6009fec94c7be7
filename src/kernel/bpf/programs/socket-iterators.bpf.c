// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Write a record for each socket: the iterators tcp, udp (Linux 5.9) and unix (5.15) for those of our network
 * namespace, also without a process; task_file (5.8) for those of all processes, in any network namespace.
 */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Enough for the queues of unix sockets of the default size; user space scales what is beyond. */
#define MAX_BUFFERS 32

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define AF_UNIX 1
#define TCP_TIME_WAIT 6
#define TCP_NEW_SYN_RECV 12
/* Larger ones are pages of their own: KMALLOC_MAX_CACHE_SIZE. */
#define MAX_SLAB_BUFFER 8192

/* Read by socket-iterators.ts. */
struct socket_record {
	/* The address of the socket, to recognise it by; never shown. */
	__u64 identity;
	__u64 inode;
	__u64 cgroup;
	/* Of a unix socket: the identity of the other end. */
	__u64 peer;
	__u32 pid;
	__u32 fd;
	__u32 net_namespace;
	__u32 name_length;
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u8 state;
	__u8 padding;
	__u32 rmem_alloc;
	__u32 wmem_queued;
	__u32 wmem_alloc;
	__s32 forward_alloc;
	__u32 backlog;
	/* The receive queue of a unix socket: its buffers, how many were measured, their memory, the part of it in pages. */
	__u32 queue_length;
	__u32 queue_counted;
	__u32 queue_bytes;
	__u32 queue_page_bytes;
	__u16 local_port;
	/* In network byte order. */
	__u16 remote_port;
	__u8 local_address[16];
	__u8 remote_address[16];
	char name[108];
	__u32 padding_at_end;
};

typedef struct refcount_struct {
	atomic_t refs;
} __attribute__((preserve_access_index)) refcount_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
} __attribute__((preserve_access_index));

struct ns_common {
	__u32 inum;
} __attribute__((preserve_access_index));

struct net {
	struct ns_common ns;
} __attribute__((preserve_access_index));

typedef struct {
	struct net *net;
} __attribute__((preserve_access_index)) possible_net_t;

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	__u16 skc_family;
	unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
} __attribute__((preserve_access_index));

struct sk_buff {
	struct sk_buff *next;
	__u32 truesize;
	__u32 end;
} __attribute__((preserve_access_index));

struct skb_shared_info {
	__u8 nr_frags;
} __attribute__((preserve_access_index));

struct sk_buff_head {
	struct sk_buff *next;
	__u32 qlen;
} __attribute__((preserve_access_index));

struct socket;

struct sock {
	struct sock_common __sk_common;
	struct sk_buff_head sk_receive_queue;
	struct {
		atomic_t rmem_alloc;
		int len;
	} __attribute__((preserve_access_index)) sk_backlog;
	struct socket *sk_socket;
	struct mem_cgroup *sk_memcg;
	int sk_forward_alloc;
	int sk_wmem_queued;
	refcount_t sk_wmem_alloc;
	__u16 sk_protocol;
	__u16 sk_type;
} __attribute__((preserve_access_index));

struct udp_sock;

struct sockaddr_un {
	char sun_path[108];
} __attribute__((preserve_access_index));

struct unix_address {
	int len;
	struct sockaddr_un name[1];
} __attribute__((preserve_access_index));

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
} __attribute__((preserve_access_index));

struct inode {
	__u16 i_mode;
	unsigned long i_ino;
} __attribute__((preserve_access_index));

struct socket {
	struct sock *sk;
} __attribute__((preserve_access_index));

struct socket_alloc {
	struct inode vfs_inode;
} __attribute__((preserve_access_index));

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
} __attribute__((preserve_access_index));

struct bpf_iter__udp {
	struct bpf_iter_meta *meta;
	struct udp_sock *udp_sk;
} __attribute__((preserve_access_index));

struct bpf_iter__unix {
	struct bpf_iter_meta *meta;
	struct unix_sock *unix_sk;
} __attribute__((preserve_access_index));

/* The memory behind the receive queue, of its first buffers. */
static __always_inline void measure_queue(struct socket_record *record, struct sock *sk)
{
	struct sk_buff *end = (void *)&sk->sk_receive_queue;
	struct sk_buff *skb = read_kernel(sk, sk_receive_queue.next);

	record->queue_length = read_kernel(sk, sk_receive_queue.qlen);
	for (int at = 0; at < MAX_BUFFERS; at++) {
		__u32 truesize, linear;

		if (!skb || skb == end)
			break;
		truesize = read_kernel(skb, truesize);
		linear = read_kernel(skb, end) + type_size(struct skb_shared_info);
		record->queue_counted++;
		record->queue_bytes += truesize;
		/* What is left without the structure, and without data that comes from a slab. */
		if (linear > MAX_SLAB_BUFFER)
			linear = 0;
		linear += type_size(struct sk_buff);
		if (truesize > linear)
			record->queue_page_bytes += truesize - linear;
		skb = read_kernel(skb, next);
	}
}

static __always_inline void describe_unix(struct socket_record *record, struct unix_sock *unix_sk)
{
	struct unix_address *address = read_kernel(unix_sk, addr);
	int length;

	record->peer = (__u64)read_kernel(unix_sk, peer);
	if (!address)
		return;
	/* The family comes first. */
	length = read_kernel(address, len) - 2;
	if (length <= 0)
		return;
	if (length > (int)sizeof(record->name))
		length = sizeof(record->name);
	record->name_length = length;
	bpf_probe_read_kernel(record->name, sizeof(record->name), &address->name[0].sun_path);
}

/* may_be_unix is a constant: the verifier takes its time for what only unix sockets need. */
static __always_inline void describe_socket(struct socket_record *record, struct sock *sk, bool may_be_unix)
{
	struct sock_common *common = &sk->__sk_common;
	struct mem_cgroup *memcg;
	struct socket *socket;
	struct net *net;

	record->identity = (__u64)sk;
	record->family = read_kernel(sk, __sk_common.skc_family);
	record->state = read_kernel(sk, __sk_common.skc_state);
	record->type = read_kernel(sk, sk_type);
	record->protocol = read_kernel(sk, sk_protocol);
	net = read_kernel(sk, __sk_common.skc_net.net);
	record->net_namespace = read_kernel(net, ns.inum);
	if (field_exists(struct sock, sk_memcg)) {
		memcg = read_kernel(sk, sk_memcg);
		if (memcg) {
			struct cgroup *cgroup = read_kernel(memcg, css.cgroup);
			struct kernfs_node *kn = read_kernel(cgroup, kn);

			record->cgroup = read_kernel(kn, id);
		}
	}
	socket = read_kernel(sk, sk_socket);
	if (socket)
		record->inode = read_kernel((struct socket_alloc *)socket, vfs_inode.i_ino);
	record->rmem_alloc = read_kernel(sk, sk_backlog.rmem_alloc.counter);
	record->backlog = read_kernel(sk, sk_backlog.len);
	record->wmem_queued = read_kernel(sk, sk_wmem_queued);
	record->wmem_alloc = read_kernel(sk, sk_wmem_alloc.refs.counter);
	record->forward_alloc = read_kernel(sk, sk_forward_alloc);
	if (may_be_unix && record->family == AF_UNIX) {
		measure_queue(record, sk);
		describe_unix(record, (struct unix_sock *)sk);
		return;
	}
	record->local_port = read_kernel(sk, __sk_common.skc_num);
	record->remote_port = read_kernel(sk, __sk_common.skc_dport);
	if (record->family == 2) {
		bpf_probe_read_kernel(record->local_address, 4, &common->skc_rcv_saddr);
		bpf_probe_read_kernel(record->remote_address, 4, &common->skc_daddr);
	} else if (field_exists(struct sock_common, skc_v6_daddr)) {
		bpf_probe_read_kernel(record->local_address, 16, &common->skc_v6_rcv_saddr);
		bpf_probe_read_kernel(record->remote_address, 16, &common->skc_v6_daddr);
	}
}

SEC("iter/task_file")
int cmemstat_socks(struct bpf_iter__task_file *ctx)
{
	struct socket_record record = {};
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct inode *inode;
	struct sock *sk;

	if (!task || !file)
		return 0;
	inode = read_kernel(file, f_inode);
	if ((read_kernel(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	/* None: the file of a bound unix socket, opened as a place. */
	socket = read_kernel(file, private_data);
	if (!socket)
		return 0;
	sk = read_kernel(socket, sk);
	if (!sk)
		return 0;
	describe_socket(&record, sk, 1);
	record.pid = pid_for_reader(task);
	record.fd = ctx->fd;
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/tcp")
int cmemstat_tcp(struct bpf_iter__tcp *ctx)
{
	struct socket_record record = {};
	struct sock_common *common = ctx->sk_common;
	__u8 state;

	if (!common)
		return 0;
	state = read_kernel(common, skc_state);
	/* These are not whole sockets. */
	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
		return 0;
	describe_socket(&record, (struct sock *)common, 0);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/udp")
int cmemstat_udp(struct bpf_iter__udp *ctx)
{
	struct socket_record record = {};
	struct udp_sock *udp_sk = ctx->udp_sk;

	if (!udp_sk)
		return 0;
	describe_socket(&record, (struct sock *)udp_sk, 0);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}

SEC("iter/unix")
int cmemstat_unix(struct bpf_iter__unix *ctx)
{
	struct socket_record record = {};
	struct unix_sock *unix_sk = ctx->unix_sk;

	if (!unix_sk)
		return 0;
	describe_socket(&record, (struct sock *)unix_sk, 1);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
