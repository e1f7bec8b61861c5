/* word_run.c: see word_run.h. Memory below SP is dead, and may have been used again: a few words of a run may be missing there. */
#include "analyzer/unwind/word_run.h"

enum {
	WORD = 8,
	HALF = 32,
	REACH = 64 << 10,        /* of a run, each way */
	GAP = 6,                 /* words that may be missing from a run that is sure */
	GAP_USED_AGAIN = 32,     /* where frames have lain since it was written: those of sigpanic, and of what it calls */
	NUMBER_BITS = 20,
	HALF_NUMBER_BITS = 16,
	TEXT_BYTES = 3,          /* that text ends with */
	FIRST_PAGE = 0x1000,
	FAMILY_INET = 2,
};

struct shape {
	const char *name, *text;
	bool sure;
	/* Whether the word at an address is of the shape; `observed`: the one that it all starts from. */
	bool (*fits)(struct image *image, uint64_t address, uint64_t word, uint64_t observed);
};

/* --- shapes ------------------------------------------------------------------------------------------------ */

/* struct sockaddr_in: family, port, address, eight bytes of zero. A word is its first half or its second, of which either beside it
 * may have been overwritten since. */
static bool fits_sockaddr(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	uint64_t other;

	(void)observed;
	if (!word)
		return (image_u64(image, address - WORD, &other) && other && fits_sockaddr(image, address - WORD, other, 0)) ||
		       (image_u64(image, address + WORD, &other) && other && fits_sockaddr(image, address + WORD, other, 0));
	return (word & UINT16_MAX) == FAMILY_INET && word >> 16 & UINT16_MAX && word >> HALF &&
	       image_u64(image, address + WORD, &other) && !other;
}

static bool fits_zero(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	(void)image, (void)address, (void)observed;
	return !word;
}

static bool fits_byte(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	(void)image, (void)address, (void)observed;
	return word && word == (word & UINT8_MAX) * 0x0101010101010101;
}

static bool is_text(uint8_t byte)
{
	return (byte >= ' ' && byte < 0x7f) || byte == '\t' || byte == '\n' || byte == '\r';
}

static unsigned text_bytes(uint64_t word)
{
	unsigned count = 0;

	while (count < WORD && is_text(word >> 8 * count & UINT8_MAX))
		count++;
	return count;
}

/* The last word of a text may end in zeros. */
static bool fits_text(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	const unsigned count = text_bytes(word);

	(void)image, (void)address, (void)observed;
	return count == WORD || (count >= TEXT_BYTES && !(word >> 8 * count));
}

/* Whether a word can only be the last of a run: text ends there. Addresses of code often look so, so it has to be beside the
 * others. */
static bool is_last(const struct run *run, uint64_t word)
{
	return run->shape == RUN_text && text_bytes(word) < WORD;
}

static bool fits_same(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	(void)image, (void)address;
	return word && word == observed;
}

/* One number, or one in each half; no address of code, which lies low in arm64's programs. */
static bool fits_number(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	const struct segment *segment = word >= FIRST_PAGE ? image_segment(image, word) : NULL;

	(void)address, (void)observed;
	return word && !(segment && segment->flags & SEGMENT_EXEC) && (!(word >> NUMBER_BITS) ||
			(!(word >> (HALF + HALF_NUMBER_BITS)) && !((word & UINT32_MAX) >> HALF_NUMBER_BITS)));
}

static bool fits_pointer(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	const struct segment *segment = word >= FIRST_PAGE ? image_segment(image, word) : NULL;

	(void)address;
	return segment && segment == image_segment(image, observed) && (segment->flags & SEGMENT_WRITE);
}

static const struct shape shapes[] = {
#define RUN_SHAPE(id, sure, text) {#id, text, sure, fits_##id},
#include "analyzer/unwind/run_shapes.def"
#undef RUN_SHAPE
};

const char *run_shape_name(enum run_shape shape)
{
	return shape < RUN_NONE ? shapes[shape].name : "";
}

const char *run_shape_text(enum run_shape shape)
{
	return shape < RUN_NONE ? shapes[shape].text : "";
}

/* --- the run ----------------------------------------------------------------------------------------------- */

static unsigned gap_at(const struct run *run, uint64_t at, const struct run_place *place)
{
	return !run->sure ? 0 : at < place->slot && at >= place->live ? GAP_USED_AGAIN : GAP;
}

/* How far words of a shape go from an address, excluded, in steps of `step`; counts them. */
static uint64_t extend(struct analysis *analysis, const struct run *run, uint64_t from, uint64_t to, const struct run_place *place,
		       uint32_t *words)
{
	const uint64_t step = to < from ? (uint64_t)0 - WORD : WORD;
	uint64_t last = from, word;
	unsigned missing = 0;

	for (uint64_t at = from + step; at != to && missing <= gap_at(run, at, place); at += step) {
		if (!image_u64(analysis->image, at, &word))
			break;
		if (!shapes[run->shape].fits(analysis->image, at, word, place->observed) ||
		    (is_last(run, word) && (missing || to < from))) {
			missing++;
			continue;
		}
		missing = 0;
		last = at;
		(*words)++;
		if (is_last(run, word))
			break;
	}
	return last;
}

/* Zeros below the first socket address are no half of one. */
static void begin_with_address(struct analysis *analysis, uint64_t slot, struct run *run)
{
	uint64_t word;

	if (run->start != slot && image_u64(analysis->image, run->start, &word) && !word) {
		run->start += WORD;
		run->words--;
	}
}

/* Small numbers are met anywhere, also the same one twice. */
static bool is_sure(enum run_shape shape, uint64_t observed)
{
	return shapes[shape].sure && (shape != RUN_same || observed >> NUMBER_BITS);
}

/* Of the shape by which there are most words, more than one; of several, the first in the table. What is sure comes before what is not. */
void run_find(struct analysis *analysis, const struct run_place *place, struct run *ret)
{
	const uint64_t slot = place->slot, observed = place->observed;
	const uint64_t bottom = slot - place->lo > REACH ? slot - REACH : place->lo - WORD;
	const uint64_t top = place->hi - slot > REACH ? slot + REACH : place->hi;

	*ret = (struct run){.shape = RUN_NONE, .words = 1};
	for (unsigned shape = 0; shape < RUN_NONE; shape++) {
		struct run run = {.shape = shape, .sure = is_sure(shape, observed), .words = 1};

		if (!shapes[shape].fits(analysis->image, slot, observed, observed))
			continue;
		run.end = extend(analysis, &run, slot, top, place, &run.words) + WORD;
		run.start = extend(analysis, &run, slot, bottom, place, &run.words);
		if (shape == RUN_sockaddr)
			begin_with_address(analysis, slot, &run);
		if (run.words > ret->words && (run.sure || !ret->sure))
			*ret = run;
	}
}
