/* exe.c: see exe.h. */
#include "tests/fuzz/exe.h"

#include "formats/dump/exe_image.h"
#include "formats/exe/exe.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/image.h"

#include <string.h>

enum { READ = 16, MANY = 256 };

static void check_segments(struct arena *arena, const struct exe *exe)
{
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *segment = &exe->segments.items[i];

		FUZZ_HOLDS(segment->bytes.size <= segment->size);
		FUZZ_HOLDS(!i || (segment[-1].address <= segment->address &&
				  segment->address - segment[-1].address >= segment[-1].size));
		exe_view(exe, segment->address, READ);
		exe_view(exe, segment->address + segment->size - 1, READ);
		if (segment->bytes.size <= exe->bytes.size && i < MANY)
			FUZZ_HOLDS(exe_loaded_bytes(arena, exe, segment, 0x1000).size == segment->bytes.size);
	}
}

static void check_symbols(const struct exe *exe)
{
	uint64_t address;

	for (size_t i = 0; i < exe->symbols.count; i++) {
		const struct symbol *symbol = &exe->symbols.items[i];

		FUZZ_HOLDS(symbol->name && strlen(symbol->name) <= exe->bytes.size);
		FUZZ_HOLDS(!i || symbol[-1].address <= symbol->address);
		if (i < MANY)
			FUZZ_HOLDS(exe_symbol(exe, symbol->address) && exe_symbol_address(exe, symbol->name, &address));
	}
	for (size_t i = 0; i < exe->sections.count; i++)
		FUZZ_HOLDS(exe->sections.items[i].name && exe_section(exe, exe->sections.items[i].name));
	for (size_t i = 1; i < exe->relocations.count; i++)
		FUZZ_HOLDS(exe->relocations.items[i - 1] <= exe->relocations.items[i]);
}

void fuzz_exe_read(struct arena *arena, struct span bytes)
{
	struct notes *notes = arena_alloc(arena, sizeof *notes);
	struct exe *exe;

	notes->arena = arena;
	if (exe_from_bytes(arena, "input", bytes, &exe))
		return;
	check_segments(arena, exe);
	check_symbols(exe);
	fuzz_image_read(image_of_exe(arena, notes, exe));
}
