/* nil_doubt.c: see nil_doubt.h. */
#include "heuristics/faults/nil_doubt.h"

#include "analyzer/origins/field_stores.h"
#include "analyzer/origins/nil_check.h"
#include "analyzer/origins/origin.h"
#include "golang/heap/heap.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>

enum { WORD = 8, INSN_BYTES = 16, WORD_SHIFT = 3, ELEMENTS_MOST = 1 << 20, GROUPS_MOST = 256, FRAMES_MOST = 3 };

static bool has_nil(struct span words)
{
	for (size_t at = 0; at + WORD <= words.size; at += WORD)
		if (!span_u64(words, at))
			return true;
	return false;
}

/* The slice, as its variable is now; false: the code says of no variable that it is that of a slice. */
static bool find_slice(struct image *image, struct origins *origins, const struct origin *data, uint64_t *start, uint64_t *length)
{
	const struct origin *other;

	return data->kind == ORIGIN_MEMORY && data->has_address && origin_neighbour(origins, data, WORD, &other) &&
	       image_u64(image, data->address, start) && image_u64(image, data->address + WORD, length) && *length &&
	       *length <= ELEMENTS_MOST;
}

/* Another goroutine, in a function that stores two words at that offset from a pointer. */
static bool find_writer(struct analysis *analysis, const struct finding *finding, uint64_t offset, size_t *goroutine,
			const struct pc_info **at)
{
	uint64_t pc;

	for (size_t i = 0; i < analysis->groups.count && i < GROUPS_MOST; i++) {
		struct stack stack = {0};

		*goroutine = analysis->groups.items[i].first;
		if ((int32_t)*goroutine == finding->goroutine)
			continue;
		goroutine_stack(analysis, *goroutine, &stack);
		for (size_t k = first_program_frame(&stack, 0), left = FRAMES_MOST; k < stack.frames.count && left; k++, left--) {
			*at = stack.frames.items[k].info;
			if (!is_runtime_frame(&stack.frames.items[k]) && field_stores_find(analysis, *at, offset, &pc))
				return true;
		}
	}
	return false;
}

/* The value of two words that the pointer was read by is gone: of a slice the first of them is known, of an interface the last.
 * False: nobody is seen to write it. */
static bool writer_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t offset)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct pc_info *at;
	size_t goroutine;

	if (!find_writer(analysis, finding, offset, &goroutine, &at))
		return false;
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
		     "it was read by way of a slice or interface at offset 0x%" PRIx64 " of an object, and goroutine %" PRIu64
		     " stands in %s, which stores two words at such a place: if it is the same object, the value was read while it was "
		     "changed (a data race), and the pointer need not have been in it", offset,
		     analysis->runtime->goroutines.items[goroutine].id, go_func_name(at));
	return true;
}

static bool has_others(const struct analysis *analysis, const struct finding *finding)
{
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const uint16_t status = runtime->goroutines.items[i].status;

		if ((int32_t)i != finding->goroutine && status != G_DEAD && status != G_DEADEXTRA && status != G_IDLE &&
		    !goroutine_is_system(analysis->runtime, &runtime->goroutines.items[i]))
			return true;
	}
	return false;
}

/* Loaded beside its length, as far as it is known what both were loaded by; a pointer to an array has none. */
static bool may_be_slice(struct origins *origins, const struct origin *data)
{
	const struct origin *length;

	return !data->base || data->base->kind == ORIGIN_UNKNOWN || origin_neighbour(origins, data, WORD, &length);
}

/* Where the slice was is not known, so neither are its words: whether they belonged together nobody can tell. */
static void unknown_evidence(struct diagnosis *diagnosis, struct finding *finding, struct origins *origins, const struct origin *data)
{
	if (data->has_address || data->offset < 0 || !may_be_slice(origins, data) ||
	    writer_evidence(diagnosis, finding, (uint64_t)data->offset) || !has_others(diagnosis->analysis, finding))
		return;
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
		     "it was read from a slice at offset 0x%" PRIx64 " of an object, and which object is not known any more: if another "
		     "goroutine was just changing that slice (a data race), its length was not that of its data, and the pointer need "
		     "not have been in it", (uint64_t)data->offset);
}

static void element_evidence(struct diagnosis *diagnosis, struct finding *finding, struct origins *origins, const struct origin *loaded)
{
	struct image *image = diagnosis->analysis->image;
	const struct origin *data = loaded->base ? origin_variable(loaded->base) : NULL;
	uint64_t start, length;
	struct span words;

	if (!data || loaded->shift != WORD_SHIFT || data->kind != ORIGIN_MEMORY)
		return;
	if (!find_slice(image, origins, data, &start, &length)) {
		unknown_evidence(diagnosis, finding, origins, data);
		return;
	}
	words = image_bytes(image, start, length * WORD);
	if (!words.size || has_nil(words))
		return;
	evidence_word(diagnosis, finding, WEIGHT_STRONG, true, data->address, NULL,
		      "it was read from a slice, and none of the %" PRIu64 " element%s that this has now is nil: another goroutine has "
		      "changed the slice since, or was just changing it, so that its length was not that of its data (a data race)",
		      length, length == 1 ? "" : "s");
}

/* Whether the call that a frame stands in is of a method of an interface, or of a function's value. */
static bool is_dynamic(struct analysis *analysis, struct origins *origins, size_t frame)
{
	const uint64_t pc = origin_call(origins, frame);
	struct insn insn;

	return pc && analysis->runtime->decoder &&
	       insn_decode(analysis->runtime->decoder, pc, image_view(analysis->image, pc, INSN_BYTES), &insn) &&
	       insn.flow == FLOW_INDIRECT_CALL;
}

/* The object was an interface's data, of which the type is the word before, and the method was called by that type. */
static void interface_evidence(struct diagnosis *diagnosis, struct finding *finding, struct origins *origins, size_t at,
			       const struct origin *data)
{
	const uint64_t offset = (uint64_t)data->offset - WORD;

	if (writer_evidence(diagnosis, finding, offset) || data->frame <= at || !is_dynamic(diagnosis->analysis, origins, data->frame) ||
	    !has_others(diagnosis->analysis, finding))
		return;
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
		     "it is a field of the value of an interface at offset 0x%" PRIx64 " of an object, and which object is not known any "
		     "more: if another goroutine was just changing that interface (a data race), its value was not of its type",
		     offset);
}

static void field_evidence(struct diagnosis *diagnosis, struct finding *finding, struct origins *origins, size_t at,
			   const struct origin *loaded)
{
	const struct origin *base = loaded->base;
	struct heap_place place;
	uint64_t address;

	if (!base || loaded->offset < 0)
		return;
	if (!base->has_value) {
		base = origin_variable(base);
		if (base->kind == ORIGIN_MEMORY && !base->has_address && base->offset >= WORD)
			interface_evidence(diagnosis, finding, origins, at, base);
		return;
	}
	address = base->value + (uint64_t)loaded->offset;
	if (heap_find(diagnosis->analysis->runtime, base->value, &place) != HEAP_OBJECT || place.state != SLOT_ALLOCATED ||
	    address < place.start + place.size)
		return;
	evidence_word(diagnosis, finding, WEIGHT_STRONG, true, address, NULL,
		      "it was read as a field at offset 0x%" PRIx64 " of what lies at 0x%" PRIx64 ", an object that ends %" PRIu64
		      " bytes before: that is of another type than the code takes it for (a data race, or package unsafe)",
		      (uint64_t)loaded->offset, base->value, address - (place.start + place.size));
}

void nil_doubt_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t at,
			const struct memory_access *access)
{
	struct origins *origins = origins_of(diagnosis->analysis, stack);
	const struct origin *loaded = origin_variable(origin_of_register(origins, at, stack->frames.items[at].pc, access->reg));

	if (loaded->kind == ORIGIN_ELEMENT)
		element_evidence(diagnosis, finding, origins, loaded);
	else if (loaded->kind == ORIGIN_MEMORY)
		field_evidence(diagnosis, finding, origins, at, loaded);
}

bool nil_is_refuted(struct analysis *analysis, const struct stack *stack, size_t at, const struct memory_access *access)
{
	const struct frame *frame = &stack->frames.items[at];

	return is_checked_for_nil(analysis, frame->info, frame->pc, access->reg);
}

bool nil_is_confirmed(struct analysis *analysis, const struct stack *stack, size_t at, const struct memory_access *access)
{
	const struct origin *origin = origin_of_register(origins_of(analysis, stack), at, stack->frames.items[at].pc, access->reg);

	return origin->has_value && !origin->value;
}
