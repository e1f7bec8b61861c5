/* crash_log.c: a log that holds what Go's runtime printed, in whatever a logger made of it; read and diagnosed. */
#include "heuristics/finding.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/image.h"

static void run(struct arena *arena, struct span input)
{
	const struct exe_candidate none = {.source = EXE_NONE};
	struct image *image = fuzz_image(arena, &format_log, input);

	if (!image)
		return;
	image->workers = 1;
	fuzz_image_read(image);
	diagnose(analyze(go_runtime_load(image, &none)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){128 << 20, 5}, run);
}
