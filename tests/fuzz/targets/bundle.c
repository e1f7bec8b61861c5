/* bundle.c: a bundle, which is a tar: its headers as they come, or (by the first byte) with the sums that fit, since few inputs had
 * them; members, manifest, and the slim dump or log in it. */
#include "formats/archive/tar.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/image.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 512, SUM_AT = 148, SUM_DIGITS = 8, MAGIC_AT = 257 };

static void seal(uint8_t *header)
{
	unsigned sum = 0;
	char text[SUM_DIGITS + 1];

	memset(header + SUM_AT, ' ', SUM_DIGITS);
	for (int i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf(text, sizeof text, "%06o", sum);
	memcpy(header + SUM_AT, text, SUM_DIGITS - 1);
}

static struct span sealed(struct arena *arena, struct span input)
{
	uint8_t *bytes = arena_alloc(arena, input.size);

	memcpy(bytes, input.data, input.size);
	for (size_t at = 0; at + BLOCK <= input.size; at += BLOCK)
		if (!memcmp(bytes + at + MAGIC_AT, "ustar", 5))
			seal(bytes + at);
	return (struct span){bytes, input.size};
}

struct seen {
	struct span input;
	size_t members;
	uint64_t bytes;
};

static void see(void *context, const char *name, struct span member)
{
	struct seen *seen = context;

	FUZZ_HOLDS((const uint8_t *)name >= seen->input.data && strlen(name) < BLOCK);
	FUZZ_HOLDS(!member.size || (member.data > seen->input.data && member.data + member.size <= seen->input.data + seen->input.size));
	seen->members++;
	seen->bytes += member.size;
}

static void run(struct arena *arena, struct span input)
{
	const struct span bytes = span_u8(input, 0) ? sealed(arena, span_from(input, 1)) : span_from(input, 1);
	struct seen seen = {.input = bytes};
	struct image *image;

	tar_each(arena, bytes, see, &seen);
	FUZZ_HOLDS(seen.bytes + seen.members * BLOCK <= bytes.size);
	image = format_bundle.probe(bytes) ? fuzz_image(arena, &format_bundle, bytes) : NULL;
	if (image)
		fuzz_image_read(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){128 << 20, 5}, run);
}
