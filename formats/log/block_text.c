/* block_text.c: see block_text.h. */
#include "formats/log/block_text.h"

#include <string.h>

enum { FIRST_ROOM = 1 << 8, ROOM = 1 << 16 };

struct block_text block_text_new(struct arena *arena, struct arena *lasting, struct span log)
{
	return (struct block_text){.arena = arena, .lasting = lasting, .log = log, .first_lasting = SIZE_MAX};
}

void block_text_restart(struct block_text *text)
{
	const bool lasting = text->first_lasting != SIZE_MAX; /* then the room is the last block's for good */
	const struct block_text old = *text;

	*text = block_text_new(old.arena, old.lasting, old.log);
	text->runs.items = old.runs.items;
	text->runs.capacity = old.runs.capacity;
	text->room = lasting ? NULL : old.room;
	text->capacity = lasting ? 0 : old.capacity;
}

static bool in_log(const struct block_text *text, const void *at)
{
	return (uintptr_t)at - (uintptr_t)text->log.data < text->log.size;
}

/* Room for copies grows as the block does; a large one is worth keeping. */
static void make_room(struct block_text *text, size_t size)
{
	const size_t doubled = text->capacity ? text->capacity * 2 : FIRST_ROOM, wanted = doubled < ROOM ? doubled : ROOM;
	const bool large = text->copied >= ROOM;

	if (large && text->first_lasting == SIZE_MAX)
		text->first_lasting = text->runs.count;
	text->capacity = wanted > size ? wanted : size;
	text->room = arena_alloc(large ? text->lasting : text->arena, text->capacity);
	text->used = 0;
}

/* Copies stand one behind the other, too. */
static struct span copy(struct block_text *text, struct span lines)
{
	const size_t size = lines.size + 1;
	uint8_t *made;

	if (text->capacity - text->used < size)
		make_room(text, size);
	made = text->room + text->used;
	if (lines.size)
		memcpy(made, lines.data, lines.size);
	made[lines.size] = '\n';
	text->used += size;
	text->copied += size;
	return (struct span){made, lines.size};
}

static bool follows(const struct log_run *run, struct span lines, uint64_t number, size_t count)
{
	const int64_t step = (int64_t)(number - (run->number + (run->count - 1) * (uint64_t)run->step));

	return (const uint8_t *)run->text + run->size + 1 == lines.data && (run->count == 1 || run->step == step) && (count == 1 || step == 1);
}

void block_text_add(struct block_text *text, struct span lines, uint64_t number, size_t count)
{
	const bool goes_on = text->last_end && lines.data == text->last_end + 1 && *text->last_end == '\n';
	const struct span kept = in_log(text, lines.data) && (goes_on || !text->lines) ? lines : copy(text, lines);
	struct log_run *run = text->runs.count ? &text->runs.items[text->runs.count - 1] : NULL;

	text->lines += count;
	text->last_end = in_log(text, lines.data) && lines.size < text->log.size - (size_t)(lines.data - text->log.data)
				 ? lines.data + lines.size
				 : NULL;
	if (run && follows(run, kept, number, count)) {
		run->step = run->count == 1 ? (int64_t)(number - run->number) : run->step;
		run->size += 1 + kept.size;
		run->count += count;
		return;
	}
	vec_push_moving(text->arena, &text->runs,
		 (struct log_run){.text = (const char *)kept.data, .size = kept.size, .number = number, .step = 1, .count = count});
}

bool block_text_ends_blank(const struct block_text *text)
{
	const struct log_run *run = text->runs.count ? &text->runs.items[text->runs.count - 1] : NULL;

	return run && (!run->size || (run->count > 1 && run->text[run->size - 1] == '\n'));
}

void block_text_drop_last(struct block_text *text)
{
	struct log_run *run = &text->runs.items[text->runs.count - 1];
	const char *newline = run->count > 1 && run->size ? memrchr(run->text, '\n', run->size) : NULL;

	text->lines--;
	text->last_end = NULL;
	if (--run->count)
		run->size = newline ? (size_t)(newline - run->text) : 0;
	else
		text->runs.count--;
}

static struct block_line last_line(const struct block_text *text)
{
	const struct log_run *run = &text->runs.items[text->runs.count - 1];
	const uint64_t number = run->number + (run->count - 1) * (uint64_t)run->step;
	const char *newline = run->count > 1 && run->size ? memrchr(run->text, '\n', run->size) : NULL;
	const char *begin = newline ? newline + 1 : run->text;

	return (struct block_line){{(const uint8_t *)begin, run->size - (size_t)(begin - run->text)}, number};
}

struct block_line *block_text_take_last(struct block_text *text, size_t count, struct arena *arena)
{
	struct block_line *lines = arena_array(arena, count, sizeof *lines);

	while (count) {
		struct block_line *line = &lines[--count];

		*line = last_line(text);
		if (line->text.size && !in_log(text, line->text.data))
			line->text.data = (const uint8_t *)arena_strndup(arena, (const char *)line->text.data, line->text.size);
		block_text_drop_last(text);
	}
	return lines;
}

struct log_run *block_text_keep(struct block_text *text)
{
	struct log_run *runs = arena_array(text->lasting, text->runs.count, sizeof *runs);

	for (size_t i = 0; i < text->runs.count; i++) {
		runs[i] = text->runs.items[i];
		if (!in_log(text, runs[i].text) && i < text->first_lasting)
			runs[i].text = arena_strndup(text->lasting, runs[i].text, runs[i].size);
	}
	return runs;
}

struct span block_text_lasting(const struct block_text *text, struct span span)
{
	if (!span.size || in_log(text, span.data))
		return span;
	return (struct span){(const uint8_t *)arena_strndup(text->arena, (const char *)span.data, span.size), span.size};
}
