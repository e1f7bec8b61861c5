/* causes.c: see causes.h. */
#include "fleet/causes.h"

#include <string.h>

enum { COMPARED = 5 /* functions that a fingerprint is made of */, OWNERS = 64 };

struct joined {
	struct arena *arena;
	const char *text;
};

/* Texts as one, in which none can be taken for two. */
static void join(struct joined *joined, const char *text)
{
	joined->text = text ? arena_printf(joined->arena, "%s%zu %s", joined->text, strlen(text), text)
			    : arena_printf(joined->arena, "%s- ", joined->text);
}

static void join_all(struct joined *joined, const struct incident_texts *texts, size_t from, size_t end)
{
	for (size_t i = from; i < end && i < texts->count; i++)
		join(joined, texts->items[i]);
}

/* Where the words begin behind the program. */
static size_t behind_program(const struct group *group)
{
	return group->program && group->cause.count && !strcmp(group->cause.items[0], group->program);
}

static const char *words_of(struct arena *arena, const struct group *group, const char *program)
{
	struct joined joined = {arena, ""};

	join(&joined, program);
	join_all(&joined, &group->cause, behind_program(group), SIZE_MAX);
	return joined.text;
}

static const char *said_of(struct arena *arena, const struct group *group, const char *program)
{
	struct joined joined = {arena, ""};

	join(&joined, program);
	join(&joined, group->sample.rule);
	join(&joined, group->said);
	return joined.text;
}

static const char *with_functions(struct arena *arena, const struct group *group, size_t count, const char *text)
{
	struct joined joined = {arena, arena_printf(arena, "%s| ", text)};

	join_all(&joined, &group->functions, 0, count);
	return joined.text;
}

static struct cause cause_in(struct arena *arena, const struct group *group, const char *program, size_t functions)
{
	struct cause cause = {.words = words_of(arena, group, program)};

	if (functions)
		cause.places[0] = with_functions(arena, group, functions, cause.words);
	if (functions && group->said)
		cause.places[1] = with_functions(arena, group, functions, said_of(arena, group, program));
	return cause;
}

struct cause cause_of(struct arena *arena, const struct group *group)
{
	return cause_in(arena, group, group->belongs, group->belongs ? group->died_in : 0);
}

/* ---- whose crash it is ---- */

/* Programs that have crashes of a cause in the same functions. */
struct owners {
	VEC(const char *) programs;
};

struct known {
	struct arena *arena;
	struct texts owners;    /* by the place of a cause; values: struct owners */
	struct texts functions; /* of which program, and its name */
};

static struct cause nameless(struct arena *arena, const struct group *group)
{
	return cause_in(arena, group, NULL, group->died_in ? group->died_in : COMPARED);
}

static const char *function_in(struct arena *arena, const char *program, const char *function)
{
	struct joined joined = {arena, ""};

	join(&joined, program);
	join(&joined, function);
	return joined.text;
}

static void add_owner(struct known *known, const char *place, const char *program)
{
	struct text_slot *slot = texts_slot(&known->owners, place);
	struct owners *owners = slot->value;

	if (!owners)
		slot->value = owners = arena_alloc(known->arena, sizeof *owners);
	for (size_t i = 0; i < owners->programs.count; i++)
		if (!strcmp(owners->programs.items[i], program))
			return;
	if (owners->programs.count < OWNERS)
		vec_push(known->arena, &owners->programs, program);
}

static void learn(struct known *known, const struct group *group)
{
	const struct cause cause = nameless(known->arena, group);

	for (size_t i = 0; i < CAUSE_PLACES; i++)
		if (cause.places[i])
			add_owner(known, cause.places[i], group->program);
	for (size_t i = 0; i < group->functions.count; i++)
		texts_slot(&known->functions, function_in(known->arena, group->program, group->functions.items[i]))->value = known;
}

/* Functions of package main are called the same in many programs: all on the stack must have been seen in that one. */
static bool has_functions(const struct known *known, const char *program, const struct group *group)
{
	for (size_t i = 0; i < group->functions.count && i < COMPARED; i++)
		if (!texts_find(&known->functions, function_in(known->arena, program, group->functions.items[i])))
			return false;
	return true;
}

/* NULL: none, or several may be it. */
static const char *owner_of(const struct known *known, const struct group *group)
{
	const struct cause cause = nameless(known->arena, group);
	const char *owner = NULL;

	for (size_t i = 0; i < CAUSE_PLACES; i++) {
		const struct text_slot *slot = cause.places[i] ? texts_find(&known->owners, cause.places[i]) : NULL;
		const struct owners *owners = slot ? slot->value : NULL;

		for (size_t k = 0; owners && k < owners->programs.count; k++) {
			const char *program = owners->programs.items[k];

			if (!has_functions(known, program, group))
				continue;
			if (owner && strcmp(owner, program) != 0)
				return NULL;
			owner = program;
		}
	}
	return owner;
}

void causes_settle(struct fleet *fleet, struct arena *arena)
{
	struct known known = {.arena = arena, .owners.arena = arena, .functions.arena = arena};

	for (size_t i = 0; i < fleet->groups.count; i++)
		if (fleet->groups.items[i]->program)
			learn(&known, fleet->groups.items[i]);
	for (size_t i = 0; i < fleet->groups.count; i++) {
		struct group *group = fleet->groups.items[i];

		group->belongs = group->program;
		if (!group->program && group->functions.count)
			group->belongs = owner_of(&known, group);
	}
}
