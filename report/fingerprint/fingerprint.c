/* fingerprint.c: FNV-1a, 64 bits (draft-eastlake-fnv): the same everywhere and always, as base/hash.h is not. Not meant to
 * withstand forgery: whoever makes a dump can give it any function names. */
#include "report/fingerprint/fingerprint.h"

#include "report/fingerprint/subject.h"

#include <inttypes.h>

#define BASIS UINT64_C(0xcbf29ce484222325)

enum { FUNCTIONS = 5 };

struct hash {
	uint64_t state;
};

static void hash_text(struct hash *hash, const char *text)
{
	if (!text)
		text = "";
	do {
		hash->state = (hash->state ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	} while (*text++); /* the NUL keeps fields apart */
}

static const char *digits(struct arena *arena, const struct hash *hash)
{
	return arena_printf(arena, "%016" PRIx64, hash->state);
}

static const char *key_of(struct arena *arena, const char *text)
{
	struct hash hash = {BASIS};

	hash_text(&hash, text);
	return digits(arena, &hash);
}

static const char *build_of(const struct go_runtime *runtime)
{
	return runtime->build_id || !runtime->exe ? runtime->build_id : runtime->exe->go_build_id;
}

struct fingerprint fingerprint_of(const struct diagnosis *diagnosis)
{
	const struct subject subject = subject_of(diagnosis, FUNCTIONS);
	struct hash hash = {BASIS};
	struct fingerprint ret;

	for (size_t i = 0; i < subject.words.count; i++)
		hash_text(&hash, subject.words.items[i]);
	ret.across = digits(diagnosis->arena, &hash);
	ret.said = subject.said ? key_of(diagnosis->arena, subject.said) : NULL;
	ret.build = build_of(diagnosis->analysis->runtime);
	hash_text(&hash, ret.build);
	for (size_t i = 0; i < subject.places.count; i++)
		hash_text(&hash, subject.places.items[i]);
	ret.exact = digits(diagnosis->arena, &hash);
	return ret;
}
