/* archive.c: archives in archives, as `tornstack scan` reads them. */
#include "formats/archive/members.h"
#include "scan/scan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/memory_file.h"

enum { MOST = 1 << 20 };

static bool wanted(struct span start)
{
	return scan_wants(start) || span_u8(start, 0) == 'w';
}

static void visit(void *context, const char *path, struct span bytes, bool cut_short)
{
	uint64_t *sum = context;

	(void)cut_short;
	FUZZ_HOLDS(bytes.size <= MOST && *path);
	for (size_t i = 0; i < bytes.size; i++)
		*sum += bytes.data[i];
}

static void fail(void *context, const char *path, const struct err *err)
{
	(void)context;
	FUZZ_HOLDS(*path && *err->text);
}

static void run(struct arena *arena, struct span input)
{
	uint64_t sum = 0;
	const struct archive_search search = {.max_size = MOST, .wanted = wanted, .visit = visit, .fail = fail, .context = &sum};

	archive_visit(arena, memory_file(input), &search);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){64 << 20, 5}, run);
}
