/* cfi.c: DWARF's rules for a frame, as the child that reads the tables answers them: a row is as hostile as the file. Input:
 * a byte that says which CPU, what follows are the row, the registers, and a stack of which words lead on. */
#include "formats/unwind/cfi.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { ARM64 = 1, STACK = 0x7000, STACK_SIZE = 0x200, REGISTERS = 33, FRAMES = 4 };

static struct image *image_new(struct arena *arena, const struct arch *arch, struct span stack)
{
	struct image *image = arena_alloc(arena, sizeof *image);
	struct notes *notes = arena_alloc(arena, sizeof *notes);

	notes->arena = arena;
	*image = (struct image){.arena = arena, .notes = notes, .name = "input", .path = "input", .arch = arch};
	vec_push(arena, &image->segments,
		 (struct segment){.address = STACK, .size = STACK_SIZE, .saved = stack, .promised = stack.size, .flags = 6});
	return image;
}

static void run(struct arena *arena, struct span input)
{
	struct reader reader = reader_of(input);
	const struct arch *arch = read_u8(&reader) & ARM64 ? &arch_arm64 : &arch_amd64;
	struct span bytes = read_bytes(&reader, sizeof(struct cfi_row));
	struct registers registers = {0};
	struct cfi_row row;
	struct cfi_step step;
	struct span stack;

	if (reader.failed)
		return;
	memcpy(&row, bytes.data, sizeof row);
	for (uint8_t i = 0; i < arch->reg_count && i < REGISTERS; i++) {
		const uint8_t how = read_u8(&reader);

		if (how & 1)
			reg_set(&registers, i, STACK + how);
	}
	stack = span_from(input, reader.position);
	struct image *image = image_new(arena, arch, span_slice(stack, 0, stack.size < STACK_SIZE ? stack.size : STACK_SIZE));

	for (int i = 0; i < FRAMES; i++)
		if (cfi_step(image, &row, &registers, &step) != CFI_STEPPED)
			break;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){16 << 20, 2}, run);
}
