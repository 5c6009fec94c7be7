/*
 * Holds memory of each kind that has an owner: prints a line with what it holds, and ends with its standard input.
 * Usage: hold-owned [HEAP_MIB PIPES PAIRS]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

#define MIB (1024 * 1024)
#define CHILDREN 3
#define THREADS 4

static char data[64 * 1024];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static long fill(int fd)
{
	long total = 0;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		long written = write(fd, data, sizeof(data));

		if (written < 0)
			return total;
		total += written;
	}
}

static void *hold_stack(void *ready)
{
	volatile char stack[256 * 1024];

	for (unsigned at = 0; at < sizeof(stack); at += 4096)
		stack[at] = 1;
	pthread_barrier_wait(ready);
	pause();
	return NULL;
}

static long connect_tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	long total = 0;

	if (bind(listener, (void *)&address, length) || listen(listener, 1))
		fail("listen");
	getsockname(listener, (void *)&address, &length);
	if (connect(client, (void *)&address, length) || accept(listener, NULL, NULL) < 0)
		fail("connect");
	for (int again = 0; again < 10; again++) {
		total += fill(client);
		usleep(20000);
	}
	printf("\"tcpPort\":%d,\"tcpBytes\":%ld,", ntohs(address.sin_port), total);
	return total;
}

static void map_perf(void)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attributes),
					      .config = PERF_COUNT_SW_DUMMY };
	long page = sysconf(_SC_PAGESIZE), size = 65 * page;
	int fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
	void *buffer = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	printf("\"perfBytes\":%ld,", buffer == MAP_FAILED ? 0 : size);
}

int main(int count, char **words)
{
	long heap = (count > 1 ? atol(words[1]) : 100) * MIB;
	long pipes = count > 2 ? atol(words[2]) : 50, pairs = count > 3 ? atol(words[3]) : 20;
	long pipe_bytes = 0, unix_bytes = 0;
	pthread_barrier_t ready;
	pthread_t thread;
	char *memory;
	int fd, ends[2];

	printf("{\"pid\":%d,", getpid());
	memory = sbrk(heap);
	if (memory == (void *)-1)
		fail("sbrk");
	memset(memory, 1, heap);
	memory = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, memory, 8 * MIB, "cmemstat test");
	memset(memory, 1, 8 * MIB);

	fd = memfd_create("frames", 0);
	if (fd < 0 || ftruncate(fd, 6 * MIB))
		fail("memfd");
	memset(mmap(NULL, 6 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), 1, 6 * MIB);
	fd = shmget(IPC_PRIVATE, 4 * MIB, 0600);
	if (fd < 0)
		fail("shmget");
	memset(shmat(fd, NULL, 0), 1, 4 * MIB);
	printf("\"shmid\":%d,", fd);

	for (int at = 0; at < pipes; at++) {
		if (pipe(ends))
			fail("pipe");
		pipe_bytes += fill(ends[1]);
	}
	for (int at = 0; at < pairs; at++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
			fail("socketpair");
		unix_bytes += fill(ends[0]);
	}
	printf("\"pipeBytes\":%ld,\"unixBytes\":%ld,", pipe_bytes, unix_bytes);
	connect_tcp();
	map_perf();

	for (int at = 0; at < CHILDREN; at++) {
		if (fork() == 0) {
			/* The parent's end is this one's. */
			prctl(PR_SET_PDEATHSIG, 9);
			for (;;)
				pause();
		}
	}
	pthread_barrier_init(&ready, NULL, THREADS + 1);
	for (int at = 0; at < THREADS; at++)
		pthread_create(&thread, NULL, hold_stack, &ready);
	pthread_barrier_wait(&ready);
	printf("\"heapBytes\":%ld,\"children\":%d,\"threads\":%d}\n", heap, CHILDREN, THREADS + 1);
	fflush(stdout);
	while (read(0, data, sizeof(data)) > 0)
		;
	shmctl(fd, IPC_RMID, NULL);
	return 0;
}
