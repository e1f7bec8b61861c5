/* notes.c: the notes of a core that is sound but for them. The first byte says of which CPU, and how they are aligned. */
#include "tests/build/core_builder.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/image.h"

enum { ARM64 = 1, ALIGNED = 2, STACK = 0x7000, STACK_SIZE = 0x40, PROGRAM_HEADERS = 64, P_ALIGN = 48 };

static void run(struct arena *arena, struct span input)
{
	const uint8_t how = span_u8(input, 0);
	struct core_builder *builder = core_new(arena, how & ARM64 ? &arch_arm64 : &arch_amd64);
	struct span core;
	struct image *image;

	if (input.size < 2)
		return;
	builder->notes.items = arena_alloc(arena, input.size - 1);
	builder->notes.count = builder->notes.capacity = input.size - 1;
	memcpy(builder->notes.items, input.data + 1, input.size - 1);
	builder->page = 1;
	core_add_segment(builder, STACK, STACK_SIZE, SEGMENT_READ | SEGMENT_WRITE);
	core = core_finish(builder);
	if (how & ALIGNED)
		((uint8_t *)(uintptr_t)core.data)[PROGRAM_HEADERS + P_ALIGN] = 8;
	image = fuzz_image(arena, &format_elf_core, core);
	if (image)
		fuzz_image_read(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){64 << 20, 2}, run);
}
