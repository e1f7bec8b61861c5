/* kept.h: which words of the memory in a dump an analysis read. While a dump is made slim (slim.h), every read of the image marks its
 * words; in the image of a slim dump only marked words can be read, and all others are not saved. A word is 8 bytes at an aligned
 * address; the words of all segments are numbered through, as far as their bytes are saved. */
#ifndef FORMATS_DUMP_KEPT_H
#define FORMATS_DUMP_KEPT_H

#include "formats/dump/image.h"

enum { KEPT_WORD = 8, KEPT_BITS = 64 };

/* What comparing a file with memory gave (image_compare_bytes): none of its bytes need be kept. */
struct kept_comparison {
	uint64_t address, size, digest; /* of the file's bytes */
	struct comparison sum;
};

/* What a file told of a pc: who reads the slim dump need not have the file. */
struct kept_answer {
	uint64_t pc;
	uint64_t question; /* enum kept_question */
	struct span bytes; /* empty: there is nothing to tell */
	bool renamed;      /* names in it have pseudonyms */
};

/* A text that was read for what it says. */
struct kept_text {
	uint64_t address, size;
	enum cited_text kind;
};

enum { KEPT_TEXTS_MOST = 1 << 12 };

enum kept_question { KEPT_UNWIND_ROW, KEPT_C_FUNCTION };

enum { KEPT_ANSWERS_MOST = 1 << 12 };

struct redaction;

struct kept {
	uint64_t *bits;    /* a word each */
	uint64_t *removed; /* words that were read and must not leave: not saved for who reads one; in views, which are looked through for
			    * something else, a value that is no address, number or nil */
	/* While it is recorded, of words that are kept: */
	uint64_t *fields; /* fields of the runtime's structures (image_cite_field, lib/redactor.h) */
	uint64_t *texts;  /* read as texts (image_string) */
	uint64_t *masked; /* written without their letters */
	uint64_t words;
	bool recording;
	bool nearby;           /* of addresses near their own the record says how far, not the memory (formats/slim/nearby.h) */
	uint64_t nearby_count; /* how many those are */
	VEC(struct kept_comparison) comparisons;
	VEC(struct kept_answer) answers; /* ascending by pc and question */
	VEC(struct kept_text) cited; /* by image_cite_text */
	struct redaction *redaction; /* what must not leave (formats/slim/redaction.h); NULL: all may */
	struct notes notes; /* what the format's reader noted */
};

/* Numbers the words of the image's segments, none of them marked, and makes the image mark what is read from here on, or refuse what
 * is not marked. The segments must not change any more. */
const struct err *kept_begin(struct image *image, bool recording);

/* The number of the word at an offset of a segment. */
static inline uint64_t kept_number(const struct segment *segment, uint64_t offset)
{
	return segment->first_word + (segment->address % KEPT_WORD + offset) / KEPT_WORD;
}

/* Of the n bytes at an offset of a segment that are saved: how many can be read, or seen in a view. Recording: all, and they are marked. Several threads
 * may do so at once. */
uint64_t kept_bytes(struct kept *kept, const struct segment *segment, uint64_t offset, uint64_t n, bool view);

/* Whether a word is marked. */
static inline bool kept_has(const struct kept *kept, uint64_t number)
{
	return __atomic_load_n(&kept->bits[number / KEPT_BITS], __ATOMIC_RELAXED) >> number % KEPT_BITS & 1;
}

static inline bool kept_bit(const uint64_t *bits, uint64_t number)
{
	return bits[number / KEPT_BITS] >> number % KEPT_BITS & 1;
}

/* Marks the words of n bytes at an offset of a segment in one of the maps above. */
void kept_mark(uint64_t *bits, const struct segment *segment, uint64_t offset, uint64_t n);

/* Whether any of the words [from, to) is, or was removed. */
bool kept_any(const struct kept *kept, uint64_t from, uint64_t to);

/* The comparison of a file's bytes with the memory at an address that was recorded; NULL: none was. */
const struct kept_comparison *kept_compared(const struct kept *kept, struct span file, uint64_t address);
void kept_note_comparison(struct image *image, struct span file, uint64_t address, const struct comparison *sum);

/* What was told of a pc; NULL: nobody was asked. A new answer, by the one thread that asks files: a copy is kept, of KEPT_ANSWERS_MOST. */
const struct kept_answer *kept_answered(const struct kept *kept, enum kept_question question, uint64_t pc);
void kept_note_answer(struct image *image, enum kept_question question, uint64_t pc, const void *bytes, size_t size);

#endif
