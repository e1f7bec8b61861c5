/* variable.c: see variable.h. */
#include "formats/exe/variable.h"

#include <string.h>

enum { SYMBOL_SIZE = 24, INFO = 4, VALUE = 8, SIZE = 16, TYPE_MASK = 15, OBJECT = 1, NAME_LIMIT = 1024 };

const char *exe_variable(struct arena *arena, const struct exe *exe, uint64_t address, uint64_t *offset)
{
	const struct section *symbols = exe_section(exe, ".symtab"), *names = exe_section(exe, ".strtab");

	for (size_t at = 0; symbols && names && at + SYMBOL_SIZE <= symbols->bytes.size; at += SYMBOL_SIZE) {
		const uint64_t value = span_u64(symbols->bytes, at + VALUE), size = span_u64(symbols->bytes, at + SIZE);
		const uint32_t name = span_u32(symbols->bytes, at);
		struct span text;

		if ((span_u8(symbols->bytes, at + INFO) & TYPE_MASK) != OBJECT || address < value || address - value >= size ||
		    name >= names->bytes.size)
			continue;
		text = span_from(names->bytes, name);
		*offset = address - value;
		return arena_strndup(arena, (const char *)text.data,
				     strnlen((const char *)text.data, text.size < NAME_LIMIT ? text.size : NAME_LIMIT));
	}
	return NULL;
}
