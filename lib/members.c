/* members.c: see members.h, by jansson. What other reports hold is read by report/json/reader.c, which knows no structs. */
#include "lib/members.h"

#include "lib/tornstack.h"
#include "report/escape.h"

#include <jansson.h>
#include <stdlib.h>

static void read_member(struct member_reader *reader, const struct member *member, const json_t *value, void *ret);

static const char *text_of(struct member_reader *reader, const json_t *value)
{
	return json_is_string(value) ? escape_line(reader->arena, arena_strdup(reader->arena, json_string_value(value))) : NULL;
}

static struct ts_word word_of(const json_t *value)
{
	const char *text = json_string_value(value);

	return text ? (struct ts_word){strtoull(text, NULL, 0), true} : (struct ts_word){0};
}

static int64_t number_of(const json_t *value)
{
	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static int64_t index_of(struct member_reader *reader, const json_t *value)
{
	const int64_t index = number_of(value) < 0 ? -1 : number_of(value);

	if (index > reader->last_finding)
		reader->last_finding = index;
	return index;
}

static unsigned choice_of(const struct member *member, const json_t *value)
{
	const char *text = json_string_value(value);

	for (unsigned i = 0; text && member->names[i]; i++)
		if (!strcmp(text, member->names[i]))
			return i;
	return 0;
}

static void read_members(struct member_reader *reader, const struct shape *shape, const json_t *object, char *ret)
{
	for (const struct member *member = shape->members; member->key; member++)
		read_member(reader, member, member->kind == MEMBER_PART ? object : json_object_get(object, member->key), ret);
}

static void *read_object(struct member_reader *reader, const struct shape *shape, const json_t *object)
{
	char *ret = arena_alloc(reader->arena, shape->size);

	read_members(reader, shape, object, ret);
	return ret;
}

void *members_none(struct member_reader *reader, const struct shape *shape)
{
	return read_object(reader, shape, NULL);
}

static const struct ts_field *read_field(struct member_reader *reader, const char *name, const json_t *value)
{
	struct ts_field *field = arena_alloc(reader->arena, sizeof *field);

	*field = (struct ts_field){escape_line(reader->arena, arena_strdup(reader->arena, name)), text_of(reader, value)};
	return field;
}

/* NULL: the value is no such item. */
static const void *item_of(struct member_reader *reader, const struct member *list, const json_t *value)
{
	if (list->kind == MEMBER_TEXTS)
		return text_of(reader, value);
	return json_is_object(value) ? read_object(reader, list->shape, value) : NULL;
}

void member_end_list(struct member_reader *reader, const struct member *list, member_list *items, void *ret)
{
	const size_t count = items->count;

	vec_push(reader->arena, items, NULL);
	*(const void *const **)(void *)((char *)ret + list->at) = items->items;
	*(size_t *)(void *)((char *)ret + list->count_at) = count;
}

static void read_list(struct member_reader *reader, const struct member *member, const json_t *array, void *ret)
{
	member_list items = {0};

	for (size_t i = 0; i < json_array_size(array); i++) {
		const void *item = item_of(reader, member, json_array_get(array, i));

		if (item)
			vec_push(reader->arena, &items, item);
	}
	member_end_list(reader, member, &items, ret);
}

static void read_fields(struct member_reader *reader, const struct member *member, const json_t *object, void *ret)
{
	member_list items = {0};
	json_t *all = (json_t *)(uintptr_t)object; /* jansson goes through objects that are not const only */
	const char *name;
	json_t *value;

	if (json_is_object(object))
		json_object_foreach(all, name, value)
			vec_push(reader->arena, &items, read_field(reader, name, value));
	member_end_list(reader, member, &items, ret);
}

static void read_numbers(struct member_reader *reader, const struct member *member, const json_t *array, char *ret)
{
	const size_t count = json_array_size(array);
	int64_t *numbers = arena_array(reader->arena, count + 1, sizeof *numbers);

	for (size_t i = 0; i < count; i++)
		numbers[i] = number_of(json_array_get(array, i));
	*(const int64_t **)(void *)(ret + member->at) = numbers;
	*(size_t *)(void *)(ret + member->count_at) = count;
}

static void read_simple(struct member_reader *reader, const struct member *member, const json_t *value, char *ret)
{
	void *at = ret + member->at;

	switch (member->kind) {
	case MEMBER_TEXT:
		*(const char **)at = text_of(reader, value);
		return;
	case MEMBER_SIGNED:
		*(bool *)(ret + member->count_at) = json_is_integer(value);
		*(int64_t *)at = json_integer_value(value);
		return;
	case MEMBER_NUMBER:
		*(int64_t *)at = number_of(value);
		return;
	case MEMBER_INDEX:
		*(int64_t *)at = index_of(reader, value);
		return;
	case MEMBER_WORD:
		*(struct ts_word *)at = word_of(value);
		return;
	case MEMBER_BOOL:
		*(bool *)at = json_is_true(value);
		return;
	case MEMBER_MAYBE:
		*(int *)at = json_is_boolean(value) ? json_is_true(value) : -1;
		return;
	default:
		*(unsigned *)at = choice_of(member, value);
	}
}

static void read_member(struct member_reader *reader, const struct member *member, const json_t *value, void *ret)
{
	switch (member->kind) {
	case MEMBER_PART:
		read_members(reader, member->shape, value, (char *)ret + member->at);
		return;
	case MEMBER_OBJECT:
		*(void **)(void *)((char *)ret + member->at) = json_is_object(value) ? read_object(reader, member->shape, value) : NULL;
		return;
	case MEMBER_LIST:
	case MEMBER_TEXTS:
		read_list(reader, member, value, ret);
		return;
	case MEMBER_FIELDS:
		read_fields(reader, member, value, ret);
		return;
	case MEMBER_NUMBERS:
		read_numbers(reader, member, value, ret);
		return;
	default:
		read_simple(reader, member, value, ret);
	}
}

/* jansson's memory is not the arena's: it is released also where the arena has no more. */
struct reading {
	struct member_reader *reader;
	const struct member *member;
	json_t *value;
	void *ret;
	member_list *items; /* NULL: no item of a list */
	bool read;
};

static void read_value(void *context)
{
	struct reading *reading = context;
	const void *item;

	if (!reading->items) {
		read_member(reading->reader, reading->member, reading->value, reading->ret);
		reading->read = true;
		return;
	}
	item = item_of(reading->reader, reading->member, reading->value);
	if (item)
		vec_push(reading->reader->arena, reading->items, item);
	reading->read = item != NULL;
}

static bool read_json(struct reading *reading, const char *json, size_t size)
{
	struct arena *arena = reading->reader->arena;
	bool completed;

	reading->value = json_loadb(json, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (!reading->value)
		return false;
	completed = arena_run(arena, read_value, reading);
	json_decref(reading->value);
	if (!completed)
		arena_exhausted(arena);
	return reading->read;
}

bool member_read(struct member_reader *reader, const struct member *member, const char *json, size_t size, void *ret)
{
	struct reading reading = {.reader = reader, .member = member, .ret = ret};

	return read_json(&reading, json, size);
}

bool member_read_item(struct member_reader *reader, const struct member *list, const char *json, size_t size, member_list *ret)
{
	struct reading reading = {.reader = reader, .member = list, .items = ret};

	return read_json(&reading, json, size);
}
