/* Holds 16 MiB, and 64 MiB more for 30 ms in the middle. Argument: duration in seconds. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static void hold(size_t bytes, double seconds)
{
	struct timespec time = { (time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9) };
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(1);
	memset(memory, 1, bytes);
	nanosleep(&time, NULL);
	munmap(memory, bytes);
}

int main(int argc, char **argv)
{
	double half = (argc > 1 ? atof(argv[1]) : 1) / 2;
	size_t mib = 1 << 20;
	char *kept = mmap(NULL, 16 * mib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (kept == MAP_FAILED)
		return 1;
	memset(kept, 1, 16 * mib);
	hold(mib, half);
	hold(64 * mib, 0.03);
	hold(mib, half);
	return 0;
}
