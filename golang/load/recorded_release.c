/* recorded_release.c: which release of Go printed a log. Paths of Go's own files often name it; else what only some releases print
 * (formats/log/release_signs.def), and the states that only some have, leave a range. */
#include "golang/load/load.h"
#include "golang/recorded.h"
#include "golang/wait_reasons.h"

#include <ctype.h>
#include <string.h>

enum { NEWEST = INT16_MAX };

struct range {
	int least, most;
};

static const struct range signs[] = {
#define RELEASE_SIGN(id, first, last) {first, last ? last : NEWEST},
#include "formats/log/release_signs.def"
#undef RELEASE_SIGN
};

static void narrow(struct range *range, struct range by)
{
	if (by.least > range->least)
		range->least = by.least;
	if (by.most < range->most)
		range->most = by.most;
}

static struct range range_of(const struct log_record *record)
{
	struct range range = {0, NEWEST}, by;

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (record->signs & 1u << i)
			narrow(&range, signs[i]);
	for (size_t i = 0; i < record->states.count; i++)
		if (wait_reason_minors(record->states.items[i], &by.least, &by.most))
			narrow(&range, by);
	return range;
}

/* Where "1.23.4" or "1.21" begins in a path, behind "go", "go-" or "go/", the last such place before `end`; its length, 0: nowhere. */
static size_t find_version(const char *path, const char *end, const char **ret)
{
	for (const char *at = end; at-- > path;) {
		const char *number = at + 2;
		size_t length = 0;

		if (end - at < 4 || memcmp(at, "go", 2) != 0)
			continue;
		number += *number == '-' || *number == '/';
		while (number + length < end && (isdigit((unsigned char)number[length]) || number[length] == '.'))
			length++;
		if (length > 2 && number[0] == '1' && number[1] == '.') {
			*ret = number;
			return length;
		}
	}
	return 0;
}

/* "/usr/local/go1.23.4/src/runtime/panic.go", "/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.23.4.linux-amd64/src/runtime/…" */
static bool version_of_path(struct go_runtime *runtime, const char *path)
{
	const char *end = strstr(path, "/src/runtime/");
	const char *number = NULL;
	size_t length = end ? find_version(path, end, &number) : 0;
	struct go_version version;
	const char *text;

	while (length && number[length - 1] == '.')
		length--;
	if (!length)
		return false;
	text = arena_printf(runtime->arena, "go%.*s", (int)length, number);
	if (!go_version_parse(runtime->arena, text, strlen(text), &version))
		return false;
	runtime->version = version;
	return memchr(number + 2, '.', length - 2) != NULL; /* "1.21" may be any release of 1.21 where a folder is called so */
}

static void by_paths(struct go_runtime *runtime)
{
	const struct log_record *record = runtime->recorded->record;

	for (size_t i = 0; i < record->places.count; i++)
		for (size_t j = 0; j < record->places.items[i].count; j++)
			if (record->places.items[i].calls[j].file &&
			    version_of_path(runtime, record->places.items[i].calls[j].file))
				return;
	if (runtime->version.text) { /* the folder of a whole minor release */
		runtime->least_minor = runtime->most_minor = runtime->version.minor;
		runtime->version = (struct go_version){0};
	}
}

void recorded_release_load(struct go_runtime *runtime)
{
	const struct range range = range_of(runtime->recorded->record);

	if (range.least <= range.most) {
		runtime->least_minor = range.least;
		runtime->most_minor = range.most < NEWEST ? range.most : 0;
	}
	if (!runtime->version.text) /* else the executable says it */
		by_paths(runtime);
	if (runtime->version.text)
		runtime->least_minor = runtime->most_minor = runtime->version.minor;
}
