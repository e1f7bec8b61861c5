/* build.c: see build.h. The format is debug.BuildInfo.String's (runtime/debug/mod.go), between two marks of 16 bytes
 * (cmd/go/internal/modload/build.go). */
#include "report/content/build.h"

#include "base/count.h"
#include "formats/dump/system.h"
#include "report/mask.h"

#include <inttypes.h>
#include <string.h>

enum { MARK = 16, CAPABILITIES = 64 };

static const char *const kinds[] = {"path", "mod", "dep", "=>", "build"};

static const char *kind_of(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i]) == length && !memcmp(kinds[i], text, length))
			return kinds[i];
	return NULL;
}

/* Divides at tabs. */
static void take_fields(struct arena *arena, const char *text, size_t length, struct build_line *ret)
{
	for (size_t i = 0; i < BUILD_FIELDS; i++) {
		const char *tab = memchr(text, '\t', length);
		const size_t size = tab ? (size_t)(tab - text) : length;

		ret->fields[i] = arena_strndup(arena, text, size);
		if (!tab)
			return;
		text += size + 1;
		length -= size + 1;
	}
}

/* KEY=VALUE; a key may be quoted where it holds a "=", which none does. */
static void take_setting(struct arena *arena, const char *text, size_t length, bool unmasked, struct build_line *ret)
{
	const char *equals = memchr(text, '=', length);
	const size_t key = equals ? (size_t)(equals - text) : length;

	ret->fields[0] = arena_strndup(arena, text, key);
	ret->fields[1] = equals ? arena_strndup(arena, equals + 1, length - key - 1) : "";
	if (!unmasked)
		ret->fields[1] = mask_build_setting(arena, ret->fields[0], ret->fields[1]);
}

static void take_line(struct arena *arena, const char *text, size_t length, bool unmasked, struct build_lines *ret)
{
	const char *tab = memchr(text, '\t', length);
	struct build_line line = {.kind = tab ? kind_of(text, (size_t)(tab - text)) : NULL};

	if (!line.kind)
		return;
	length -= (size_t)(tab + 1 - text);
	if (!strcmp(line.kind, "build"))
		take_setting(arena, tab + 1, length, unmasked, &line);
	else
		take_fields(arena, tab + 1, length, &line);
	vec_push(arena, &ret->items, line);
}

void build_list(struct arena *arena, const struct go_runtime *runtime, bool unmasked, struct build_lines *ret)
{
	const char *text = (const char *)runtime->build_info.data + MARK;
	size_t left = runtime->build_info.size;

	*ret = (struct build_lines){0};
	if (left <= (size_t)MARK * 2)
		return;
	for (left -= (size_t)MARK * 2; left;) {
		const char *end = memchr(text, '\n', left);
		const size_t length = end ? (size_t)(end - text) : left;

		take_line(arena, text, length, unmasked, ret);
		text += length + (end != NULL);
		left -= length + (end != NULL);
	}
}

const char *build_line_text(struct arena *arena, const struct build_line *line, const char *separator)
{
	const char *text = line->kind;

	if (!strcmp(line->kind, "build"))
		return arena_printf(arena, "build%s%s=%s", separator, line->fields[0], line->fields[1]);
	for (size_t i = 0; i < BUILD_FIELDS && line->fields[i]; i++)
		text = arena_printf(arena, "%s%s%s", text, separator, line->fields[i]);
	return text;
}

const char *build_setting(const struct build_lines *lines, const char *key)
{
	for (size_t i = 0; i < lines->items.count; i++)
		if (!strcmp(lines->items.items[i].kind, "build") && !strcmp(lines->items.items[i].fields[0], key))
			return lines->items.items[i].fields[1];
	return NULL;
}

const char *machine_system(struct image *image)
{
	return image->record ? NULL : system_name(image);
}

const char *capabilities_text(struct arena *arena, const struct arch *arch, uint64_t bits)
{
	const char *text = "";

	for (unsigned i = 0; i < CAPABILITIES; i++) {
		const char *name = bits >> i & 1 ? capability_name(arch, i) : NULL;

		if (name)
			text = arena_printf(arena, "%s%s%s", text, *text ? " " : "", name);
	}
	return text;
}

const char *machine_processors(struct arena *arena, struct image *image)
{
	struct processors cpus;
	const char *text = "";

	if (image->record)
		return NULL;
	cpus = system_processors(image);
	if (cpus.has_model)
		text = arena_printf(arena, "%s, family %u, model %u, stepping %u", counted_text(arena, cpus.count, "CPU"), cpus.level,
				    cpus.model, cpus.stepping);
	if (cpus.platform)
		text = cpus.platform;
	if (cpus.page_size)
		text = arena_printf(arena, "%s%spages of %s bytes", text, *text ? ", " : "", count_text(arena, cpus.page_size));
	if (cpus.has_capabilities)
		text = arena_printf(arena, "%s%shwcap 0x%" PRIx64 " 0x%" PRIx64 ": %s", text, *text ? ", " : "", cpus.capabilities,
				    cpus.capabilities2, capabilities_text(arena, image->arch, cpus.capabilities));
	return *text ? text : NULL;
}
