/* holders.c: see holders.h. */
#include "heuristics/values/holders.h"

#include "analyzer/origins/field_stores.h"
#include "analyzer/waits/mentions.h"
#include "golang/heap/heap.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>

enum { TOLD = 4 };

static const uint64_t stack_bytes = 256 << 20;

struct held {
	uint64_t variable, base; /* of the object, behind the heap's own word */
	const char *name;
};

/* The innermost frame of the program that stores so; else its innermost. */
static size_t storing_frame(struct analysis *analysis, const struct stack *stack, const struct held *held, uint64_t *pc)
{
	const size_t first = first_program_frame(stack, 0);

	*pc = 0;
	for (size_t i = first; i < stack->frames.count; i++)
		if (field_stores_find(analysis, stack->frames.items[i].info, held->variable - held->base, pc))
			return i;
	*pc = 0;
	return first;
}

static void tell(struct diagnosis *diagnosis, struct finding *finding, const struct held *held, size_t goroutine)
{
	struct analysis *analysis = diagnosis->analysis;
	struct arena *arena = diagnosis->arena;
	struct evidence *evidence;
	struct stack stack = {0};
	uint64_t pc;
	size_t frame;

	goroutine_stack(analysis, goroutine, &stack);
	frame = storing_frame(analysis, &stack, held, &pc);
	evidence = evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false,
				"goroutine %" PRIu64 " has the address of the object that %s lies in, 0x%" PRIx64 ", on its stack%s%s%s",
				analysis->runtime->goroutines.items[goroutine].id, held->name, held->base,
				frame < stack.frames.count ? ", and is in " : "",
				frame < stack.frames.count ? program_function(analysis, &stack, frame) : "",
				pc ? arena_printf(arena, ", which stores two words at offset 0x%" PRIx64 " of such an address, at 0x%"
						  PRIx64, held->variable - held->base, pc)
				   : "");
	evidence->address = pc;
}

void holder_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t variable, const char *name)
{
	struct analysis *analysis = diagnosis->analysis;
	struct held held = {.variable = variable, .name = name};
	struct mentions mentions = {0};
	uint64_t bytes = stack_bytes;
	struct heap_place place;
	size_t told = 0;

	if (heap_find(analysis->runtime, variable, &place) != HEAP_OBJECT || place.state == SLOT_FREE)
		return;
	held.base = place.start + place.header;
	mention_add(analysis->arena, &mentions, held.base);
	mention_add(analysis->arena, &mentions, variable);
	mentions_scan(analysis, &mentions, &bytes);
	for (size_t i = 0; i < mentions.items.count; i++)
		for (size_t k = 0; k < mentions.items.items[i].holder_count && k < HOLDERS_KEPT && told < TOLD; k++) {
			const uint32_t goroutine = mentions.items.items[i].holders[k];

			if ((int32_t)goroutine == finding->goroutine ||
			    goroutine_is_system(analysis->runtime, &analysis->runtime->goroutines.items[goroutine]))
				continue;
			tell(diagnosis, finding, &held, goroutine);
			told++;
		}
}
