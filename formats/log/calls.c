/* calls.c: the lines of a stack (runtime/traceback.go traceback2, printcreatedby1; symtab.go printOneCgoTraceback): a call, and
 * below it, indented, its place. Calls that were inlined have "(...)" for arguments, and come before the function that holds them. */
#include "formats/log/reader.h"

#include <string.h>

enum {
	INLINED_LIMIT = 63,
	FRAMES_MOST = 1 << 14, /* of a stack; runtimes print some hundred (traceback.go _TracebackMaxFrames) */
};

/* What is printed below a call. */
struct place {
	const char *file;
	size_t file_length;
	uint64_t line;
	bool has_offset, has_pc, has_frame;
	uint64_t offset, pc, sp, fp;
};

/* "\truntime/panic.go:878 +0x159 fp=0x… sp=0x… pc=0x…" */
static bool read_numbers(struct cursor cursor, struct place *ret)
{
	if (cursor_take(&cursor, " +"))
		ret->has_offset = cursor_hex(&cursor, &ret->offset);
	if (cursor_take(&cursor, " fp=") && cursor_hex(&cursor, &ret->fp))
		ret->has_frame = cursor_take(&cursor, " sp=") && cursor_hex(&cursor, &ret->sp);
	if (cursor_take(&cursor, " pc="))
		ret->has_pc = cursor_hex(&cursor, &ret->pc);
	cursor_skip_space(&cursor);
	return cursor_at_end(&cursor);
}

static bool read_place(const struct log_line *line, struct place *ret)
{
	struct cursor cursor = cursor_of(line);
	struct cursor rest;
	const char *colon;

	*ret = (struct place){0};
	if (!cursor_skip_space(&cursor))
		return false;
	colon = cursor_find_last(&cursor, ":");
	rest = (struct cursor){colon ? colon + 1 : cursor.at, cursor.end};
	if (!colon)
		return cursor_take(&rest, "pc=") && (ret->has_pc = cursor_hex(&rest, &ret->pc)) && cursor_at_end(&rest);
	ret->file = cursor.at;
	ret->file_length = (size_t)(colon - cursor.at);
	return cursor_decimal(&rest, &ret->line) && ret->line <= INT32_MAX && read_numbers(rest, ret);
}

/* Arguments hold no parentheses, names may. */
static bool split_call(struct cursor line, struct cursor *name, struct cursor *arguments)
{
	const char *open;

	if (!cursor_cut_tail(&line, ")") || cursor_at_end(&line) || *line.at == ' ' || *line.at == '\t')
		return false;
	open = memrchr(line.at, '(', cursor_left(&line));
	if (!open || open == line.at)
		return false;
	*name = (struct cursor){line.at, open};
	*arguments = (struct cursor){open + 1, line.end};
	return !memchr(name->at, ' ', cursor_left(name)) || memchr(name->at, '[', cursor_left(name));
}

static bool equals(const struct cursor *cursor, const char *text)
{
	return cursor_left(cursor) == strlen(text) && !memcmp(cursor->at, text, strlen(text));
}

static struct recorded_call call_of(struct log_reader *reader, const struct cursor *name, const struct place *place)
{
	static const char panic[] = "runtime.gopanic";
	const bool gopanic = equals(name, "panic"); /* runtime.printFuncName */
	const bool no_file = place->file_length == 1 && *place->file == '?' && !place->line;
	struct recorded_call call = {.line = (int32_t)place->line};

	call.function = gopanic ? intern(&reader->functions, reader->arena, panic, sizeof panic - 1, RECORDED_NONE)->text
				: intern(&reader->functions, reader->arena, name->at, cursor_left(name), RECORDED_NONE)->text;
	if (place->file && !no_file)
		call.file = intern(&reader->files, reader->arena, place->file, place->file_length, RECORDED_NONE)->text;
	return call;
}

static uint32_t function_of(struct log_reader *reader, const char *name)
{
	struct interned_text *entry = intern(&reader->functions, reader->arena, name, strlen(name), RECORDED_NONE);

	if (entry->value == RECORDED_NONE) {
		entry->value = (uint32_t)reader->record->functions.count;
		vec_push_moving(reader->arena, &reader->record->functions, (struct recorded_function){.name = entry->text});
	}
	return entry->value;
}

/* Calls that were inlined, waiting for the function that holds them, and then that one. */
struct site {
	struct recorded_call calls[INLINED_LIMIT + 1];
	size_t count;
	bool holder_hidden;
};

/* All that makes places equal, as bytes: interned texts are equal by their addresses. The calls come first: what is kept of the key is
 * where the place has them. */
struct place_key {
	struct recorded_call calls[INLINED_LIMIT + 1];
	uint64_t rest[4];
};

static size_t key_of(const struct site *site, const struct place *place, bool foreign, struct place_key *ret)
{
	const uint64_t rest[] = {place->has_offset ? place->offset : UINT64_MAX, place->has_pc ? place->pc : UINT64_MAX, foreign,
				 site->holder_hidden};
	const size_t size = site->count * sizeof *ret->calls;

	memset(ret, 0, size); /* what lies between fields counts, too */
	for (size_t i = 0; i < site->count; i++) {
		ret->calls[i].function = site->calls[i].function;
		ret->calls[i].file = site->calls[i].file;
		ret->calls[i].line = site->calls[i].line;
	}
	memcpy((char *)ret + size, rest, sizeof rest);
	return size + sizeof rest;
}

static void note_entry(struct log_record *record, const struct recorded_place *place)
{
	struct recorded_function *function = &record->functions.items[place->function];

	if (place->has_pc && !place->foreign && place->pc >= place->offset && !function->entry)
		function->entry = place->pc - place->offset;
}

static uint32_t place_of(struct log_reader *reader, const struct site *site, const struct place *place, bool foreign)
{
	struct log_record *record = reader->record;
	struct place_key key;
	const size_t size = key_of(site, place, foreign, &key);
	const uint32_t fresh = (uint32_t)record->places.count;
	const struct interned_text *entry = intern(&reader->places, reader->arena, (const char *)&key, size, fresh);

	if (entry->value != fresh)
		return entry->value;
	vec_push_moving(reader->arena, &record->places,
			(struct recorded_place){.calls = (const struct recorded_call *)(const void *)entry->text,
						.count = (uint32_t)site->count, .foreign = foreign, .holder_hidden = site->holder_hidden,
						.function = function_of(reader, site->calls[site->count - 1].function),
						.has_offset = place->has_offset, .offset = place->offset, .has_pc = place->has_pc,
						.pc = place->pc});
	note_entry(record, &record->places.items[fresh]);
	return fresh;
}

static void add_frame(struct log_reader *reader, struct recorded_stack *stack, const struct recorded_frame *frame)
{
	if (stack->count == FRAMES_MOST) {
		stack->cut = true;
		return;
	}
	if (!stack->count)
		stack->first = (uint32_t)reader->record->frames.count;
	vec_push(reader->arena, &reader->record->frames, *frame);
	stack->count++;
}

/* Whether the line below is a place. */
static bool place_below(const struct log_reader *reader, struct place *place)
{
	return reader->below.line.text && read_place(&reader->below.line, place);
}

/* Goes past a line and the one below it. */
static void pass_two(struct log_reader *reader)
{
	reader_next(reader);
	reader_next(reader);
}

bool begins_stack_line(const struct log_at *at)
{
	struct cursor name, arguments, creator = cursor_of(&at->line);
	struct log_at below = *at;
	struct place place;

	log_next(&below);
	return cursor_take(&creator, "created by ") ||
	       (split_call(cursor_of(&at->line), &name, &arguments) && below.line.text && read_place(&below.line, &place));
}

/* A call with its place; false: the next two lines are none. */
static bool next_call(const struct log_reader *reader, struct cursor *name, struct cursor *arguments, struct place *place)
{
	return reader->at.line.text && split_call(cursor_of(&reader->at.line), name, arguments) && place_below(reader, place);
}

/* "name of C\n\tfile:line pc=0x…" */
static bool next_foreign(const struct log_reader *reader, struct cursor *name, struct place *place)
{
	if (!reader->at.line.text || !place_below(reader, place) || !place->has_pc || place->has_frame || place->has_offset)
		return false;
	*name = cursor_of(&reader->at.line);
	return !cursor_at_end(name) && *name->at != ' ' && *name->at != '\t';
}

static void note_arguments(struct log_reader *reader, const struct cursor *arguments)
{
	if (memchr(arguments->at, '{', cursor_left(arguments)))
		note_sign(reader, SIGN_BRACES);
	if (memchr(arguments->at, '?', cursor_left(arguments)))
		note_sign(reader, SIGN_UNSURE_ARGUMENT);
}

/* Inlined calls and the function that holds them, or such a function alone, are one frame. */
static bool read_frame(struct log_reader *reader, struct recorded_stack *stack)
{
	struct site site = {.count = 0};
	struct cursor name, arguments;
	struct place place;
	struct recorded_frame frame = {0};
	bool inlined = true;

	while (inlined && site.count <= INLINED_LIMIT && next_call(reader, &name, &arguments, &place)) {
		inlined = equals(&arguments, "...") && !place.has_offset && !place.has_frame;
		site.calls[site.count++] = call_of(reader, &name, &place);
		pass_two(reader);
	}
	if (!site.count)
		return false;
	site.holder_hidden = inlined;
	frame.place = place_of(reader, &site, &place, false);
	frame.arguments = arguments.at;
	frame.arguments_size = cursor_left(&arguments) < UINT32_MAX ? (uint32_t)cursor_left(&arguments) : 0;
	note_arguments(reader, &arguments);
	frame.sp = place.sp;
	frame.fp = place.fp;
	add_frame(reader, stack, &frame);
	return true;
}

/* "non-Go function at pc=0x…": there is no symbolizer (printCgoTraceback). */
static bool lone_foreign(const struct log_reader *reader, struct cursor *name, struct place *place)
{
	struct cursor cursor = cursor_of(&reader->at.line);

	*place = (struct place){0};
	*name = cursor;
	if (!cursor_take(&cursor, "non-Go function"))
		return false;
	name->end = cursor.at;
	return cursor_take(&cursor, " at pc=") && (place->has_pc = cursor_hex(&cursor, &place->pc)) && cursor_at_end(&cursor);
}

static bool read_foreign(struct log_reader *reader, struct recorded_stack *stack)
{
	struct site site = {.count = 1};
	struct cursor name;
	struct place place;

	if (lone_foreign(reader, &name, &place))
		reader_next(reader);
	else if (next_foreign(reader, &name, &place))
		pass_two(reader);
	else
		return false;
	site.calls[0] = call_of(reader, &name, &place);
	add_frame(reader, stack, &(struct recorded_frame){.place = place_of(reader, &site, &place, true)});
	return true;
}

/* "created by main.main in goroutine 1"; the place below it may be missing where the log ends. */
static bool read_creator(struct log_reader *reader, struct recorded_goroutine *ret)
{
	struct cursor cursor = cursor_of(&reader->at.line);
	struct site site = {.count = 1};
	struct place place = {0};
	struct cursor id;
	const char *in;

	if (!cursor_take(&cursor, "created by ") || cursor_at_end(&cursor))
		return false;
	in = cursor_find_last(&cursor, " in goroutine ");
	id = (struct cursor){in ? in + strlen(" in goroutine ") : cursor.end, cursor.end};
	if (in && cursor_decimal(&id, &ret->creator_id) && cursor_at_end(&id))
		cursor.end = in;
	note_sign(reader, ret->creator_id ? SIGN_CREATOR_ID : SIGN_CREATOR_WITHOUT_ID);
	reader_next(reader);
	if (reader->at.line.text && read_place(&reader->at.line, &place))
		reader_next(reader);
	else
		place = (struct place){0};
	site.calls[0] = call_of(reader, &cursor, &place);
	ret->creator = place_of(reader, &site, &place, false);
	return true;
}

static bool read_elision(struct log_reader *reader, struct recorded_stack *stack)
{
	struct cursor cursor = cursor_of(&reader->at.line);
	uint64_t count;

	if (!cursor_take(&cursor, "..."))
		return false;
	if (cursor_take(&cursor, "additional frames elided...")) {
		stack->cut = true;
	} else if (cursor_decimal(&cursor, &count) && cursor_take(&cursor, " frames elided...")) {
		stack->elided = count;
		stack->elided_at = stack->count;
	} else {
		return false;
	}
	reader_next(reader);
	return true;
}

static bool read_unavailable(struct log_reader *reader, struct recorded_stack *stack)
{
	struct cursor cursor = cursor_of(&reader->at.line);

	cursor_skip_space(&cursor);
	if (!cursor_take(&cursor, "goroutine running on other thread; stack unavailable"))
		return false;
	stack->unavailable = true;
	reader_next(reader);
	return true;
}

/* "main.(*server).leaf(": the runtime died as it printed that call. */
static bool read_broken(struct log_reader *reader, struct recorded_stack *stack)
{
	struct cursor cursor = cursor_of(&reader->at.line);

	if (!stack->count || !cursor_cut_tail(&cursor, "(") || cursor_at_end(&cursor) || memchr(cursor.at, ' ', cursor_left(&cursor)) ||
	    !memchr(cursor.at, '.', cursor_left(&cursor)))
		return false;
	stack->broken = arena_strndup(reader->arena, cursor.at, cursor_left(&cursor));
	stack->cut = true;
	reader_next(reader);
	return true;
}

void add_symbol_place(struct log_reader *reader, const struct recorded_symbol *symbol)
{
	const struct cursor text = {symbol->text, symbol->text + strlen(symbol->text)};
	const char *plus = cursor_find_last(&text, "+"); /* "main.f+0x41", up to Go 1.16 "main.f+65" */
	struct place place = {.has_offset = true, .has_pc = true, .pc = symbol->word};
	struct cursor offset = {plus ? plus + 1 : text.end, text.end}, name = {text.at, plus ? plus : text.at};
	struct site site = {.count = 1};

	if (cursor_at_end(&name) || (!cursor_hex(&offset, &place.offset) && !cursor_decimal(&offset, &place.offset)) || !cursor_at_end(&offset))
		return;
	site.calls[0] = call_of(reader, &name, &place);
	place_of(reader, &site, &place, false);
}

enum stack_line read_stack_line(struct log_reader *reader, struct recorded_goroutine *ret)
{
	const size_t count = ret->stack.count;

	if (read_creator(reader, ret))
		return LINE_CREATOR;
	if (read_frame(reader, &ret->stack)) {
		if (ret->id && !ret->g && reader->record->frames.items[ret->stack.first + count].fp)
			note_sign(reader, SIGN_FRAMES_WITHOUT_G);
		return LINE_FRAME;
	}
	if (read_foreign(reader, &ret->stack))
		return LINE_FRAME;
	if (read_elision(reader, &ret->stack))
		return LINE_ELISION;
	return read_unavailable(reader, &ret->stack) || read_broken(reader, &ret->stack) ? LINE_UNAVAILABLE : LINE_OTHER;
}
