/* identity.c: whether an executable is the one that was running. A twin that was linked separately has the same code and
 * shifted data, and would give silent garbage; so only bytes that the dump itself saved are believed.
 *
 *   same        a build ID in the dump equals the file's (Go's PE files have their Go build ID in .text)
 *   equivalent  no build ID in the dump; moduledata lies where the file says, all its words agree, and every saved byte of
 *               the read-only segments equals the file's
 *   mismatch    any of these contradicts
 *   unverified  the dump holds nothing to compare */
#include "golang/load/load.h"

#include <string.h>

enum { NOTE_LIMIT = 1024 };

static enum agreement compare_gnu_build_id(const struct placed_exe *file)
{
	if (!file->build_id || !file->exe->build_id)
		return AGREE_NOTHING;
	return strcmp(file->build_id, file->exe->build_id) ? AGREE_DIFFERENT : AGREE_EQUAL;
}

/* Go's own build ID is a note as well; its address is the file's, so a difference of content is a difference of build. */
static enum agreement compare_go_build_id(struct image *image, const struct placed_exe *file)
{
	const struct section *note = exe_section(file->exe, ".note.go.buildid");

	if (!note || note->bytes.size > NOTE_LIMIT)
		return AGREE_NOTHING;
	return image_compare(image, note->bytes, note->address + file->bias);
}

/* Segments that are never written: those whose bytes the dump saved must equal the file's, as relocated. The first page
 * holds the headers, which `strip` rewrites without changing what runs; it is left to the build IDs. */
static enum agreement compare_read_only(struct image *image, const struct placed_exe *file)
{
	enum agreement result = AGREE_NOTHING;
	uint64_t header_end = file->exe->base + 4096;

	for (size_t i = 0; i < file->exe->segments.count; i++) {
		const struct exe_segment *segment = &file->exe->segments.items[i];
		uint64_t skip = segment->address < header_end ? header_end - segment->address : 0;
		enum agreement agreement;

		if (segment->flags & SEGMENT_WRITE)
			continue;
		agreement = image_compare(image,
					  span_from(exe_loaded_bytes(image->arena, file->exe, segment, file->bias), skip),
					  segment->address + skip + file->bias);
		if (agreement == AGREE_DIFFERENT)
			return AGREE_DIFFERENT;
		if (agreement == AGREE_EQUAL)
			result = AGREE_EQUAL;
	}
	return result;
}

/* Each word of moduledata is a length, equal in file and memory, or an address, which differs by the load bias. */
static enum agreement compare_moduledata(struct image *image, const struct placed_exe *file,
					 const struct go_module *module)
{
	uint64_t expected[MODULEDATA_WORDS];

	module_words(file->exe, module->address, expected);
	for (uint64_t i = 0; i < MODULEDATA_WORDS; i++) {
		uint64_t word;

		if (!image_u64(image, module->address + file->bias + 8 * i, &word))
			return AGREE_NOTHING;
		if (word != expected[i] && word != expected[i] + file->bias)
			return AGREE_DIFFERENT;
	}
	return AGREE_EQUAL;
}

enum identity identity_judge(struct image *image, const struct placed_exe *file, const struct go_module *module)
{
	enum agreement gnu = compare_gnu_build_id(file);
	enum agreement go = compare_go_build_id(image, file);
	enum agreement data = module ? compare_moduledata(image, file, module) : AGREE_NOTHING;

	if (gnu == AGREE_DIFFERENT || go == AGREE_DIFFERENT || data == AGREE_DIFFERENT)
		return IDENTITY_MISMATCH;
	if (gnu == AGREE_EQUAL || go == AGREE_EQUAL)
		return IDENTITY_SAME;
	switch (compare_read_only(image, file)) {
	case AGREE_DIFFERENT:
		return IDENTITY_MISMATCH;
	case AGREE_EQUAL:
		return data == AGREE_EQUAL ? IDENTITY_EQUIVALENT : IDENTITY_UNVERIFIED;
	case AGREE_NOTHING:
		break;
	}
	return data == AGREE_EQUAL ? IDENTITY_EQUIVALENT : IDENTITY_UNVERIFIED;
}
