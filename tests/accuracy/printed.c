/* printed.c: what runtime/cgo prints when it cannot start a thread, on stacks of threads that printed nothing: on their free part, where
 * refused-call and resource-limit look for it, and above. Words alone are no end: both must be silent. */
#include "tests/accuracy/maker.h"

#include "analyzer/last_words/fault_operand.h"

#include <string.h>

enum { WORD = 8, PLACES = 8, FREE = 16 * 1024, WORDS = 8 };

static const char *const texts[] = {
	"pthread_create failed: Operation not permitted\n",
	"pthread_create failed: Resource temporarily unavailable\n",
};

/* A dump that did end so has other words of the kind: which of them were printed is not to be known. */
static bool ended_so(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++)
		if (diagnosis->findings.items[i].refused_call || diagnosis->findings.items[i].resource)
			return true;
	return false;
}

static void print_at(struct maker *maker, const char *text, uint64_t address)
{
	struct mutation mutation = {.class = PRINTED_WORDS, .goroutine = -1, .address = address, .start = address,
				    .count = strlen(text) / WORD + 1};
	uint64_t *words = arena_array(maker->target->arena, 2 * WORDS, WORD), *becomes = words + WORDS;

	memcpy(becomes, text, strlen(text));
	for (size_t i = 0; i < mutation.count; i++)
		if (!image_u64(maker->target->image, address + i * WORD, &words[i]) ||
		    !target_write_u64(maker->target, address + i * WORD, words[i]))
			return;
	mutation.words = words;
	mutation.becomes = becomes;
	mutation.from = words[0];
	mutation.to = becomes[0];
	maker_add(maker, mutation);
}

struct range {
	uint64_t start, end;
};

static bool is_in(const struct range *range, uint64_t address)
{
	return address >= range->start && address < range->end;
}

/* The stack that an address is on, a goroutine's or a thread's own: around those other objects lie. */
static struct range stack_at(const struct go_runtime *runtime, uint64_t address)
{
	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const struct range range = {runtime->goroutines.items[i].stack_lo, runtime->goroutines.items[i].stack_hi};

		if (is_in(&range, address))
			return range;
	}
	for (size_t i = 0; i < runtime->machines.count; i++) {
		const struct range range = {runtime->machines.items[i].g0_lo, runtime->machines.items[i].g0_hi};

		if (is_in(&range, address))
			return range;
	}
	return (struct range){0};
}

static void print_around(struct maker *maker, uint64_t sp)
{
	const struct range stack = stack_at(maker->target->runtime, sp);

	for (uint64_t i = 0; i < PLACES; i++) {
		const uint64_t distance = WORDS * WORD + maker_chance(maker, sp, 50 + i) % (FREE - WORDS * WORD) / WORD * WORD;
		const uint64_t address = i % PLACES ? sp - distance : sp + distance;

		for (size_t k = 0; k < sizeof texts / sizeof *texts && is_in(&stack, address) && is_in(&stack, address + WORDS * WORD); k++)
			print_at(maker, texts[k], address);
	}
}

void change_printed(struct maker *maker)
{
	const struct analysis *analysis = maker->target->diagnosis->analysis;
	uint64_t sp;

	if (ended_so(maker->target->diagnosis))
		return;
	for (size_t i = 0; i < analysis->image->threads.count; i++)
		if (register_at_stop(analysis, i, analysis->image->arch->sp, &sp))
			print_around(maker, sp & -(uint64_t)WORD);
}
