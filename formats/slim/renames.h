/* renames.h: names that have pseudonyms in a slim dump (formats/pseudonym), and where they lie in the file that it was made from: whoever has
 * the key puts them back before that is read. */
#ifndef FORMATS_SLIM_RENAMES_H
#define FORMATS_SLIM_RENAMES_H

#include "formats/dump/image.h"
#include "formats/pseudonym/pseudonym.h"

enum {
	RENAME_KIND = 0xff,   /* enum name_kind; or-ed to it: */
	RENAME_WIDE = 0x100,  /* it is UTF-16 */
	RENAME_RING = 0x200,  /* of a ring of bytes, which begins as many of them behind its place as the bits from here on say: */
	RENAME_RING_SHIFT = 16,
};

struct rename {
	uint64_t place, size; /* in the old file; more than one name may lie there, each ended by NUL */
	uint64_t kind;
	const uint8_t *bytes; /* of memory: how they are written; NULL: an edit has them */
};

struct redaction;

/* Gives names in memory, whose other bytes are known, their pseudonyms. */
void renames_find(struct image *image);

/* The same for bytes that are put at a place of the old file. */
void rename_bytes(struct image *image, uint64_t place, uint64_t kind, uint8_t *bytes, size_t size);

/* Puts pseudonyms into n bytes of a segment that are being written, where their words are kept. */
void renames_put(const struct image *image, const struct segment *segment, uint64_t offset, size_t n, uint8_t *bytes);

/* What a record has of them: a check of the key, and the places; 0: there are none. */
uint64_t renames_size(const struct image *image);
void renames_write(const struct image *image, uint8_t *ret);

/* Puts names back into the unfolded dump, which is this program's own memory, where the image has a key. Errors: BAD_DATA: it is another one. */
const struct err *renames_restore(struct image *image, struct span record, uint64_t most);

#endif
