/* registers.c: the registers that the runtime prints of a thread that a signal or an exception hit: "rax    0x0", one a line. */
#include "formats/log/reader.h"

#include <string.h>

enum { PRINTED_LIMIT = 48, NAME_LIMIT = 8 };

static const struct {
	const struct arch *arch;
	const char *name;
} cpus[] = {
#define REGISTER_CPU(arch, name) {&arch, name},
#include "formats/log/register_names.def"
#undef REGISTER_CPU
};

static const struct {
	enum arch_id arch;
	const char *printed, *name;
} names[] = {
#define REGISTER_NAME(arch, printed, name) {arch, printed, name},
#include "formats/log/register_names.def"
#undef REGISTER_NAME
};

struct printed {
	char name[NAME_LIMIT + 1];
	uint64_t value;
};

static bool read_register(const struct log_line *line, struct printed *ret)
{
	struct cursor cursor = cursor_of(line);
	size_t length = 0;

	while (length < NAME_LIMIT && length < cursor_left(&cursor) && cursor.at[length] != ' ')
		length++;
	memcpy(ret->name, cursor.at, length);
	ret->name[length] = 0;
	cursor.at += length;
	return length > 1 && cursor_skip_space(&cursor) && cursor_hex(&cursor, &ret->value) && cursor_at_end(&cursor);
}

static const struct arch *cpu_of(const struct printed *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < sizeof cpus / sizeof *cpus; j++)
			if (!strcmp(items[i].name, cpus[j].name))
				return cpus[j].arch;
	return NULL;
}

static uint8_t number_of(const struct arch *arch, struct printed *item)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].arch == arch->id && !strcmp(item->name, names[i].printed))
			return reg_by_name(arch, names[i].name);
	if (arch->id == ARCH_ARM64 && *item->name == 'r') /* as in Go's assembly */
		*item->name = 'x';
	return reg_by_name(arch, item->name);
}

bool read_registers(struct log_reader *reader, struct registers *ret)
{
	struct printed items[PRINTED_LIMIT];
	const struct arch *arch;
	size_t count = 0;

	for (; count < PRINTED_LIMIT && reader->at.line.text && read_register(&reader->at.line, &items[count]); count++)
		reader_next(reader);
	arch = cpu_of(items, count);
	for (size_t i = 0; arch && i < count; i++) {
		const uint8_t number = number_of(arch, &items[i]);

		if (number != REG_NONE)
			reg_set(ret, number, items[i].value);
	}
	if (arch && !reader->record->arch)
		reader->record->arch = arch->name;
	return arch != NULL;
}
