/* words.c: what the runtime says before the first stack: panics (runtime/panic.go printpanics: the oldest first, each later one
 * behind a tab), fatal errors, and what it complains of before them. */
#include "formats/log/reader.h"

#include <string.h>

static const char panic_word[] = "panic: ";
static const char fatal_word[] = "fatal error: ";

static bool is_panic(const struct log_line *line, bool *deferred)
{
	struct cursor cursor = cursor_of(line);

	*deferred = cursor_skip_space(&cursor) > 0; /* tabs may have become blanks */
	return cursor_take(&cursor, panic_word);
}

/* What comes behind a panic is indented as a deferred function's panic would be. */
static bool begins(const struct log_line *line, const char *text)
{
	struct cursor cursor = cursor_of(line);

	cursor_skip_space(&cursor);

	return cursor_take(&cursor, text);
}

/* A value may have any number of lines; what ends it is an empty one, or what only the runtime prints there. */
static bool ends_value(const struct log_line *line)
{
	bool deferred;

	return !line->length || is_panic(line, &deferred) || begins(line, "[signal ") || begins(line, fatal_word) ||
	       begins(line, "goroutine ") || begins(line, "runtime: ");
}

static struct log_at value_end(struct log_at at, size_t count)
{
	do
		log_next(&at);
	while (at.passed < count && !ends_value(&at.line));
	return at;
}

/* The lines [from, to) of the block as one text; of the first without its first `skip` bytes. */
static char *joined(struct log_reader *reader, const struct log_at *from, const struct log_at *to, size_t skip)
{
	size_t size = 1;
	char *text, *end;

	for (struct log_at at = *from; at.passed < to->passed; log_next(&at))
		size += at.line.length + 1;
	text = end = arena_alloc(reader->arena, size);
	for (struct log_at at = *from; at.passed < to->passed; log_next(&at)) {
		const size_t cut = at.passed == from->passed ? skip : 0;

		if (at.passed > from->passed)
			*end++ = '\n';
		memcpy(end, at.line.text + cut, at.line.length - cut);
		end += at.line.length - cut;
	}
	return text;
}

static bool cut_tail(char *text, const char *tail)
{
	const size_t length = strlen(text);
	const size_t size = strlen(tail);

	if (length < size || strcmp(text + length - size, tail) != 0)
		return false;
	text[length - size] = 0;
	return true;
}

static void add_panic(struct log_reader *reader, const struct log_at *from, const struct log_at *to, bool deferred)
{
	const struct log_line *line = &from->line;
	const size_t skip = (size_t)((const char *)memmem(line->text, line->length, panic_word, sizeof panic_word - 1) - line->text) +
			    sizeof panic_word - 1;
	char *text = joined(reader, from, to, skip);
	struct recorded_panic panic = {.text = text, .deferred = deferred};

	panic.repanicked = cut_tail(text, " [recovered, repanicked]");
	panic.recovered = cut_tail(text, " [recovered]") || panic.repanicked;
	if (panic.repanicked)
		note_sign(reader, SIGN_REPANICKED);
	vec_push(reader->arena, &reader->record->panics, panic);
}

/* All panics of the chain; a program may have printed that word before. The last that is not indented is where the chain begins,
 * but behind a Goexit, which prints nothing, the next is not indented either: then it begins where the line before is none. */
static void read_panics(struct log_reader *reader, size_t count)
{
	struct log_at at = log_block_start(reader->block);
	bool deferred;

	while (at.passed < count) {
		struct log_at end;

		if (!is_panic(&at.line, &deferred) || (deferred && !reader->record->panics.count)) {
			log_next(&at);
			continue;
		}
		end = value_end(at, count);
		add_panic(reader, &at, &end, deferred);
		at = end;
	}
}

/* "runtime: goroutine stack exceeds 1000000000-byte limit" */
static void read_limit(struct log_record *record, const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);
	uint64_t limit;

	if (cursor_take(&cursor, "runtime: goroutine stack exceeds ") && cursor_decimal(&cursor, &limit) &&
	    cursor_take(&cursor, "-byte limit"))
		record->limit_said = limit;
}

/* "stack=[0x4000108000-0x4000128000", "stack=[0xc000, 0xc400]" */
static void read_bounds(struct log_record *record, const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);
	const char *at = cursor_find(&cursor, "stack=[");
	uint64_t lo, hi;

	if (!at)
		return;
	cursor.at = at + strlen("stack=[");
	if (!cursor_hex(&cursor, &lo))
		return;
	if (!cursor_take(&cursor, "-"))
		cursor_take(&cursor, ",");
	cursor_skip_space(&cursor);
	if (!cursor_hex(&cursor, &hi) || hi <= lo)
		return;
	record->stack_lo = lo;
	record->stack_hi = hi;
	cursor = cursor_of(line); /* "runtime: sp=0xc020160390 stack=[…" */
	if (cursor_take(&cursor, "runtime: sp="))
		cursor_hex(&cursor, &record->full_sp);
}

static const char *text_of(struct log_reader *reader, const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);

	cursor_skip_space(&cursor);
	return arena_strndup(reader->arena, cursor.at, cursor_left(&cursor));
}

/* "called from 0x51" at the end of a complaint, or, where that had no room for it, in the line below: where the name before it ends; NULL: it is
 * not there. */
static const char *read_caller(const struct log_at *at, const char *name, uint64_t *ret)
{
	static const char between[] = " called from ";
	struct log_at below = *at;
	struct cursor cursor = cursor_of(&at->line), pc;
	const char *end = cursor_find_last(&cursor, between);

	pc = (struct cursor){end ? end + strlen(between) : cursor.end, cursor.end};
	if (!end) {
		log_next(&below);
		end = cursor.end;
		pc = below.line.text ? cursor_of(&below.line) : pc;
		if (!cursor_take(&pc, between + 1))
			return NULL;
	}
	return end > name && cursor_hex(&pc, ret) && cursor_at_end(&pc) ? end : NULL;
}

/* "unexpected return pc for main.f called from 0x51", wherever it stands in the line: up to Go 1.18 no goroutine is named. */
static void read_bad_return(struct log_reader *reader, const struct log_at *at)
{
	static const char before[] = "unexpected return pc for ";
	struct log_record *record = reader->record;
	const struct cursor cursor = cursor_of(&at->line);
	const char *name = cursor_find(&cursor, before);
	const char *end = name && !record->bad_callee ? read_caller(at, name + strlen(before), &record->bad_pc) : NULL;

	if (end)
		record->bad_callee = arena_strndup(reader->arena, name + strlen(before), (size_t)(end - name) - strlen(before));
}

/* "unknown pc 0xc0002c44b0": a stack was to be walked from there. */
static void read_unknown_pc(struct log_record *record, const struct log_line *line)
{
	static const char before[] = "unknown pc ";
	struct cursor cursor = cursor_of(line);
	const char *pc = record->unknown_pc ? NULL : cursor_find(&cursor, before);

	cursor.at = pc ? pc + strlen(before) : cursor.end;
	cursor_hex(&cursor, &record->unknown_pc);
}

/* "stack: frame={sp:0x4000063e90, fp:0x4000063ec0} stack=[…", below that; of a frame in no function fp is not known. */
static void read_bad_frame(struct log_record *record, const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);
	uint64_t sp, fp;

	if (!cursor_take(&cursor, "stack: frame={sp:") || !cursor_hex(&cursor, &sp) || !cursor_take(&cursor, ", fp:") ||
	    !cursor_hex(&cursor, &fp))
		return;
	if (!fp && record->unknown_pc && !record->unknown_sp)
		record->unknown_sp = sp;
	if (!fp || !record->bad_callee || record->bad_fp)
		return;
	record->bad_sp = sp;
	record->bad_fp = fp;
}

/* "runtime: g 18: unexpected return pc …", "runtime: g1: frame.sp=…", "runtime: g 18 gp=0x…: unknown pc …" */
static void read_complained(struct log_reader *reader, const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);
	uint64_t id;

	if (!cursor_take(&cursor, "runtime: g"))
		return;
	cursor_skip_space(&cursor);
	if (cursor_decimal(&cursor, &id) && (cursor_take(&cursor, ":") || cursor_take(&cursor, " gp="))) {
		reader->record->complained = id;
		reader->record->complaint = text_of(reader, line);
		if (cursor_take(&cursor, " frame.sp="))
			cursor_hex(&cursor, &reader->record->short_sp);
	}
}

/* Up to Go 1.18 a complaint names no goroutine: it is of the one in whose stack it is printed again. */
static void read_owner(struct log_reader *reader, const struct log_line *line, uint64_t goroutine)
{
	static const char before[] = "unexpected return pc for ";
	struct log_record *record = reader->record;
	struct cursor cursor = cursor_of(line);
	const char *name = cursor_find(&cursor, before);

	if (!name || !goroutine || record->complained || !record->bad_callee)
		return;
	cursor.at = name + strlen(before);
	if (!cursor_take(&cursor, record->bad_callee))
		return;
	record->complained = goroutine;
	record->complaint = text_of(reader, line);
}

void read_complaint(struct log_reader *reader, const struct log_at *at, uint64_t goroutine)
{
	const struct log_line *line = &at->line;

	if (!reader->record->complained)
		read_complained(reader, line);
	if (!reader->record->stack_hi)
		read_bounds(reader->record, line);
	read_bad_return(reader, at);
	read_owner(reader, line, goroutine);
	read_unknown_pc(reader->record, line);
	read_bad_frame(reader->record, line);
}

/* "# verdict torn-return certain goroutine 35" (report/traceback.c). True: it is one. */
static bool read_told(struct log_reader *reader, const struct log_line *line)
{
	struct log_record *record = reader->record;
	struct cursor cursor = cursor_of(line);
	const char *gap;

	if (cursor_take(&cursor, "# ") && cursor_take(&cursor, "build-id ")) {
		reader->image->said.build_id = build_id_of(reader->arena, text_of(reader, line));
		return true;
	}
	cursor = cursor_of(line);
	if (!cursor_take(&cursor, "# verdict ") || !(gap = cursor_find(&cursor, " ")))
		return false;
	record->told_rule = arena_strndup(reader->arena, cursor.at, (size_t)(gap - cursor.at));
	cursor.at = gap + 1;
	gap = cursor_find(&cursor, " goroutine ");
	record->told_certainty = arena_strndup(reader->arena, cursor.at, (size_t)((gap ? gap : cursor.end) - cursor.at));
	cursor.at = gap ? gap + strlen(" goroutine ") : cursor.end;
	if (!cursor_decimal(&cursor, &record->told_goroutine))
		record->told_goroutine = 0;
	return true;
}

static void read_word(struct log_reader *reader, const struct log_at *at)
{
	struct log_record *record = reader->record;
	const struct log_line *line = &at->line;

	if (read_told(reader, line))
		return;
	if (line->length && !is_memory_line(line))
		vec_push(reader->arena, &record->words, text_of(reader, line));
	if (begins(line, fatal_word)) {
		record->fatal = text_of(reader, line);
		record->words_line = line->number;
	}
	read_limit(record, line);
	read_bounds(record, line);
	read_complained(reader, line);
	read_bad_return(reader, at);
	read_unknown_pc(record, line);
	read_bad_frame(record, line);
	read_signal_words(reader, at);
}

static enum recorded_end end_of(const struct log_record *record)
{
	if (record->fatal)
		return RECORDED_FATAL;
	if (record->panics.count)
		return RECORDED_PANIC;
	if (!record->has_signal || record->signal.panicked)
		return RECORDED_NO_END;
	return record->signal.exception ? RECORDED_EXCEPTION : RECORDED_SIGNAL;
}

void read_words(struct log_reader *reader, size_t count)
{
	for (struct log_at at = log_block_start(reader->block); at.passed < count; log_next(&at))
		read_word(reader, &at);
	read_panics(reader, count);
	reader->record->end = end_of(reader->record);
}
