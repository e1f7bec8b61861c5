/* test_goroutine_keys.c: the order is that of a stable comparison sort, whatever the keys are. */
#include "golang/load/load.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BUDGET = 16 << 20, COUNT = 20000, BITS = 64 };

/* A linear congruential generator (Knuth's MMIX); its high bits are the good ones. */
static uint64_t next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 32 | *state << 32;
}

/* Indices were ascending before. */
static int by_key(const void *a, const void *b)
{
	const struct goroutine_key *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? 1 : -1;
	return (x->index > y->index) - (x->index < y->index);
}

static void sorts(struct arena *arena, const struct goroutine_key *keys, size_t count)
{
	struct goroutine_key *sorted = arena_array(arena, count + 1, sizeof *sorted);
	struct goroutine_key *due = arena_array(arena, count + 1, sizeof *due);

	memcpy(sorted, keys, (count + 1) * sizeof *keys);
	memcpy(due, keys, (count + 1) * sizeof *keys);
	if (count)
		qsort(due, count, sizeof *due, by_key);
	goroutine_keys_sort(arena, sorted, count);
	assert_memory_equal(sorted, due, (count + 1) * sizeof *due);
	arena_release(arena, sorted, (count + 1) * sizeof *sorted);
	arena_release(arena, due, (count + 1) * sizeof *due);
}

/* Keys of so many bits, from a bit on, that have all others in common. */
static void any_bits(struct arena *arena)
{
	struct goroutine_key *keys = arena_array(arena, COUNT + 1, sizeof *keys);
	uint64_t state = 24;

	for (int bits = 1; bits <= BITS; bits += 3) {
		for (int first = 0; first + bits <= BITS; first += 7) {
			const uint64_t mask = (~UINT64_C(0) >> (BITS - bits)) << first;
			const uint64_t common = next(&state) & ~mask;

			for (size_t i = 0; i <= COUNT; i++)
				keys[i] = (struct goroutine_key){common | (next(&state) & mask), i};
			sorts(arena, keys, COUNT / (size_t)(1 + bits));
		}
	}
	sorts(arena, keys, COUNT);
}

/* A list as the runtime leaves it, one with two that changed places, the same from its end, and hardly any. */
static void orders(struct arena *arena)
{
	struct goroutine_key *keys = arena_array(arena, COUNT + 1, sizeof *keys);

	for (size_t i = 0; i <= COUNT; i++)
		keys[i] = (struct goroutine_key){UINT64_C(0xc000000000) + 448 * (i / 2), i};
	for (size_t count = 0; count < 4; count++)
		sorts(arena, keys, count);
	sorts(arena, keys, COUNT);
	keys[COUNT - 1].key = 1;
	sorts(arena, keys, COUNT);
	for (size_t i = 0; i <= COUNT; i++)
		keys[i].key = UINT64_MAX - i;
	sorts(arena, keys, COUNT);
}

static void sorts_any_bits(void **state)
{
	(void)state;
	scratch_arena(BUDGET, any_bits);
}

static void sorts_any_order(void **state)
{
	(void)state;
	scratch_arena(BUDGET, orders);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_any_bits),
		cmocka_unit_test(sorts_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
