/* schema.c: see schema.h. A keyword is a function in a table; one that is in no row (title, description) says nothing. */
#include "tests/fuzz/schema.h"

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char complaint[256];

const char *schema_complaint(void)
{
	return complaint;
}

static bool is_of_type(const char *name, const json_t *value)
{
	return (!strcmp(name, "object") && json_is_object(value)) || (!strcmp(name, "array") && json_is_array(value)) ||
	       (!strcmp(name, "string") && json_is_string(value)) || (!strcmp(name, "integer") && json_is_integer(value)) ||
	       (!strcmp(name, "number") && json_is_number(value)) || (!strcmp(name, "boolean") && json_is_boolean(value)) ||
	       (!strcmp(name, "null") && json_is_null(value));
}

struct subject {
	const json_t *root, *schema, *value;
};

static bool type_holds(const struct subject *s, const json_t *keyword)
{
	const json_t *one;
	size_t i;

	if (json_is_string(keyword))
		return is_of_type(json_string_value(keyword), s->value);
	json_array_foreach(keyword, i, one)
		if (is_of_type(json_string_value(one), s->value))
			return true;
	return false;
}

static bool const_holds(const struct subject *s, const json_t *keyword)
{
	return json_equal(keyword, s->value);
}

static bool enum_holds(const struct subject *s, const json_t *keyword)
{
	const json_t *one;
	size_t i;

	json_array_foreach(keyword, i, one)
		if (json_equal(one, s->value))
			return true;
	return false;
}

/* The schema has one pattern, which is compiled once. */
static bool pattern_holds(const struct subject *s, const json_t *keyword)
{
	static const json_t *compiled;
	static regex_t regex;

	if (!json_is_string(s->value))
		return true;
	if (compiled != keyword) {
		if (compiled || regcomp(&regex, json_string_value(keyword), REG_EXTENDED | REG_NOSUB))
			abort();
		compiled = keyword;
	}
	return !regexec(&regex, json_string_value(s->value), 0, NULL, 0);
}

static bool minimum_holds(const struct subject *s, const json_t *keyword)
{
	return !json_is_number(s->value) || json_number_value(s->value) >= json_number_value(keyword);
}

static bool min_items_holds(const struct subject *s, const json_t *keyword)
{
	return !json_is_array(s->value) || (json_int_t)json_array_size(s->value) >= json_integer_value(keyword);
}

static bool max_items_holds(const struct subject *s, const json_t *keyword)
{
	return !json_is_array(s->value) || (json_int_t)json_array_size(s->value) <= json_integer_value(keyword);
}

static bool required_holds(const struct subject *s, const json_t *keyword)
{
	const json_t *name;
	size_t i;

	json_array_foreach(keyword, i, name)
		if (json_is_object(s->value) && !json_object_get(s->value, json_string_value(name)))
			return false;
	return true;
}

static bool properties_hold(const struct subject *s, const json_t *keyword)
{
	const char *name;
	const json_t *value;

	json_object_foreach((json_t *)(uintptr_t)keyword, name, value) {
		const json_t *property = json_object_get(s->value, name);

		if (property && !schema_holds(s->root, value, property))
			return false;
	}
	return true;
}

static bool items_hold(const struct subject *s, const json_t *keyword)
{
	const json_t *one;
	size_t i;

	json_array_foreach(s->value, i, one)
		if (!schema_holds(s->root, keyword, one))
			return false;
	return true;
}

static bool contains_holds(const struct subject *s, const json_t *keyword)
{
	const json_t *one;
	size_t i;

	json_array_foreach(s->value, i, one)
		if (schema_holds(s->root, keyword, one))
			return true;
	return !json_is_array(s->value);
}

static bool all_hold(const struct subject *s, const json_t *keyword)
{
	const json_t *one;
	size_t i;

	json_array_foreach(keyword, i, one)
		if (!schema_holds(s->root, one, s->value))
			return false;
	return true;
}

static bool one_holds(const struct subject *s, const json_t *keyword)
{
	const json_t *one;
	size_t i, count = 0;

	json_array_foreach(keyword, i, one)
		count += schema_holds(s->root, one, s->value);
	return count == 1;
}

static bool not_holds(const struct subject *s, const json_t *keyword)
{
	return !schema_holds(s->root, keyword, s->value);
}

static bool if_holds(const struct subject *s, const json_t *keyword)
{
	const json_t *then = json_object_get(s->schema, schema_holds(s->root, keyword, s->value) ? "then" : "else");

	return !then || schema_holds(s->root, then, s->value);
}

/* "#/$defs/NAME" */
static bool reference_holds(const struct subject *s, const json_t *keyword)
{
	const char *name = strrchr(json_string_value(keyword), '/');

	return schema_holds(s->root, json_object_get(json_object_get(s->root, "$defs"), name ? name + 1 : ""), s->value);
}

static const struct {
	const char *name;
	bool (*holds)(const struct subject *subject, const json_t *keyword);
} keywords[] = {
	{"type", type_holds},         {"const", const_holds},        {"enum", enum_holds},
	{"pattern", pattern_holds},   {"minimum", minimum_holds},    {"minItems", min_items_holds},
	{"maxItems", max_items_holds}, {"required", required_holds}, {"properties", properties_hold},
	{"items", items_hold},        {"contains", contains_holds},  {"allOf", all_hold},
	{"oneOf", one_holds},         {"not", not_holds},            {"if", if_holds},
	{"$ref", reference_holds},
};

bool schema_holds(const json_t *root, const json_t *schema, const json_t *value)
{
	const struct subject subject = {root, schema, value};

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
		const json_t *keyword = json_object_get(schema, keywords[i].name);

		if (!keyword || keywords[i].holds(&subject, keyword))
			continue;
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

		snprintf(complaint, sizeof complaint, "%s: %.200s", keywords[i].name, text ? text : "?");
		free(text);
		return false;
	}
	return true;
}
