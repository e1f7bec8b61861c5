/* touch.c: the limit for whoever reads a dump: maps a file, and reads one word of every 512 bytes, each thread its part.
 *
 * usage: touch FILE THREADS */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { STRIDE = 512, MOST = 64 };

struct part {
	const uint8_t *bytes;
	size_t size;
	uint64_t sum; /* so that the reads are not for nothing */
};

static void *touch(void *object)
{
	struct part *part = object;

	for (size_t at = 0; at < part->size; at += STRIDE)
		part->sum += part->bytes[at];
	return NULL;
}

int main(int argc, char **argv)
{
	const size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	const int file = count && count <= MOST ? open(argv[1], O_RDONLY) : -1;
	struct part parts[MOST];
	pthread_t threads[MOST];
	struct stat status;
	const uint8_t *bytes;
	uint64_t sum = 0;

	if (file < 0 || fstat(file, &status))
		return 1;
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (bytes == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < count; i++) {
		const size_t size = (size_t)status.st_size / count;

		parts[i] = (struct part){.bytes = bytes + i * size, .size = size};
		if (pthread_create(&threads[i], NULL, touch, &parts[i]))
			return 1;
	}
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		sum += parts[i].sum;
	}
	return printf("%llu\n", (unsigned long long)sum) < 0;
}
