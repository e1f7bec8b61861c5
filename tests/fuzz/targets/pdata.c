/* pdata.c: unwind tables of Windows modules, on both CPUs. Input: a byte of how (CPU, exact), two of where in the code, then
 * chunks: the function table, unwind data, and code. */
#include "formats/unwind/pe_unwind.h"
#include "tests/build/pe_builder.h"
#include "tests/fuzz/chunks.h"
#include "tests/fuzz/fuzz.h"

enum { ARM64 = 1, EXACT = 2, TEXT = 0x1000, PDATA = 0x2000, XDATA = 0x3000, SECTION = 0x200, END = 0x4000, FRAMES = 8 };
#define BASE UINT64_C(0x7ff612340000)
#define STACK UINT64_C(0x500000)

static struct span first(struct span bytes)
{
	return span_slice(bytes, 0, bytes.size < SECTION ? bytes.size : SECTION);
}

static void put(struct pe_builder *pe, uint32_t rva, struct span bytes)
{
	if (bytes.size)
		pe_put_bytes(pe, rva, bytes.data, bytes.size);
}

static struct image *image_new(struct arena *arena, const struct arch *arch, struct reader *reader)
{
	struct pe_builder *pe = pe_new(arena, arch, BASE);
	struct image *image = arena_alloc(arena, sizeof *image);
	struct notes *notes = arena_alloc(arena, sizeof *notes);
	const struct span pdata = first(chunk_u8(reader)), xdata = first(chunk_u8(reader)), rest = chunk_rest(reader);
	struct exe *exe;

	notes->arena = arena;
	pe_add_section(pe, ".text", PE_CODE, SECTION);
	pe_add_section(pe, ".pdata", PE_RDATA, SECTION);
	pe_add_section(pe, ".xdata", PE_RDATA, SECTION);
	pe->directories[3].rva = PDATA;
	pe->directories[3].size = (uint32_t)pdata.size;
	put(pe, PDATA, pdata);
	put(pe, XDATA, xdata);
	put(pe, TEXT, first(rest));
	FUZZ_HOLDS(!exe_from_bytes(arena, "a.dll", pe_finish(pe), &exe));
	*image = (struct image){.arena = arena, .notes = notes, .arch = arch, .os = OS_WINDOWS};
	vec_push(arena, &image->segments, (struct segment){.address = STACK, .size = rest.size, .saved = rest, .flags = 6});
	image_add_backing(image, exe, 0);
	return image;
}

static void run(struct arena *arena, struct span input)
{
	struct reader reader = reader_of(input);
	const uint8_t how = read_u8(&reader);
	const struct arch *arch = how & ARM64 ? &arch_arm64 : &arch_amd64;
	const uint64_t pc = BASE + TEXT + read_u16(&reader) % (2 * SECTION);
	struct image *image = image_new(arena, arch, &reader);
	const struct mapping module = {.start = BASE, .end = BASE + END, .path = "a.dll"};
	struct registers registers = {0};
	struct pe_step step;
	uint64_t address;
	size_t count;

	for (uint8_t i = 0; i < arch->reg_count; i++)
		reg_set(&registers, i, STACK + 8u * i);
	reg_set(&registers, arch->pc, pc);
	reg_set(&registers, arch->sp, STACK);
	for (int i = 0; i < FRAMES; i++)
		if (pe_unwind(image, &module, how & EXACT, &registers, &step) != PE_STEPPED)
			break;
	pe_function_start(image, &module, pc, &address);
	pe_table_unsorted(image, &module, &address, &count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){16 << 20, 2}, run);
}
