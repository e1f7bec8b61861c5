/* test_word_trouble.c: which words of a string, slice or interface cannot belong together and are what a fault followed; and which
 * only look so, in a variable that has changed since. */
#include "heuristics/values/word_trouble.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VARIABLE (GO_DATA + 0xe00) /* of three words */
#define ELEMENTS (GO_DATA + 0xe80)
#define BLOCK UINT64_C(0x7f5500000000) /* memory that ends behind one page */

enum { BUDGET = 64 << 20, WORD = 8, PAGE = 0x1000, ELEMENT = 5, NEAR_NIL = 0x10 };

struct scene {
	struct go_builder *builder;
	struct analysis *analysis;
	struct origin data, other;
	struct two_words words;
};

static struct origin word_at(const struct scene *s, uint64_t address)
{
	return (struct origin){.kind = ORIGIN_MEMORY, .has_address = true, .address = address, .has_value = true,
			       .value = go_get(s->builder, address)};
}

/* A variable with these words, whose data pointer and length (or table and data) led to the fault. */
static struct scene *scene(struct arena *arena, enum two_words_kind kind, uint64_t first, uint64_t second, uint64_t third)
{
	struct scene *s = arena_alloc(arena, sizeof *s);
	const bool interface = kind == WORDS_INTERFACE;

	s->builder = go_new(arena, &arch_amd64, 24, 5);
	go_memory(s->builder, BLOCK, PAGE, SEGMENT_READ | SEGMENT_WRITE);
	go_add_goexit(s->builder);
	go_put(s->builder, VARIABLE, first);
	go_put(s->builder, VARIABLE + WORD, second);
	go_put(s->builder, VARIABLE + 2 * WORD, third);
	for (uint64_t i = 0; i < 4; i++)
		go_put(s->builder, ELEMENTS + i * WORD, i == 1 ? ELEMENT : ELEMENTS);
	s->analysis = analyze(go_load(s->builder));
	s->data = word_at(s, VARIABLE + (interface ? WORD : 0));
	s->other = word_at(s, VARIABLE + (interface ? 0 : WORD));
	s->words = (struct two_words){.kind = kind, .data = &s->data, .other = &s->other, .unit = kind == WORDS_INDEXED ? WORD : 1};
	return s;
}

static enum word_trouble trouble(struct scene *s, uint64_t address)
{
	return word_trouble_of(s->analysis, NULL, &s->words, &address).trouble;
}

static void set_element(struct scene *s, uint64_t element)
{
	s->words.is_loaded = s->words.has_element = true;
	s->words.element = element;
}

/* Nil with a length, at an address near nil; but an element cannot have been loaded from there. */
static void nil_data(struct arena *arena)
{
	struct scene *s = scene(arena, WORDS_INDEXED, 0, 3, 4);

	assert_int_equal(trouble(s, NEAR_NIL), TROUBLE_NIL_DATA);
	assert_int_equal(trouble(s, BLOCK), TROUBLE_NONE);
	s->words.is_loaded = true;
	assert_int_equal(trouble(s, NEAR_NIL), TROUBLE_NONE);
	set_element(s, ELEMENT);
	assert_int_equal(trouble(s, NEAR_NIL), TROUBLE_NONE);
	assert_int_equal(trouble(scene(arena, WORDS_PASSED, 0, 3, 0), 0), TROUBLE_NIL_DATA);
	assert_int_equal(trouble(scene(arena, WORDS_PASSED, 0, 0, 0), 0), TROUBLE_NONE);
}

/* Less capacity than length counts where what was read is one of the elements that the length claims. */
static void capacity(struct arena *arena)
{
	struct scene *s = scene(arena, WORDS_INDEXED, ELEMENTS, 3, 1);

	assert_int_equal(trouble(s, NEAR_NIL), TROUBLE_NONE);
	set_element(s, ELEMENT);
	assert_int_equal(trouble(s, ELEMENT + WORD), TROUBLE_CAPACITY);
	assert_false(word_trouble_of(s->analysis, NULL, &s->words, &(uint64_t){ELEMENT}).explains);
	set_element(s, ELEMENT + 1);
	assert_int_not_equal(trouble(s, ELEMENT + WORD), TROUBLE_CAPACITY);
	s = scene(arena, WORDS_INDEXED, ELEMENTS, 3, 3);
	set_element(s, ELEMENT);
	assert_int_equal(trouble(s, ELEMENT + WORD), TROUBLE_NONE);
}

/* A fault behind the memory, and within what the length claims. */
static void past_memory(struct arena *arena)
{
	struct scene *s = scene(arena, WORDS_PASSED, BLOCK + 8, 2 * PAGE, 0);

	assert_int_equal(trouble(s, BLOCK + PAGE), TROUBLE_PAST_MEMORY);
	assert_int_equal(trouble(s, BLOCK + PAGE - 1), TROUBLE_NONE);
	assert_int_equal(trouble(s, BLOCK + 8 + 2 * PAGE), TROUBLE_NONE);
}

/* The variable is sound, and the small number that was used as a pointer is none of its elements. */
static void changed(struct arena *arena)
{
	struct scene *s = scene(arena, WORDS_INDEXED, ELEMENTS, 3, 3);

	set_element(s, ELEMENT + 1);
	assert_int_equal(trouble(s, ELEMENT + WORD), TROUBLE_CHANGED);
	set_element(s, BLOCK);
	assert_int_equal(trouble(s, BLOCK), TROUBLE_NONE);
}

static void no_type(struct arena *arena)
{
	assert_int_equal(trouble(scene(arena, WORDS_INTERFACE, 0, BLOCK, 0), NEAR_NIL), TROUBLE_NIL_TYPE);
	assert_int_equal(trouble(scene(arena, WORDS_INTERFACE, 0, 0, 0), NEAR_NIL), TROUBLE_NONE);
	assert_int_equal(trouble(scene(arena, WORDS_INTERFACE, 0, BLOCK + 4 * PAGE, 0), NEAR_NIL), TROUBLE_NONE);
}

/* Words that do not lie beside each other are no variable's, and slots of a frame are judged as they are. */
static void copies(struct arena *arena)
{
	struct scene *s = scene(arena, WORDS_PASSED, 0, 3, 0);

	s->other.address += WORD;
	assert_int_equal(trouble(s, 0), TROUBLE_NONE);
	s->data.is_own = s->other.is_own = true;
	assert_int_equal(trouble(s, 0), TROUBLE_NIL_DATA);
	assert_false(word_trouble_of(s->analysis, NULL, &s->words, &(uint64_t){0}).in_variable);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(nil_data)
TEST(capacity)
TEST(past_memory)
TEST(changed)
TEST(no_type)
TEST(copies)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nil_data), cmocka_unit_test(test_capacity), cmocka_unit_test(test_past_memory),
		cmocka_unit_test(test_changed),	 cmocka_unit_test(test_no_type),  cmocka_unit_test(test_copies),
	};

	return cmocka_run_group_tests_name("word_trouble", tests, NULL, NULL);
}
