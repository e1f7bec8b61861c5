/* word.c: see word.h. What the runtime says before it throws: badPointer, gcDumpObject (runtime/mbitmap.go, mgcmark.go)
 * and reportZombies (mgcsweep.go), of which runtime.printBacklog keeps the last 512 bytes. */
#include "heuristics/heap/word.h"

#include "golang/heap/heap.h"
#include "heuristics/heap/owner.h"
#include "heuristics/heap/places.h"
#include "heuristics/heap/work_buffers.h"
#include "heuristics/damage/word_shape.h"
#include "heuristics/faults/memory_access.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 8, SMALL = 1 << 20, ZOMBIES_SHOWN = 3, SLOTS_LIMIT = 1 << 16 };

struct wrong_word {
	bool known;
	uint64_t value;
	bool has_object;
	uint64_t object, offset; /* that held it, as the runtime says */
};

/* "runtime: pointer 0x… to unallocated span span.base()=…", "runtime: found in object at *(0x…+0x…)", "runtime: marking free
 * object 0x… found at *(0x…+0x…)". The beginning of the oldest line may be lost. */
static void read_line(const char *line, struct wrong_word *word)
{
	const char *at = strstr(line, ": pointer 0x");
	const char *place = strstr(line, "*(0x");

	if (at && sscanf(at, ": pointer 0x%" SCNx64 " to ", &word->value) == 1)
		word->known = true;
	at = strstr(line, "marking free object 0x");
	if (at && sscanf(at, "marking free object 0x%" SCNx64, &word->value) == 1)
		word->known = true;
	if (place && strstr(line, "found ") && sscanf(place, "*(0x%" SCNx64 "+0x%" SCNx64 ")", &word->object, &word->offset) == 2)
		word->has_object = word->object != 0;
}

/* An object of the block that a sweep complained of: "0x… free  marked   zombie", "0x… alloc unmarked". */
static bool is_slot_line(const char *line, uint64_t *object)
{
	return sscanf(line, "0x%" SCNx64 " free  ", object) == 1 || sscanf(line, "0x%" SCNx64 " alloc ", object) == 1;
}

/* Objects that are free, and yet marked: the sweep says which block they are in, of which it prints all. */
static void zombie_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t object)
{
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	struct heap_place place;
	size_t shown = 0;

	if (heap_find(runtime, object, &place) != HEAP_OBJECT)
		return;
	for (uint64_t i = 0; i < place.span.nelems && i < SLOTS_LIMIT && shown < ZOMBIES_SHOWN; i++) {
		const uint64_t start = place.span.start + i * place.span.elemsize;

		if (heap_slot_state(runtime, &place.span, i) != SLOT_FREE || !heap_slot_marked(runtime, &place.span, i))
			continue;
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, start, NULL,
			      "the object at 0x%" PRIx64 " (%" PRIu64 " bytes) is free by the allocator's bits, and marked as in use by the "
			      "collector, which was led to it", start, place.span.elemsize);
		if (!shown++)
			heap_holder_evidence(diagnosis, finding, start, start + place.span.elemsize);
	}
}

/* What the heap's own records say of the address that a pointer holds. */
static void target_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t pointer)
{
	struct heap_place place;

	switch (heap_find(diagnosis->analysis->runtime, pointer, &place)) {
	case HEAP_FREE:
	case HEAP_UNUSED:
	case HEAP_TAIL:
	case HEAP_DAMAGED:
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     "by the heap's own records 0x%" PRIx64 " lies %s", pointer, heap_owner(diagnosis, pointer));
		break;
	default:
		break;
	}
}

static void said_evidence(struct diagnosis *diagnosis, struct finding *finding, struct wrong_word *word)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	uint64_t object = 0;

	for (size_t i = 0; i < runtime->fatal_lines.count; i++) {
		const char *line = runtime->fatal_lines.items[i];

		read_line(line, word);
		is_slot_line(line, &object);
		if (strstr(line, ": pointer 0x") || strstr(line, "*(0x") || strstr(line, "marked free object in span"))
			evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false, "before that it printed: \"%s\"", line);
	}
	if (object)
		zombie_evidence(diagnosis, finding, object);
	if (word->known)
		target_evidence(diagnosis, finding, word->value);
	if (word->known && word->has_object)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, word->object + word->offset,
			      hex_text(diagnosis->arena, word->value),
			      "the object at 0x%" PRIx64 " holds that pointer, %" PRIu64 " bytes from its start", word->object,
			      word->offset);
}

/* The value that the address of the fault was formed of. */
static void fault_evidence(struct diagnosis *diagnosis, struct finding *finding, struct wrong_word *word)
{
	struct analysis *analysis = diagnosis->analysis;
	struct memory_access access;
	const char *shape;

	if (!memory_access_at(analysis, analysis->fault.pc, &access) || !access.base ||
	    !register_at_fault(analysis, access.reg, &word->value))
		return;
	word->known = word->value >= SMALL;
	shape = word_shape(diagnosis, word->value, WORD);
	evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_FAIR, false,
		     "it took the address from %s, which was 0x%" PRIx64 "%s%s%s", access.base, word->value, shape ? " (" : "",
		     shape ? shape : "", shape ? ")" : "");
}

/* The index that a bounds check met, and what it was checked against: the arguments of runtime.goPanicIndex and its like. */
static void bounds_evidence(struct diagnosis *diagnosis, struct finding *finding, struct wrong_word *word)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};
	uint64_t arguments, limit;

	thread_stack(analysis, (size_t)finding->thread, &stack);
	for (size_t i = 0; i < stack.frames.count; i++) {
		const struct frame *frame = &stack.frames.items[i];

		if (!frame->info->func || !frame->fp || strncmp(go_func_name(frame->info), "runtime.goPanic", 15) != 0)
			continue;
		arguments = frame->fp + (analysis->image->arch->link_register ? WORD : 0);
		if (!image_u64(analysis->image, arguments, &word->value) || !image_u64(analysis->image, arguments + WORD, &limit) ||
		    word->value <= limit)
			return;
		word->known = word->value >= SMALL;
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, arguments, NULL,
			      "it asked a list of %" PRIu64 " for number 0x%" PRIx64 ": the count of the list was overwritten", limit,
			      word->value);
		return;
	}
}

void heap_word_evidence(struct diagnosis *diagnosis, struct finding *finding, bool faulted)
{
	struct wrong_word word = {0};

	if (faulted)
		fault_evidence(diagnosis, finding, &word);
	else
		said_evidence(diagnosis, finding, &word);
	if (!faulted && !word.known)
		bounds_evidence(diagnosis, finding, &word);
	work_buffer_evidence(diagnosis, finding);
	if (word.known)
		heap_value_evidence(diagnosis, finding, word.value, word.has_object ? word.object + word.offset : 0);
}
