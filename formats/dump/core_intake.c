/* core_intake.c: see core_intake.h. */
#include "formats/dump/core_intake.h"

#include "base/span.h"
#include "formats/archive/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 18, HEADS = 1 << 24 /* bytes of headers at most: 65,534 of them are 3.5 MB */, PAGE = 4096 };

/* ELF's header and program headers, 64 bits. */
enum { TYPE = 16, CORE = 4, PROGRAMS = 32, PROGRAM_SIZE = 54, COUNT = 56, HEADER = 64, MANY = 0xffff };
enum { PROGRAM = 56, PROGRAM_TYPE = 0, PROGRAM_OFFSET = 8, PROGRAM_FILE = 32, LOAD = 1 };

/* A segment's bytes in the stream. */
struct piece {
	uint64_t offset, size, keep;
	uint64_t header; /* where its program header is */
};

struct intake {
	int input, output;
	uint64_t room, at; /* in the stream */
	struct piece *pieces;
	size_t count, current;
	uint64_t end;     /* of the last piece */
	uint64_t written; /* bytes that are no hole */
	/* The present piece: */
	bool begun;
	uint64_t allowed;  /* bytes that may still be written of it */
	uint64_t behind;   /* bytes of it and those behind it, as their headers say */
	uint64_t level;    /* what any of them may take */
	unsigned levelled; /* times that this was asked for */
	bool full;
	struct core_intake *result;
};

static ssize_t read_some(int input, uint8_t *bytes, size_t size)
{
	ssize_t got;

	do
		got = read(input, bytes, size);
	while (got < 0 && errno == EINTR);
	return got;
}

/* ---- what is kept ---- */

static int by_size(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* What each of the pieces from the present one on may take, so that all of them fit: as water fills a vessel with an uneven floor. */
static uint64_t level(const struct intake *intake, uint64_t room)
{
	const size_t count = intake->count - intake->current;
	uint64_t *sizes = calloc(count, sizeof *sizes), most;
	size_t i;

	if (!sizes)
		return room / count;
	for (i = 0; i < count; i++)
		sizes[i] = intake->pieces[intake->current + i].size;
	qsort(sizes, count, sizeof *sizes, by_size);
	for (i = 0; i < count && sizes[i] <= room / (count - i); i++)
		room -= sizes[i];
	most = i < count ? room / (count - i) : UINT64_MAX;
	free(sizes);
	return most;
}

/* A piece begins: what the ones before it left of the room, because they were full of zeros, is for it and those behind it. As long as
 * a half is left for those it may take more than its share: arenas of the heap that are whole are worth more than beginnings of all. */
static void begin(struct intake *intake)
{
	enum { LEVELLED = 256 };
	const uint64_t room = intake->room > intake->written ? intake->room - intake->written : 0;
	const uint64_t size = intake->pieces[intake->current].size;

	intake->begun = true;
	if (intake->behind <= room) {
		intake->allowed = size;
	} else {
		if (!intake->levelled || (size > intake->level && intake->levelled < LEVELLED)) {
			intake->level = level(intake, room);
			intake->levelled++;
		}
		intake->allowed = intake->level > room / 2 ? intake->level : room / 2;
		intake->allowed = size < intake->allowed ? size : intake->allowed;
	}
	intake->behind -= size;
}

static int by_offset(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* False: headers that this cannot follow; then the stream is kept as it comes. Pieces that overlap are none of a kernel's. */
static bool read_programs(struct intake *intake, struct span head)
{
	const uint64_t first = span_u64(head, PROGRAMS), count = span_u16(head, COUNT);
	uint64_t end = 0;

	intake->pieces = count ? calloc(count, sizeof *intake->pieces) : NULL;
	if (!intake->pieces || !span_has(head, first, count * PROGRAM))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		const struct span program = span_slice(head, first + i * PROGRAM, PROGRAM);

		if (span_u32(program, PROGRAM_TYPE) == LOAD && span_u64(program, PROGRAM_FILE))
			intake->pieces[intake->count++] = (struct piece){.offset = span_u64(program, PROGRAM_OFFSET),
									 .size = span_u64(program, PROGRAM_FILE),
									 .keep = span_u64(program, PROGRAM_FILE),
									 .header = first + i * PROGRAM};
	}
	qsort(intake->pieces, intake->count, sizeof *intake->pieces, by_offset);
	for (size_t i = 0; i < intake->count; i++) {
		if (intake->pieces[i].offset < end || intake->pieces[i].offset < head.size ||
		    __builtin_add_overflow(intake->pieces[i].offset, intake->pieces[i].size, &end) || end > INT64_MAX)
			return false;
		intake->behind += intake->pieces[i].size;
	}
	intake->end = end;
	return true;
}

/* ---- the stream ---- */

/* The present piece ends here, by whole pages. */
static void cut(struct intake *intake)
{
	struct piece *piece = &intake->pieces[intake->current];

	piece->keep = (intake->at - piece->offset) / PAGE * PAGE;
}

/* What cannot be written is as if there had been no room for it, and for all that follows. */
static void fill_up(struct intake *intake)
{
	intake->full = true;
	if (intake->begun)
		cut(intake);
	for (size_t i = intake->current + intake->begun; i < intake->count; i++)
		intake->pieces[i].keep = 0;
}

static bool write_some(struct intake *intake, const uint8_t *bytes, size_t size)
{
	const uint64_t before = intake->written;

	if (intake->full || !spool_write(intake->output, bytes, size, intake->at, &intake->written)) {
		if (!intake->full)
			fill_up(intake);
		return false;
	}
	intake->allowed -= intake->begun ? intake->written - before : 0;
	intake->at += size;
	return true;
}

/* Bytes of the present piece. Zeros take no room, so what fits is known only as it is written. */
static void take_of_piece(struct intake *intake, const uint8_t *bytes, size_t size)
{
	const struct piece *piece = &intake->pieces[intake->current];
	const uint64_t end = intake->at + size;

	while (intake->at < end && piece->keep == piece->size && !intake->full) {
		const uint64_t left = end - intake->at;

		if (intake->allowed < PAGE && intake->allowed < piece->size - (intake->at - piece->offset))
			cut(intake);
		else if (!write_some(intake, bytes + (size - left), (size_t)(left < intake->allowed ? left : intake->allowed)))
			break;
	}
	intake->at = end;
}

/* How many of the next bytes belong together. */
static uint64_t next_part(struct intake *intake)
{
	const struct piece *piece;

	while (intake->current < intake->count &&
	       intake->at >= intake->pieces[intake->current].offset + intake->pieces[intake->current].size) {
		intake->current++;
		intake->begun = false;
	}
	if (intake->current == intake->count)
		return UINT64_MAX;
	piece = &intake->pieces[intake->current];
	if (intake->at < piece->offset)
		return piece->offset - intake->at;
	if (!intake->begun)
		begin(intake);
	return piece->offset + piece->size - intake->at;
}

static void take(struct intake *intake, const uint8_t *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		const uint64_t part = next_part(intake), before = intake->at;
		const size_t now = part < size - done ? (size_t)part : size - done;

		if (intake->begun)
			take_of_piece(intake, bytes + done, now);
		else if (intake->count || intake->written < intake->room)
			write_some(intake, bytes + done, now);
		intake->at = before + now;
		done += now;
	}
}

/* Headers, as far as the first bytes tell where they end. */
static uint64_t heads_of(struct span head)
{
	static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 2, 1};
	uint64_t end;

	if (head.size < HEADER || memcmp(head.data, magic, sizeof magic) || span_u16(head, TYPE) != CORE ||
	    span_u16(head, PROGRAM_SIZE) != PROGRAM || span_u16(head, COUNT) == MANY ||
	    __builtin_add_overflow(span_u64(head, PROGRAMS), (uint64_t)span_u16(head, COUNT) * PROGRAM, &end) || end > HEADS)
		return 0;
	return end;
}

static size_t fill(int input, uint8_t *bytes, size_t have, size_t want, bool *failed)
{
	while (have < want) {
		const ssize_t got = read_some(input, bytes + have, want - have);

		*failed |= got < 0;
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}

/* Until its headers are there; NULL: memory or the input failed. */
static uint8_t *read_heads(struct intake *intake, size_t *size)
{
	uint8_t *bytes = malloc(HEADER), *more;
	bool failed = false;
	uint64_t heads;

	if (!bytes)
		return NULL;
	*size = fill(intake->input, bytes, 0, HEADER, &failed);
	heads = heads_of((struct span){bytes, *size});
	if (heads > *size) {
		more = realloc(bytes, (size_t)heads);
		if (!more) {
			free(bytes);
			return NULL;
		}
		bytes = more;
		*size = fill(intake->input, bytes, *size, (size_t)heads, &failed);
	}
	intake->result->is_core = heads && *size == heads && read_programs(intake, (struct span){bytes, *size});
	if (!intake->result->is_core)
		intake->count = 0;
	if (failed) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

static bool take_rest(struct intake *intake)
{
	uint8_t *block = malloc(BLOCK);
	ssize_t got = -1;

	while (block && (got = read_some(intake->input, block, BLOCK)) > 0)
		take(intake, block, (size_t)got);
	free(block);
	return got == 0;
}

/* Headers of segments that end early say so. */
static bool mend_headers(struct intake *intake)
{
	bool whole = true;

	for (size_t i = 0; i < intake->count; i++) {
		const struct piece *piece = &intake->pieces[i];

		if (piece->keep == piece->size)
			continue;
		intake->result->cut++;
		intake->result->left_out += piece->size - piece->keep;
		whole &= pwrite(intake->output, &piece->keep, sizeof piece->keep, (off_t)(piece->header + PROGRAM_FILE)) ==
			 sizeof piece->keep;
	}
	return whole;
}

bool core_intake(int input, int output, uint64_t room, struct core_intake *ret)
{
	struct intake intake = {.input = input, .output = output, .room = room, .result = ret};
	size_t size = 0;
	uint8_t *heads;
	bool good;

	*ret = (struct core_intake){0};
	heads = read_heads(&intake, &size);
	if (heads)
		take(&intake, heads, size);
	good = heads && !intake.full && take_rest(&intake);
	free(heads);
	ret->size = intake.at;
	ret->broken_off = ret->is_core && intake.at < intake.end;
	good = good && mend_headers(&intake) && !ftruncate(output, (off_t)intake.at);
	free(intake.pieces);
	return good && ret->size;
}
