/* image.c: reading the memory in a dump. Lookup is a binary search behind a cache of the
 * last segment, since reads come in runs: one stack, one table. */
#include "formats/dump/image.h"

#include "base/steps.h"
#include "formats/dump/kept.h"

#include <stdlib.h>
#include <string.h>

enum { STRING_LIMIT = 1 << 16, CACHE_LINE = 64, COPIED_LEAST = 64 << 20 };

/* Data segments are smaller than the first; and not as many as the second allows. */
enum { DATA_SEGMENT_LIMIT = 256 << 20, DATA_LIMIT = 1 << 30 };

/* ---- lookup ---- */

/* Index of the last segment that does not begin above an address; SIZE_MAX: all do. */
static size_t last_at_or_below(const struct segment *segments, size_t count, uint64_t address)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (segments[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : SIZE_MAX;
}

static const struct segment *find(const struct segment *segments, size_t count, uint64_t address)
{
	size_t index = last_at_or_below(segments, count, address);

	if (index == SIZE_MAX || address - segments[index].address >= segments[index].size)
		return NULL;
	return &segments[index];
}

const struct segment *image_segment(struct image *image, uint64_t address)
{
	const struct segment *segment;

	if (image->last_segment < image->segments.count) {
		segment = &image->segments.items[image->last_segment];
		if (address - segment->address < segment->size)
			return segment;
	}
	if (image->before_last < image->segments.count) {
		segment = &image->segments.items[image->before_last];
		if (address - segment->address < segment->size) {
			image->before_last = image->last_segment;
			image->last_segment = (size_t)(segment - image->segments.items);
			return segment;
		}
	}
	segment = find(image->segments.items, image->segments.count, address);
	if (segment) {
		image->before_last = image->last_segment;
		image->last_segment = (size_t)(segment - image->segments.items);
	}
	return segment;
}

/* How far one may go from an address on before the dump's own bytes take precedence again. */
static uint64_t gap_until_saved(const struct image *image, uint64_t address)
{
	size_t next = last_at_or_below(image->segments.items, image->segments.count, address);

	for (next = next == SIZE_MAX ? 0 : next + 1; next < image->segments.count && steps_take(1); next++)
		if (image->segments.items[next].saved.size)
			return image->segments.items[next].address - address;
	return UINT64_MAX;
}

static struct span backing_at(const struct image *image, uint64_t address)
{
	const struct segment *segment = find(image->backing.items, image->backing.count, address);
	struct span rest;
	uint64_t gap;

	if (!segment)
		return (struct span){0};
	rest = span_from(segment->saved, address - segment->address);
	gap = gap_until_saved(image, address);
	return span_slice(rest, 0, gap < rest.size ? gap : rest.size);
}

enum purpose { TO_READ, TO_VIEW, TO_SEARCH };

/* What of the saved bytes at an offset may be read. */
static struct span readable(struct image *image, const struct segment *segment, uint64_t offset, struct span bytes,
			    enum purpose purpose)
{
	if (image->kept && purpose != TO_SEARCH)
		bytes.size = (size_t)kept_bytes(image->kept, segment, offset, bytes.size, purpose == TO_VIEW);
	return bytes;
}

/* Up to `most` bytes from an address on, as far as they are contiguous; *ret is not empty exactly with MEM_OK. */
static enum mem_state bytes_at(struct image *image, uint64_t address, uint64_t most, enum purpose purpose, struct span *ret)
{
	const struct segment *segment = image_segment(image, address);
	uint64_t offset = segment ? address - segment->address : 0;

	if (!steps_take(1))
		return segment ? MEM_NOT_SAVED : MEM_UNMAPPED;
	if (segment && offset < segment->saved.size) {
		*ret = span_from(segment->saved, offset);
		ret->size = ret->size < most ? ret->size : (size_t)most;
		*ret = readable(image, segment, offset, *ret, purpose);
		return ret->size || !most ? MEM_OK : MEM_NOT_SAVED;
	}
	*ret = backing_at(image, address);
	ret->size = ret->size < most ? ret->size : (size_t)most;
	if (ret->size)
		return MEM_OK;
	if (!segment)
		return MEM_UNMAPPED;
	return offset < segment->promised ? MEM_TRUNCATED : MEM_NOT_SAVED;
}

/* ---- reading ---- */

/* A range in several pieces: all of it must be there before the first byte is copied. */
static enum mem_state read_pieces(struct image *image, uint64_t address, uint8_t *buf, size_t n, enum purpose purpose)
{
	for (size_t done = 0; done < n;) {
		struct span piece;
		enum mem_state state = bytes_at(image, address + done, n - done, purpose, &piece);

		if (state != MEM_OK)
			return state;
		if (buf)
			memcpy(buf + done, piece.data, piece.size);
		done += piece.size;
	}
	return MEM_OK;
}

enum mem_state image_read(struct image *image, uint64_t address, void *buf, size_t n)
{
	struct span piece;
	enum mem_state state;

	if (!n)
		return MEM_OK;
	if (n - 1 > UINT64_MAX - address)
		return MEM_UNMAPPED;
	state = bytes_at(image, address, n, TO_READ, &piece);
	if (state != MEM_OK)
		return state;
	if (piece.size >= n) {
		memcpy(buf, piece.data, n);
		return MEM_OK;
	}
	state = read_pieces(image, address, NULL, n, TO_READ);
	return state == MEM_OK ? read_pieces(image, address, buf, n, TO_READ) : state;
}

/* The 8 bytes at an address when they lie in the segment of the last lookup, else NULL: the path of nearly every word
 * of a stack walk, which must stay short. What is noted goes the long way. */
static inline const uint8_t *in_last_segment(const struct image *image, uint64_t address, size_t n)
{
	const struct segment *segment;
	uint64_t offset;

	if (image->kept || image->last_segment >= image->segments.count)
		return NULL;
	segment = &image->segments.items[image->last_segment];
	offset = address - segment->address;
	if (offset >= segment->saved.size || segment->saved.size - offset < n)
		return NULL;
	return segment->saved.data + offset;
}

/* The segment of an address that is likely to be in the one of the last lookup. */
static const struct segment *known_segment(const struct image *image, uint64_t address)
{
	const struct segment *last = image->last_segment < image->segments.count ? &image->segments.items[image->last_segment] : NULL;

	if (last && address - last->address < last->size)
		return last;
	return find(image->segments.items, image->segments.count, address);
}

void image_prefetch(const struct image *image, uint64_t address, uint64_t size)
{
	const struct segment *segment = known_segment(image, address);
	struct span bytes = segment ? span_from(segment->saved, address - segment->address) : (struct span){0};

	for (size_t at = 0; at < size && at < bytes.size; at += CACHE_LINE)
		__builtin_prefetch(bytes.data + at);
}

/* Of their own, so that the short way needs no stack. */
static __attribute__((noinline)) bool any_u64(struct image *image, uint64_t address, uint64_t *ret)
{
	uint8_t copy[8];

	if (image_read(image, address, copy, sizeof copy) != MEM_OK)
		return false;
	*ret = load_u64(copy);
	return true;
}

static __attribute__((noinline)) bool any_u32(struct image *image, uint64_t address, uint32_t *ret)
{
	uint8_t copy[4];

	if (image_read(image, address, copy, sizeof copy) != MEM_OK)
		return false;
	*ret = load_u32(copy);
	return true;
}

bool image_u64(struct image *image, uint64_t address, uint64_t *ret)
{
	const uint8_t *bytes = in_last_segment(image, address, 8);

	if (!bytes)
		return any_u64(image, address, ret);
	*ret = load_u64(bytes);
	return true;
}

bool image_u32(struct image *image, uint64_t address, uint32_t *ret)
{
	const uint8_t *bytes = in_last_segment(image, address, 4);

	if (!bytes)
		return any_u32(image, address, ret);
	*ret = load_u32(bytes);
	return true;
}

bool image_u8(struct image *image, uint64_t address, uint8_t *ret)
{
	return image_read(image, address, ret, 1) == MEM_OK;
}

struct span image_view(struct image *image, uint64_t address, uint64_t size)
{
	struct span piece;

	return size && bytes_at(image, address, size, TO_VIEW, &piece) == MEM_OK ? piece : (struct span){0};
}

struct span image_peek(struct image *image, uint64_t address, uint64_t size)
{
	struct span piece;

	return size && bytes_at(image, address, size, TO_SEARCH, &piece) == MEM_OK ? piece : (struct span){0};
}

void image_cite(struct image *image, uint64_t address, uint64_t size)
{
	if (image->kept && image->kept->recording && size - 1 <= UINT64_MAX - address)
		read_pieces(image, address, NULL, size, TO_READ);
}

/* Marks what lies in one segment, as nearly everything does, in a map of its own. */
static void classify(struct image *image, uint64_t *map, uint64_t address, uint64_t size)
{
	const struct segment *segment = image_segment(image, address);
	const uint64_t offset = segment ? address - segment->address : 0;

	if (segment && offset < segment->saved.size && size <= segment->saved.size - offset)
		kept_mark(map, segment, offset, size);
}

void image_cite_field(struct image *image, uint64_t address, uint64_t size)
{
	if (!image->kept || !image->kept->recording)
		return;
	image_cite(image, address, size);
	classify(image, image->kept->fields, address, size);
}

void image_cite_text(struct image *image, enum cited_text kind, uint64_t address, uint64_t size)
{
	struct kept *kept = image->kept;

	if (!kept || !kept->recording || !size)
		return;
	for (size_t i = 0; i < kept->cited.count; i++)
		if (kept->cited.items[i].address == address && kept->cited.items[i].size == size)
			return;
	if (kept->cited.count == KEPT_TEXTS_MOST)
		return;
	vec_push(image->arena, &kept->cited, (struct kept_text){address, size, kind});
	image_cite(image, address, size);
}

bool image_holds(struct image *image, uint64_t address, uint64_t size)
{
	return !size || (size - 1 <= UINT64_MAX - address && read_pieces(image, address, NULL, size, TO_SEARCH) == MEM_OK);
}

struct span image_bytes(struct image *image, uint64_t address, uint64_t size)
{
	struct span view = image_view(image, address, size);
	uint8_t *copy;

	if (view.size == size)
		return view;
	if (size > image->bytes.size + COPIED_LEAST - image->copied || !image_holds(image, address, size)) /* asked before allocating, as in image_string */
		return (struct span){0};
	image->copied += size;
	copy = arena_alloc(image->arena, (size_t)size);
	return read_pieces(image, address, copy, (size_t)size, TO_VIEW) == MEM_OK ? (struct span){copy, (size_t)size} : (struct span){0};
}

struct span image_next(struct image *image, uint64_t *address, uint64_t end)
{
	size_t first = last_at_or_below(image->segments.items, image->segments.count, *address);

	for (size_t i = first == SIZE_MAX ? 0 : first; i < image->segments.count && image->segments.items[i].address < end; i++) {
		const struct segment *segment = &image->segments.items[i];
		uint64_t start = *address > segment->address ? *address : segment->address;

		if (!steps_take(1))
			break;

		if (start < end && start - segment->address < segment->saved.size) {
			uint64_t size = segment->saved.size - (start - segment->address);

			*address = start;
			return span_slice(segment->saved, start - segment->address,
					  size < end - start ? size : end - start);
		}
	}
	return (struct span){0};
}

bool image_each_writable(struct image *image, uint64_t most, bool (*visit)(void *context, uint64_t address, struct span bytes),
			 void *context)
{
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		uint64_t at = segment->address;
		struct span bytes;

		if (!(segment->flags & SEGMENT_WRITE))
			continue;
		for (; (bytes = image_next(image, &at, segment->address + segment->size)).size; at += bytes.size) {
			if (bytes.size > most || !steps_take(bytes.size / STEPS_BLOCK) || !visit(context, at, bytes))
				return false;
			most -= bytes.size;
		}
	}
	return true;
}

/* Nothing of files that are shared is saved, where the system was not told to. */
static bool is_shared_file(const struct image *image, const struct segment *segment)
{
	return !segment->saved.size && !segment->promised && image_mapping(image, segment->address);
}

bool image_is_whole(const struct image *image)
{
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];

		if (segment->flags & SEGMENT_WRITE && segment->saved.size != segment->size && !is_shared_file(image, segment))
			return false;
	}
	return !image->truncated;
}

static bool may_be_data(const struct image *image, const struct data_search *search, const struct segment *segment)
{
	return (segment->flags & SEGMENT_WRITE) && segment->saved.size && segment->saved.size <= DATA_SEGMENT_LIMIT &&
	       search->unmapped == !image_mapping(image, segment->address);
}

static struct span next_data(const struct image *image, struct data_search *search, uint64_t *ret_address)
{
	while (search->next < image->segments.count) {
		const struct segment *segment = &image->segments.items[search->next++];

		if (may_be_data(image, search, segment)) {
			*ret_address = segment->address;
			return segment->saved;
		}
	}
	return (struct span){0};
}

/* Segments of a real dump share no bytes of its file. */
static uint64_t data_limit(const struct image *image, const struct data_search *search)
{
	return search->unmapped ? DATA_LIMIT : image->bytes.size + image->adopted;
}

struct span image_data(const struct image *image, struct data_search *search, uint64_t *ret_address)
{
	struct span data = next_data(image, search, ret_address);

	if (!data.size && !search->unmapped) {
		search->unmapped = true;
		search->next = 0;
		search->given = 0;
		data = next_data(image, search, ret_address);
	}
	if (data.size > data_limit(image, search) - search->given || !steps_take(data.size / STEPS_BLOCK)) {
		search->ended_early = true;
		return (struct span){0};
	}
	search->given += data.size;
	return data;
}

/* Equal blocks, nearly all, are compared at once. */
static void compare_block(const uint8_t *saved, const uint8_t *file, uint64_t address, size_t size, struct comparison *sum)
{
	sum->compared += size;
	if (!memcmp(saved, file, size))
		return;
	for (size_t i = 0; i < size; i++) {
		if (saved[i] == file[i])
			continue;
		if (!sum->different++)
			sum->first = address + i;
	}
}

/* In a slim dump, word by word. */
static void compare_kept(struct image *image, const struct segment *segment, struct span file, uint64_t address,
			 struct comparison *sum)
{
	for (size_t at = 0, step; at < file.size; at += step) {
		const uint64_t offset = address + at - segment->address;

		step = KEPT_WORD - (size_t)((address + at) % KEPT_WORD);
		step = step < file.size - at ? step : file.size - at;
		if (kept_has(image->kept, kept_number(segment, offset)))
			compare_block(segment->saved.data + offset, file.data + at, address + at, step, sum);
	}
}

static void compare_saved(struct image *image, struct span file, uint64_t address, struct comparison *sum)
{
	enum { BLOCK = 4096 };

	for (uint64_t at = 0; at < file.size;) {
		const struct segment *segment = image_segment(image, address + at);
		uint64_t next = segment ? segment->address + segment->size - (address + at) : BLOCK;
		struct span saved = segment ? span_from(segment->saved, address + at - segment->address) : (struct span){0};

		if (saved.size) {
			next = saved.size < BLOCK ? saved.size : BLOCK;
			next = next < file.size - at ? next : file.size - at;
			if (!steps_take(1 + next / STEPS_BLOCK))
				return;
			if (image->slim)
				compare_kept(image, segment, span_slice(file, at, next), address + at, sum);
			else
				compare_block(saved.data, file.data + at, address + at, (size_t)next, sum);
		}
		at += next;
	}
}

static void add_comparison(struct comparison *sum, const struct comparison *more)
{
	sum->first = sum->different ? sum->first : more->first;
	sum->compared += more->compared;
	sum->different += more->different;
}

/* Words that a slim dump has not are no witnesses; but what the whole dump said of this very file is known. */
void image_compare_bytes(struct image *image, struct span file, uint64_t address, struct comparison *sum)
{
	const struct kept_comparison *known = image->kept && !image->kept->recording ? kept_compared(image->kept, file, address) : NULL;
	struct comparison here = {0};

	if (known)
		here = known->sum;
	else
		compare_saved(image, file, address, &here);
	if (image->kept && image->kept->recording)
		kept_note_comparison(image, file, address, &here);
	add_comparison(sum, &here);
}

enum agreement image_compare(struct image *image, struct span file, uint64_t address)
{
	struct comparison sum = {0};

	image_compare_bytes(image, file, address, &sum);
	return sum.different ? AGREE_DIFFERENT : sum.compared ? AGREE_EQUAL : AGREE_NOTHING;
}

const char *image_string(struct image *image, uint64_t address, uint64_t n)
{
	struct span view;
	char *copy;

	if (n > STRING_LIMIT)
		return NULL;
	view = image_view(image, address, n);
	if (image->kept && image->kept->recording)
		classify(image, image->kept->texts, address, n);
	if (view.size == n)
		return arena_strndup(image->arena, n ? (const char *)view.data : "", (size_t)n);
	if (!view.size) /* asked before allocating: a hostile dump may make many of these fail */
		return NULL;
	copy = arena_alloc(image->arena, (size_t)n + 1);
	return image_read(image, address, copy, (size_t)n) == MEM_OK ? copy : NULL;
}

/* Loaders leave mappings ascending; where they overlap, the one that begins last wins. */
const struct mapping *image_mapping(const struct image *image, uint64_t address)
{
	size_t low = 0;
	size_t high = image->mappings.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->mappings.items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < image->mappings.items[low - 1].end ? &image->mappings.items[low - 1] : NULL;
}

bool image_auxv(const struct image *image, uint64_t type, uint64_t *ret)
{
	for (size_t i = 0; i < image->auxv.count; i++)
		if (image->auxv.items[i].type == type) {
			*ret = image->auxv.items[i].value;
			return true;
		}
	return false;
}

/* ---- backing ---- */

static int compare_segments(const void *left, const void *right)
{
	const struct segment *a = left;
	const struct segment *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

/* Serving one address from two files would depend on the order of calls: the first executable stays. */
static bool overlaps_backing(const struct image *image, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < image->backing.count; i++) {
		const struct segment *other = &image->backing.items[i];

		if (address - other->address < other->size || other->address - address < size)
			return true;
	}
	return false;
}

void image_add_backing(struct image *image, const struct exe *exe, uint64_t bias)
{
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *from = &exe->segments.items[i];
		uint64_t address = from->address + bias; /* modulo 2^64: a bias may be negative */
		uint64_t size = from->bytes.size;

		if (from->flags & SEGMENT_WRITE || !size || size > UINT64_MAX - address ||
		    overlaps_backing(image, address, size))
			continue;
		vec_push(image->arena, &image->backing,
			 (struct segment){
				 .address = address,
				 .size = size,
				 .saved = exe_loaded_bytes(image->arena, exe, from, bias),
				 .promised = size,
				 .flags = from->flags,
			 });
	}
	if (image->backing.count)
		qsort(image->backing.items, image->backing.count, sizeof *image->backing.items, compare_segments);
}
