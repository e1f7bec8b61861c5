/* cxx_exception.c: see cxx_exception.h. */
#include "heuristics/faults/cxx_exception.h"

#include "heuristics/ends/ordinary_ends.h"

#include "formats/exe/demangle.h"

#include <string.h>

/* unwindHeader.exception_class, "GNUCC++\0" and "CLNGC++\0" as numbers; where the header's fields and the object lie, from unwindHeader on;
 * what stands before the characters of a std::string of the old ABI, which std::runtime_error and std::logic_error have: length, capacity, users
 * (libstdc++ basic_string.h, _Rep). */
#define CLASS_GNU UINT64_C(0x474e5543432b2b00)
#define CLASS_CLANG UINT64_C(0x434c4e47432b2b00)
enum { WORD = 8, STACK_MOST = 64 * 1024, TYPE_BEFORE = 10 * WORD, OBJECT = 4 * WORD, NAME = WORD, TEXT = WORD, REP = 3 * WORD, TEXT_MOST = 4096,
       NAME_MOST = 512 };

static bool is_header(struct image *image, uint64_t address)
{
	const struct span class = address && !(address % WORD) ? image_peek(image, address, WORD) : (struct span){0};

	return class.size == WORD && (span_u64(class, 0) == CLASS_GNU || span_u64(class, 0) == CLASS_CLANG);
}

/* The innermost word of the frames that leads to one. */
static bool find_header(struct image *image, const struct c_frames *frames, uint64_t *ret)
{
	const uint64_t start = frames->stack.frames.items[frames->first].sp & -(uint64_t)WORD;
	const uint64_t end = frames->stack.frames.items[frames->end - 1].sp;
	const struct span words = end > start ? image_peek(image, start, end - start < STACK_MOST ? end - start : STACK_MOST) : (struct span){0};

	for (uint64_t at = 0; at + WORD <= words.size; at += WORD) {
		*ret = span_u64(words, at);
		if (!is_header(image, *ret))
			continue;
		image_cite(image, start + at, WORD);
		image_cite_field(image, *ret, WORD);
		return true;
	}
	return false;
}

static const char *type_of(struct analysis *analysis, uint64_t header)
{
	static const char said[] = "typeinfo name for ";
	uint64_t type, name;
	const char *text, *shown;

	if (!image_u64(analysis->image, header - TYPE_BEFORE, &type) || !image_u64(analysis->image, type + NAME, &name))
		return NULL;
	image_cite_field(analysis->image, header - TYPE_BEFORE, WORD);
	image_cite_field(analysis->image, type + NAME, WORD);
	text = span_string(image_peek(analysis->image, name, NAME_MOST), 0, NAME_MOST);
	if (!text)
		return NULL;
	if (*text == '*') { /* of a type that is another one in each library */
		text++;
		name++;
	}
	image_cite_text(analysis->image, CITED_MESSAGE, name, strlen(text));
	shown = image_string(analysis->image, name, strlen(text));
	shown = shown ? demangled(analysis->arena, arena_printf(analysis->arena, "_ZTS%s", shown)) : NULL;
	return shown && !strncmp(shown, said, sizeof said - 1) ? shown + sizeof said - 1 : NULL;
}

/* The text behind the table of the class, if the length that stands before it is its own. */
static const char *what_of(struct analysis *analysis, uint64_t header)
{
	struct image *image = analysis->image;
	uint64_t text, length, capacity;

	if (!image_u64(image, header + OBJECT + TEXT, &text) || !image_u64(image, text - REP, &length) ||
	    !image_u64(image, text - REP + WORD, &capacity) || !length || length > TEXT_MOST || capacity < length)
		return NULL;
	const struct span bytes = image_peek(image, text, length + 1);

	if (bytes.size <= length || memchr(bytes.data, 0, bytes.size) != bytes.data + length)
		return NULL;
	image_cite_field(image, header + OBJECT + TEXT, WORD);
	image_cite_field(image, text - REP, 2 * WORD);
	image_cite_text(image, CITED_MESSAGE, text, length);
	return image_string(image, text, length);
}

bool cxx_exception_find(struct analysis *analysis, const struct c_frames *frames, struct cxx_exception *ret)
{
	*ret = (struct cxx_exception){0};
	if (frames->end <= frames->first || !find_header(analysis->image, frames, &ret->header))
		return false;
	ret->type = type_of(analysis, ret->header);
	ret->what = what_of(analysis, ret->header);
	return true;
}

const char *cxx_exception_text(struct arena *arena, const struct cxx_exception *exception)
{
	const char *type = exception->type ? arena_printf(arena, "of type %s", exception->type) : "";
	const char *says = exception->what ? arena_printf(arena, "\"%s\"", one_line(arena, exception->what)) : "";

	return arena_printf(arena, "the exception of C++ was %s%s%s", type, *type && *says ? ", and says: " : "", says);
}
