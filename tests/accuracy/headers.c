/* headers.c: strings, slices and interfaces as a race or package unsafe leaves them: one of their words belongs to another value. */
#include "tests/accuracy/maker.h"

#include "golang/types.h"

enum { WORD = 8, FIRST_PAGE = 0x1000, LENGTH_LIMIT = 1 << 20, LONG = 1 << 24, HEADERS_LIMIT = 4096 };

enum header_kind { STRING, SLICE, INTERFACE };

struct header {
	enum header_kind kind;
	uint64_t address, words[3];
};

struct headers {
	VEC(struct header) list;
};

static bool is_readable(struct target *target, uint64_t address)
{
	const struct segment *segment = address >= FIRST_PAGE ? image_segment(target->image, address) : NULL;

	return segment && segment->flags & SEGMENT_READ;
}

static bool is_type(struct go_runtime *runtime, uint64_t word)
{
	uint64_t type;

	return go_type_is(runtime, word) ||
	       (runtime->layout && go_field(runtime, word, LAYOUT_itab_type, &type) && go_type_is(runtime, type));
}

/* By its words alone, as whoever looks for one would take it. */
static bool is_header(struct target *target, struct header *header)
{
	const uint64_t *words = header->words;

	if (is_type(target->runtime, words[0]) && is_readable(target, words[1])) {
		header->kind = INTERFACE;
		return true;
	}
	if ((words[0] && !is_readable(target, words[0])) || !words[1] || words[1] >= LENGTH_LIMIT)
		return false;
	header->kind = words[2] >= words[1] && words[2] < LENGTH_LIMIT ? SLICE : STRING;
	return true;
}

static void find_headers(struct target *target, const struct view *view, struct headers *ret)
{
	for (size_t i = 0; i < view->stretches.count; i++)
		for (uint64_t at = view->stretches.items[i].start; at + WORD < view->stretches.items[i].end; at += WORD) {
			struct header header = {.address = at};

			for (size_t k = 0; k < 3; k++)
				if (!image_u64(target->image, at + k * WORD, &header.words[k]) && k < 2)
					break;
			if (ret->list.count < HEADERS_LIMIT && is_header(target, &header))
				vec_push(target->arena, &ret->list, header);
		}
}

/* Another of the same sort; the same one when there is none. */
static const struct header *another(const struct maker *maker, const struct headers *headers, const struct header *header,
				    uint64_t purpose)
{
	const size_t count = headers->list.count, first = (size_t)(maker_chance(maker, header->address, purpose) % count);

	for (size_t i = 0; i < count; i++) {
		const struct header *other = &headers->list.items[(first + i) % count];

		if ((other->kind == INTERFACE) == (header->kind == INTERFACE) &&
		    (other->words[0] != header->words[0] || other->words[1] != header->words[1]))
			return other;
	}
	return header;
}

static void set(struct maker *maker, const struct view *view, const struct header *header, size_t word, uint64_t to)
{
	if (!view_is_linkage(view, header->address + word * WORD))
		maker_add(maker, (struct mutation){.class = TORN_HEADER, .goroutine = view->goroutine, .start = header->address,
						   .address = header->address + word * WORD, .from = header->words[word], .to = to});
}

static void tear(struct maker *maker, const struct view *view, const struct headers *headers, const struct header *header)
{
	const uint64_t random = maker_chance(maker, header->address, 10);

	set(maker, view, header, 0, 0);
	for (uint64_t purpose = 11; purpose < 13; purpose++) {
		set(maker, view, header, 0, another(maker, headers, header, purpose)->words[0]);
		set(maker, view, header, 1, another(maker, headers, header, purpose + 2)->words[1]);
	}
	if (header->kind == INTERFACE)
		return;
	set(maker, view, header, 1, header->words[1] + 1 + random % LONG);
	if (header->kind != SLICE)
		return;
	set(maker, view, header, 2, random % header->words[1]);
	set(maker, view, header, 1, header->words[2] + 1 + random % WORD);
}

void change_headers(struct maker *maker, const struct view *view)
{
	struct headers headers = {0};

	find_headers(maker->target, view, &headers);
	for (size_t i = 0; i < headers.list.count; i++)
		tear(maker, view, &headers, &headers.list.items[i]);
}
