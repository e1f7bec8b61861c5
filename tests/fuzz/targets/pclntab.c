/* pclntab.c: Go's table of functions, whole. Its function data lie in the table, too, so that trees of inlined calls are whatever
 * the input says. */
#include "golang/pclntab.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { FUNCTIONS = 48, STRETCHES = 4096, TEXT = 0x401000, TABLES = 6 };

static void read_values(const struct pclntab *table, const struct func *func, uint32_t offset)
{
	struct pcvalue at = pcvalue_of(table, func, offset);
	uint64_t before = func->entry;
	int32_t value;

	for (int i = 0; i < STRETCHES && pcvalue_next(&at); i++) {
		FUZZ_HOLDS(at.start >= before && at.end > at.start);
		before = at.end;
	}
	func_value(table, func, offset, func->entry, &value, &before);
	func_value(table, func, offset, func->end - 1, &value, NULL);
	at = pcvalue_of(table, func, offset);
	pcvalue_seek(&at, func->end - 1, &value);
}

static void read_lines(const struct pclntab *table, const struct func *func, uint64_t pc)
{
	struct inline_frame frames[INLINE_LIMIT];
	const size_t count = func_inline_frames(table, func, pc, frames);
	const char *file;
	int32_t line;

	FUZZ_HOLDS(count >= 1 && count <= INLINE_LIMIT && !frames[count - 1].inlined);
	for (size_t i = 0; i < count; i++) {
		FUZZ_HOLDS(!frames[i].name || strlen(frames[i].name) < table->bytes.size);
		FUZZ_HOLDS(!frames[i].file || strlen(frames[i].file) < table->bytes.size);
	}
	func_line(table, func, pc, &file, &line);
}

static void read_function(const struct pclntab *table, uint32_t index)
{
	struct func func, found;

	if (!pclntab_func(table, index, &func))
		return;
	FUZZ_HOLDS(func.entry <= func.end);
	if (pclntab_find(table, func.entry, &found))
		FUZZ_HOLDS(found.entry <= func.entry && func.entry < found.end);
	pclntab_name(table, func.name);
	func_frame_size(table, &func);
	read_values(table, &func, func.pcsp);
	read_values(table, &func, func.pcfile);
	for (uint32_t i = 0; i < TABLES; i++) {
		func_pcdata(table, &func, i, func.entry);
		func_has_funcdata(table, &func, i);
		read_values(table, &func, func_pcdata_table(table, &func, i));
	}
	read_lines(table, &func, func.entry);
	read_lines(table, &func, func.end - 1);
}

static void read_table(struct pclntab *table, struct span input)
{
	size_t good, bad;

	table->text = TEXT;
	table->gofunc = input;
	for (uint32_t i = 0; i < table->nfunc && i < FUNCTIONS; i++)
		read_function(table, i);
	pclntab_sample_trees(table, &good, &bad);
	FUZZ_HOLDS(pclntab_min(table) <= pclntab_max(table));
}

static void run(struct arena *arena, struct span input)
{
	const struct pclntab_parts parts = {input, input, input, input, input, span_from(input, 72)};
	struct pclntab table = {0};

	(void)arena;
	if (pclntab_open(input, TEXT << 8, &table))
		read_table(&table, input);
	table = (struct pclntab){0};
	if (pclntab_assemble(&parts, TEXT << 8, &table))
		read_table(&table, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){16 << 20, 2}, run);
}
