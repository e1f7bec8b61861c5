/* pseudonym.h: names that leave the machine as others. Words of names (letters, digits, underscores) become other words of the same length
 * and make, by a key that stays at home: each always the same one, no two the same, and with the key all can be told back. Words that say
 * nothing of whose program it is stay (public_words.def, go_packages.def). How long names are, and how they are put together, stays to be
 * seen. */
#ifndef FORMATS_PSEUDONYM_PSEUDONYM_H
#define FORMATS_PSEUDONYM_PSEUDONYM_H

#include "base/arena.h"
#include "formats/archive/digest.h"

enum { PSEUDONYM_KEY = DIGEST_BYTES };

struct pseudonyms;

/* What gives names pseudonyms by a key, or with `back` takes such for what they stand for. On the arena; of one thread. */
struct pseudonyms *pseudonyms_new(struct arena *arena, const uint8_t key[static PSEUDONYM_KEY], bool back);

/* Tells keys apart, and nothing about them. */
uint64_t pseudonyms_check(const uint8_t key[static PSEUDONYM_KEY]);

/* What a text is. */
enum name_kind {
	NAME_ALL,      /* of nothing but the program */
	NAME_FUNCTION, /* of a function as Go's tables have it: "example.com/shop.(*cart).add[net/url.URL].func1" */
	NAME_TYPE,     /* of a type as package reflect has it: packages by their last element, "map[string]*shop.cart" */
	NAME_FILE,     /* of a source file, below a module or Go's own src folder: "example.com/shop@v1.2.0/cart.go" */
	NAME_BUILD,    /* lines of build information (runtime/debug.BuildInfo) */
	NAME_TEXT,     /* words of the runtime's, with names in them */
	NAME_KINDS,
};

/* Gives the names in a text their pseudonyms, in place. */
void pseudonyms_put(struct pseudonyms *pseudonyms, enum name_kind kind, uint8_t *text, size_t size);

/* What reports say of names that have pseudonyms; and an error: they are by another key. */
extern const char pseudonyms_note[], pseudonyms_other_key[];

#endif
