/* elf_core.c: an ELF core. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/image.h"

static void run(struct arena *arena, struct span input)
{
	struct image *image = fuzz_image(arena, &format_elf_core, input);

	if (image)
		fuzz_image_read(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){64 << 20, 2}, run);
}
