/* runs.c: the lines of a block, one after the other (lines.h). */
#include "formats/log/lines.h"

#include <string.h>

static void read_line(struct log_at *at)
{
	const struct log_run *run = at->run;
	const char *text, *newline;

	at->line = (struct log_line){0};
	if (run == at->end)
		return;
	text = run->text + at->offset;
	newline = at->index + 1 < run->count ? memchr(text, '\n', run->size - at->offset) : NULL;
	at->line = (struct log_line){.text = text,
				     .length = newline ? (size_t)(newline - text) : run->size - at->offset,
				     .number = run->number + at->index * (uint64_t)run->step};
}

struct log_at log_block_start(const struct log_block *block)
{
	struct log_at at = {.run = block->runs, .end = block->runs + block->run_count};

	read_line(&at);
	return at;
}

void log_next(struct log_at *at)
{
	if (at->run == at->end)
		return;
	at->passed++;
	at->offset += at->line.length + 1;
	if (++at->index == at->run->count) {
		at->run++;
		at->offset = at->index = 0;
	}
	read_line(at);
}
