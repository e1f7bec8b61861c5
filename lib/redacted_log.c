/* redacted_log.c: see redacted_log.h. Which line is what: formats/log/grammar.h. */
#include "lib/redacted_log.h"

#include "base/broker.h"
#include "formats/log/grammar.h"
#include "formats/log/lines.h"
#include "formats/log/names.h"
#include "formats/log/record.h"
#include "formats/slim/redaction.h"
#include "lib/runtime_panics.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MOST = BROKER_TEXT, ADDRESS_BITS = 48, DIGITS_MOST = 16, EVIDENCE_MOST = 64, REGION_BITS = 30, REGIONS_MOST = 64 };

#define GO_HEAP UINT64_C(0xc000000000) /* where it begins, before Go 1.26 always (runtime/malloc.go) */

struct redacting {
	FILE *out; /* of a line */
	const struct ts_options *options;
	struct pseudonyms *pseudonyms; /* NULL: names stay */
	uint64_t evidence[EVIDENCE_MOST]; /* numbers of the runtime's own complaints */
	size_t evidence_count;
	uint64_t regions[REGIONS_MOST];   /* where frames and goroutines lie: upper bits of addresses */
	size_t region_count;
	const char *package; /* of the call before, and how long it is: "net/http" */
	size_t package_size;
};

static struct span text_of(const struct log_line *line)
{
	return (struct span){(const uint8_t *)line->text, line->length};
}

static void put(const struct redacting *redacting, const void *bytes, size_t size)
{
	fwrite(bytes, 1, size, redacting->out);
}

/* ---- numbers ---- */

/* The next number in hexadecimal at or behind an offset: where its digits begin; SIZE_MAX: there is none. */
static size_t next_number(struct span text, size_t at, size_t *size, uint64_t *value)
{
	while ((at = span_find(text, at, "0x", 2)) != SIZE_MAX) {
		at += 2;
		*size = 0;
		while (at + *size < text.size && *size < DIGITS_MOST && isxdigit(text.data[at + *size]))
			++*size;
		if (*size) {
			char digits[DIGITS_MOST + 1] = {0};

			memcpy(digits, text.data + at, *size);
			*value = strtoull(digits, NULL, 16);
			return at;
		}
	}
	return SIZE_MAX;
}

static bool has(const uint64_t *values, size_t count, uint64_t value)
{
	for (size_t i = 0; i < count; i++)
		if (values[i] == value)
			return true;
	return false;
}

/* Numbers of a line, as far as there is room; of addresses the upper bits. */
static void add_numbers(struct span text, unsigned shift, uint64_t *values, size_t *count, size_t most)
{
	uint64_t value;
	size_t size;

	for (size_t at = 0; (at = next_number(text, at, &size, &value)) != SIZE_MAX; at += size)
		if (value >> shift && *count < most && !has(values, *count, value >> shift))
			values[(*count)++] = value >> shift;
}

/* Text is shown as other text, so that what is equal stays equal; what is no address, as the same. Addresses have printable bytes, too:
 * those are near to others. */
static uint64_t shown(const struct redacting *redacting, uint64_t value)
{
	if (redaction_is_small(value) || has(redacting->regions, redacting->region_count, value >> REGION_BITS))
		return value;
	if (redaction_is_text(value))
		return redaction_disguise(value);
	if (value >> ADDRESS_BITS == 0 || has(redacting->evidence, redacting->evidence_count, value))
		return value;
	return redaction_disguise(UINT64_MAX);
}

/* A text of the runtime's, with numbers as they may be shown, in as many digits. */
static void put_numbers(const struct redacting *redacting, struct span text)
{
	size_t done = 0, size;
	uint64_t value;

	for (size_t at = 0; (at = next_number(text, at, &size, &value)) != SIZE_MAX; at += size) {
		put(redacting, text.data + done, at - done);
		fprintf(redacting->out, "%0*" PRIx64, (int)size, shown(redacting, value));
		done = at + size;
	}
	put(redacting, text.data + done, text.size - done);
}

/* ---- lines ---- */

/* Whether a value, without what the runtime says behind it, may stay: its owner is asked. */
static bool may_keep(const struct redacting *redacting, struct span value)
{
	const size_t end = span_find(value, 0, " [recovered", strlen(" [recovered"));
	char text[MESSAGE_MOST];

	snprintf(text, sizeof text, "%.*s", (int)(end == SIZE_MAX ? value.size : end), (const char *)value.data);
	return redacting->options->keeps && value.size < sizeof text && redacting->options->keeps(redacting->options->context, text);
}

/* "panic: value [recovered]", also indented. */
static void put_end(const struct redacting *redacting, struct span text)
{
	static const char panic[] = "panic: ";
	const size_t at = span_find(text, 0, panic, sizeof panic - 1);
	struct span value = {0};
	size_t tail;

	if (at != SIZE_MAX)
		value = span_from(text, at + sizeof panic - 1);
	if (at == SIZE_MAX || runtime_panic_is(value) || may_keep(redacting, value)) {
		put_numbers(redacting, text);
		return;
	}
	put(redacting, text.data, at + sizeof panic - 1);
	fputs("redacted", redacting->out);
	tail = span_find(value, 0, " [recovered", strlen(" [recovered"));
	if (tail != SIZE_MAX && value.data[value.size - 1] == ']' && span_find(value, tail + 1, "[", 1) == tail + 1)
		put(redacting, value.data + tail, value.size - tail);
}

/* Without labels, inside of the brackets or behind them. */
static void put_stack(const struct redacting *redacting, struct span text)
{
	const size_t inside = span_find(text, 0, " labels:{", strlen(" labels:{"));
	const size_t end = span_find(text, 0, "]", 1);

	if (inside != SIZE_MAX && (end == SIZE_MAX || inside < end)) {
		put(redacting, text.data, inside);
		fputs("]:", redacting->out);
	} else if (end != SIZE_MAX) {
		put(redacting, text.data, end);
		fputs("]:", redacting->out);
	} else {
		put(redacting, text.data, text.size);
	}
}

/* The package of a function's name: up to the dot behind the last slash. */
static void note_package(struct redacting *redacting, struct span text)
{
	size_t end = 0;

	for (size_t i = 0; i < text.size && text.data[i] != '(' && text.data[i] != '['; i++)
		end = text.data[i] == '/' ? i : end;
	while (end < text.size && text.data[end] != '.')
		end++;
	redacting->package = (const char *)text.data;
	redacting->package_size = end;
}

/* What of a file's path may stay: all of one that is no path of a machine, of modules their own, of Go's library its package. */
static struct span path_kept(const struct redacting *redacting, struct span path)
{
	static const char modules[] = "/pkg/mod/";
	const bool absolute = path.size > 2 && (*path.data == '/' || *path.data == '\\' || path.data[1] == ':');
	const size_t module = span_find(path, 0, modules, sizeof modules - 1);
	size_t base = path.size;

	if (!absolute)
		return path;
	if (module != SIZE_MAX)
		return span_from(path, module + sizeof modules - 1);
	while (base && path.data[base - 1] != '/' && path.data[base - 1] != '\\')
		base--;
	if (redacting->package_size && base > redacting->package_size + 1 &&
	    !memchr(redacting->package, '.', redacting->package_size) &&
	    path.data[base - redacting->package_size - 2] == '/' &&
	    !memcmp(path.data + base - redacting->package_size - 1, redacting->package, redacting->package_size))
		return span_from(path, base - redacting->package_size - 1);
	return span_from(path, base);
}

/* "\t/home/user/main.go:12 +0x1d" */
static void put_place(const struct redacting *redacting, struct span text)
{
	size_t start = 0, end = text.size;
	struct span kept;

	while (start < text.size && isspace(text.data[start]))
		start++;
	for (size_t i = start; i + 1 < text.size; i++) /* the last colon before a number */
		if (text.data[i] == ':' && isdigit(text.data[i + 1]))
			end = i;
	kept = path_kept(redacting, span_slice(text, start, end - start));
	put(redacting, text.data, start);
	put(redacting, kept.data, kept.size);
	put_numbers(redacting, span_from(text, end));
}

static void put_line(struct redacting *redacting, enum log_kind kind, struct span text)
{
	switch (kind) {
	case LOG_OTHER:
		return; /* the program's */
	case LOG_END:
		put_end(redacting, text);
		break;
	case LOG_STACK:
		put_stack(redacting, text);
		break;
	case LOG_PLACE:
		put_place(redacting, text);
		break;
	case LOG_CALL:
	case LOG_CREATED:
		note_package(redacting, kind == LOG_CALL ? text : span_from(text, strlen("created by ")));
		put_numbers(redacting, text);
		break;
	case LOG_BLANK:
		break;
	case LOG_SIGNAL:
	case LOG_WORDS:
	case LOG_REGISTER:
	case LOG_NOTE:
		put_numbers(redacting, text);
	}
	fputc('\n', redacting->out);
}

/* What is printed of frames and goroutines are addresses; what the runtime complains of may be anything. */
static void learn(struct redacting *redacting, enum log_kind kind, struct span text)
{
	if (kind == LOG_NOTE || kind == LOG_SIGNAL)
		add_numbers(text, 0, redacting->evidence, &redacting->evidence_count, EVIDENCE_MOST);
	else if (kind == LOG_PLACE || kind == LOG_STACK)
		add_numbers(text, REGION_BITS, redacting->regions, &redacting->region_count, REGIONS_MOST);
}

/* Its names get pseudonyms on the way. */
static void put_named(struct redacting *redacting, enum log_kind kind, struct span text, FILE *out)
{
	char *line = NULL;
	size_t size = 0;

	redacting->out = open_memstream(&line, &size);
	if (!redacting->out)
		return;
	put_line(redacting, kind, text);
	fclose(redacting->out);
	if (size > 1)
		log_names_put(redacting->pseudonyms, (uint8_t *)line, size - 1);
	fwrite(line, 1, size, out);
	free(line);
}

static void begin_names(struct redacting *redacting, struct arena *arena, FILE *out)
{
	char line[LOG_NAMES_LINE];

	redacting->pseudonyms = pseudonyms_new(arena, redacting->options->pseudonyms, false);
	log_names_line(pseudonyms_check(redacting->options->pseudonyms), line);
	fputs(line, out);
}

void redacted_log_write(const struct image *image, const struct ts_options *options, FILE *out)
{
	const struct log_block *block = image->record->block;
	struct redacting redacting = {.out = out, .options = options, .regions = {GO_HEAP >> REGION_BITS}, .region_count = 1};

	if (options->pseudonyms)
		begin_names(&redacting, image->arena, out);
	for (struct log_at at = log_block_start(block); at.line.text; log_next(&at))
		learn(&redacting, log_kind_of(text_of(&at.line)), text_of(&at.line));
	for (struct log_at at = log_block_start(block); at.line.text && !ferror(out); log_next(&at)) {
		const struct span text = text_of(&at.line);

		if (options->unredacted)
			fprintf(out, "%.*s\n", (int)text.size, (const char *)text.data);
		else if (redacting.pseudonyms)
			put_named(&redacting, log_kind_of(text), text, out);
		else
			put_line(&redacting, log_kind_of(text), text);
	}
}
