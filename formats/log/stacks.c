/* stacks.c: goroutine by goroutine. */
#include "formats/log/goroutine_index.h"
#include "formats/log/reader.h"

#include "base/mapping.h"

#include <stdlib.h>
#include <string.h>

/* Reads them with what lies between. */
struct stacks {
	struct log_reader *reader;
	struct goroutine_index seen;
	struct recorded_goroutine current;
	bool open, system;                    /* `current` takes lines; it is a thread's own stack */
	uint64_t first;                       /* the goroutine that was printed first, 0: none yet */
	bool began_with_system;
	bool has_registers;
	const struct log_run *run; /* whose first bytes have been read, and their pages given back: so many */
	size_t returned;
	uint64_t ancestor;                    /* `current` is what goroutine `last` came from: the goroutine of that id; 0: it is not */
	uint64_t last;                        /* the goroutine that was printed last */
	bool died_again;                      /* "panic during panic" was met */
	bool headless;                        /* `current` has no header */
};

static bool is_system_stack(const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);

	return cursor_take(&cursor, "runtime stack:") && cursor_at_end(&cursor);
}

/* A goroutine that ran on another thread is printed again by that thread, with its stack. */
static void merge(struct recorded_goroutine *first, const struct recorded_goroutine *again)
{
	if (first->stack.count || !again->stack.count)
		return;
	first->stack = again->stack;
	if (first->creator == RECORDED_NONE) {
		first->creator = again->creator;
		first->creator_id = again->creator_id;
	}
}

static void close_system(struct stacks *stacks)
{
	struct log_record *record = stacks->reader->record;

	if (!record->has_system && !stacks->first) {
		record->system = stacks->current.stack;
		record->has_system = true;
	} else if (stacks->died_again && !record->again.count) {
		record->again = stacks->current.stack;
	}
}

static void close_ancestor(struct stacks *stacks)
{
	struct log_record *record = stacks->reader->record;
	const int64_t of = goroutine_index_find(&stacks->seen, record, stacks->last);
	const size_t count = record->ancestors.count;

	if (of >= 0 && (!count || record->ancestors.items[count - 1].of != stacks->last))
		record->goroutines.items[of].ancestors = (uint32_t)count;
	if (of >= 0)
		vec_push(stacks->reader->arena, &record->ancestors,
			 (struct recorded_ancestor){stacks->last, stacks->ancestor, stacks->current.stack});
	stacks->ancestor = 0;
}

/* Whose stack it is that has no header: the one that the runtime complains of, or the first, which nobody made; 0: not known. */
static uint64_t owner_of(const struct log_record *record, const struct recorded_goroutine *g)
{
	static const char *const first[] = {"main.main", "runtime.main"};
	const char *name;

	if (record->complained)
		return record->complained;
	for (size_t i = g->stack.count; i-- > 0 && g->creator == RECORDED_NONE;) {
		name = record->functions.items[record->places.items[record->frames.items[g->stack.first + i].place].function].name;
		for (size_t k = 0; k < sizeof first / sizeof *first; k++)
			if (!strcmp(name, first[k]))
				return 1;
	}
	return 0;
}

static void close_stack(struct stacks *stacks)
{
	struct log_record *record = stacks->reader->record;
	struct recorded_goroutine *g = &stacks->current;

	if (!stacks->open)
		return;
	stacks->open = false;
	if (stacks->headless) {
		g->id = owner_of(record, g);
		stacks->system = !g->id;
		stacks->headless = false;
	}
	if (stacks->ancestor) {
		close_ancestor(stacks);
		return;
	}
	if (stacks->system) {
		close_system(stacks);
		return;
	}
	if (!stacks->first)
		stacks->first = g->id;
	stacks->last = g->id;
	if (!goroutine_index_add(&stacks->seen, stacks->reader->arena, record, g))
		merge(&record->goroutines.items[goroutine_index_find(&stacks->seen, record, g->id)], g);
}

/* True: the line begins a stack. Goroutine 0 is a thread's own. */
static bool open_stack(struct stacks *stacks)
{
	const struct log_line *line = &stacks->reader->at.line;
	struct recorded_goroutine g;
	const bool system = is_system_stack(line);

	if (!system && !read_goroutine_header(stacks->reader, line, &g))
		return false;
	close_stack(stacks);
	if (system)
		g = (struct recorded_goroutine){.creator = RECORDED_NONE, .m_id = -1, .line = line->number};
	stacks->current = g;
	stacks->system = system || !g.id;
	stacks->open = true;
	stacks->began_with_system |= stacks->system && !stacks->first;
	reader_next(stacks->reader);
	return true;
}

/* "[originating from goroutine 7]:": what led to the goroutine that made the last one. */
static bool open_ancestor(struct stacks *stacks)
{
	const struct log_line *line = &stacks->reader->at.line;
	struct cursor cursor = cursor_of(line);
	uint64_t id;

	if (!cursor_take(&cursor, "[originating from goroutine ") || !cursor_decimal(&cursor, &id) || !cursor_take(&cursor, "]:"))
		return false;
	close_stack(stacks);
	stacks->current = (struct recorded_goroutine){.creator = RECORDED_NONE, .m_id = -1, .line = line->number};
	stacks->ancestor = id;
	stacks->system = false;
	stacks->open = true;
	reader_next(stacks->reader);
	return true;
}

/* runtime/panic.go startpanic_m: "panic during panic". */
static bool is_second_death(const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);

	return cursor_take(&cursor, "panic during panic") && cursor_at_end(&cursor);
}

/* Those of the thread that died come first; another's stand below its system stack. */
static bool take_registers(struct stacks *stacks, struct thread *died)
{
	struct log_reader *reader = stacks->reader;
	const size_t passed = reader->at.passed;
	const struct recorded_goroutine *g = &stacks->current;
	struct registers registers = {0};

	if (!read_registers(reader, &registers))
		return reader->at.passed > passed;
	if (!stacks->has_registers)
		died->registers = registers;
	else
		vec_push(reader->arena, &reader->record->threads,
			 (struct recorded_thread){.m_id = stacks->system ? g->m_id : -1,
						  .stack = stacks->system ? g->stack : (struct recorded_stack){0}, .registers = registers});
	stacks->has_registers = true;
	return true;
}

static void read_line(struct stacks *stacks)
{
	struct log_reader *reader = stacks->reader;
	struct thread *thread = reader->image->threads.items;

	if (!reader->at.line.length) { /* stands before each goroutine, and is nothing */
		reader_next(reader);
		return;
	}
	if (open_stack(stacks) || open_ancestor(stacks))
		return;
	if (stacks->open) {
		switch (read_stack_line(reader, &stacks->current)) {
		case LINE_CREATOR:
			close_stack(stacks);
			return;
		case LINE_OTHER:
			break;
		default:
			return;
		}
	}
	stacks->died_again |= is_second_death(&reader->at.line);
	read_complaint(reader, &reader->at, stacks->open && !stacks->ancestor ? stacks->current.id : 0);
	if (thread && take_registers(stacks, thread))
		return;
	reader_next(reader);
}

static int by_id(const void *a, const void *b)
{
	const struct recorded_goroutine *x = a;
	const struct recorded_goroutine *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static bool runs(const struct log_record *record, const struct recorded_goroutine *g)
{
	static const char *const states[] = {"running", "syscall"};

	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (!strcmp(record->states.items[g->state], states[i]))
			return true;
	return g->m_id >= 0;
}

/* The first that was printed is what the dying thread ran, if it ran any; behind the stack of a thread that runs its scheduler
 * (runtime.checkdead, findRunnable) come the others. */
static void find_dying(struct stacks *stacks)
{
	struct log_record *record = stacks->reader->record;
	const int64_t at = stacks->first ? goroutine_index_find(&stacks->seen, record, stacks->first) : -1;

	if (record->end != RECORDED_NO_END && at >= 0 && runs(record, &record->goroutines.items[at]))
		record->dying = stacks->first;
}

static const char *const self_printed[] = {
#define SELF_PRINTED(function) function,
#include "formats/log/self_printed.def"
#undef SELF_PRINTED
};

static bool is_self_printed(const struct log_record *record, const struct recorded_goroutine *g)
{
	const char *name = g->stack.count ? record->functions.items[record->places.items[record->frames.items[g->stack.first].place].function].name
					  : "";

	for (size_t i = 0; i < sizeof self_printed / sizeof *self_printed; i++)
		if (!strcmp(name, self_printed[i]))
			return true;
	return false;
}

/* A program that logs a panic which it recovered, with the stack, has not ended. */
static void forget_end(struct stacks *stacks)
{
	struct log_record *record = stacks->reader->record;
	const int64_t at = stacks->first ? goroutine_index_find(&stacks->seen, record, stacks->first) : -1;

	if (record->end != RECORDED_PANIC || at < 0 || !is_self_printed(record, &record->goroutines.items[at]))
		return;
	record->end = RECORDED_NO_END;
	record->panics.count = 0;
	stacks->reader->image->threads.count = 0;
}

static bool is_exception(const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);

	return cursor_take(&cursor, "Exception 0x");
}

struct log_at first_stack(const struct log_block *block, struct log_reader *reader)
{
	struct recorded_goroutine g;
	struct log_at at = log_block_start(block);
	bool headless = false;

	while (at.line.text && !is_system_stack(&at.line) && !read_goroutine_header(reader, &at.line, &g) &&
	       !(headless && begins_stack_line(&at))) {
		headless |= is_exception(&at.line);
		log_next(&at);
	}
	return at;
}

/* On Windows an exception outside of Go has the runtime print the stack of the goroutine that it hit without a header (signal_windows.go
 * winthrow, Go 1.5 to 1.27). */
static void open_headless(struct stacks *stacks)
{
	struct log_reader *reader = stacks->reader;
	const struct log_record *record = reader->record;

	if (record->end != RECORDED_EXCEPTION || !reader->at.line.text || !begins_stack_line(&reader->at))
		return;
	stacks->current = (struct recorded_goroutine){.creator = RECORDED_NONE, .m_id = -1, .line = reader->at.line.number,
						      .state = recorded_state(reader, record->signal.in_c ? "syscall" : "running")};
	stacks->open = stacks->headless = true;
}

static bool has_frame_on(const struct log_record *record, const struct recorded_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const uint64_t sp = record->frames.items[stack->first + i].sp;

		if (sp >= record->stack_lo && sp < record->stack_hi)
			return true;
	}
	return false;
}

/* The line of a complaint that names no goroutine. */
static const char *find_complaint(const struct log_record *record)
{
	for (size_t i = 0; i < record->words.count; i++)
		if (strstr(record->words.items[i], "unexpected return pc for ") && strstr(record->words.items[i], record->bad_callee))
			return record->words.items[i];
	return NULL;
}

/* Up to Go 1.18 a complaint names no goroutine, and where the runtime died a second time it is not printed again in that one's stack: then it
 * is of the only one that has a frame on the stack whose bounds were printed. */
static void find_complained(struct log_record *record)
{
	const struct recorded_goroutine *owner = NULL;
	const char *complaint = record->bad_callee ? find_complaint(record) : NULL;

	if (record->complained || !complaint || !record->stack_hi)
		return;
	for (size_t i = 0; i < record->goroutines.count; i++)
		if (has_frame_on(record, &record->goroutines.items[i].stack)) {
			if (owner)
				return;
			owner = &record->goroutines.items[i];
		}
	if (owner) {
		record->complained = owner->id;
		record->complaint = complaint;
	}
}

/* What is read of a large log is not read again soon. */
static void pass_pages(struct stacks *stacks)
{
	enum { RETURNED = 1 << 23 };
	const struct log_at *at = &stacks->reader->at;

	if (at->run != stacks->run) {
		stacks->run = at->run;
		stacks->returned = 0;
	}
	if (at->offset - stacks->returned < RETURNED)
		return;
	mapping_pass((struct span){(const uint8_t *)at->run->text + stacks->returned, at->offset - stacks->returned});
	stacks->returned = at->offset;
}

static bool is_ordered(const struct log_record *record)
{
	for (size_t i = 1; i < record->goroutines.count; i++)
		if (record->goroutines.items[i].id < record->goroutines.items[i - 1].id)
			return false;
	return true;
}

/* Room for what the lines can hold at most: arrays that grow leave as much behind. */
static void reserve(struct log_reader *reader)
{
	struct log_record *record = reader->record;
	const size_t headers = reader->block->stacks, places = reader->block->places;

	record->goroutines.items = arena_array(reader->arena, headers + 1, sizeof *record->goroutines.items);
	record->goroutines.capacity = headers + 1;
	record->frames.items = arena_array(reader->arena, places + 1, sizeof *record->frames.items);
	record->frames.capacity = places + 1;
}

void read_stacks(struct log_reader *reader)
{
	struct stacks stacks = {.reader = reader};
	struct log_record *record = reader->record;

	reserve(reader);
	open_headless(&stacks);
	while (reader->at.line.text) {
		read_line(&stacks);
		pass_pages(&stacks);
	}
	if (stacks.open && reader->block->cut_at_end)
		stacks.current.stack.cut = true;
	close_stack(&stacks);
	forget_end(&stacks);
	find_dying(&stacks);
	find_complained(record);
	if (!is_ordered(record))
		qsort(record->goroutines.items, record->goroutines.count, sizeof *record->goroutines.items, by_id);
}
