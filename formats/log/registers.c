/* registers.c: the registers that the runtime prints of a thread that a signal or an exception hit: "rax    0x0", one a line; of CPUs that
 * are not read mostly two, with a tab between. */
#include "formats/log/reader.h"

#include <string.h>

enum { PRINTED_LIMIT = 80, NAME_LIMIT = 8, FEWEST = 8 /* that a CPU prints */ };

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

static const struct {
	const char *arch, *name;
} others[] = {
#define OTHER_CPU(arch, name) {arch, name},
#include "formats/log/register_names.def"
#undef OTHER_CPU
};

struct printed {
	char name[NAME_LIMIT + 1];
	uint64_t value;
};

struct printed_registers {
	struct printed items[PRINTED_LIMIT];
	size_t count;
	bool paired; /* there were two in a line */
};

static bool read_register(struct cursor *cursor, struct printed *ret)
{
	size_t length = 0;

	while (length < NAME_LIMIT && length < cursor_left(cursor) && cursor->at[length] != ' ')
		length++;
	memcpy(ret->name, cursor->at, length);
	ret->name[length] = 0;
	cursor->at += length;
	return length > 1 && cursor_skip_space(cursor) && cursor_hex(cursor, &ret->value);
}

/* One or two; false: the line is another. */
static bool read_line(const struct log_line *line, struct printed_registers *ret)
{
	struct cursor cursor = cursor_of(line);
	struct printed first, second;

	if (ret->count + 2 > PRINTED_LIMIT || !read_register(&cursor, &first))
		return false;
	if (cursor_at_end(&cursor)) {
		ret->items[ret->count++] = first;
		return true;
	}
	if (!cursor_skip_space(&cursor))
		return false;
	if (!cursor_at_end(&cursor)) {
		if (!read_register(&cursor, &second))
			return false;
		ret->items[ret->count++] = second;
	}
	ret->items[ret->count++] = first;
	ret->paired = true;
	return true;
}

static const struct arch *cpu_of(const struct printed_registers *printed)
{
	for (size_t i = 0; i < printed->count && !printed->paired; i++)
		for (size_t j = 0; j < sizeof cpus / sizeof *cpus; j++)
			if (!strcmp(printed->items[i].name, cpus[j].name))
				return cpus[j].arch;
	return NULL;
}

static void note_other_cpu(struct log_record *record, const struct printed_registers *printed)
{
	record->other_cpu = true;
	for (size_t i = 0; i < printed->count && !record->arch; i++)
		for (size_t j = 0; j < sizeof others / sizeof *others; j++)
			if (!strcmp(printed->items[i].name, others[j].name))
				record->arch = others[j].arch;
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
	struct printed_registers printed = {.count = 0};
	const struct arch *arch;

	while (reader->at.line.text && read_line(&reader->at.line, &printed))
		reader_next(reader);
	arch = cpu_of(&printed);
	if (!arch && printed.count >= FEWEST)
		note_other_cpu(reader->record, &printed);
	for (size_t i = 0; arch && i < printed.count; i++) {
		const uint8_t number = number_of(arch, &printed.items[i]);

		if (number != REG_NONE)
			reg_set(ret, number, printed.items[i].value);
	}
	if (arch && !reader->record->arch)
		reader->record->arch = arch->name;
	return arch != NULL;
}
