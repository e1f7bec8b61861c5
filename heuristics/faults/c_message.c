/* c_message.c: see c_message.h. The symbol __abort_msg is glibc's own, and its file need not be at hand: the word is found by what it leads
 * to, a mapping of its own that begins with its size. */
#include "heuristics/faults/c_message.h"

#include "heuristics/faults/c_frames.h"
#include "heuristics/faults/c_reasons.h"

#include "base/prefix.h"
#include "formats/locator/paths.h"
#include "formats/locator/program.h"

#include <string.h>

enum { WORD = 8, PAGE = 4096, LARGEST_PAGE = 64 * 1024, HEADER = 4 /* abort_msg_s.size */, TEXT_MOST = 4096, DATA_MOST = 4 << 20 };

/* A line or more. */
static bool is_text(struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] < ' ' && text.data[i] != '\n' && text.data[i] != '\t')
			return false;
	return text.size > 1 && text.data[text.size - 1] == '\n';
}

/* A string behind its mapping's size, which is no larger than it needs. */
static struct span message_at(struct image *image, uint64_t address)
{
	const struct span bytes = address && !(address % PAGE) ? image_peek(image, address, HEADER + TEXT_MOST) : (struct span){0};
	const char *line = span_string(bytes, HEADER, TEXT_MOST);
	const uint32_t size = line ? span_u32(bytes, 0) : 0;
	const size_t length = line ? strlen(line) : 0;
	const struct span text = span_slice(bytes, HEADER, length);

	if (!size || size % PAGE || size < length || size - length > LARGEST_PAGE || !is_text(text))
		return (struct span){0};
	return text;
}

struct search {
	struct image *image;
	uint64_t left; /* bytes that may still be looked through */
	uint64_t slot;
	bool ambiguous; /* two words lead to such texts */
};

static void look_through(struct search *search, const struct segment *segment)
{
	const uint64_t most = segment && (segment->flags & SEGMENT_WRITE) ? segment->size : 0;
	const struct span data = most ? image_peek(search->image, segment->address, most < search->left ? most : search->left) : (struct span){0};

	search->left -= data.size;
	for (uint64_t at = 0; at + WORD <= data.size; at += WORD) {
		if (!message_at(search->image, span_u64(data, at)).size)
			continue;
		search->ambiguous |= search->slot != 0;
		search->slot = segment->address + at;
	}
}

/* Variables of a file: what of it is mapped writable, and what follows without a file. */
static void search_file(struct search *all, const struct mapping *mapping)
{
	struct image *image = all->image;
	const struct segment *behind = image_mapping(image, mapping->end) ? NULL : image_segment(image, mapping->end);

	look_through(all, image_segment(image, mapping->start));
	if (behind && behind->address == mapping->end)
		look_through(all, behind);
}

static bool is_glibc(const struct mapping *mapping)
{
	static const char *const names[] = {"libc.so", "libc-2."};

	return prefix_of(path_base_name(mapping->path), names, sizeof names / sizeof *names) != NULL;
}

/* glibc's variables are its own file's, or those of a program that it is linked into. */
static bool find_slot(struct image *image, uint64_t *ret)
{
	struct search found = {.image = image, .left = DATA_MOST};
	const struct mapping *program = NULL;
	bool shared = false;

	for (size_t i = 0; i < image->mappings.count; i++)
		shared |= is_glibc(&image->mappings.items[i]);
	if (!shared)
		program = program_of_image(image).mapping;
	for (size_t i = 0; i < image->mappings.count; i++) {
		const struct mapping *mapping = &image->mappings.items[i];

		if (shared ? is_glibc(mapping) : program && !strcmp(program->path, mapping->path))
			search_file(&found, mapping);
	}
	*ret = found.slot;
	return found.slot && !found.ambiguous;
}

/* What glibc says in its own words is nobody's secret; an assertion's are the program's. */
static void cite(struct image *image, uint64_t address, size_t length, const char *reason)
{
	const bool own = reason && strcmp(reason, C_ASSERTION_FAILED) != 0;

	image_cite_field(image, address, HEADER + (own ? length : 0));
	if (!own)
		image_cite_text(image, CITED_MESSAGE, address + HEADER, length);
}

bool c_message_find(struct analysis *analysis, struct c_message *ret)
{
	struct image *image = analysis->image;
	struct span text;
	uint64_t address, size;

	*ret = (struct c_message){0};
	if (!find_slot(image, &ret->slot) || !image_u64(image, ret->slot, &address))
		return false;
	text = message_at(image, address);
	for (size = text.size; size && text.data[size - 1] == '\n';)
		size--;
	ret->words.line = image_string(image, address + HEADER, size);
	if (!ret->words.line)
		return false;
	ret->words.reason = c_words_reason(ret->words.line);
	cite(image, address, text.size, ret->words.reason);
	return true;
}
