/* redaction_texts.c: see redactor.h. */
#include "lib/redactor.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 8, BACKLOG = 512, PATH_MOST = 4096 };

/* ---- texts ---- */

/* A setting of the build may hold anything that was given to a linker or a compiler; a replacement, a path of that machine. */
static bool is_private_line(struct span line)
{
	static const char *const private[] = {"build\t-ldflags", "build\t-gcflags", "build\t-asmflags", "build\tCGO_CFLAGS", "build\tCGO_CPPFLAGS", "build\tCGO_CXXFLAGS",
					      "build\tCGO_LDFLAGS", "=>\t/", "=>\t."};

	for (size_t i = 0; i < sizeof private / sizeof *private; i++)
		if (span_begins(line, private[i]))
			return true;
	return false;
}

static struct span line_at(struct span text, size_t at)
{
	const uint8_t *end = memchr(text.data + at, '\n', text.size - at);

	return (struct span){text.data + at, end ? (size_t)(end - (text.data + at)) : text.size - at};
}

/* Header, version, and the lines of the text between: all but private ones. */
static void add_build_info(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;
	const struct span record = runtime->build_record, info = runtime->build_info;
	uint64_t address;

	if (!record.size || !redactor_address(redactor, record.data, &address))
		return;
	redactor_text(redactor, address, record.size);
	address += info.data ? (uint64_t)(info.data - record.data) : 0;
	for (size_t at = 0; info.data && at < info.size;) {
		const struct span line = line_at(info, at);

		if (is_private_line(line))
			redactor_erase(redactor, address + at, line.size);
		at += line.size + 1;
	}
}

static bool is_runtime_line(struct span line)
{
	static const struct {
		const char *beginning, *part; /* NULL: any */
	} lines[] = {
#define LINE(beginning, part) {beginning, part},
#include "lib/runtime_lines.def"
#undef LINE
	};

	while (line.size && (*line.data == '\t' || !*line.data))
		line = span_from(line, 1);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (span_begins(line, lines[i].beginning) &&
		    (!lines[i].part || span_find(line, 0, lines[i].part, strlen(lines[i].part)) != SIZE_MAX))
			return true;
	return false;
}

/* A panic whose value may stay: "panic: value", also indented, and what the runtime says of it behind. */
static bool is_kept_panic(struct redactor *redactor, struct span line)
{
	static const char panic[] = "panic: ", after[] = " [recovered";
	const size_t at = span_find(line, 0, panic, sizeof panic - 1);
	struct span value;
	size_t end;

	if (at == SIZE_MAX || (at && line.data[at - 1] != '\t'))
		return false;
	value = span_from(line, at + sizeof panic - 1);
	end = span_find(value, 0, after, sizeof after - 1);
	value = span_slice(value, 0, end == SIZE_MAX ? value.size : end);
	return value.size && redactor_may_keep(redactor, arena_strndup(redactor->image->arena, (const char *)value.data, value.size));
}

/* A line of the ring, from position `from` on, that the program wrote: it may go on at the ring's start. */
static void erase_line(struct redactor *redactor, uint64_t ring, size_t from, size_t size)
{
	const size_t first = size < BACKLOG - from ? size : BACKLOG - from;

	redactor_erase(redactor, ring + from, first);
	redactor_erase(redactor, ring, size - first);
}

/* Its digits where the runtime printed them, in a line of the ring. */
static void disguise_digits(struct redactor *redactor, uint64_t ring, size_t from, struct span line)
{
	char digits[2 * WORD + 1], shown[2 * WORD + 1];

	for (size_t i = 0; i < redactor->redaction->disguised.count; i++) {
		const uint64_t value = redactor->redaction->disguised.items[i];
		const size_t size = (size_t)snprintf(digits, sizeof digits, "%" PRIx64, value);

		snprintf(shown, sizeof shown, "%" PRIx64, redaction_disguise(value));
		for (size_t at = 0; (at = span_find(line, at, digits, size)) != SIZE_MAX; at += size)
			for (size_t k = 0; k < size; k++)
				vec_push(redactor->image->arena, &redactor->redaction->replaced,
					 ((struct replaced){ring + (from + at + k) % BACKLOG, (uint8_t)shown[k]}));
	}
}

/* The ring of what was printed last, from its oldest byte on (golang/load/backlog.c). */
static void add_last_words(struct redactor *redactor)
{
	const struct go_globals *globals = &redactor->analysis->runtime->globals;
	const struct span ring = globals->print_backlog ? image_peek(redactor->image, globals->print_backlog, BACKLOG) : (struct span){0};
	uint8_t unrolled[BACKLOG];
	uint64_t start = 0;

	if (ring.size != BACKLOG)
		return;
	if (globals->print_backlog_index && !image_u64(redactor->image, globals->print_backlog_index, &start))
		start = 0;
	for (size_t i = 0; i < BACKLOG; i++)
		unrolled[i] = ring.data[(start + i) % BACKLOG];
	redactor_text(redactor, globals->print_backlog, BACKLOG);
	redactor_name_ring(redactor, globals->print_backlog, BACKLOG, start % BACKLOG);
	for (size_t at = 0; at < BACKLOG;) {
		const struct span line = line_at((struct span){unrolled, BACKLOG}, at);

		if (!is_runtime_line(line) && !is_kept_panic(redactor, line))
			erase_line(redactor, globals->print_backlog, (size_t)((start + at) % BACKLOG), line.size);
		else
			disguise_digits(redactor, globals->print_backlog, (size_t)((start + at) % BACKLOG), line);
		at += line.size + 1;
	}
}

/* What the kernel calls the CPU. */
static void add_platform(struct redactor *redactor)
{
	enum { AT_PLATFORM = 15, NAME_MOST = 16 };
	uint64_t address;

	if (image_auxv(redactor->image, AT_PLATFORM, &address)) {
		const char *name = span_string(image_peek(redactor->image, address, NAME_MOST), 0, NAME_MOST);

		redactor_text(redactor, address, name ? strlen(name) + 1 : 0);
	}
}

/* Tables of functions that the process made itself lie in memory that it could write. Of their names those of functions stay. */
static void add_registered(struct redactor *redactor, const struct pclntab *table)
{
	const struct span numbers[] = {table->functab, table->cutab, table->pctab};
	uint64_t address;

	redactor_structure(redactor, table->address, table->bytes.size);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (numbers[i].size && redactor_address(redactor, numbers[i].data, &address))
			redactor_structure(redactor, address, numbers[i].size);
	if (!table->funcnames.size || !redactor_address(redactor, table->funcnames.data, &address))
		return;
	for (uint32_t i = 0; i < table->nfunc; i++) {
		struct func func;
		const char *name = pclntab_func(table, i, &func) ? pclntab_name(table, func.name) : NULL;

		if (name)
			redactor_text(redactor, address + func.name, strlen(name) + 1);
	}
}

/* Where a path's folders end: those of the machine that built the program (cmd/go without -trimpath); modules and packages have none
 * of a machine. 0: it has none. */
static size_t folders_of(const char *path)
{
	const char *base = path;

	if (*path != '/' && !(isalpha((unsigned char)*path) && path[1] == ':'))
		return 0;
	for (const char *at = path; *at; at++)
		if (*at == '/' || *at == '\\')
			base = at;
	return (size_t)(base - path);
}

/* Names of source files keep their folders' slashes, and how long they are. */
static void erase_folders(struct redactor *redactor, uint64_t address, const char *path)
{
	const size_t size = folders_of(path);

	for (size_t at = 0, part; at < size; at += part + 1) {
		part = strcspn(path + at, "/\\");
		part = part < size - at ? part : size - at;
		redactor_erase(redactor, address + at, part);
	}
}

/* Those of which any word was read. */
static void add_source_files(struct redactor *redactor, const struct pclntab *table)
{
	uint64_t address;

	if (!table->filetab.size || !redactor_address(redactor, table->filetab.data, &address))
		return;
	for (size_t at = 0; at < table->filetab.size;) {
		const char *path = span_string(table->filetab, at, PATH_MOST);

		if (!path)
			return;
		if (folders_of(path) && redactor_is_read(redactor, address + at, strlen(path)))
			erase_folders(redactor, address + at, path);
		at += strlen(path) + 1;
	}
}

void redactor_add_texts(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];

		if (module->data_start == UINT64_MAX) /* module_registered */
			add_registered(redactor, &module->pclntab);
		add_source_files(redactor, &module->pclntab);
	}
	add_build_info(redactor);
	add_last_words(redactor);
	add_platform(redactor);
}
