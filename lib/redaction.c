/* redaction.c: see redaction.h. */
#include "lib/redaction.h"

#include "golang/runtime.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 8, BACKLOG = 512, LINE_MOST = 512, PS_MOST = 1 << 10 };

struct redactor {
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	struct image *image;
	struct redaction *redaction;
};

static void add_structure(struct redactor *redactor, uint64_t address, uint64_t size)
{
	if (address && size <= UINT64_MAX - address)
		vec_push(redactor->image->arena, &redactor->redaction->structures, ((struct memory_range){address, address + size}));
}

static void add_text(struct redactor *redactor, uint64_t address, uint64_t size)
{
	if (size)
		vec_push(redactor->image->arena, &redactor->redaction->texts, ((struct memory_range){address, address + size}));
}

static void erase(struct redactor *redactor, uint64_t address, uint64_t size)
{
	if (size)
		vec_push(redactor->image->arena, &redactor->redaction->erased, ((struct memory_range){address, address + size}));
}

/* ---- structures of the runtime ---- */

static void add_processors(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;
	uint64_t list, count, address;

	if (!runtime->globals.allp || !image_u64(redactor->image, runtime->globals.allp, &list) ||
	    !image_u64(redactor->image, runtime->globals.allp + WORD, &count))
		return;
	for (uint64_t i = 0; i < count && i < PS_MOST && image_u64(redactor->image, list + WORD * i, &address); i++)
		add_structure(redactor, address, runtime->layout->offset[LAYOUT_p_size]);
}

/* Go's linkers lay code first, then what is never written, then data. */
static void add_code(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];
		const uint64_t end = module->data_start > module->etext && module->data_start != UINT64_MAX ? module->data_start : module->etext;

		vec_push(redactor->image->arena, &redactor->redaction->code, ((struct memory_range){module->text, module->etext}));
		vec_push(redactor->image->arena, &redactor->redaction->constants, ((struct memory_range){module->text, end}));
	}
}

/* Lists and counts, which may be large. */
static void add_globals(struct redactor *redactor)
{
	const struct go_globals *globals = &redactor->analysis->runtime->globals;
	const uint64_t slices[] = {globals->allgs, globals->allp};
	const uint64_t words[] = {globals->allglen, globals->allm, globals->print_backlog_index, globals->panicking};

	for (size_t i = 0; i < sizeof slices / sizeof *slices; i++)
		add_structure(redactor, slices[i], 3 * WORD);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		add_structure(redactor, words[i], WORD);
	add_structure(redactor, globals->build_version, 2 * WORD);
}

static void add_structures(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;

	add_code(redactor);
	add_globals(redactor);
	if (!runtime->layout)
		return;
	for (size_t i = 0; i < runtime->modules.count; i++)
		add_structure(redactor, runtime->modules.items[i].address, runtime->layout->offset[LAYOUT_moduledata_size]);
	for (size_t i = 0; i < runtime->goroutines.count; i++)
		add_structure(redactor, runtime->goroutines.items[i].address, runtime->layout->offset[LAYOUT_g_size]);
	for (size_t i = 0; i < runtime->machines.count; i++)
		add_structure(redactor, runtime->machines.items[i].address, runtime->layout->offset[LAYOUT_m_size]);
	add_processors(redactor);
}

/* ---- texts ---- */

/* Where bytes of the dump lay in memory; false: they are no memory of it. */
static bool address_of(const struct image *image, const uint8_t *bytes, uint64_t *ret)
{
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		const uintptr_t offset = (uintptr_t)bytes - (uintptr_t)segment->saved.data;

		if (offset < segment->saved.size) {
			*ret = segment->address + offset;
			return true;
		}
	}
	return false;
}

static bool begins(struct span line, const char *with)
{
	return line.size >= strlen(with) && !memcmp(line.data, with, strlen(with));
}

/* A setting of the build may hold anything that was given to a linker or a compiler; a replacement, a path of that machine. */
static bool is_private_line(struct span line)
{
	static const char *const private[] = {"build\t-ldflags", "build\t-gcflags", "build\t-asmflags", "build\tCGO_CFLAGS", "build\tCGO_CPPFLAGS", "build\tCGO_CXXFLAGS",
					      "build\tCGO_LDFLAGS", "=>\t/", "=>\t."};

	for (size_t i = 0; i < sizeof private / sizeof *private; i++)
		if (begins(line, private[i]))
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

	if (!record.size || !address_of(redactor->image, record.data, &address))
		return;
	add_text(redactor, address, record.size);
	address += info.data ? (uint64_t)(info.data - record.data) : 0;
	for (size_t at = 0; info.data && at < info.size;) {
		const struct span line = line_at(info, at);

		if (is_private_line(line))
			erase(redactor, address + at, line.size);
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
		if (begins(line, lines[i].beginning) &&
		    (!lines[i].part || span_find(line, 0, lines[i].part, strlen(lines[i].part)) != SIZE_MAX))
			return true;
	return false;
}

/* A line of the ring, from position `from` on, that the program wrote: it may go on at the ring's start. */
static void erase_line(struct redactor *redactor, uint64_t ring, size_t from, size_t size)
{
	const size_t first = size < BACKLOG - from ? size : BACKLOG - from;

	erase(redactor, ring + from, first);
	erase(redactor, ring, size - first);
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
	add_text(redactor, globals->print_backlog, BACKLOG);
	for (size_t at = 0; at < BACKLOG;) {
		const struct span line = line_at((struct span){unrolled, BACKLOG}, at);

		if (!is_runtime_line(line))
			erase_line(redactor, globals->print_backlog, (size_t)((start + at) % BACKLOG), line.size);
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

		add_text(redactor, address, name ? strlen(name) + 1 : 0);
	}
}

/* ---- evidence ---- */

static void add_evidence(struct redactor *redactor, uint64_t value)
{
	if (!redaction_is_text(value))
		vec_push(redactor->image->arena, &redactor->redaction->evidence, value);
}

static void add_word(struct redactor *redactor, uint64_t address)
{
	uint64_t value;

	if (address && image_u64(redactor->image, address, &value))
		add_evidence(redactor, value);
}

static void add_findings(struct redactor *redactor)
{
	const struct diagnosis *diagnosis = redactor->diagnosis;

	for (size_t i = 0; i < redactor->analysis->damages.count; i++) {
		add_evidence(redactor, redactor->analysis->damages.items[i].observed);
		add_evidence(redactor, redactor->analysis->damages.items[i].landed);
		add_evidence(redactor, redactor->analysis->damages.items[i].frame_pointer);
	}
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (finding->has_observed)
			add_evidence(redactor, finding->observed);
		for (size_t k = 0; k < finding->evidence.count; k++)
			add_word(redactor, finding->evidence.items[k].address);
	}
}

void redact(const struct diagnosis *diagnosis)
{
	struct redactor redactor = {.diagnosis = diagnosis, .analysis = diagnosis->analysis, .image = diagnosis->analysis->image};

	redactor.redaction = arena_alloc(redactor.image->arena, sizeof *redactor.redaction);
	add_structures(&redactor);
	add_build_info(&redactor);
	add_last_words(&redactor);
	add_platform(&redactor);
	add_findings(&redactor);
	if (redactor.analysis->fault.known && !redaction_is_text(redactor.analysis->fault.address)) {
		redactor.redaction->has_fault = true;
		redactor.redaction->fault = redactor.analysis->fault.address;
	}
	redaction_run(redactor.image, redactor.redaction);
}
