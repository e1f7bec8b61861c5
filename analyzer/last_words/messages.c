/* messages.c: the process's last words. A throw's text is in the runtime's print ring; a panic's is in its runtime._panic,
 * where preprintpanics (runtime/panic.go) has already replaced errors and Stringers by their text. */
#include "analyzer/last_words/error_text.h"
#include "analyzer/last_words/last_words.h"
#include "analyzer/unwind/unwind.h"
#include "base/prefix.h"
#include "formats/dump/signals.h"

#include <string.h>

enum { PANIC_LIMIT = 64, WORD = 8 };

/* The last line of the ring that announces a fatal error. */
static const char *fatal_line(const struct go_runtime *runtime)
{
	for (size_t i = runtime->fatal_lines.count; i-- > 0;)
		if (go_fatal_text(runtime->fatal_lines.items[i]))
			return runtime->fatal_lines.items[i];
	return NULL;
}

static bool read_flag(struct go_runtime *runtime, uint64_t address, enum layout_field field)
{
	uint8_t flag = 0;

	return go_field8(runtime, address, field, &flag) && flag;
}

static bool read_panic(struct analysis *analysis, uint64_t address, struct panic_value *ret)
{
	struct go_runtime *runtime = analysis->runtime;
	uint64_t type, data;

	if (address % WORD || !go_field(runtime, address, LAYOUT_panic_arg_type, &type) ||
	    !go_field(runtime, address, LAYOUT_panic_arg_data, &data))
		return false;
	ret->address = address;
	ret->frame = -1;
	ret->recovered = read_flag(runtime, address, LAYOUT_panic_recovered);
	ret->goexit = read_flag(runtime, address, LAYOUT_panic_goexit);
	ret->repanicked = read_flag(runtime, address, LAYOUT_panic_repanicked);
	if (!ret->goexit)
		panic_value_read(analysis, type, data, ret);
	return true;
}

static void read_panics(struct analysis *analysis, const struct goroutine *g)
{
	uint64_t address;

	if (!go_field(analysis->runtime, g->address, LAYOUT_g_panic, &address))
		return;
	for (int i = 0; i < PANIC_LIMIT && address; i++) {
		struct panic_value value = {0};

		if (!read_panic(analysis, address, &value))
			return;
		vec_push(analysis->arena, &analysis->messages.panics, value);
		if (!go_field(analysis->runtime, address, LAYOUT_panic_link, &address))
			return;
	}
}

/* gopanic's parameter is an interface, in two registers. What its slots name is believed when memory of it gives the same text. */
static void find_origin(struct analysis *analysis, const struct frame *gopanic, struct panic_value *panic)
{
	struct go_runtime *runtime = analysis->runtime;
	const uint64_t slot = frame_argument_slot(analysis->image->arch, gopanic, 0);
	uint64_t type, data;
	const char *says;

	if (!image_u64(analysis->image, slot, &type) || !image_u64(analysis->image, slot + 8, &data) ||
	    !go_type_is(runtime, type))
		return;
	panic->origin = go_type_name(runtime, type);
	panic->origin_slot = slot;
	says = error_text(runtime, type, data);
	if (says) {
		struct panic_value whole = {0};

		panic_value_read(analysis, type, data, &whole);
		panic->origin_proved = panic->text && whole.says && !strcmp(whole.says, panic->text);
	}
}

/* The record is a variable of the gopanic or Goexit that made it, so it lies in its frame. */
static void find_frames(struct analysis *analysis, const struct stack *stack)
{
	for (size_t i = 0; i < analysis->messages.panics.count; i++) {
		struct panic_value *panic = &analysis->messages.panics.items[i];

		for (size_t at = 0; at < stack->frames.count && panic->frame < 0; at++) {
			const struct frame *frame = &stack->frames.items[at];

			if (frame->info->role != (panic->goexit ? ROLE_GOEXIT_CALLED : ROLE_GOPANIC) ||
			    panic->address < frame->sp || panic->address >= frame->fp)
				continue;
			panic->frame = (int64_t)at;
			if (!panic->goexit)
				find_origin(analysis, frame, panic);
		}
	}
}

/* The innermost gopanic has run all deferred functions and calls fatalpanic. Without names of functions nobody can tell. */
static bool ended_by_panic(const struct analysis *analysis, const struct stack *stack)
{
	if (!analysis->runtime->functions[ROLE_GOPANIC])
		return true;
	for (size_t i = 1; i < stack->frames.count; i++)
		if (stack->frames.items[i].info->role == ROLE_GOPANIC)
			return stack->frames.items[i - 1].info->role == ROLE_FATALPANIC;
	return false;
}

/* gopanic looks for deferred functions along the stack before it runs any (Go 1.22: _panic.start, before:
 * addOneOpenDeferFrame), and dies of code that the process made, of which the runtime has no tables. */
static bool broke_off(struct analysis *analysis, const struct stack *stack)
{
	static const char *const walks[] = {"runtime.(*_panic).", "runtime.addOneOpenDeferFrame"};
	const int64_t gopanic = analysis->messages.panics.items[0].frame;
	const size_t generated = generated_frame(analysis->image, stack);
	bool walking = false;

	for (int64_t i = 0; i < gopanic && stack->frames.items[i].info->func; i++)
		walking |= prefix_of(go_func_name(stack->frames.items[i].info), walks, sizeof walks / sizeof *walks) != NULL;
	return walking && generated != SIZE_MAX && (int64_t)generated > gopanic;
}

/* Whether what the runtime threw was thrown in the handler of a signal that a process sent to end this one: while it printed the
 * stacks, some of which it cannot walk. The end is the signal's. */
static bool is_answer(struct analysis *analysis, int32_t thread)
{
	const struct thread_walk *walk = &analysis->walks[thread];
	const struct signal_name *signal;
	struct stack stack = {0};
	uint32_t number, code;
	bool threw = false;

	if (analysis->image->os != OS_LINUX || !walk->signalled || !image_u32(analysis->image, walk->siginfo, &number) ||
	    !image_u32(analysis->image, walk->siginfo + SIGINFO_CODE, &code))
		return false;
	signal = signal_by_number((int)number);
	if (!signal || !signal->dumps || signal->fault || (int32_t)code > 0)
		return false;
	thread_stack(analysis, (size_t)thread, &stack);
	for (size_t i = 0; i < stack.frames.count && !(stack.frames.items[i].exact && stack.frames.items[i].pc == walk->stopped.pc); i++)
		threw |= stack.frames.items[i].info->role == ROLE_THROW;
	return threw;
}

static const char *panic_marks(const struct analysis *analysis, const struct panic_value *panic)
{
	/* Go 1.25 asks for repanicked alone, later releases for both */
	const bool both = analysis->runtime->functions[ROLE_PRINT_FLOAT64];

	if (panic->repanicked && (panic->recovered || !both))
		return " [recovered, repanicked]";
	return panic->recovered ? " [recovered]" : "";
}

/* Of panics that the runtime did not come to print the records still hold the errors: they become their texts, as in
 * preprintpanics. */
static void preprint(struct messages *messages)
{
	for (size_t i = 0; i < messages->panics.count; i++) {
		struct panic_value *panic = &messages->panics.items[i];

		panic->text = panic->says ? panic->says : panic->text;
		panic->says = NULL;
	}
}

static const char *panic_text(struct analysis *analysis, const struct panic_value *panic)
{
	if (!panic->text || panic->cut)
		analysis->messages.lines_whole = false;
	if (panic->text)
		return panic->text;
	return panic->type ? arena_printf(analysis->arena, "(%s), a value that is not read", panic->type)
			   : "a value that is not read";
}

static void split_lines(struct analysis *analysis, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		vec_push(analysis->arena, &analysis->messages.panic_lines, arena_strndup(analysis->arena, text, length));
		text += length + (text[length] == '\n');
	}
}

/* runtime.printpanics: the oldest first, each later one indented but behind a Goexit, which prints nothing itself. */
static void print_panics(struct analysis *analysis)
{
	const struct panic_value *panics = analysis->messages.panics.items;
	const char *text = "";

	analysis->messages.lines_whole = true;
	for (size_t i = analysis->messages.panics.count; i-- > 0;) {
		const struct panic_value *older = i + 1 < analysis->messages.panics.count ? &panics[i + 1] : NULL;

		if (older && older->repanicked)
			continue;
		if (older && !older->goexit)
			text = arena_printf(analysis->arena, "%s\t", text);
		if (!panics[i].goexit)
			text = arena_printf(analysis->arena, "%spanic: %s%s\n", text, panic_text(analysis, &panics[i]),
					    panic_marks(analysis, &panics[i]));
	}
	split_lines(analysis, text);
}

/* The first line is that of the oldest panic; of a value of several lines, all of it. */
static const char *first_line(struct analysis *analysis)
{
	const struct messages *messages = &analysis->messages;

	for (size_t i = messages->panics.count; i-- > 0;) {
		const struct panic_value *panic = &messages->panics.items[i];

		if (!panic->goexit)
			return panic->text ? arena_printf(analysis->arena, "panic: %s%s", panic->text,
							  panic_marks(analysis, panic))
					   : NULL;
	}
	return NULL;
}

/* The goroutine that the dying thread runs has panicked, and the panic was not recovered. */
static void from_panic(struct analysis *analysis, int32_t index, const char *fatal)
{
	struct messages *messages = &analysis->messages;
	struct stack stack = {0};

	read_panics(analysis, &analysis->runtime->goroutines.items[index]);
	if (!messages->panics.count)
		return;
	goroutine_stack(analysis, (size_t)index, &stack);
	find_frames(analysis, &stack);
	messages->goroutine = index;
	if (fatal && broke_off(analysis, &stack))
		messages->broken_off = fatal;
	messages->panicked = messages->broken_off || (!fatal && ended_by_panic(analysis, &stack));
	if (!messages->panicked)
		return;
	if (messages->broken_off)
		preprint(messages);
	else
		print_panics(analysis);
	messages->address = messages->panics.items[messages->panics.count - 1].address;
	messages->line = first_line(analysis);
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
	if (fatal && is_answer(analysis, thread))
		fatal = NULL;
	if (fatal) {
		messages->line = fatal;
		messages->address = analysis->runtime->globals.print_backlog;
		messages->goroutine = goroutine;
	}
	if (goroutine >= 0)
		from_panic(analysis, goroutine, fatal);
}
