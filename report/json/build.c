/* build.c: how the program was built, and the machine that it ran on. */
#include "report/json/build.h"

#include "formats/dump/system.h"
#include "report/content/build.h"
#include "report/escape.h"

#include <string.h>

static bool is_kind(const struct build_line *line, const char *kind)
{
	return !strcmp(line->kind, kind);
}

static void put_version(struct writer *writer, json_t *module, const struct build_line *line)
{
	put_text(writer, module, "path", line->fields[0]);
	put_text(writer, module, "version", line->fields[1]);
	put_text(writer, module, "sum", line->fields[2] && *line->fields[2] ? line->fields[2] : NULL);
}

/* A module, and what it was replaced by, if that follows. */
static void put_module(struct writer *writer, json_t *module, const struct build_lines *lines, size_t index)
{
	put_version(writer, module, &lines->items.items[index]);
	if (index + 1 < lines->items.count && is_kind(&lines->items.items[index + 1], "=>"))
		put_version(writer, put_value(writer, module, "replaced_by", new_object()), &lines->items.items[index + 1]);
}

static void put_main(struct writer *writer, json_t *object, const struct build_lines *lines)
{
	const char *path = NULL;
	size_t module = SIZE_MAX;

	for (size_t i = 0; i < lines->items.count; i++) {
		const struct build_line *line = &lines->items.items[i];

		path = is_kind(line, "path") ? line->fields[0] : path;
		module = is_kind(line, "mod") ? i : module;
	}
	put_text(writer, object, "path", path);
	if (module == SIZE_MAX)
		put_value(writer, object, "main", null_value());
	else
		put_module(writer, put_value(writer, object, "main", new_object()), lines, module);
}

static void put_lists(struct writer *writer, json_t *object, const struct build_lines *lines)
{
	json_t *modules = put_value(writer, object, "modules", new_array());
	json_t *settings = put_value(writer, object, "settings", new_object());

	for (size_t i = 0; i < lines->items.count; i++) {
		const struct build_line *line = &lines->items.items[i];

		if (is_kind(line, "dep"))
			put_module(writer, push_value(writer, modules, new_object()), lines, i);
		else if (is_kind(line, "build"))
			put_text(writer, settings, escape_utf8(writer->arena, line->fields[0]), line->fields[1]);
	}
}

void build_section(struct writer *writer)
{
	struct build_lines lines;
	json_t *object;

	build_list(writer->arena, writer->analysis->runtime, writer->options->unmasked, &lines);
	if (!lines.items.count)
		return;
	object = begin_section(writer, "build");
	put_main(writer, object, &lines);
	put_lists(writer, object, &lines);
	dump_pending(writer);
}

void machine_section(struct writer *writer)
{
	struct image *image = writer->analysis->image;
	struct processors cpus;
	json_t *object;

	if (image->record) /* a log tells nothing of it */
		return;
	cpus = system_processors(image);
	object = begin_section(writer, "machine");
	put_text(writer, object, "system", machine_system(image));
	put_number(writer, object, "cpus", cpus.count != 0, cpus.count);
	put_number(writer, object, "cpu_family", cpus.has_model, cpus.level);
	put_number(writer, object, "cpu_model", cpus.has_model, cpus.model);
	put_number(writer, object, "cpu_stepping", cpus.has_model, cpus.stepping);
	put_text(writer, object, "platform", cpus.platform);
	put_number(writer, object, "page_size", cpus.page_size != 0, (int64_t)cpus.page_size);
	put_address(writer, object, "hwcap", cpus.has_capabilities, cpus.capabilities);
	put_address(writer, object, "hwcap2", cpus.has_capabilities, cpus.capabilities2);
	put_text(writer, object, "capabilities",
		 cpus.has_capabilities ? capabilities_text(writer->arena, image->arch, cpus.capabilities) : NULL);
	dump_pending(writer);
}
