/* presence.c: see presence.h. Marks are a table, presence.def. That there is no Go program is believed only when everything was
 * looked at that any Go program leaves: an executable that is known to have run, or all writable memory of it. */
#include "golang/presence.h"

#include "formats/locator/paths.h"
#include "golang/load/load.h"

#include <string.h>
#include <strings.h>

enum { MINOR_READ = 18, VERSION_LIMIT = 256 };

/* Where Go's heap begins unless something else is there: arenaHints of runtime/malloc.go mallocinit, on amd64 and arm64. */
enum { HINT_SHIFT = 32, HINT_AMD64 = 0xc0, HINT_ARM64 = 0x40 };

struct mark {
	const char *text;
	size_t size;
	enum go_presence kind;
	const char *what;
};

static const struct mark section_marks[] = {
#define PRESENCE_SECTION(name, kind, what) {name, sizeof(name) - 1, kind, what},
#include "golang/load/presence.def"
};

static const struct mark symbol_marks[] = {
#define PRESENCE_SYMBOL(name, kind, what) {name, sizeof(name) - 1, kind, what},
#include "golang/load/presence.def"
};

static const struct mark text_marks[] = {
#define PRESENCE_TEXT(bytes, kind, what) {bytes, sizeof(bytes) - 1, kind, what},
#include "golang/load/presence.def"
};

static const struct mark library_marks[] = {
#define PRESENCE_LIBRARY(prefix, kind, what) {prefix, sizeof(prefix) - 1, kind, what},
#include "golang/load/presence.def"
};

static const char *const system_folders[] = {
#define PRESENCE_SYSTEM(folder) folder,
#include "golang/load/presence.def"
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void decide(struct go_runtime *runtime, enum go_presence kind, const char *because)
{
	runtime->presence = kind;
	runtime->presence_because = because;
}

static bool is_symbol(const struct exe *exe, const struct mark *mark)
{
	uint64_t address;

	return exe_symbol_address(exe, mark->text, &address);
}

/* What ends with a zero byte is no mark, but the constant of a program that looks for it, as this one does. */
static bool bears_text(struct span bytes, const struct mark *mark)
{
	size_t at = 0;

	while ((at = span_find(bytes, at, mark->text, mark->size)) != SIZE_MAX) {
		at += mark->size;
		if (at < bytes.size && bytes.data[at])
			return true;
	}
	return false;
}

static bool has_text(const struct exe *exe, const struct mark *mark)
{
	for (size_t i = 0; i < exe->segments.count; i++)
		if (!(exe->segments.items[i].flags & SEGMENT_WRITE) && bears_text(exe->segments.items[i].bytes, mark))
			return true;
	return false;
}

/* The first mark that an executable bears; NULL: none. */
static const struct mark *mark_of(const struct exe *exe)
{
	for (size_t i = 0; i < COUNT(symbol_marks); i++)
		if (symbol_marks[i].kind != PRESENCE_GO && is_symbol(exe, &symbol_marks[i]))
			return &symbol_marks[i];
	for (size_t i = 0; i < COUNT(section_marks); i++)
		if (exe_section(exe, section_marks[i].text))
			return &section_marks[i];
	for (size_t i = 0; i < COUNT(symbol_marks); i++)
		if (is_symbol(exe, &symbol_marks[i]))
			return &symbol_marks[i];
	for (size_t i = 0; i < COUNT(text_marks); i++)
		if (has_text(exe, &text_marks[i]))
			return &text_marks[i];
	return NULL;
}

/* A table of functions as Go 1.2 to 1.17 made it: two magic numbers, two zero bytes, the size of the smallest instruction, 8. */
static bool is_old_table(struct span bytes)
{
	const uint32_t magic = span_u32(bytes, 0);

	return (magic == 0xfffffffb || magic == 0xfffffffa) && !span_u16(bytes, 4) && span_u8(bytes, 7) == 8;
}

static bool has_old_table(const struct exe *exe)
{
	for (size_t i = 0; i < COUNT(section_marks); i++) {
		const struct section *section = exe_section(exe, section_marks[i].text);

		if (section && is_old_table(section->bytes))
			return true;
	}
	return false;
}

static bool by_library(struct go_runtime *runtime)
{
	for (size_t i = 0; i < runtime->image->mappings.count; i++) {
		const char *name = path_base_name(runtime->image->mappings.items[i].path);

		for (size_t k = 0; name && k < COUNT(library_marks); k++)
			if (!strncmp(name, library_marks[k].text, library_marks[k].size)) {
				decide(runtime, library_marks[k].kind, arena_printf(runtime->arena, "%s, %s, is mapped",
										    library_marks[k].what, name));
				return true;
			}
	}
	return false;
}

static bool by_version(struct go_runtime *runtime)
{
	if (!runtime->version.text)
		return false;
	decide(runtime, runtime->version.minor && runtime->version.minor < MINOR_READ ? PRESENCE_OLD_GO : PRESENCE_GO,
	       arena_printf(runtime->arena, "its build information says %s", runtime->version.text));
	return true;
}

/* Whether the executable bears a mark of Go's own toolchain, or of another. */
static bool by_executable(struct go_runtime *runtime, bool others)
{
	const struct exe *exe = runtime->identity == IDENTITY_MISMATCH ? NULL : runtime->exe;
	const struct mark *mark = exe ? mark_of(exe) : NULL;

	if (!mark || (mark->kind != PRESENCE_GO) != others)
		return false;
	if (mark->kind == PRESENCE_GO && has_old_table(exe))
		decide(runtime, PRESENCE_OLD_GO, arena_printf(runtime->arena, "%s has a table of functions as releases before "
							      "1.18 made it", exe->name));
	else
		decide(runtime, mark->kind, arena_printf(runtime->arena, "%s has %s", exe->name, mark->what));
	return true;
}

/* A mapping where Go's heap begins. */
static bool has_arena(const struct image *image)
{
	const uint64_t hint = (uint64_t)(image->arch->id == ARCH_AMD64 ? HINT_AMD64 : HINT_ARM64) << HINT_SHIFT;

	for (size_t i = 0; i < image->segments.count; i++)
		if (image->segments.items[i].address == hint)
			return true;
	return false;
}

static bool is_code(struct image *image, const struct mapping *mapping)
{
	const struct segment *segment = image_segment(image, mapping->start);

	return image->os == OS_WINDOWS || (segment && (segment->flags & SEGMENT_EXEC));
}

static bool runs_code(struct image *image, const char *path)
{
	for (size_t i = 0; i < image->mappings.count; i++)
		if (!strcmp(image->mappings.items[i].path, path) && is_code(image, &image->mappings.items[i]))
			return true;
	return false;
}

/* Whether the writable data of every program and library is in the dump: the kernel saves it whole where a page of it was
 * written, which the loader does. Without a list of mapped files all that is writable has to be there. */
static bool has_all_data(struct image *image)
{
	if (image->truncated || image->os == OS_WINDOWS)
		return false;
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		const struct mapping *mapping = image_mapping(image, segment->address);

		if ((segment->flags & SEGMENT_WRITE) && segment->saved.size < segment->size &&
		    (!image->mappings.count || (mapping && runs_code(image, mapping->path))))
			return false;
	}
	return image->segments.count > 0;
}

static bool is_systems(const char *path)
{
	for (size_t i = 0; i < COUNT(system_folders); i++)
		if (!strncasecmp(path, system_folders[i], strlen(system_folders[i])))
			return true;
	return false;
}

/* Whether the executable is known to have run, and whatever else ran with it is the system's. */
static bool has_executable(struct go_runtime *runtime)
{
	struct image *image = runtime->image;

	if (!runtime->exe || (runtime->identity != IDENTITY_SAME && runtime->identity != IDENTITY_EQUIVALENT))
		return false;
	for (size_t i = 0; i < image->mappings.count; i++) {
		const struct mapping *mapping = &image->mappings.items[i];
		const char *name = path_base_name(path_without_deleted(runtime->arena, mapping->path));

		if (is_code(image, mapping) && strcmp(name, runtime->exe->name) && !is_systems(mapping->path))
			return false;
	}
	return image->mappings.count > 0;
}

static void by_absence(struct go_runtime *runtime)
{
	const bool arena = has_arena(runtime->image);

	if (!arena && has_executable(runtime))
		decide(runtime, PRESENCE_NONE, arena_printf(runtime->arena, "%s, which ran, has no table of Go functions, no build "
							    "information, no symbol and no text of Go", runtime->exe->name));
	else if (!arena && !runtime->search_ended && has_all_data(runtime->image))
		decide(runtime, PRESENCE_NONE, "all data of its program and libraries is in the dump, and holds neither Go's "
					       "moduledata nor build information of Go");
	else
		decide(runtime, PRESENCE_UNKNOWN, runtime->image->truncated ? "the dump is cut short, and nothing of Go is in what is left"
								 : "nothing of Go is in what the dump has saved");
}

bool presence_of_another(struct go_runtime *runtime)
{
	return by_library(runtime) || by_executable(runtime, true);
}

static bool has_tables(const struct go_runtime *runtime)
{
	return runtime->modules.count && runtime->modules.items[0].pclntab.nfunc;
}

void presence_judge(struct go_runtime *runtime)
{
	bool old;

	if (has_tables(runtime)) {
		decide(runtime, PRESENCE_GO, "it has a table of Go functions");
		return;
	}
	old = !runtime->version.text && old_version_load(runtime);
	if (by_version(runtime) || presence_of_another(runtime))
		return;
	if (old)
		decide(runtime, PRESENCE_OLD_GO, "its build information is as releases before 1.18 wrote it");
	else if (runtime->modules.count)
		decide(runtime, PRESENCE_GO, "Go's moduledata is in the dump");
	else if (!by_executable(runtime, false))
		by_absence(runtime);
}
