/* test_c_said.c: what C and C++ gave as their reason, where the dump has it: glibc's __abort_msg, and the exception of C++. */
#include "heuristics/faults/c_message.h"
#include "heuristics/faults/c_reasons.h"
#include "heuristics/faults/cxx_exception.h"

#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 22, PAGE = 0x1000, DATA = 0x70000000, BSS = DATA + PAGE, MAPPED = 0x71000000, OTHER = 0x72000000, STACK = 0x73000000,
       SLOT = BSS + 0x50 };
#define GNU UINT64_C(0x474e5543432b2b00)

struct scene {
	struct image image;
	struct go_runtime runtime;
	struct analysis analysis;
	uint8_t bytes[5][PAGE];
	size_t count;
};

static uint8_t *add(struct arena *arena, struct scene *scene, uint64_t address)
{
	uint8_t *bytes = scene->bytes[scene->count++];

	vec_push(arena, &scene->image.segments, ((struct segment){.address = address, .size = PAGE, .saved = {bytes, PAGE}, .promised = PAGE,
								   .flags = SEGMENT_READ | SEGMENT_WRITE}));
	return bytes;
}

static uint8_t *at(struct scene *scene, uint64_t address)
{
	for (size_t i = 0; i < scene->image.segments.count; i++)
		if (address - scene->image.segments.items[i].address < PAGE)
			return scene->bytes[i] + (address - scene->image.segments.items[i].address);
	abort();
}

static void set(struct scene *scene, uint64_t address, uint64_t word)
{
	uint8_t *bytes = at(scene, address);

	append_number(&bytes, word, sizeof word);
}

static void set_text(struct scene *scene, uint64_t address, const char *text)
{
	memcpy(at(scene, address), text, strlen(text) + 1);
}

/* glibc's size of the mapping, and what it printed. */
static void set_message(struct scene *scene, uint64_t address, uint32_t size, const char *text)
{
	set(scene, address, size);
	set_text(scene, address + 4, text);
}

static struct scene *scene_new(struct arena *arena)
{
	static const uint64_t addresses[] = {DATA, BSS, MAPPED, OTHER, STACK};
	struct scene *scene = arena_alloc(arena, sizeof *scene);

	scene->image.arena = scene->runtime.arena = scene->analysis.arena = arena;
	scene->analysis.image = scene->runtime.image = &scene->image;
	scene->analysis.runtime = &scene->runtime;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		add(arena, scene, addresses[i]);
	vec_push(arena, &scene->image.mappings, ((struct mapping){.start = DATA, .end = BSS, .path = "/lib/x86_64-linux-gnu/libc.so.6"}));
	set(scene, SLOT, MAPPED);
	set_message(scene, MAPPED, PAGE, "free(): invalid pointer\n");
	return scene;
}

static const char *message(struct scene *scene)
{
	struct c_message found;

	return c_message_find(&scene->analysis, &found) ? found.words.line : NULL;
}

static void kept_messages(struct arena *arena)
{
	struct scene *scene = scene_new(arena);
	struct c_message found;

	assert_true(c_message_find(&scene->analysis, &found));
	assert_string_equal(found.words.line, "free(): invalid pointer");
	assert_string_equal(found.words.reason, C_HEAP_DAMAGED);
	assert_int_equal(found.slot, SLOT);
	set(scene, SLOT, 0);
	set(scene, DATA, MAPPED); /* a library whose data is in one mapping */
	assert_non_null(message(scene));
	set_message(scene, MAPPED, PAGE, "app: queue.c:14: take: Assertion `q->head' failed.\n");
	assert_true(c_message_find(&scene->analysis, &found));
	assert_string_equal(found.words.reason, C_ASSERTION_FAILED);
}

/* Each by one word or byte. */
static void no_messages(struct arena *arena)
{
	struct scene *scene = scene_new(arena);

	set_message(scene, MAPPED, PAGE + 1, "free(): invalid pointer\n");
	assert_null(message(scene));
	set_message(scene, MAPPED, 0x12000, "free(): invalid pointer\n");
	assert_null(message(scene));
	set_message(scene, MAPPED, 0, "free(): invalid pointer\n");
	assert_null(message(scene));
	set_message(scene, MAPPED, PAGE, "free(): invalid pointer");
	assert_null(message(scene));
	set_message(scene, MAPPED, PAGE, "free(): \x1b[1minvalid pointer\n");
	assert_null(message(scene));
	set_message(scene, MAPPED, PAGE, "free(): invalid pointer\n");
	assert_non_null(message(scene));
	set(scene, SLOT, MAPPED + 8);
	assert_null(message(scene));
	set(scene, SLOT, MAPPED);
	set_message(scene, OTHER, PAGE, "malloc(): corrupted top size\n");
	set(scene, SLOT + 8, OTHER); /* which of them is it? */
	assert_null(message(scene));
	set(scene, SLOT + 8, 0);
	scene->image.mappings.items[0].path = "/usr/lib/libcurl.so.4";
	assert_null(message(scene));
}

enum { HEADER = OTHER + 0x80, TYPE = DATA + 0x100, NAME = DATA + 0x200, TEXT = MAPPED + 0x100 };

static void throw_in(struct arena *arena, struct scene *scene, struct c_frames *frames)
{
	*frames = (struct c_frames){.end = 2};
	vec_push(arena, &frames->stack.frames, (struct frame){.sp = STACK + 0x100});
	vec_push(arena, &frames->stack.frames, (struct frame){.sp = STACK + 0x200});
	set(scene, STACK + 0x180, HEADER);
	set(scene, HEADER, GNU);
	set(scene, HEADER - 0x50, TYPE);
	set(scene, TYPE + 8, NAME);
	set_text(scene, NAME, "St13runtime_error");
	set(scene, HEADER + 0x28, TEXT);
	set_text(scene, TEXT, "no such model");
	set(scene, TEXT - 0x18, 13);
	set(scene, TEXT - 0x10, 13);
}

static void exceptions(struct arena *arena)
{
	struct scene *scene = scene_new(arena);
	struct cxx_exception thrown;
	struct c_frames frames;

	throw_in(arena, scene, &frames);
	assert_true(cxx_exception_find(&scene->analysis, &frames, &thrown));
	assert_string_equal(cxx_exception_text(arena, &thrown), "the exception of C++ was of type std::runtime_error, and says: \"no such model\"");
	set(scene, TEXT - 0x18, 12); /* its length is another one: no such class */
	assert_true(cxx_exception_find(&scene->analysis, &frames, &thrown));
	assert_null(thrown.what);
	set_text(scene, NAME, "*i"); /* a type of which each library has its own */
	assert_true(cxx_exception_find(&scene->analysis, &frames, &thrown));
	assert_string_equal(cxx_exception_text(arena, &thrown), "the exception of C++ was of type int");
	set_text(scene, NAME, "!type");
	assert_true(cxx_exception_find(&scene->analysis, &frames, &thrown));
	assert_null(thrown.type);
	set(scene, HEADER, GNU ^ 1 << 8);
	assert_false(cxx_exception_find(&scene->analysis, &frames, &thrown));
	set(scene, HEADER, GNU);
	set(scene, STACK + 0x180, 0);
	set(scene, STACK + 0x200, HEADER); /* above its frames */
	assert_false(cxx_exception_find(&scene->analysis, &frames, &thrown));
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(kept_messages)
TEST(no_messages)
TEST(exceptions)

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kept_messages), cmocka_unit_test(test_no_messages), cmocka_unit_test(test_exceptions)};

	return cmocka_run_group_tests_name("c_said", tests, NULL, NULL);
}
