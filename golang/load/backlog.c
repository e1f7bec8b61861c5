/* backlog.c: runtime.printBacklog, the ring of the last 512 bytes that the runtime printed before it began to die
 * (runtime/print.go recordForPanic): `fatal error: …` and the unwinder's complaints are in it. */
#include "golang/load/load.h"

#include <string.h>

enum { BACKLOG_SIZE = 512 };

/* The ring in order of writing; what was never written is zero and left out. */
static size_t unroll(const uint8_t *ring, uint64_t index, char *text)
{
	size_t length = 0;

	for (size_t i = 0; i < BACKLOG_SIZE; i++) {
		uint8_t byte = ring[(index + i) % BACKLOG_SIZE];

		if (byte)
			text[length++] = (char)byte;
	}
	text[length] = 0;
	return length;
}

/* Whether a line says where a frame of a traceback is: "\t/src/main.go:7 +0x1d". */
static bool is_frame_place(const char *line)
{
	const char *end = line + strcspn(line, "\n");
	const char *go = strstr(line, ".go:");
	const char *s = strstr(line, ".s:");

	return *line == '\t' && ((go && go < end) || (s && s < end));
}

/* Adds the lines of a text to fatal_lines, without their indentation. A traceback is no last word: after SIGQUIT the ring
 * holds the tail of one, and what was said before it is another matter. */
static void split_lines(struct go_runtime *runtime, char *text)
{
	for (char *line = text; *line;) {
		char *end;
		bool traceback = is_frame_place(line);

		line += strspn(line, "\t"); /* continuation lines are indented */
		end = strchr(line, '\n');
		vec_push(runtime->arena, &runtime->fatal_lines,
			 arena_strndup(runtime->arena, line, end ? (size_t)(end - line) : strlen(line)));
		if (traceback)
			runtime->fatal_lines.count = 0;
		if (!end)
			return;
		line = end + 1;
	}
}

static bool from_globals(struct go_runtime *runtime)
{
	uint8_t ring[BACKLOG_SIZE];
	char text[BACKLOG_SIZE + 1];
	uint64_t index;

	if (!runtime->globals.print_backlog || !runtime->globals.print_backlog_index ||
	    !image_u64(runtime->image, runtime->globals.print_backlog_index, &index) || index > BACKLOG_SIZE ||
	    image_read(runtime->image, runtime->globals.print_backlog, ring, sizeof ring) != MEM_OK)
		return false;
	unroll(ring, index, text);
	split_lines(runtime, text);
	return true;
}

static bool is_text(uint8_t byte)
{
	return byte == '\n' || byte == '\t' || (byte >= ' ' && byte < 0x7f);
}

static const char announcement[] = GO_FATAL_ERROR;

/* Where a span holds the announcement; SIZE_MAX: nowhere. Among its initialised variables Go has had one that begins with it,
 * which is written without the ring (runtime/proc.go earlycgocallback, until Go 1.19). */
static size_t find_announcement(struct span data)
{
	static const char constant[] = GO_FATAL_ERROR "cgo callback before cgo call\n";
	size_t at = span_find(data, 0, announcement, sizeof announcement - 1);

	while (at != SIZE_MAX && span_find(span_slice(data, at, sizeof constant - 1), 0, constant, sizeof constant - 1) == 0)
		at = span_find(data, at + 1, announcement, sizeof announcement - 1);
	return at;
}

/* Reads the text around an announcement. In a ring that has wrapped the oldest lines come last, and are left out. */
static bool around_announcement(struct go_runtime *runtime, struct span data, uint64_t address)
{
	size_t at = find_announcement(data);
	size_t start = at;
	size_t end = at;

	if (at == SIZE_MAX)
		return false;
	while (start > 0 && at - start < BACKLOG_SIZE && is_text(data.data[start - 1]))
		start--;
	while (end < data.size && end - start < BACKLOG_SIZE && is_text(data.data[end]))
		end++;
	image_cite(runtime->image, address + start, end - start);
	runtime->globals.print_backlog = address + start;
	split_lines(runtime, arena_strndup(runtime->arena, (const char *)data.data + start, end - start));
	return true;
}

/* No code says where the ring is: the runtime's globals, piece by piece, are searched for its announcement. */
static void from_text(struct go_runtime *runtime)
{
	const struct go_module *module = &runtime->modules.items[0];
	const uint64_t end = module_search_end(module);
	uint64_t address = module->data_start;
	struct span data;

	while ((data = image_next(runtime->image, &address, end)).size) {
		if (around_announcement(runtime, data, address))
			return;
		address += data.size;
	}
}

void backlog_load(struct go_runtime *runtime)
{
	if (!from_globals(runtime) && runtime->modules.count)
		from_text(runtime);
}
