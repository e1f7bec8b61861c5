/* messages.c: the process's last words. A throw's text is in the runtime's print ring; a panic's is in its runtime._panic,
 * where preprintpanics (runtime/panic.go) has already replaced errors and Stringers by their text. */
#include "analyzer/last_words.h"

#include <string.h>

enum { PANIC_LIMIT = 64, ADDRESS_TEXT = 19 };

/* The last line of the ring that announces a fatal error. */
static const char *fatal_line(const struct go_runtime *runtime)
{
	for (size_t i = runtime->fatal_lines.count; i-- > 0;)
		if (!strncmp(runtime->fatal_lines.items[i], "fatal error: ", 13))
			return runtime->fatal_lines.items[i];
	return NULL;
}

static bool read_panic(struct analysis *analysis, uint64_t address, struct panic_value *ret)
{
	struct go_runtime *runtime = analysis->runtime;
	uint64_t type, data;
	uint8_t recovered = 0;
	uint8_t goexit = 0;

	if (!go_field(runtime, address, LAYOUT_panic_arg_type, &type) ||
	    !go_field(runtime, address, LAYOUT_panic_arg_data, &data))
		return false;
	go_field8(runtime, address, LAYOUT_panic_recovered, &recovered);
	go_field8(runtime, address, LAYOUT_panic_goexit, &goexit);
	ret->address = address;
	ret->recovered = recovered;
	ret->goexit = goexit;
	panic_value_read(analysis, type, data, ret);
	return true;
}

static void read_panics(struct analysis *analysis, const struct goroutine *g)
{
	uint64_t address = g->panic;

	for (int i = 0; i < PANIC_LIMIT && address; i++) {
		struct panic_value value = {0};

		if (!read_panic(analysis, address, &value))
			return;
		vec_push(analysis->arena, &analysis->messages.panics, value);
		if (!go_field(analysis->runtime, address, LAYOUT_panic_link, &address))
			return;
	}
}

/* The goroutine that the dying thread runs has panicked, and the panic was not recovered. */
static void from_panic(struct analysis *analysis, int32_t index)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];
	struct messages *messages = &analysis->messages;
	const struct panic_value *last;

	read_panics(analysis, g);
	if (!messages->panics.count)
		return;
	messages->goroutine = index;
	/* the runtime prints the chain oldest first: its first line is the outermost panic */
	last = &messages->panics.items[messages->panics.count - 1];
	messages->address = last->address;
	if (last->text && !last->goexit)
		messages->line = arena_printf(analysis->arena, "panic: %s%s", last->text,
					      last->recovered ? " [recovered]" : "");
}

void messages_find(struct analysis *analysis)
{
	struct messages *messages = &analysis->messages;
	int32_t thread = analysis->dying_thread;
	int32_t goroutine = thread >= 0 ? analysis->thread_goroutine[thread] : -1;
	const char *fatal = fatal_line(analysis->runtime);

	messages->goroutine = -1;
	if (thread < 0)
		return;
	if (fatal) {
		messages->line = fatal;
		messages->address = analysis->runtime->globals.print_backlog;
		messages->goroutine = goroutine;
	}
	if (goroutine >= 0 && !fatal)
		from_panic(analysis, goroutine);
}
