// Preloaded into cmemstat: lets the call with the number FAIL_AT, of those that concern files below FAIL_BELOW, fail
// with FAIL_ERRNO. Writes the name of that call to descriptor 9, which stays empty if there were fewer calls.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int calls;

static int is_below(const char *path)
{
	const char *below = getenv("FAIL_BELOW");

	return below && strncmp(path, below, strlen(below)) == 0;
}

static int is_file_below(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return 0;
	path[length] = '\0';
	return is_below(path);
}

// cmemstat names files in directories that it has opened: /proc/self/fd/N/name.
static int is_path_below(const char *path)
{
	int fd;

	if (sscanf(path, "/proc/self/fd/%d/", &fd) == 1)
		return is_file_below(fd);
	return is_below(path);
}

static int must_fail(const char *name)
{
	const char *at = getenv("FAIL_AT"), *number = getenv("FAIL_ERRNO");

	if (!at || !number || __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) != atoi(at))
		return 0;
	dprintf(9, "%s\n", name);
	errno = atoi(number);
	return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                 \
	int name(const char *path, int flags, ...)                 \
	{                                                          \
		va_list list;                                      \
		mode_t mode;                                       \
                                                                   \
		va_start(list, flags);                             \
		mode = va_arg(list, mode_t);                       \
		va_end(list);                                      \
		if (is_path_below(path) && must_fail("open"))      \
			return -1;                                 \
		return NEXT(name)(path, flags, mode);              \
	}
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *bytes, size_t length)
{
	if (is_file_below(fd) && must_fail("write"))
		return -1;
	return NEXT(write)(fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at)
{
	if (is_file_below(fd) && must_fail("pwrite"))
		return -1;
	return NEXT(pwrite64)(fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	return pwrite64(fd, bytes, length, at);
}

int ftruncate64(int fd, off64_t length)
{
	if (is_file_below(fd) && must_fail("ftruncate"))
		return -1;
	return NEXT(ftruncate64)(fd, length);
}

int ftruncate(int fd, off_t length)
{
	return ftruncate64(fd, length);
}

int rename(const char *from, const char *to)
{
	if (is_path_below(to) && must_fail("rename"))
		return -1;
	return NEXT(rename)(from, to);
}
