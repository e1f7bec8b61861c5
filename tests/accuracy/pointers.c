/* pointers.c: the words that a fault's address came from, as origin.c follows them: the pointer itself, what it was loaded
 * through, and the index. */
#include "tests/accuracy/maker.h"

#include "golang/heap/heap.h"
#include "heuristics/faults/memory_access.h"
#include "heuristics/values/two_words.h"

enum { WORD = 8, HALF = 32, BITS = 64, INSN_BYTES = 16, DEPTH = 12, WORDS_LIMIT = 128 };

struct words {
	VEC(uint64_t) addresses;
};

static void add_word(struct target *target, struct words *words, uint64_t address)
{
	for (size_t i = 0; i < words->addresses.count; i++)
		if (words->addresses.items[i] == address)
			return;
	if (words->addresses.count < WORDS_LIMIT)
		vec_push(target->arena, &words->addresses, address);
}

static void follow(struct target *target, struct words *words, const struct origin *origin, int depth)
{
	if (!origin || depth == DEPTH)
		return;
	if (origin->has_address)
		add_word(target, words, origin->address);
	follow(target, words, origin->from, depth + 1);
	follow(target, words, origin->base, depth + 1);
	follow(target, words, origin->index, depth + 1);
}

static void follow_register(struct target *target, struct words *words, struct origins *origins, size_t frame, uint8_t reg)
{
	if (reg < target->image->arch->reg_count)
		follow(target, words,
		       origin_of_register(origins, frame, target->diagnosis->analysis->fault.pc, reg), 0);
}

static void find_words(struct target *target, const struct view *view, size_t frame, struct words *ret)
{
	struct analysis *analysis = target->diagnosis->analysis;
	struct origins *origins = origins_of(analysis, &view->stack);
	const uint64_t pc = analysis->fault.pc;
	struct two_words_list list;
	struct insn insn;

	two_words_find(analysis, origins, &view->stack, frame, &list);
	for (size_t i = 0; i < list.count; i++) {
		follow(target, ret, list.items[i].data, 0);
		follow(target, ret, list.items[i].other, 0);
	}
	if (!target->runtime->decoder ||
	    !insn_decode(target->runtime->decoder, pc, image_view(target->image, pc, INSN_BYTES), &insn))
		return;
	for (size_t i = 0; i < insn.count; i++)
		if (insn.effects[i].kind == EFFECT_LOAD || insn.effects[i].kind == EFFECT_STORE)
			follow_register(target, ret, origins, frame, insn.effects[i].src);
	if (insn.indexed.size) {
		follow_register(target, ret, origins, frame, insn.indexed.base);
		follow_register(target, ret, origins, frame, insn.indexed.index);
	}
}

static uint64_t some_object(const struct maker *maker, const struct view *view, uint64_t place, uint64_t purpose)
{
	return view->objects.count ? view->objects.items[maker_chance(maker, place, purpose) % view->objects.count] : WORD;
}

static void change(struct maker *maker, const struct view *view, uint64_t address)
{
	const struct fault *fault = &maker->target->diagnosis->analysis->fault;
	const uint64_t random = maker_chance(maker, address, 20), low = UINT32_MAX;
	const uint64_t object = some_object(maker, view, address, 21), other = some_object(maker, view, address, 22);
	uint64_t old;

	if (view_is_linkage(view, address) || !image_u64(maker->target->image, address, &old))
		return;
	const uint64_t values[] = {
		0, 0x10, UINT64_MAX, random, random & low, 0x4f2f20544547, 0x50545448202f2074, 0xdeadbeefdeadbeef, 0xfefefefefefefefe,
		old + WORD, old - WORD, old & low, old >> HALF, old << HALF | old >> HALF, old ^ (uint64_t)1 << random % BITS,
		old ^ (uint64_t)1 << (random >> 8) % HALF, (old & ~low) | (random & low), object, other, object + WORD,
		(object & low) | (random & ~low), (object & low) | 0x1c00000000, fault->address, fault->pc, address,
		maker->target->image->segments.items[random % maker->target->image->segments.count].address,
	};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		maker_add(maker, (struct mutation){.class = POINTER_WORD, .goroutine = view->goroutine, .address = address,
						   .from = old, .to = values[i]});
}

void change_pointers(struct maker *maker, const struct view *view)
{
	const struct fault *fault = &maker->target->diagnosis->analysis->fault;
	struct words words = {0};

	if (!fault->known || !fault->has_pc || fault->goroutine != view->goroutine)
		return;
	for (size_t i = 0; i < view->stack.frames.count; i++)
		if (view->stack.frames.items[i].pc == fault->pc && view->stack.frames.items[i].info->func)
			find_words(maker->target, view, i, &words);
	for (size_t i = 0; i < words.addresses.count; i++)
		change(maker, view, words.addresses.items[i]);
}
