/* live_record.h: what tornstack notes in a core that it made of a live process (formats/live): how it was taken. The note's owner
 * is "TORNSTACK", its type 1; its desc these words, in this order. What is added later comes behind them. */
#ifndef FORMATS_DUMP_LIVE_RECORD_H
#define FORMATS_DUMP_LIVE_RECORD_H

#include "formats/dump/image.h"

#define LIVE_OWNER "TORNSTACK"
enum { LIVE_NOTE = 1 };

struct live_record {
	uint64_t pause;    /* nanoseconds for which the process was stopped */
	uint64_t pid;      /* as it was asked for; image->pid is what the process calls itself */
	uint64_t copied;   /* bytes of memory */
	uint64_t swapped;  /* bytes that were left alone because they were swapped out */
	uint64_t heap_whole; /* 1: all memory that the process had written to was copied; 0: the longest pause came first */
	uint64_t stubborn; /* threads that did not stop: their registers are unknown */
};

/* For how long it was stopped: "3.2 ms". */
const char *live_pause_text(struct arena *arena, const struct live_record *live);

/* Reads the note into image->live and says what it costs. */
void live_record_read(struct image *image, struct span desc);

#endif
