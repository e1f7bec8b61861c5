/* layout_dwarf.c: the layout that the DWARF of an executable states. Apart from layout.c because tools/gen_layout makes
 * the tables that layout.c needs. */
#include "golang/layout.h"

#include "formats/exe/dwarf.h"

#include <string.h>

static const struct {
	const char *id, *type, *path; /* path NULL: the size */
} fields[LAYOUT_FIELD_COUNT] = {
#define LAYOUT_FIELD(id_, type_, path_) {#id_, type_, path_},
#define LAYOUT_SIZE(id_, type_) {#id_, type_, NULL},
#include "golang/layout_fields.def"
#undef LAYOUT_FIELD
#undef LAYOUT_SIZE
};

const char *layout_field_name(enum layout_field field)
{
	return fields[field].id;
}

/* Takes the first of "a|b|c" off; *text is NULL after the last. */
static const char *next_part(struct arena *arena, const char **text)
{
	const char *bar = strchr(*text, '|');
	const char *part = bar ? arena_strndup(arena, *text, (size_t)(bar - *text)) : *text;

	*text = bar ? bar + 1 : NULL;
	return part;
}

struct questions {
	VEC(struct dwarf_query) queries;
	VEC(enum layout_field) fields;
};

static void ask(struct arena *arena, enum layout_field field, struct questions *questions)
{
	for (const char *types = fields[field].type; types;) {
		const char *type = next_part(arena, &types);
		const char *paths = fields[field].path;

		do {
			const char *path = paths ? next_part(arena, &paths) : NULL;
			struct dwarf_query query = {.type = type, .field = path};

			vec_push(arena, &questions->queries, query);
			vec_push(arena, &questions->fields, field);
		} while (paths);
	}
}

/* Of the alternatives of one field the first that exists counts. */
static void answer(const struct questions *questions, struct layout *layout)
{
	for (size_t i = 0; i < LAYOUT_FIELD_COUNT; i++)
		layout->offset[i] = LAYOUT_ABSENT;
	for (size_t i = 0; i < questions->queries.count; i++) {
		const struct dwarf_query *query = &questions->queries.items[i];
		uint32_t *offset = &layout->offset[questions->fields.items[i]];
		uint64_t value = query->field ? query->offset : query->size;

		if (query->found && *offset == LAYOUT_ABSENT && value < LAYOUT_ABSENT)
			*offset = (uint32_t)value;
	}
}

const struct err *layout_of_dwarf(struct arena *arena, const struct exe *exe, struct layout **ret)
{
	struct questions questions = {0};
	struct layout *layout = arena_alloc(arena, sizeof *layout);
	const struct err *err;

	for (int field = 0; field < LAYOUT_FIELD_COUNT; field++)
		ask(arena, (enum layout_field)field, &questions);
	err = dwarf_resolve(arena, exe, questions.queries.items, questions.queries.count);
	if (err)
		return err;
	answer(&questions, layout);
	if (layout->offset[LAYOUT_g_sched_sp] == LAYOUT_ABSENT)
		return err_new(arena, ERR_ABSENT, "%s: its DWARF does not describe runtime.g", exe->path);
	*ret = layout;
	return NULL;
}
