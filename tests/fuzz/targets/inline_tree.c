/* inline_tree.c: trees of inlined calls of a function whose table is sound: the function data, and the values of its tables.
 * Input: release, a chunk that lies over the function data, the rest over pctab. */
#include "tests/build/go_builder.h"
#include "tests/fuzz/chunks.h"
#include "tests/fuzz/fuzz.h"

enum { CODE = 0x40, RELEASES = 10, OLDEST = 18 };

static const struct go_inline inlines[] = {{"main.outer", 3, 0x08}, {"main.inner", 4, 0x14}, {"main.third", 0, 0x10}};

static void lay_over(struct span bytes, struct span input)
{
	if (input.size && bytes.size)
		memcpy((uint8_t *)(uintptr_t)bytes.data, input.data, input.size < bytes.size ? input.size : bytes.size);
}

static void run(struct arena *arena, struct span input)
{
	static const uint8_t code[CODE];
	const struct go_function function = {
		.name = "main.second", .code = code, .size = CODE,
		.pcsp = {{0, 0}, {8, 70000}, {0x30, 16}}, .line = {{0, 100}, {8, 7}, {0x20, 3}},
		.inlined = {{0, -1}, {0x10, 1}, {0x14, 0}, {0x18, 2}, {0x20, -1}}, .inlines = inlines, .inline_count = 3,
	};
	struct reader reader = reader_of(input);
	struct go_builder *builder = go_new(arena, &arch_amd64, OLDEST + read_u8(&reader) % RELEASES, 0);
	struct inline_frame frames[INLINE_LIMIT];
	struct pclntab table;
	struct func func;
	size_t good, bad;

	go_add(builder, &function);
	FUZZ_HOLDS(pclntab_open(go_pclntab(builder), GO_RODATA, &table));
	table.text = GO_TEXT;
	table.gofunc = go_funcdata(builder);
	lay_over(table.gofunc, chunk_u8(&reader));
	lay_over(table.pctab, chunk_rest(&reader));
	FUZZ_HOLDS(pclntab_func(&table, 0, &func));
	for (uint64_t pc = func.entry; pc < func.end; pc++) {
		const size_t count = func_inline_frames(&table, &func, pc, frames);

		FUZZ_HOLDS(count >= 1 && count <= INLINE_LIMIT && !frames[count - 1].inlined);
	}
	pclntab_sample_trees(&table, &good, &bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){16 << 20, 2}, run);
}
