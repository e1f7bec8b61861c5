/* late_kernel_write.c: who wrote over a return address: an operation of the kernel that completed late, and stored its result
 * where an out-parameter had been. Where it was told to store is computed from the program's code (outparams.h) and from
 * where each goroutine called execIO; a stack that was copied keeps every slot's distance from its upper end, so equal
 * distances match, whatever the sizes of the stacks are now (runtime/stack.go copystack). */
#include "heuristics/damage/exposure.h"

#include <inttypes.h>

extern const struct detector detector_late_kernel_write;

enum { WORD = 8, HALF_BYTES = 4, HALF = 32, COUNT_LIMIT = 1 << 20, PLACE_LIMIT = 4096 };

/* A place where the kernel may have been told to write. */
struct place {
	const struct outparam *outparam;
	const struct io_call *call;
	int32_t goroutine; /* that made the call */
	bool live;         /* it is still in it; else only its dead frame is left below SP */
	uint64_t slot;     /* of execIO's return address */
	uint64_t address;  /* of the out-parameter, on the stack as it is now */
};

struct match {
	const struct damage *damage;
	struct place place;
	uint64_t address; /* the half of the word that was overwritten */
	uint64_t value;
	bool stored;      /* a value that this API stores */
	int grade;        /* the higher the better; 0: none */
};

struct places {
	struct diagnosis *diagnosis;
	const struct outparams *outparams;
	VEC(struct place) items;
	uint64_t room; /* bytes that may still be searched: real stacks do not overlap */
};

static const struct goroutine *goroutine_at(const struct diagnosis *diagnosis, int32_t index)
{
	return &diagnosis->analysis->runtime->goroutines.items[index];
}

static bool api_stores(enum outparam_stores stores, uint64_t value)
{
	switch (stores) {
	case STORES_LENGTH:
		return outparam_is_address_length(value) || value == 0x74; /* RawSockaddrAny, which Go stores itself */
	case STORES_FLAGS:
		return value == 0 || value == 0x8000; /* none, MSG_PARTIAL */
	default:
		return value < COUNT_LIMIT;
	}
}

/* Lengths of addresses have been caught in the field; counts and flags have not. */
static int grade_of(const struct place *place, bool stored)
{
	return 1 + place->live + 2 * stored + 4 * (place->outparam->stores == STORES_LENGTH);
}

static bool is_there(const struct diagnosis *diagnosis, const struct place *place, const struct damage *damage, uint64_t half)
{
	return half == place->address || goroutine_at(diagnosis, damage->goroutine)->stack_hi - half ==
						 goroutine_at(diagnosis, place->goroutine)->stack_hi - place->address;
}

/* The best of all places for a damaged word. */
static struct match match_of(const struct places *places, const struct damage *damage)
{
	const bool torn = damage->kind == DAMAGE_TORN;
	struct match best = {0};

	for (size_t i = 0; i < places->items.count; i++)
		for (unsigned half = torn ? 1 : 0; half < 2; half++) {
			const struct place *place = &places->items.items[i];
			struct match match = {damage, *place, damage->slot + half * HALF_BYTES,
					      half ? damage->observed >> HALF : (uint32_t)damage->observed, false, 0};

			if (!is_there(places->diagnosis, place, damage, match.address))
				continue;
			match.stored = api_stores(place->outparam->stores, match.value);
			match.grade = grade_of(place, match.stored);
			if (match.grade > best.grade)
				best = match;
		}
	return best;
}

static bool is_live(struct analysis *analysis, int32_t goroutine, uint64_t slot)
{
	struct stack stack = {0};

	goroutine_stack(analysis, (size_t)goroutine, &stack);
	for (size_t i = 0; i < stack.frames.count; i++)
		if (stack.frames.items[i].slot == slot)
			return true;
	return false;
}

static void at_call(struct places *places, int32_t goroutine, uint64_t slot, const struct io_call *call)
{
	struct analysis *analysis = places->diagnosis->analysis;
	uint64_t sp = analysis->image->arch->link_register ? slot : slot - places->outparams->frame;
	struct place place = {.call = call, .goroutine = goroutine, .slot = slot,
			      .live = is_live(analysis, goroutine, slot)};

	for (size_t i = 0; i < places->outparams->items.count; i++) {
		place.outparam = &places->outparams->items.items[i];
		place.address = sp - (uint64_t)place.outparam->below;
		if (outparam_of(place.outparam, call))
			vec_push(places->diagnosis->arena, &places->items, place);
	}
}

/* Return addresses of calls of execIO, in live frames and in dead ones. */
static void search_stack(struct places *places, int32_t index)
{
	const struct goroutine *g = goroutine_at(places->diagnosis, index);
	uint64_t address = g->stack_lo;
	struct span bytes;

	while (address < g->stack_hi &&
	       (bytes = image_next(places->diagnosis->analysis->image, &address, g->stack_hi)).size &&
	       bytes.size <= places->room) {
		places->room -= bytes.size;
		for (size_t at = (size_t)(-address % WORD); at + WORD <= bytes.size; at += WORD) {
			const struct io_call *call = io_call_at(places->outparams, span_u64(bytes, at));

			if (!call || places->items.count >= PLACE_LIMIT)
				continue;
			image_cite(places->diagnosis->analysis->image, address + at, WORD);
			at_call(places, index, address + at, call);
		}
		address += bytes.size;
	}
}

/* The code and the reader are witnesses only of a write that is known to happen, with a value that it stores, and if the
 * rest of the word is untouched. */
static bool is_proof(const struct match *match)
{
	return match->stored && match->place.outparam->stores == STORES_LENGTH && match->damage->kind == DAMAGE_TORN &&
	       match->damage->slot_holds;
}

static enum weight weight_of(const struct match *match)
{
	return is_proof(match) ? WEIGHT_STRONG : WEIGHT_FAIR;
}

static void call_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct match *match)
{
	const struct outparam *outparam = match->place.outparam;
	struct evidence *evidence =
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, weight_of(match), false,
			     "the closure %s passes %s a variable on its own stack as %s, and returns; the kernel writes it when the "
			     "operation completes",
			     outparam->closure, outparam->api, outparam->parameter);

	evidence->address = outparam->call;
}

static void distance_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct match *match)
{
	const struct goroutine *reader = goroutine_at(diagnosis, match->place.goroutine);
	const bool same = match->address == match->place.address;
	const enum weight weight = is_proof(match) ? WEIGHT_STRONG : match->stored ? WEIGHT_FAIR : WEIGHT_WEAK;

	if (same)
		evidence_add(diagnosis, finding, EVIDENCE_PREDICTION, weight, false,
			     "goroutine %" PRIu64 " called it in %s, from where that variable lies at 0x%" PRIx64
			     ": exactly the half that was overwritten",
			     reader->id, match->place.call->method, match->address);
	else
		evidence_add(diagnosis, finding, EVIDENCE_PREDICTION, weight, false,
			     "goroutine %" PRIu64 " called it in %s, from where that variable lies 0x%" PRIx64
			     " bytes below the upper end of its stack: exactly as far as the half that was overwritten lies "
			     "below the end of this one. A stack that is copied keeps such distances; the old one was given to "
			     "others",
			     reader->id, match->place.call->method, reader->stack_hi - match->place.address);
}

static void value_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct match *match)
{
	static const char *const what[] = {[STORES_LENGTH] = "the size of a socket address",
					   [STORES_COUNT] = "a number of bytes", [STORES_FLAGS] = "flags"};
	const struct outparam *outparam = match->place.outparam;

	evidence_word(diagnosis, finding, weight_of(match), !match->stored, match->damage->slot, NULL,
		      "the half holds 0x%" PRIx64 "; %s stores %s there%s", match->value, outparam->api,
		      what[outparam->stores], match->stored ? "" : ", which this is not");
}

static void reader_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct match *match)
{
	const struct place *place = &match->place;
	const struct goroutine *reader = goroutine_at(diagnosis, place->goroutine);

	if (place->live)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, weight_of(match), false,
			     "goroutine %" PRIu64 " is still in that call: its stack passes execIO, called by %s", reader->id,
			     place->call->method);
	else
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, place->slot,
			      hex_text(diagnosis->arena, place->call->return_address),
			      "goroutine %" PRIu64 " is back from that call: below its SP lies what is left of the frame of execIO",
			      reader->id);
}

static void chance_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct match *match, size_t places)
{
	const struct goroutine *victim = goroutine_at(diagnosis, match->damage->goroutine);

	evidence_add(diagnosis, finding, EVIDENCE_STACK_BOUNDS, WEIGHT_WEAK, false,
		     "%zu such place%s on all stacks of this dump might have matched one of the %" PRIu64
		     " half words of this stack by chance",
		     places, places == 1 ? "" : "s", (victim->stack_hi - victim->stack_lo) / HALF_BYTES);
}

static void report(struct diagnosis *diagnosis, const struct match *match, size_t places)
{
	const struct outparam *outparam = match->place.outparam;
	struct finding *finding = finding_add(diagnosis, &detector_late_kernel_write);

	finding->goroutine = match->damage->goroutine;
	finding->function = outparam->closure;
	finding->outparam = outparam;
	finding->has_slot = finding->has_observed = true;
	finding->slot = match->damage->slot;
	finding->observed = match->damage->observed;
	finding->has_repaired = match->damage->repaired != 0;
	finding->repaired = match->damage->repaired;
	finding->title = arena_printf(diagnosis->arena, "the word lies exactly where %s was told to write %s for goroutine %" PRIu64
				      "%s",
				      outparam->api, outparam->parameter, goroutine_at(diagnosis, match->place.goroutine)->id,
				      match->stored ? ", and holds what it stores" : "");
	call_evidence(diagnosis, finding, match);
	distance_evidence(diagnosis, finding, match);
	value_evidence(diagnosis, finding, match);
	reader_evidence(diagnosis, finding, match);
	chance_evidence(diagnosis, finding, match, places);
}

static uint64_t saved_bytes(const struct image *image)
{
	uint64_t size = 0;

	for (size_t i = 0; i < image->segments.count; i++)
		size += image->segments.items[i].saved.size;
	return size;
}

static void match_all(struct diagnosis *diagnosis, const struct outparams *outparams)
{
	const struct analysis *analysis = diagnosis->analysis;
	struct places places = {.diagnosis = diagnosis, .outparams = outparams, .room = saved_bytes(analysis->image)};

	if (!analysis->damages.count)
		return;
	for (size_t i = 0; i < analysis->runtime->goroutines.count; i++)
		search_stack(&places, (int32_t)i);
	for (size_t i = 0; i < analysis->damages.count; i++) {
		const struct damage *damage = &analysis->damages.items[i];
		struct match match = {0};

		if (damage->slot && damage->goroutine >= 0)
			match = match_of(&places, damage);
		if (match.grade)
			report(diagnosis, &match, places.items.count);
	}
}

static void run(struct diagnosis *diagnosis)
{
	const struct analysis *analysis = diagnosis->analysis;
	const struct outparams *outparams;

	if (analysis->image->os != OS_WINDOWS)
		return;
	outparams = outparams_find(analysis->runtime);
	if (!outparams->items.count)
		return;
	match_all(diagnosis, outparams);
	exposures_find(diagnosis, outparams);
}

const struct detector detector_late_kernel_write = {
	.id = "late-kernel-write",
	.title = "a damaged stack word lies where a kernel operation was told to write its result",
	.explanation =
		"On Windows, package internal/poll starts socket operations that complete later (overlapped I/O). A closure calls "
		"the API and returns; the kernel writes the results when the operation is done. Where the address of a result is "
		"that of a variable on the closure's stack, the kernel writes into a dead frame, or, if the stack has been copied "
		"in between and its memory given to another goroutine, into that one's frames.\n"
		"Evidence: the program's own code, disassembled: which closure passes which address of its stack to which API; for "
		"each goroutine that made such a call, where that address lies; and that the damaged word lies there, in memory or "
		"in its distance from the stack's upper end, and holds what the API stores.\n"
		"Known cause: golang/go#77975. Go 1.26.0 and 1.26.1 pass lpFromlen of WSARecvFrom so; it receives 0x10 (IPv4) or "
		"0x1c (IPv6). Counts and flags are passed so from 1.26.0 on; no crash is known to come from them.\n"
		"What to do: rebuild with Go 1.26.2 or later, or with 1.25.",
	.corruption = true,
	.rank = 90,
	.run = run,
};
