/* report_ring.c: see report_ring.h. Counts only grow; a place in the ring is a count modulo its size. */
#include "lib/report_ring.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { SIZE = 1 << 22, MUCH = 1 << 18, WAIT = 100000 /* nanoseconds */ };

struct report_ring {
	atomic_size_t written, read;
	atomic_bool deaf; /* the reader wants no more */
	atomic_uint doing;
	char bytes[SIZE];
};

struct report_ring *report_ring_new(void)
{
	void *ring = mmap(NULL, sizeof(struct report_ring), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return ring == MAP_FAILED ? NULL : ring;
}

void report_ring_free(struct report_ring *ring)
{
	if (ring)
		munmap(ring, sizeof *ring);
}

void report_ring_say(struct report_ring *ring, unsigned doing)
{
	atomic_store_explicit(&ring->doing, doing, memory_order_relaxed);
}

unsigned report_ring_said(const struct report_ring *ring)
{
	return atomic_load_explicit(&ring->doing, memory_order_relaxed);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* As much as there is room for, up to the end of the ring. */
static size_t put(struct report_ring *ring, const char *bytes, size_t size)
{
	const size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	const size_t used = written - atomic_load_explicit(&ring->read, memory_order_acquire);
	const size_t at = written % SIZE;
	const size_t part = least(size, least(SIZE - used, SIZE - at));

	memcpy(ring->bytes + at, bytes, part);
	atomic_store_explicit(&ring->written, written + part, memory_order_release);
	return part;
}

bool report_ring_write(struct report_ring *ring, const char *bytes, size_t size, bool (*tell)(void))
{
	static const struct timespec moment = {.tv_nsec = WAIT};

	while (size) {
		const size_t before = atomic_load(&ring->written);
		const size_t part = put(ring, bytes, size);

		bytes += part;
		size -= part;
		if ((!part || before / MUCH != (before + part) / MUCH) && !tell())
			return false;
		if (atomic_load(&ring->deaf))
			return false;
		if (!part)
			nanosleep(&moment, NULL);
	}
	return true;
}

bool report_ring_pass(struct report_ring *ring, FILE *out)
{
	size_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
	size_t left = least(atomic_load_explicit(&ring->written, memory_order_acquire) - read, SIZE);
	const bool some = left != 0;

	while (left) {
		const size_t part = least(left, SIZE - read % SIZE);

		if (!ferror(out))
			fwrite(ring->bytes + read % SIZE, 1, part, out);
		if (ferror(out))
			atomic_store(&ring->deaf, true);
		left -= part;
		read += part;
		atomic_store_explicit(&ring->read, read, memory_order_release);
	}
	return some;
}
