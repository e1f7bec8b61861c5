/* packages.c: see packages.h. Build information is lines of tab-separated fields: mod or dep, path, version, sum;
 * a "=>" line behind one says what replaced it (runtime/debug/mod.go). */
#include "golang/packages.h"

#include "base/hex.h"
#include "base/prefix.h"

#include <string.h>

/* Dots of a path's last element, and what is no letter, are written %xx. */
static const char *unescape(struct arena *arena, const char *text, size_t length)
{
	char *result = arena_alloc(arena, length + 1);
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		int high = text[i] == '%' && i + 2 < length ? hex_digit((uint8_t)text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit((uint8_t)text[i + 2]) : -1;

		result[used++] = (char)(low >= 0 ? high * 16 + low : text[i]);
		i += low >= 0 ? 2 : 0;
	}
	return result;
}

/* Equality and hash functions that the compiler makes for a type: "type:.eq.PATH.T", "type..hash.PATH.T". */
static const char *without_generated(const char *name)
{
	static const char *const prefixes[] = {"type:.eq.", "type:.hash.", "type..eq.", "type..hash."};
	const char *prefix = prefix_of(name, prefixes, sizeof prefixes / sizeof *prefixes);

	return prefix ? name + strlen(prefix) : name;
}

const char *package_of_function(struct arena *arena, const char *name)
{
	const char *start = without_generated(name);
	size_t length = strcspn(start, "[("); /* type arguments and receivers have paths of their own */
	size_t element = length;
	const char *dot;

	while (element && start[element - 1] != '/')
		element--;
	dot = memchr(start + element, '.', length - element);
	return dot ? unescape(arena, start, (size_t)(dot - start)) : "";
}

/* The next line of the build information; false at its end. */
static bool next_line(struct span *rest, struct span *line)
{
	size_t end;

	if (!rest->size)
		return false;
	for (end = 0; end < rest->size && rest->data[end] != '\n'; end++)
		;
	*line = span_slice(*rest, 0, end);
	*rest = span_from(*rest, end + 1);
	return true;
}

static struct span field(struct span line, size_t index)
{
	size_t start = 0, end;

	for (;; start = end + 1, index--) {
		for (end = start; end < line.size && line.data[end] != '\t'; end++)
			;
		if (!index)
			return span_slice(line, start, end - start);
		if (end >= line.size)
			return (struct span){0};
	}
}

static bool field_is(struct span field, const char *text)
{
	return field.size == strlen(text) && !memcmp(field.data, text, field.size);
}

static bool is_within(const char *package, struct span module)
{
	size_t length = strlen(package);

	return module.size && length >= module.size && !memcmp(package, module.data, module.size) &&
	       (length == module.size || package[module.size] == '/');
}

const char *module_of_package(const struct go_runtime *runtime, struct arena *arena, const char *package)
{
	struct span rest = runtime->build_info, line;
	struct span path = {0}, version = {0};
	bool main_package = !strcmp(package, "main"), took = false;

	while (next_line(&rest, &line)) {
		struct span kind = field(line, 0), name = field(line, 1);

		if (field_is(kind, "=>") && took)
			version = field(line, 2).size ? field(line, 2) : name;
		took = ((field_is(kind, "mod") || field_is(kind, "dep")) && name.size > path.size &&
			is_within(package, name)) ||
		       (main_package && field_is(kind, "mod"));
		if (took) {
			path = name;
			version = field(line, 2);
		}
	}
	if (!path.size)
		return NULL;
	return arena_printf(arena, "%.*s%s%.*s", (int)path.size, (const char *)path.data, version.size ? " " : "",
			    (int)version.size, (const char *)version.data);
}
