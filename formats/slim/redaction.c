/* redaction.c: see redaction.h. */
#include "formats/slim/redaction.h"

#include "formats/dump/kept.h"

#include <ctype.h>
#include <stdlib.h>

enum { HALF_BITS = 32, SMALL = 1 << 16, NEAR = 1 << 16, TEXT_BYTES = 4, PAGE = 0x1000 };

const char *const reason_texts[REASONS] = {
#define REASON(name, text) [REASON_##name] = text,
#include "formats/slim/reasons.def"
#undef REASON
};

/* ---- values ---- */

/* sync.RWMutex takes 1<<30 off its count of readers while somebody waits to write. */
static bool is_small_half(uint32_t half)
{
	const uint32_t taken = (uint32_t)1 << 30;

	return half + SMALL < 2 * SMALL || half + taken + SMALL < 2 * SMALL;
}

/* Also one byte again and again: fill patterns, and what a loop writes. */
bool redaction_is_small(uint64_t value)
{
	return value == (value & 0xff) * UINT64_C(0x0101010101010101) ||
	       (is_small_half((uint32_t)value) && is_small_half((uint32_t)(value >> HALF_BITS)));
}

bool redaction_is_text(uint64_t value)
{
	int run = 0, longest = 0;

	for (unsigned i = 0; i < sizeof value; i++) {
		run = isprint((int)(value >> 8 * i & 0xff)) ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest >= TEXT_BYTES;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct memory_range *a = left;
	const struct memory_range *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static int compare_values(const void *left, const void *right)
{
	const uint64_t *a = left;
	const uint64_t *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Whether [address, address + size) lies in one of them, which are ascending. */
static bool lies_in(const struct memory_range *ranges, size_t count, uint64_t address, uint64_t size)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (ranges[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < ranges[low - 1].end && size <= ranges[low - 1].end - address;
}

static bool is_evidence(const struct redaction *redaction, uint64_t value)
{
	return redaction->evidence.count && bsearch(&value, redaction->evidence.items, redaction->evidence.count,
						    sizeof *redaction->evidence.items, compare_values) != NULL;
}

/* ---- words ---- */

struct run {
	struct image *image;
	struct redaction *redaction;
	uint8_t *stacks; /* per segment: a thread's SP, or frames, lie in it */
};

static uint64_t address_of(const struct segment *segment, uint64_t number)
{
	return (segment->address & ~(uint64_t)(KEPT_WORD - 1)) + (number - segment->first_word) * KEPT_WORD;
}

/* Without the tag of a pointer, or the signature of a return address. */
static uint64_t bare(const struct image *image, uint64_t value)
{
	return arch_untagged(image->arch, value) & ~image->code_signature;
}

static bool is_code(const struct image *image, const struct redaction *redaction, uint64_t value)
{
	for (size_t i = 0; i < redaction->code.count; i++)
		if (value - redaction->code.items[i].start < redaction->code.items[i].end - redaction->code.items[i].start)
			return true;
	return value >= PAGE && image_mapping(image, value);
}

/* What an address leads to; REASONS: nothing that was mapped. */
static enum reason reason_of_address(const struct run *run, uint64_t value)
{
	const uint64_t address = bare(run->image, value);
	const struct segment *segment = address >= PAGE ? image_segment(run->image, address) : NULL;

	if (!segment)
		return is_code(run->image, run->redaction, address) ? REASON_CODE : REASONS;
	if (segment->flags & SEGMENT_EXEC)
		return REASON_CODE;
	return run->stacks[segment - run->image->segments.items] ? REASON_STACK : REASON_POINTER;
}

static bool is_program(const struct run *run, const struct mapping *mapping)
{
	const struct redaction *redaction = run->redaction;

	for (size_t i = 0; i < redaction->constants.count; i++)
		if (redaction->constants.items[i].start >= mapping->start && redaction->constants.items[i].start < mapping->end)
			return true;
	return false;
}

/* Minidumps may not say what of a module could be written, or that all of it could. Of libraries only headers and tables are read. */
static bool is_constant(const struct run *run, uint64_t address)
{
	const struct mapping *mapping = run->image->os == OS_WINDOWS ? image_mapping(run->image, address) : NULL;

	return mapping && (!is_program(run, mapping) || address - mapping->start < PAGE ||
			   lies_in(run->redaction->constants.items, run->redaction->constants.count, address, KEPT_WORD));
}

/* Memory of files that hold code, as it was linked. */
static bool is_of_file(const struct run *run, const struct segment *segment, uint64_t address)
{
	if (segment->flags & SEGMENT_WRITE)
		return is_constant(run, address);
	return segment->flags & SEGMENT_EXEC || !run->image->mappings.count || image_mapping(run->image, segment->address);
}

static bool overlaps_text(const struct redaction *redaction, uint64_t address)
{
	for (size_t i = 0; i < redaction->texts.count; i++)
		if (redaction->texts.items[i].start < address + KEPT_WORD && address < redaction->texts.items[i].end)
			return true;
	return false;
}

static uint8_t letter_of(const char letters[static KEPT_WORD], uint64_t address, uint8_t byte)
{
	return !byte || byte == '\n' || byte == '\t' ? byte : (uint8_t)letters[address % KEPT_WORD];
}

uint8_t redaction_letter(uint64_t address, uint8_t byte)
{
	return letter_of("redacted", address, byte);
}

bool redaction_is_disguised(const struct redaction *redaction, uint64_t value)
{
	for (size_t i = 0; i < redaction->disguised.count; i++)
		if (redaction->disguised.items[i] == value)
			return true;
	return false;
}

uint64_t redaction_disguise(uint64_t value)
{
	uint64_t ret = 0;

	for (unsigned i = 0; i < sizeof value; i++)
		ret |= (uint64_t)letter_of("REDACTED", i, (uint8_t)(value >> 8 * i)) << 8 * i;
	return ret;
}

static bool is_near_fault(const struct redaction *redaction, uint64_t value)
{
	return redaction->has_fault && value - redaction->fault + NEAR < 2 * NEAR;
}

static enum reason reason_of(const struct run *run, const struct segment *segment, uint64_t number, uint64_t value)
{
	const uint64_t address = address_of(segment, number);
	const struct redaction *redaction = run->redaction;
	const enum reason led = reason_of_address(run, value);

	if (is_of_file(run, segment, address))
		return REASON_FILE;
	if (redaction_is_disguised(redaction, value))
		return REASON_MASKED;
	if (kept_bit(run->image->kept->fields, number))
		return REASON_STRUCTURE;
	if (!value)
		return REASON_ZERO;
	if (overlaps_text(redaction, address))
		return REASON_TEXT;
	if (kept_bit(run->image->kept->texts, number))
		return REASON_MASKED;
	if (led != REASONS)
		return led;
	if (is_evidence(redaction, value) || is_near_fault(redaction, value))
		return REASON_EVIDENCE;
	if (redaction_is_small(value))
		return REASON_SMALL;
	return redaction_is_text(value) ? REASON_MASKED : REASONS;
}

/* The map of fields becomes that of what was removed: of a word that was judged nobody asks any more whether it is a field, and each map of a
 * large dump is large. */
static void set_removed(struct kept *kept, uint64_t number, bool removed)
{
	const uint64_t bit = UINT64_C(1) << number % KEPT_BITS;
	uint64_t *element = &kept->fields[number / KEPT_BITS];

	if (!(*element & bit) == removed)
		*element ^= bit;
}

/* Of words of an element, none of which was read, from a number on: which comes next. */
static uint64_t skip_unread(struct kept *kept, uint64_t number, uint64_t end)
{
	const uint64_t next = (number | (KEPT_BITS - 1)) + 1 < end ? (number | (KEPT_BITS - 1)) + 1 : end;
	const uint64_t mask = UINT64_MAX << number % KEPT_BITS & UINT64_MAX >> (KEPT_BITS - 1 - (next - 1) % KEPT_BITS);

	if (kept->fields[number / KEPT_BITS] & mask)
		kept->fields[number / KEPT_BITS] &= ~mask;
	return next;
}

static void judge_word(struct run *run, const struct segment *segment, uint64_t number)
{
	const uint64_t address = address_of(segment, number);
	const uint64_t offset = address < segment->address ? 0 : address - segment->address;
	const struct span bytes = span_slice(segment->saved, offset, KEPT_WORD);
	enum reason reason = REASONS;

	if (bytes.size && address >= segment->address)
		reason = reason_of(run, segment, number, load_u64(bytes.data));
	else if (is_of_file(run, segment, address)) /* a part of a word, at an end */
		reason = REASON_FILE;
	set_removed(run->image->kept, number, reason == REASONS);
	if (reason == REASONS) {
		run->image->kept->bits[number / KEPT_BITS] &= ~(UINT64_C(1) << number % KEPT_BITS);
		run->redaction->removed++;
		return;
	}
	run->redaction->words[reason]++;
	if (reason == REASON_MASKED)
		run->image->kept->masked[number / KEPT_BITS] |= UINT64_C(1) << number % KEPT_BITS;
}

static void judge_segment(struct run *run, const struct segment *segment)
{
	const struct kept *kept = run->image->kept;
	const uint64_t end = segment->saved.size ? kept_number(segment, segment->saved.size - 1) + 1 : segment->first_word;

	for (uint64_t number = segment->first_word; number < end; number++) {
		if (!kept->bits[number / KEPT_BITS]) {
			number = skip_unread(run->image->kept, number, end) - 1;
			continue;
		}
		if (kept_has(kept, number))
			judge_word(run, segment, number);
		else
			set_removed(run->image->kept, number, false);
	}
}

/* ---- registers ---- */

static bool is_flags(const char *name)
{
	return !strcmp(name, "eflags") || !strcmp(name, "pstate") || !strcmp(name, "cpsr");
}

bool redaction_register_stays(struct image *image, bool crashed, uint8_t number, uint64_t value)
{
	const struct arch *arch = image->arch;
	const uint64_t address = bare(image, value);
	const bool near_fault = crashed && image->stop.has_address && value - image->stop.address + NEAR < 2 * NEAR;

	return (number < arch->reg_count && (number == arch->pc || number == arch->sp || is_flags(arch->reg_names[number]))) ||
	       redaction_is_small(value) ||
	       near_fault || (address >= PAGE && image_segment(image, address)) || is_code(image, image->kept->redaction, address) ||
	       is_evidence(image->kept->redaction, value);
}

static void judge_registers(struct run *run)
{
	struct image *image = run->image;

	run->redaction->masked = arena_array(image->arena, image->threads.count + 1, sizeof *run->redaction->masked);
	for (size_t i = 0; i < image->threads.count; i++)
		for (uint8_t number = 0; number < image->arch->reg_count; number++) {
			const struct thread *thread = &image->threads.items[i];

			if (!(thread->registers.known >> number & 1) ||
			    redaction_register_stays(image, thread->crashed, number, thread->registers.value[number]))
				continue;
			run->redaction->masked[i] |= UINT64_C(1) << number;
			run->redaction->masked_count++;
		}
}

/* ---- bytes ---- */

static void erase_in(const struct redaction *redaction, uint64_t address, size_t n, uint8_t *block)
{
	for (size_t i = 0; i < redaction->erased.count; i++) {
		const struct memory_range *range = &redaction->erased.items[i];
		const uint64_t from = range->start > address ? range->start : address;
		const uint64_t to = range->end < address + n ? range->end : address + n;

		for (uint64_t at = from; at < to; at++)
			block[at - address] = redaction_letter(at, block[at - address]);
	}
}

static void replace(const struct redaction *redaction, uint64_t address, size_t n, uint8_t *block)
{
	for (size_t i = 0; i < redaction->replaced.count; i++)
		if (redaction->replaced.items[i].address - address < n)
			block[redaction->replaced.items[i].address - address] = redaction->replaced.items[i].byte;
}

void redaction_edit(const struct redaction *redaction, uint64_t address, size_t n, uint8_t *bytes)
{
	erase_in(redaction, address, n, bytes);
	replace(redaction, address, n, bytes);
}

/* ---- the whole ---- */

static void mark_stacks(struct run *run)
{
	struct image *image = run->image;
	uint64_t sp;

	run->stacks = arena_array(image->arena, image->segments.count + 1, 1);
	for (size_t i = 0; i < image->threads.count; i++) {
		const struct segment *segment = reg_get(&image->threads.items[i].registers, image->arch->sp, &sp) ? image_segment(image, sp) : NULL;

		if (segment)
			run->stacks[segment - image->segments.items] = 1;
	}
}

static void merge(struct redaction *redaction)
{
	struct memory_range *items = redaction->texts.items;
	size_t kept = 0;

	for (size_t i = 1; i < redaction->texts.count; i++)
		if (items[i].start <= items[kept].end)
			items[kept].end = items[i].end > items[kept].end ? items[i].end : items[kept].end;
		else
			items[++kept] = items[i];
	redaction->texts.count = redaction->texts.count ? kept + 1 : 0;
}

static void erase(struct image *image, struct redaction *redaction, uint64_t start, uint64_t end)
{
	if (start < end)
		vec_push(image->arena, &redaction->erased, (struct memory_range){start, end});
}

/* Texts stay in whole words, of which all else is erased. */
static void keep_texts(struct image *image, struct redaction *redaction)
{
	merge(redaction);
	for (size_t i = 0; i < redaction->texts.count; i++) {
		struct memory_range *text = &redaction->texts.items[i];
		const struct memory_range whole = {text->start & ~(uint64_t)(KEPT_WORD - 1), (text->end + KEPT_WORD - 1) & ~(uint64_t)(KEPT_WORD - 1)};
		const uint64_t next = i + 1 < redaction->texts.count ? redaction->texts.items[i + 1].start : UINT64_MAX;

		if (!i || redaction->texts.items[i - 1].end <= whole.start)
			erase(image, redaction, whole.start, text->start);
		else
			erase(image, redaction, redaction->texts.items[i - 1].end, text->start);
		erase(image, redaction, text->end, whole.end < next ? whole.end : next);
		image_cite(image, text->start, text->end - text->start);
	}
}

void redaction_run(struct image *image, struct redaction *redaction)
{
	struct run run = {.image = image, .redaction = redaction};
	uint64_t *const fields = image->kept->fields;

	if (redaction->constants.count)
		qsort(redaction->constants.items, redaction->constants.count, sizeof *redaction->constants.items, compare_ranges);
	if (redaction->texts.count)
		qsort(redaction->texts.items, redaction->texts.count, sizeof *redaction->texts.items, compare_ranges);
	if (redaction->evidence.count)
		qsort(redaction->evidence.items, redaction->evidence.count, sizeof *redaction->evidence.items, compare_values);
	image->kept->redaction = redaction;
	mark_stacks(&run);
	keep_texts(image, redaction);
	for (size_t i = 0; i < image->segments.count; i++)
		judge_segment(&run, &image->segments.items[i]);
	image->kept->fields = image->kept->removed; /* empty so far */
	image->kept->removed = fields;
	judge_registers(&run);
}
