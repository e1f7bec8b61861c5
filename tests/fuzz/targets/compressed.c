/* compressed.c: a compressed file (zstd, lz4, xz, gzip), or a plain one. What the formats' libraries do to their own memory is theirs;
 * what is asked of them, and what is made of their answers, is ours. */
#include "formats/archive/archive.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_file.h"

enum { MOST = 1 << 20 };

static void run(struct arena *arena, struct span input)
{
	const struct file_options options = {.max_size = MOST};
	struct file_bytes file = {0};
	uint64_t sum = 0;

	if (file_map(arena, memory_file(input), &options, &file))
		return;
	FUZZ_HOLDS(!file.compression || file.bytes.size <= MOST);
	FUZZ_HOLDS(file.compression || (file.bytes.size == input.size && !file.cut_short));
	for (size_t i = 0; i < file.bytes.size; i++)
		sum += file.bytes.data[i];
	FUZZ_HOLDS(sum <= file.bytes.size * UINT8_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){16 << 20, 5}, run);
}
