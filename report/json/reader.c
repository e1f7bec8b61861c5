/* reader.c: see reader.h. jansson bounds how deep values lie in each other; texts with NUL in them are refused. */
#include "report/json/reader.h"

#include <jansson.h>

static void release(void *value)
{
	json_decref(value);
}

const json_t *reader_object(struct arena *arena, const char *text, size_t size)
{
	json_t *value = json_loadb(text, size, 0, NULL);

	if (value)
		arena_defer(arena, release, value);
	return json_is_object(value) ? value : NULL;
}

const json_t *reader_member(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static const char *text_of(const json_t *value, size_t most)
{
	return json_is_string(value) && json_string_length(value) <= most ? json_string_value(value) : NULL;
}

const char *reader_text(const json_t *object, const char *key, size_t most)
{
	return text_of(json_object_get(object, key), most);
}

bool reader_number(const json_t *object, const char *key, int64_t *ret)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		return false;
	*ret = json_integer_value(value);
	return true;
}

size_t reader_count(const json_t *array)
{
	return json_array_size(array);
}

const char *reader_item(const json_t *array, size_t index, size_t most)
{
	return text_of(json_array_get(array, index), most);
}
