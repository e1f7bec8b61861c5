/* pointer_kind.c: see pointer_kind.h. Each kind asks for what only it explains: a pointer that is no address at all (text, a
 * fill pattern, halves of two), one that was read from memory that is no longer what it was, and one whose memory is gone. */
#include "heuristics/faults/pointer_kind.h"

#include "golang/heap/heap.h"
#include "heuristics/damage/word_shape.h"
#include "heuristics/faults/fault_cause.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* SMALL: the heap may begin at a multiple of 4 GB, and small numbers are then the lower halves of its first objects. */
enum { WORD = 8, LINE = 64, SMALL = 1 << 20, HALF = 32, TEXT_MIN = 6, PAGE = 0x1000, SEGV_MAPERR = 1, SEGV_ACCERR = 2 };

#define LOW_HALF UINT64_C(0xffffffff)
#define HOLE_MAX ((uint64_t)1 << 30) /* of a block that was unmapped, to what is mapped beside it */

/* ---- addresses that the instruction cannot use ---- */

static bool judge_unaligned(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding, const char **cause)
{
	if (!is_misaligned(&diagnosis->analysis->fault))
		return false;
	*cause = misaligned_text(diagnosis);
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false, "0x%" PRIx64 " was accessed: %s",
		     bad->address, *cause);
	return true;
}

/* ---- words that are no addresses ---- */

/* Bytes of printable text, the rest zero. */
static unsigned text_length(uint64_t value)
{
	unsigned length = 0;

	while (length < WORD && isprint((int)(value >> 8 * length & 0xff)))
		length++;
	return length == WORD || !(value >> 8 * length) ? length : 0;
}

static bool judge_text(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding, const char **cause)
{
	const unsigned length = text_length(bad->pointer);
	char text[WORD + 1] = {0};

	if (length < TEXT_MIN)
		return false;
	for (unsigned i = 0; i < length; i++)
		text[i] = (char)(bad->pointer >> 8 * i & 0xff);
	*cause = arena_printf(diagnosis->arena, "its bytes are text, \"%s\"", text);
	evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_FAIR, false,
		     "%s: no pointer of this process looks so", *cause);
	return true;
}

static bool judge_pattern(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding,
			  const char **cause)
{
	const uint64_t low = bad->pointer & LOW_HALF;
	const char *shape = bad->pointer >> HALF == low && low && low != LOW_HALF ? word_shape(diagnosis, low, WORD / 2)
										   : NULL;

	if (!shape)
		return false;
	*cause = arena_printf(diagnosis->arena, "it is %s", shape);
	evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_FAIR, false, "both its halves are 0x%" PRIx64 ": %s", low,
		     shape);
	return true;
}

/* ---- halves ---- */

/* What lies at an address, if it is something that pointers lead to: an object of the heap that is in use, by its first
 * byte, or a goroutine's stack. */
static const char *target(struct diagnosis *diagnosis, uint64_t address)
{
	struct analysis *analysis = diagnosis->analysis;
	struct heap_place place;

	if (heap_find(analysis->runtime, address, &place) == HEAP_OBJECT && place.state == SLOT_ALLOCATED &&
	    address == place.start + place.header)
		return heap_place_text(diagnosis, address);
	return NULL;
}

/* The pointer with another upper half, one that pointers into the heap have: where goroutines' records lie. */
static uint64_t with_heap_half(const struct go_runtime *runtime, uint64_t pointer, size_t i)
{
	return (runtime->goroutines.items[i].address & ~LOW_HALF) | (pointer & LOW_HALF);
}

static const char *heap_target(struct diagnosis *diagnosis, uint64_t pointer, uint64_t *whole)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	const char *found = NULL;

	*whole = 0;
	for (size_t i = 0; i < runtime->goroutines.count && i < 64 && !found; i++) {
		*whole = with_heap_half(runtime, pointer, i);
		if (*whole != pointer)
			found = target(diagnosis, *whole);
	}
	return found;
}

static bool judge_halves(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding,
			 const char **cause)
{
	const uint64_t upper = bad->pointer >> HALF;
	const bool cut = !upper || upper == LOW_HALF;
	uint64_t whole;
	const char *found = bad->has_base && bad->pointer & LOW_HALF ? heap_target(diagnosis, bad->pointer, &whole) : NULL;

	if (!found)
		return false;
	*cause = cut ? "only the lower half of an address is left in it"
		     : "its lower half is that of another pointer than its upper half";
	evidence_add(diagnosis, finding, EVIDENCE_PREDICTION, (bad->pointer & LOW_HALF) < SMALL ? WEIGHT_FAIR : WEIGHT_STRONG,
		     false, "with the upper half that addresses of the Go heap have, it is 0x%" PRIx64 ", %s", whole, found);
	return true;
}

/* No process has such an address: whatever it is, it was never one. */
static bool judge_unformed(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding, const char **cause)
{
	const struct arch *arch = diagnosis->analysis->image->arch;
	const char *shape = word_shape(diagnosis, bad->pointer, WORD);

	if (arch_forms(arch, bad->address))
		return false;
	*cause = shape ? arena_printf(diagnosis->arena, "it is no address, but %s", shape) : "no address of this CPU looks so";
	evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_FAIR, false,
		     "the upper bits of 0x%" PRIx64 " are neither all 0 nor all 1: the CPU forms no such address", bad->address);
	return true;
}

/* ---- memory that it was read from ---- */

const struct origin *origin_before(const struct origin *origin)
{
	return origin->kind == ORIGIN_MEMORY && origin->is_own ? origin->from : origin->base;
}

/* A place of the heap that is free, or pages that belong to nothing. */
static bool is_freed(struct go_runtime *runtime, uint64_t address)
{
	struct heap_place place;
	const enum heap_kind kind = heap_find(runtime, address, &place);

	return kind == HEAP_FREE || (kind == HEAP_OBJECT && place.state == SLOT_FREE);
}

/* The pointer was read through another, which leads to what the collector has freed. */
static bool judge_stale(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding, const char **cause)
{
	const char *shape = word_shape(diagnosis, bad->pointer, WORD);

	for (const struct origin *step = bad->origin; step; step = origin_before(step)) {
		if (step->is_own || !step->has_address || !is_freed(diagnosis->analysis->runtime, step->address))
			continue;
		*cause = "it was read from memory that the collector has freed";
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, step->address, NULL,
			      "the instruction at 0x%" PRIx64 " read from 0x%" PRIx64 ", %s%s%s", step->pc, step->address,
			      heap_place_text(diagnosis, step->address), shape ? "; the pointer is " : "", shape ? shape : "");
		return true;
	}
	return false;
}

/* ---- memory that it leads to ---- */

static bool judge_read_only(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding,
			    const char **cause)
{
	struct image *image = diagnosis->analysis->image;
	const struct fault *fault = &diagnosis->analysis->fault;
	const struct segment *segment = image_segment(image, bad->address);
	const bool known = bad->access.size || fault->access != ACCESS_UNKNOWN;
	const bool wrote = bad->access.size ? bad->access.store : fault->access == ACCESS_WRITE;

	/* what may be read and refused an access (SEGV_ACCERR) was written to, whatever the instruction is */
	if (!segment || (known && !wrote) || segment->flags & SEGMENT_WRITE || !(segment->flags & SEGMENT_READ) ||
	    (image->os == OS_LINUX ? fault->code != SEGV_ACCERR : !known))
		return false;
	*cause = arena_printf(diagnosis->arena, "the memory may only be read (%s)", segment_name(diagnosis, segment));
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
		     "the memory from 0x%" PRIx64 " to 0x%" PRIx64 " (%s) is mapped without permission to write",
		     segment->address, segment->address + segment->size, segment_name(diagnosis, segment));
	return true;
}

static bool judge_heap(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding, const char **cause)
{
	struct heap_place place;
	const enum heap_kind kind = heap_find(diagnosis->analysis->runtime, bad->address, &place);

	if (kind != HEAP_UNUSED && kind != HEAP_FREE)
		return false;
	*cause = kind == HEAP_UNUSED ? "it leads to address space of the Go heap that was never used"
				     : "it leads to pages of the Go heap that hold nothing now";
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false, "the runtime's records say so of 0x%" PRIx64
		     ", in the arena at 0x%" PRIx64, bad->address, place.arena);
	return true;
}

/* Mapped, and closed to every access: reserved only, or by mprotect. */
static bool judge_closed(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding, const char **cause)
{
	struct image *image = diagnosis->analysis->image;
	const struct segment *segment = image_segment(image, bad->address);

	if (image->os != OS_LINUX || diagnosis->analysis->fault.code != SEGV_ACCERR || !segment || segment->flags)
		return false;
	*cause = "no access is allowed to the memory there: it is only reserved, or mprotect has closed it";
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
		     "the memory from 0x%" PRIx64 " to 0x%" PRIx64 " (%s) is mapped without any permission (PROT_NONE)", segment->address,
		     segment->address + segment->size, segment_name(diagnosis, segment));
	return true;
}

static void header_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct dangling *dangling)
{
	const char *place = address_place(diagnosis, dangling->header, 0);

	if (dangling->whole)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, dangling->header, NULL,
			      "a slice still has the block that was there, 0x%" PRIx64 " bytes from 0x%" PRIx64
			      ", where a page starts; nothing of it is mapped now. Its header is %s", dangling->size, dangling->start,
			      place);
	else
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, dangling->header, NULL,
			      "a string or slice still leads there, %" PRIu64 " bytes from 0x%" PRIx64 "; its header is %s",
			      dangling->size, dangling->start, place);
}

static void dangling_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct dangling *dangling)
{
	if (dangling->header)
		header_evidence(diagnosis, finding, dangling);
	if (dangling->pointer && dangling->pointer != dangling->header)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, dangling->pointer, NULL,
			      "memory still holds the pointer, %s", address_place(diagnosis, dangling->pointer, 0));
	if (dangling->others)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false,
			     "words of memory that lead near it, to where nothing is mapped: %" PRIu64, dangling->others);
}

/* Whether the kernel chose the place of a segment, as it does for mmap: neither the program's, nor the Go heap's. */
static bool is_place_given(struct go_runtime *runtime, const struct segment *segment)
{
	struct heap_place place;
	const enum heap_kind kind = heap_find(runtime, segment->address + segment->size - 1, &place);

	return (kind == HEAP_OUTSIDE || kind == HEAP_UNKNOWN) &&
	       !(runtime->modules.count && module_reaches(&runtime->modules.items[0], segment));
}

/* Whether a hole lies among blocks that mmap gave: near such a neighbour. Numbers that look like a header of what was between a program and
 * its heap are any: nothing was. */
static bool is_gap(struct go_runtime *runtime, const struct hole *hole, uint64_t address)
{
	return hole->below /* mmap gives nothing below a program */ &&
	       ((address - hole->start < HOLE_MAX && is_place_given(runtime, hole->below)) ||
		(hole->above && hole->end - address < HOLE_MAX && is_place_given(runtime, hole->above)));
}

/* Whether blocks that mmap gives may have been where the fault was; then what still leads there. */
static bool find_dangling(struct diagnosis *diagnosis, const struct bad_access *bad, struct hole *hole, struct dangling *ret)
{
	struct image *image = diagnosis->analysis->image;
	const uint64_t sp = bad->stack.frames.items[bad->frame].sp;

	if (image->os != OS_LINUX || diagnosis->analysis->fault.code != SEGV_MAPERR || image->truncated ||
	    !hole_at(image, bad->address, hole) || !is_gap(diagnosis->analysis->runtime, hole, bad->address))
		return false;
	dangling_find(diagnosis->analysis, &(struct dangling_query){hole, bad->address, bad->pointer, sp}, ret);
	return true;
}

static bool judge_unmapped(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding,
			   const char **cause)
{
	struct dangling dangling;
	struct hole hole;

	if (!find_dangling(diagnosis, bad, &hole, &dangling) ||
	    (!dangling.header && (!dangling.pointer || bad->address - hole.start < PAGE)))
		return false;
	*cause = dangling.whole ? "the block that it led into has been unmapped" : "what it led to is not mapped any more";
	dangling_evidence(diagnosis, finding, &dangling);
	return true;
}

/* Whether memory holds the very address at which a mapping ends: who passes that end has made it, and keeps it in a register; who has
 * it in memory more probably has the start of what was mapped behind. */
static bool may_be_start(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding)
{
	struct dangling dangling;
	struct hole hole;

	if (bad->address != bad->pointer || !find_dangling(diagnosis, bad, &hole, &dangling) || bad->address != hole.start ||
	    !dangling.pointer)
		return false;
	dangling_evidence(diagnosis, finding, &dangling);
	return true;
}

/* The first bytes behind the end of writable memory. */
static bool judge_past(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding, const char **cause)
{
	struct image *image = diagnosis->analysis->image;
	const struct segment *at = image_segment(image, bad->address);
	const struct segment *below = NULL;
	bool doubt;

	for (size_t i = 0; i < image->segments.count; i++)
		if (image->segments.items[i].address + image->segments.items[i].size <= bad->address)
			below = &image->segments.items[i];
	if (!below || !(below->flags & SEGMENT_WRITE) || (at && at->flags) ||
	    bad->address - (below->address + below->size) >= LINE)
		return false;
	doubt = may_be_start(diagnosis, bad, finding);
	*cause = doubt ? "it has passed the end of the memory before it, or what began there has been unmapped"
		       : "it has passed the end of the memory before it";
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, doubt ? WEIGHT_FAIR : WEIGHT_STRONG, false,
		     "writable memory, from 0x%" PRIx64 ", ends at 0x%" PRIx64 ": these are the first bytes behind it",
		     below->address, below->address + below->size);
	return true;
}

#define POINTER_KIND(name, ...) static const char *const advice_##name[] = {__VA_ARGS__, NULL};
#include "heuristics/faults/pointer_kinds.def"
#undef POINTER_KIND

static const struct pointer_kind kinds[] = {
#define POINTER_KIND(name, ...) {advice_##name, judge_##name},
#include "heuristics/faults/pointer_kinds.def"
#undef POINTER_KIND
};

const struct pointer_kind *pointer_kind_find(struct diagnosis *diagnosis, const struct bad_access *bad,
					     struct finding *finding, const char **cause)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].judge(diagnosis, bad, finding, cause))
			return &kinds[i];
	return NULL;
}
