/* redaction.h: what of a slim dump must not leave the machine is taken out of it. Of the words that were read, those of memory that
 * could be written stay only for a reason (reasons.def); all others become words that are not kept. Registers that hold neither
 * addresses nor evidence become unknown, and notes and streams lose what is not needed. */
#ifndef FORMATS_SLIM_REDACTION_H
#define FORMATS_SLIM_REDACTION_H

#include "formats/dump/image.h"
#include "formats/slim/renames.h"

enum reason {
#define REASON(name, text) REASON_##name,
#include "formats/slim/reasons.def"
#undef REASON
	REASONS
};

extern const char *const reason_texts[REASONS];

/* [start, end) of memory. */
struct memory_range {
	uint64_t start, end;
};

/* A byte of memory that becomes another. */
struct replaced {
	uint64_t address;
	uint8_t byte;
};

/* A name in memory. */
struct named_text {
	uint64_t address, size;
	uint64_t kind; /* as in struct rename (renames.h) */
};

struct redaction {
	/* Who knows the program fills these. */
	VEC(struct memory_range) code;       /* of the program, whether the dump says that it was mapped or not */
	VEC(struct memory_range) constants;  /* code and what is never written of the program, where the dump does not say what may be */
	VEC(struct memory_range) texts;      /* bytes that may stay though they are text */
	VEC(uint64_t) evidence;              /* values that findings rest on: they stay in any word and register */
	VEC(struct memory_range) erased;     /* bytes that lose their letters, beside texts and in them */
	VEC(uint64_t) disguised;             /* text that was taken for an address: wherever it is, it becomes redaction_disguise of it */
	VEC(struct replaced) replaced;       /* bytes that become others */
	struct pseudonyms *pseudonyms;       /* names get others by this; NULL: they stay */
	uint64_t check;                      /* of their key */
	VEC(struct named_text) names;
	VEC(struct rename) renames;          /* what came of that, once it is being written (renames.h) */
	bool has_fault;
	uint64_t fault;                      /* an address: what is near it is evidence, too */
	/* What came of it. */
	uint64_t words[REASONS];
	uint64_t removed;          /* words */
	uint64_t *masked;          /* of each thread, bits of registers */
	size_t masked_count;       /* registers */
};

/* Takes out of what the image has kept so far whatever has no reason to stay, and counts; `ret` stays as long as the image. */
void redaction_run(struct image *image, struct redaction *redaction);

/* Whether a value of a register may stay; `crashed`: of the thread that the dump blames. */
bool redaction_register_stays(struct image *image, bool crashed, uint8_t number, uint64_t value);

/* Bytes of memory without what is erased of them, and with what replaces some. */
void redaction_edit(const struct redaction *redaction, uint64_t address, size_t n, uint8_t *bytes);

/* What is put for a byte of text at an address: a letter of "redacted", but for what ends and divides lines. */
uint8_t redaction_letter(uint64_t address, uint8_t byte);

/* Text that was taken for an address, as it is shown, so that what is equal stays equal, and other text does not become it: capitals. */
bool redaction_is_disguised(const struct redaction *redaction, uint64_t value);
uint64_t redaction_disguise(uint64_t value);

/* A value that may be a number of the scheduler's, a length, a flag: both halves are small; or a fill pattern. */
bool redaction_is_small(uint64_t value);

/* Text, mostly: no evidence, whoever names it. */
bool redaction_is_text(uint64_t value);

#endif
