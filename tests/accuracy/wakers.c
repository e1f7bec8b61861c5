/* wakers.c: words of global variables that come to lead to what goroutines wait for that nothing could wake (stuck, by
 * reachability): whoever has the variable may wake them, and stuck must be silent of them. One word beside that, which leads
 * elsewhere, changes nothing. */
#include "tests/accuracy/maker.h"

#include "heuristics/hangs/dead_end.h"
#include "heuristics/hangs/stuck.h"

enum { WORD = 8, PLACES = 32, TRIES = 64 };

/* A word of a variable that holds nothing: what is there is used by nobody now. */
static bool find_place(const struct maker *maker, const struct go_module *module, uint64_t purpose, uint64_t *ret)
{
	const uint64_t words = (module->data_end - module->data_start) / WORD;

	for (uint64_t i = 0; i < TRIES && words; i++) {
		uint64_t old;

		*ret = module->data_start + maker_chance(maker, module->data_start, purpose * TRIES + i) % words * WORD;
		if (image_u64(maker->target->image, *ret, &old) && !old)
			return true;
	}
	return false;
}

static void change_places(struct maker *maker, const struct unreachable_wait *one)
{
	const struct go_runtime *runtime = maker->target->runtime;
	const uint64_t object = one->wait.channel_count ? one->wait.channels[0].address : one->wait.object;
	struct mutation mutation = {.class = WAKER_WORD, .goroutine = (int32_t)one->goroutine};

	for (uint64_t i = 0; i < PLACES; i++) {
		const uint64_t purpose = one->goroutine * PLACES + i;

		if (!find_place(maker, &runtime->modules.items[0], purpose, &mutation.address))
			return;
		mutation.to = object;
		mutation.leads = true;
		maker_add(maker, mutation);
		mutation.leads = false;
		mutation.to = maker_chance(maker, mutation.address, 40) | (uint64_t)1 << 63; /* no address of the program */
		maker_add(maker, mutation);
	}
}

void change_wakers(struct maker *maker)
{
	const struct diagnosis *diagnosis = maker->target->diagnosis;

	for (size_t i = 0; i < diagnosis->findings.count && maker->target->runtime->modules.count; i++) {
		const struct stuck *stuck = diagnosis->findings.items[i].stuck;

		for (size_t k = 0; stuck && stuck->end && k < stuck->end->member_count; k++)
			change_places(maker, stuck->end->among->items.items[stuck->end->members[k]]);
	}
}
