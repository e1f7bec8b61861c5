/* scan_record.c: what a child that scanned a file tells its parent, which believes nothing of it. What was read is written, and read
 * again as the same. */
#include "scan/record.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void run(struct arena *arena, struct span input)
{
	struct input_result result = {0}, again = {0};
	char *text = NULL, *other = NULL;
	size_t size = 0, other_size = 0;
	FILE *out;

	if (!record_read(arena, input, &result))
		return;
	out = open_memstream(&text, &size);
	record_write(&result, out);
	fclose(out);
	FUZZ_HOLDS(record_read(arena, (struct span){(uint8_t *)text, size}, &again));
	out = open_memstream(&other, &other_size);
	record_write(&again, out);
	fclose(out);
	FUZZ_HOLDS(size == other_size && !memcmp(text, other, size));
	free(text);
	free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){64 << 20, 2}, run);
}
