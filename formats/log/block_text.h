/* block_text.h: the lines of a crash that is being put together, as runs (lines.h). What stands in the log as it is stays there; of
 * the rest there are copies. */
#ifndef FORMATS_LOG_BLOCK_TEXT_H
#define FORMATS_LOG_BLOCK_TEXT_H

#include "base/span.h"
#include "base/vec.h"
#include "formats/log/lines.h"

struct block_text {
	struct arena *arena, *lasting; /* until it is known that the block is worth anything; and for good */
	struct span log;
	VEC(struct log_run) runs;
	size_t lines;
	const uint8_t *last_end; /* of the line added last */
	uint8_t *room;           /* of copies */
	size_t used, capacity, copied;
	size_t first_lasting;    /* index of the first run whose copy is on the lasting arena; SIZE_MAX: none yet */
};

struct block_text block_text_new(struct arena *arena, struct arena *lasting, struct span log);

/* Begins another block. What room the last one had, whose runs were kept or are not wanted, is used again. */
void block_text_restart(struct block_text *text);

/* Adds `count` lines, which have newlines between them and numbers that go up by one. */
void block_text_add(struct block_text *text, struct span lines, uint64_t number, size_t count);

/* Whether the last line is empty; false: there is none. */
bool block_text_ends_blank(const struct block_text *text);

void block_text_drop_last(struct block_text *text);

struct block_line {
	struct span text;
	uint64_t number;
};

/* Takes the last `count` lines, no more than there are, out of it: in order, on the arena as far as they do not stand in the log. */
struct block_line *block_text_take_last(struct block_text *text, size_t count, struct arena *arena);

/* Its runs, on the lasting arena. */
struct log_run *block_text_keep(struct block_text *text);

/* A text that stays when what is on other arenas than these two goes. */
struct span block_text_lasting(const struct block_text *text, struct span span);

#endif
