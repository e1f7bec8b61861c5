/* record.c: see record.h. */
#include "formats/slim/record.h"

#include "formats/slim/nearby.h"
#include "formats/slim/tables.h"

#include "base/mapping.h"
#include "formats/exe/elf.h"
#include "formats/slim/redaction.h"
#include "formats/slim/renames.h"

#include <errno.h>

enum {
	WORD = 8,
	EXTENT = 3 * WORD,
	COMPARISON = 6 * WORD,
	ANSWER = 3 * WORD, /* and its bytes */
	BLOCK_WORDS = 512,
	BLOCK_BITS = BLOCK_WORDS / 8, /* bytes */
	BLOCK = WORD + 2 * BLOCK_BITS,
	NOTES_LIMIT = 1 << 20,
};

enum header { AT_MAGIC, AT_VERSION, AT_SIZE, AT_FLAGS, AT_EXTENTS, AT_COMPARISONS, AT_WORDS, AT_BLOCKS, AT_DISTANCES, AT_MASKS, AT_ANSWERS, AT_NOTES };

/* ---- making ---- */

static void put(uint8_t **at, uint64_t value)
{
	append_number(at, value, WORD);
}

static bool block_is_kept(const struct kept *kept, uint64_t block)
{
	const uint64_t from = block * BLOCK_WORDS;

	return kept_any(kept, from, from + BLOCK_WORDS < kept->words ? from + BLOCK_WORDS : kept->words);
}

static uint64_t count_blocks(const struct kept *kept)
{
	uint64_t count = 0;

	for (uint64_t block = 0; block * BLOCK_WORDS < kept->words; block++)
		count += block_is_kept(kept, block);
	return count;
}

static uint64_t notes_size(const struct notes *notes, size_t count)
{
	uint64_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += strlen(notes->items[i]) + 1;
	return size;
}

static uint64_t padded(uint64_t size)
{
	return (size + WORD - 1) / WORD * WORD;
}

static uint64_t answers_size(const struct kept *kept)
{
	uint64_t size = 0;

	for (size_t i = 0; i < kept->answers.count; i++)
		size += ANSWER + padded(kept->answers.items[i].bytes.size);
	return size;
}

static uint64_t masks_of(const struct layout_plan *plan)
{
	return plan->image->kept->redaction ? plan->image->threads.count : 0;
}

static uint64_t notes_end(const struct image *image)
{
	const uint64_t size = notes_size(&image->kept->notes, image->kept->notes.count);

	return renames_size(image) ? padded(size) : size;
}

uint64_t slim_record_size(const struct layout_plan *plan, size_t extents)
{
	const struct kept *kept = plan->image->kept;

	return SLIM_HEADER * WORD + extents * EXTENT + kept->comparisons.count * COMPARISON + count_blocks(kept) * BLOCK +
	       padded(kept->nearby_count) + masks_of(plan) * WORD + answers_size(kept) + notes_end(plan->image) + renames_size(plan->image);
}

static void put_extents(uint8_t **at, const struct layout_plan *plan)
{
	for (size_t i = 0; i < plan->pieces.count; i++) {
		const struct piece *piece = &plan->pieces.items[i];

		if (piece->original == SLIM_MADE)
			continue;
		put(at, piece->original);
		put(at, piece->position);
		put(at, piece->size);
	}
}

static void put_comparisons(uint8_t **at, const struct kept *kept)
{
	for (size_t i = 0; i < kept->comparisons.count; i++) {
		const struct kept_comparison *one = &kept->comparisons.items[i];
		const uint64_t words[] = {one->address, one->size, one->digest, one->sum.compared, one->sum.different, one->sum.first};

		for (size_t k = 0; k < sizeof words / sizeof *words; k++)
			put(at, words[k]);
	}
}

/* A block's words that are kept, and those that were removed or are nearby. `last` is nearby_bits'. */
static void put_block(uint8_t **at, const struct image *image, size_t *last, uint64_t block)
{
	const struct kept *kept = image->kept;
	const uint64_t from = block * (BLOCK_WORDS / KEPT_BITS), to = from + BLOCK_WORDS / KEPT_BITS;

	put(at, block);
	for (uint64_t element = from; element < to; element++)
		put(at, element * KEPT_BITS < kept->words ? kept->bits[element] : 0);
	for (uint64_t element = from; element < to; element++)
		put(at, element * KEPT_BITS < kept->words ? kept->removed[element] | nearby_bits(image, last, element) : 0);
}

/* They grow with what was read, so they are never in memory together. */
static bool write_blocks(const struct layout_plan *plan, FILE *out)
{
	const struct kept *kept = plan->image->kept;
	size_t last = 0;

	for (uint64_t block = 0; block * BLOCK_WORDS < kept->words; block++) {
		uint8_t bytes[BLOCK], *at = bytes;

		if (!block_is_kept(kept, block))
			continue;
		put_block(&at, plan->image, &last, block);
		if (fwrite(bytes, 1, sizeof bytes, out) != sizeof bytes)
			return false;
	}
	return true;
}

static bool write_distances(const struct layout_plan *plan, FILE *out)
{
	return nearby_write(plan->image, out);
}

static void put_answers(uint8_t **at, const struct kept *kept)
{
	for (size_t i = 0; i < kept->answers.count; i++) {
		const struct kept_answer *answer = &kept->answers.items[i];

		put(at, answer->pc);
		put(at, answer->question | (answer->renamed ? SLIM_ANSWER_RENAMED : 0));
		put(at, answer->bytes.size);
		if (answer->bytes.size)
			memcpy(*at, answer->bytes.data, answer->bytes.size);
		*at += padded(answer->bytes.size);
	}
}

static void put_notes(uint8_t **at, const struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++) {
		const size_t size = strlen(notes->items[i]) + 1;

		memcpy(*at, notes->items[i], size);
		*at += size;
	}
}

/* Bytes that are made, from the end of the record so far on. */
static void add_made(struct layout_plan *plan, uint64_t *position, uint64_t size, const uint8_t *bytes)
{
	layout_add(plan, (struct piece){.position = *position, .original = SLIM_MADE, .size = size, .bytes = bytes});
	*position += size;
}

static void add_written(struct layout_plan *plan, uint64_t *position, uint64_t size, bool (*write)(const struct layout_plan *plan, FILE *out))
{
	layout_add(plan, (struct piece){.position = *position, .original = SLIM_MADE, .size = size, .write = write});
	*position += size;
}

/* Before the blocks. */
static void add_head(struct layout_plan *plan, uint64_t *position)
{
	const struct kept *kept = plan->image->kept;
	uint64_t extents = 0, size;
	uint8_t *head, *at;

	for (size_t i = 0; i < plan->pieces.count; i++)
		extents += plan->pieces.items[i].original != SLIM_MADE;
	const uint64_t header[SLIM_HEADER] = {
		[AT_MAGIC] = SLIM_MAGIC, [AT_VERSION] = SLIM_VERSION, [AT_SIZE] = tables_end(plan->image),
		[AT_FLAGS] = (plan->image->truncated ? SLIM_TRUNCATED : 0) | (kept->redaction ? SLIM_REDACTED : 0) |
			     (renames_size(plan->image) ? SLIM_RENAMED : 0), [AT_EXTENTS] = extents,
		[AT_COMPARISONS] = kept->comparisons.count, [AT_WORDS] = kept->words, [AT_BLOCKS] = count_blocks(kept),
		[AT_DISTANCES] = padded(kept->nearby_count),
		[AT_MASKS] = masks_of(plan), [AT_ANSWERS] = answers_size(kept),
		[AT_NOTES] = notes_size(&kept->notes, kept->notes.count),
	};

	size = SLIM_HEADER * WORD + extents * EXTENT + kept->comparisons.count * COMPARISON;
	head = at = arena_alloc(plan->image->arena, (size_t)size);
	for (size_t i = 0; i < SLIM_HEADER; i++)
		put(&at, header[i]);
	put_extents(&at, plan);
	put_comparisons(&at, kept);
	add_made(plan, position, size, head);
}

/* Behind the distances. */
static void add_tail(struct layout_plan *plan, uint64_t *position, uint64_t size)
{
	const struct kept *kept = plan->image->kept;
	uint8_t *tail = arena_alloc(plan->image->arena, (size_t)size), *at = tail;

	for (size_t i = 0; i < masks_of(plan); i++)
		put(&at, kept->redaction->masked[i]);
	put_answers(&at, kept);
	put_notes(&at, &kept->notes);
	if (renames_size(plan->image))
		renames_write(plan->image, tail + padded((uint64_t)(at - tail)));
	add_made(plan, position, size, tail);
}

void slim_record_add(struct layout_plan *plan, uint64_t position, uint64_t size)
{
	const struct kept *kept = plan->image->kept;
	const uint64_t end = position + size;

	add_head(plan, &position);
	add_written(plan, &position, count_blocks(kept) * BLOCK, write_blocks);
	add_written(plan, &position, kept->nearby_count, write_distances);
	position += padded(kept->nearby_count) - kept->nearby_count;
	add_tail(plan, &position, end - position);
}

/* ---- finding ---- */

/* Of cores: a note of its own, alone in its segment. Elf64_Ehdr: e_phoff at 32, e_phnum at 56; Elf64_Phdr: 56 bytes. */
static struct span find_in_core(struct span file)
{
	enum { PHOFF = 32, PHNUM = 56, PROGRAM = 56, OFFSET = 8, NOTE_HEADER = 12, OWNER = 12 };
	const uint64_t start = span_u64(file, PHOFF);

	for (uint64_t i = 0; i < span_u16(file, PHNUM); i++) {
		const struct span program = span_slice(file, start + i * PROGRAM, PROGRAM);
		const uint64_t note = span_u64(program, OFFSET);
		const struct span name = span_slice(file, note + NOTE_HEADER, sizeof SLIM_OWNER);

		if (!program.size)
			break;
		if (span_u32(program, 0) == PROGRAM_NOTE && span_u32(file, note + 8) == SLIM_NOTE &&
		    span_u32(file, note) == sizeof SLIM_OWNER && name.size && !memcmp(name.data, SLIM_OWNER, sizeof SLIM_OWNER))
			return span_slice(file, note + NOTE_HEADER + OWNER, span_u32(file, note + 4));
	}
	return (struct span){0};
}

/* Of minidumps: a stream. MINIDUMP_HEADER: NumberOfStreams at 8, StreamDirectoryRva at 12; MINIDUMP_DIRECTORY: type, size, RVA. */
static struct span find_in_minidump(struct span file)
{
	enum { ENTRY = 12, STREAM_LIMIT = 4096 };
	const uint64_t start = span_u32(file, 12);

	for (uint64_t i = 0; i < span_u32(file, 8) && i < STREAM_LIMIT; i++) {
		const struct span entry = span_slice(file, start + i * ENTRY, ENTRY);

		if (entry.size && span_u32(entry, 0) == SLIM_NOTE)
			return span_slice(file, span_u32(entry, 8), span_u32(entry, 4));
	}
	return (struct span){0};
}

struct span slim_record_find(struct span file)
{
	const struct span record = elf_magic(file) ? find_in_core(file)
				   : span_u32(file, 0) == 0x504d444d /* "MDMP" */ ? find_in_minidump(file)
										    : (struct span){0};

	return span_u64(record, 0) == SLIM_MAGIC ? record : (struct span){0};
}

/* ---- reading ---- */

/* The next `count` things of `size` bytes. */
static struct span take(struct reader *reader, uint64_t count, uint64_t size)
{
	if (count > reader->span.size / size)
		reader->failed = true;
	return read_bytes(reader, reader->failed ? 0 : count * size);
}

/* Behind notes of a size, and what fills their last word up. */
static struct span renames_of(struct reader *reader, uint64_t notes)
{
	struct span rest;
	uint64_t count;

	take(reader, padded(notes) - notes, 1);
	rest = span_from(reader->span, reader->position);
	count = span_u64(rest, WORD);
	return take(reader, count < rest.size ? 2 + 3 * count : rest.size, WORD);
}

bool slim_record_read(struct span bytes, struct slim_record *ret)
{
	struct reader reader = reader_of(bytes);
	uint64_t header[SLIM_HEADER];

	for (size_t i = 0; i < SLIM_HEADER; i++)
		header[i] = read_u64(&reader);
	*ret = (struct slim_record){.original_size = header[AT_SIZE], .flags = header[AT_FLAGS], .words = header[AT_WORDS]};
	ret->extents = take(&reader, header[AT_EXTENTS], EXTENT);
	ret->comparisons = take(&reader, header[AT_COMPARISONS], COMPARISON);
	ret->blocks = take(&reader, header[AT_BLOCKS], BLOCK);
	ret->distances = take(&reader, header[AT_DISTANCES], 1);
	ret->masks = take(&reader, header[AT_MASKS], WORD);
	ret->answers = take(&reader, header[AT_ANSWERS], 1);
	ret->notes = take(&reader, header[AT_NOTES], 1);
	if (ret->flags & SLIM_RENAMED)
		ret->renames = renames_of(&reader, header[AT_NOTES]);
	return !reader.failed && header[AT_VERSION] == SLIM_VERSION && ret->notes.size <= NOTES_LIMIT;
}

const struct err *slim_unfold(struct arena *arena, struct span file, const struct slim_record *record, uint64_t max_size,
			      struct span *ret)
{
	const struct err *err;
	uint64_t copied = 0;
	void *start;

	if (record->original_size > max_size)
		return err_new(arena, ERR_LIMIT, "it is of a dump of %llu bytes; raise the limit with --max-size",
			       (unsigned long long)record->original_size);
	err = mapping_zeros(arena, record->original_size, false, &start);
	if (err)
		return err;
	for (uint64_t at = 0; at < record->extents.size; at += EXTENT) {
		const uint64_t to = span_u64(record->extents, at);
		const uint64_t size = span_u64(record->extents, at + 2 * WORD);
		const struct span from = span_slice(file, span_u64(record->extents, at + WORD), size);

		if (!size)
			continue;
		copied += from.size;
		if (!from.size || copied > file.size || to > record->original_size || size > record->original_size - to)
			return err_new(arena, ERR_BAD_DATA, "it is a slim dump that is damaged or cut short");
		if (!mapping_open((uint8_t *)start + to, (size_t)size))
			return err_new(arena, ERR_LIMIT, "no memory for what it holds: %s", strerror(errno));
		memcpy((uint8_t *)start + to, from.data, (size_t)size);
	}
	*ret = (struct span){start, (size_t)record->original_size};
	return NULL;
}

static void restore(struct nearby_reader *nearby, uint64_t element, uint64_t near)
{
	for (; near; near &= near - 1)
		nearby_restore(nearby, element * KEPT_BITS + (uint64_t)__builtin_ctzll(near));
}

static void apply_blocks(struct image *image, struct span blocks, struct span distances)
{
	struct nearby_reader nearby = {.image = image, .distances = distances};
	struct kept *kept = image->kept;

	for (uint64_t at = 0; at < blocks.size; at += BLOCK) {
		const uint64_t block = span_u64(blocks, at);

		for (uint64_t i = 0; i < BLOCK_WORDS / KEPT_BITS; i++) {
			const uint64_t element = block * (BLOCK_WORDS / KEPT_BITS) + i;

			if (block > kept->words / BLOCK_WORDS || element > kept->words / KEPT_BITS)
				continue;
			kept->bits[element] = span_u64(blocks, at + WORD + i * WORD);
			kept->removed[element] = span_u64(blocks, at + WORD + BLOCK_BITS + i * WORD) & ~kept->bits[element];
			restore(&nearby, element, span_u64(blocks, at + WORD + BLOCK_BITS + i * WORD) & kept->bits[element]);
		}
	}
}

static void apply_comparisons(struct image *image, struct span bytes)
{
	for (uint64_t at = 0; at < bytes.size; at += COMPARISON)
		vec_push(image->arena, &image->kept->comparisons,
			 (struct kept_comparison){
				 .address = span_u64(bytes, at),
				 .size = span_u64(bytes, at + WORD),
				 .digest = span_u64(bytes, at + 2 * WORD),
				 .sum = {span_u64(bytes, at + 3 * WORD), span_u64(bytes, at + 4 * WORD), span_u64(bytes, at + 5 * WORD)},
			 });
}

/* KEPT_C_FUNCTION: an entry, and a name. */
static struct span restore_answer(struct image *image, struct pseudonyms *pseudonyms, struct span bytes)
{
	uint8_t *copy = memcpy(arena_alloc(image->arena, bytes.size), bytes.data, bytes.size);

	pseudonyms_put(pseudonyms, NAME_ALL, copy + WORD, bytes.size - WORD);
	return (struct span){copy, bytes.size};
}

/* Those that are in order, each once: who looks for one relies on it. */
static void apply_answers(struct image *image, struct span bytes)
{
	struct pseudonyms *pseudonyms = image->files.names ? pseudonyms_new(image->arena, image->files.names, true) : NULL;
	struct kept *kept = image->kept;
	uint64_t size;

	for (uint64_t at = 0; at < bytes.size && kept->answers.count < KEPT_ANSWERS_MOST; at += ANSWER + padded(size)) {
		const uint64_t question = span_u64(bytes, at + WORD);
		struct kept_answer answer = {.pc = span_u64(bytes, at), .question = question & ~SLIM_ANSWER_RENAMED,
					     .renamed = question & SLIM_ANSWER_RENAMED};
		const struct kept_answer *last = kept->answers.count ? &kept->answers.items[kept->answers.count - 1] : NULL;

		size = span_u64(bytes, at + 2 * WORD);
		if (size > bytes.size || (last && (last->pc > answer.pc || (last->pc == answer.pc && last->question >= answer.question))))
			return;
		answer.bytes = span_slice(bytes, at + ANSWER, size);
		if (answer.renamed && pseudonyms && answer.bytes.size > WORD)
			answer.bytes = restore_answer(image, pseudonyms, answer.bytes);
		vec_push(image->arena, &kept->answers, answer);
	}
}

/* What was said of the old file when it was read, in place of what is said of this one. */
static void apply_notes(struct image *image, struct span notes)
{
	const char *note;

	image->notes->count = 0;
	for (uint64_t at = 0; at < notes.size; at += strlen(note) + 1) {
		note = span_string(notes, at, NOTES_LIMIT);
		if (!note)
			return;
		note_add(image->notes, "%s", note);
	}
}

const struct err *slim_record_apply(struct image *image, const struct slim_record *record)
{
	const struct err *err = kept_begin(image, false);

	if (err)
		return err;
	if (image->kept->words != record->words)
		return err_new(image->arena, ERR_BAD_DATA, "it is a slim dump whose record is not its own");
	image->slim = true;
	image->truncated = record->flags & SLIM_TRUNCATED;
	apply_blocks(image, record->blocks, record->distances);
	for (size_t i = 0; i < image->threads.count && i < record->masks.size / WORD; i++)
		image->threads.items[i].registers.known &= ~span_u64(record->masks, i * WORD);
	image->redacted = record->flags & SLIM_REDACTED;
	apply_comparisons(image, record->comparisons);
	apply_answers(image, record->answers);
	apply_notes(image, record->notes);
	if (record->flags & SLIM_RENAMED && !image->files.names)
		note_add(image->notes, "%s", pseudonyms_note);
	return NULL;
}
