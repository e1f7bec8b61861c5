/* core_intake.c: a core that comes through a pipe, kept as far as there is room. What is kept is what came, or zeros where it had to be
 * left out; of headers only a segment's size is another, and never larger. */
#include "formats/dump/core_intake.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE_BYTES = 8 };

static int empty_file(void)
{
	static int descriptors[2] = {-1, -1};
	static unsigned next;
	int *descriptor = &descriptors[next++ % 2];

	if (*descriptor < 0)
		*descriptor = memfd_create("intake", MFD_CLOEXEC);
	if (*descriptor < 0 || ftruncate(*descriptor, 0) || lseek(*descriptor, 0, SEEK_SET))
		abort();
	return *descriptor;
}

/* How many bytes differ and are not zeros. */
static size_t changed(struct span before, const uint8_t *after)
{
	size_t ret = 0;

	for (size_t i = 0; i < before.size; i++)
		ret += after[i] != before.data[i] && after[i];
	return ret;
}

static void check(struct arena *arena, struct span stream, uint64_t room, int output, const struct core_intake *result)
{
	uint8_t *kept = arena_alloc(arena, stream.size);

	FUZZ_HOLDS(result->size == stream.size && lseek(output, 0, SEEK_END) == (off_t)stream.size);
	FUZZ_HOLDS(pread(output, kept, stream.size, 0) == (ssize_t)stream.size);
	FUZZ_HOLDS(result->is_core || !result->cut);
	FUZZ_HOLDS(changed(stream, kept) <= result->cut * SIZE_BYTES);
	if (room > stream.size)
		FUZZ_HOLDS(!result->is_core || result->cut || !changed(stream, kept));
}

static void run(struct arena *arena, struct span input)
{
	const uint64_t room = (uint64_t)span_u16(input, 0) * 16;
	const struct span stream = span_from(input, 2);
	const int in = empty_file(), out = empty_file();
	struct core_intake result;

	if (pwrite(in, stream.data, stream.size, 0) != (ssize_t)stream.size)
		abort();
	if (core_intake(in, out, room, &result))
		check(arena, stream, room, out, &result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){16 << 20, 2}, run);
}
