/* test_stream.c: numbers, addresses and names as jansson would write them, blocks put together without a gap, an output
 * that fills up, and the texts of pcs. */
#include "report/json/pc_texts.h"

#include "golang/wait_reasons.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#define BUDGET ((size_t)1 << 28)

enum { MANY_PCS = 100000 };                        /* more than are kept */
enum { LONG_PCS = 4000, LONG_DIGITS = 20000 };      /* more bytes than are kept */

struct target {
	struct json_stream stream;
	char *bytes;
	size_t size;
};

static struct target *open_target(void)
{
	struct target *target = calloc(1, sizeof *target);

	assert_non_null(target);
	target->stream.out = open_memstream(&target->bytes, &target->size);
	assert_non_null(target->stream.out);
	return target;
}

static void close_target(struct target *target)
{
	fclose(target->stream.out);
	free(target->bytes);
	free(target);
}

/* What was written, as a string. */
static const char *text_of(struct target *target)
{
	stream_flush(&target->stream);
	assert_int_equal(fflush(target->stream.out), 0);
	assert_false(target->stream.failed);
	return target->bytes;
}

static void check_number(int64_t value)
{
	struct target *target = open_target();
	char expected[32];

	snprintf(expected, sizeof expected, "%" PRId64, value);
	stream_number(&target->stream, true, value);
	assert_string_equal(text_of(target), expected);
	close_target(target);
}

static void check_address(uint64_t value)
{
	struct target *target = open_target();
	char expected[32];

	snprintf(expected, sizeof expected, "\"0x%" PRIx64 "\"", value);
	stream_address(&target->stream, true, value);
	assert_string_equal(text_of(target), expected);
	close_target(target);
}

static void values(void **state)
{
	struct target *target = open_target();

	(void)state;
	check_number(INT64_MIN);
	check_number(INT64_MAX);
	check_number(-1);
	check_number(0);
	check_address(0);
	check_address(UINT64_MAX);
	for (unsigned shift = 0; shift < 64; shift++) {
		check_number((int64_t)(UINT64_C(1) << shift));
		check_address(UINT64_C(0x123456789abcdef0) >> shift);
	}
	stream_number(&target->stream, false, 7);
	stream_address(&target->stream, false, 7);
	stream_name(&target->stream, NULL);
	stream_name(&target->stream, "stack-switch");
	stream_bool(&target->stream, true);
	stream_bool(&target->stream, false);
	assert_string_equal(text_of(target), "nullnullnull\"stack-switch\"truefalse");
	close_target(target);
}

/* Pieces of every length about that of a block, with one before them and one behind. */
static void blocks(void **state)
{
	static const size_t sizes[] = {1, JSON_STREAM_BLOCK - 1, JSON_STREAM_BLOCK, JSON_STREAM_BLOCK + 1,
				       3 * JSON_STREAM_BLOCK + 5};
	static char piece[4 * JSON_STREAM_BLOCK];

	(void)state;
	for (size_t i = 0; i < sizeof piece; i++)
		piece[i] = (char)('a' + i * 7 % 23);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct target *target = open_target();
		const char *text;

		stream_text(&target->stream, "[");
		stream_bytes(&target->stream, piece, sizes[i]);
		stream_text(&target->stream, "]");
		text = text_of(target);
		assert_int_equal(target->size, sizes[i] + 2);
		assert_int_equal(text[0], '[');
		assert_memory_equal(text + 1, piece, sizes[i]);
		assert_int_equal(text[sizes[i] + 1], ']');
		close_target(target);
	}
}

static void full_output(void **state)
{
	struct target *target = open_target();
	char room[2 * JSON_STREAM_BLOCK];
	FILE *out = fmemopen(room, sizeof room, "w");

	(void)state;
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	fclose(target->stream.out);
	target->stream.out = out;
	for (int i = 0; i < JSON_STREAM_BLOCK; i++)
		stream_text(&target->stream, "0123456789");
	assert_true(target->stream.failed);
	assert_true(ferror(out));
	close_target(target);
}

static void check_name(const char *name)
{
	json_t *value = json_string(name);
	char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	struct target *target = open_target();

	stream_name(&target->stream, name);
	assert_string_equal(text_of(target), dumped);
	close_target(target);
	free(dumped);
	json_decref(value);
}

/* That is why they are not escaped. */
static void names_need_no_escape(void **state)
{
	const char *name;
	size_t count = 0;

	(void)state;
	for (; (name = goroutine_state_name(count)); count++)
		check_name(name);
	assert_true(count > 40);
	for (int how = HOW_CONTEXT; how <= HOW_SCAN; how++)
		check_name(frame_how_name((enum frame_how)how));
	for (int end = END_COMPLETE; end <= END_UNKNOWN_CONTEXT; end++)
		check_name(stack_end_name((enum stack_end)end));
}

struct asked {
	uint64_t pc;
	int digits;
	size_t *times;
};

static struct pc_text *make(struct writer *writer, const void *context)
{
	const struct asked *asked = context;
	struct pc_text *text = pc_text_new(writer, 2);

	++*asked->times;
	text->pieces[0] = piece_of("first");
	text->pieces[1] = piece_of(arena_printf(writer->arena, "%0*" PRIu64, asked->digits, asked->pc));
	return text;
}

/* Asks for it, with an arena that is gone at once: what is kept must not be on it. */
static bool ask_long(struct writer *writer, enum pc_text_kind kind, uint64_t pc, int digits)
{
	struct arena *kept = writer->arena;
	size_t times = 0;
	const struct asked asked = {pc, digits, &times};
	const struct pc_text *text;
	char expected[LONG_DIGITS + 1];

	writer->arena = arena_new(BUDGET);
	assert_non_null(writer->arena);
	text = pc_text_of(writer, kind, pc, make, &asked);
	snprintf(expected, sizeof expected, "%0*" PRIu64, digits, pc);
	assert_int_equal(text->count, 2);
	assert_int_equal(text->pieces[0].size, 5);
	assert_memory_equal(text->pieces[0].text, "first", 5);
	assert_int_equal(text->pieces[1].size, strlen(expected));
	assert_memory_equal(text->pieces[1].text, expected, strlen(expected));
	arena_free(writer->arena);
	writer->arena = kept;
	return times == 1;
}

static bool ask(struct writer *writer, enum pc_text_kind kind, uint64_t pc)
{
	return ask_long(writer, kind, pc, 1);
}

static void texts_of_pcs(void **state)
{
	struct arena *arena = arena_new(BUDGET);
	struct diagnosis diagnosis = {.arena = arena};
	struct writer writer = {.arena = arena, .diagnosis = &diagnosis};
	size_t used, made = 0;

	(void)state;
	assert_true(ask(&writer, PC_TEXT_RETURN, 0x1000));
	assert_true(ask(&writer, PC_TEXT_EXACT, 0x1000));
	assert_true(ask(&writer, PC_TEXT_CREATOR, 0x1000));
	assert_true(ask(&writer, PC_TEXT_RETURN, 0));
	assert_false(ask(&writer, PC_TEXT_RETURN, 0x1000));
	assert_false(ask(&writer, PC_TEXT_EXACT, 0x1000));
	assert_false(ask(&writer, PC_TEXT_CREATOR, 0x1000));
	assert_false(ask(&writer, PC_TEXT_RETURN, 0));
	for (uint64_t pc = 0x100000; pc < 0x100000 + MANY_PCS; pc++)
		assert_true(ask(&writer, PC_TEXT_RETURN, pc));
	used = arena_used(arena);
	for (uint64_t pc = 0x100000; pc < 0x100000 + MANY_PCS; pc++)
		made += ask(&writer, PC_TEXT_RETURN, pc);
	assert_int_in_range(made, 1, MANY_PCS / 2); /* those that were not kept */
	assert_int_equal(arena_used(arena), used);
	arena_free(arena);
}

/* Few enough of them, but too long to be kept all; what is made on the way to them is not kept either. */
static void long_texts_of_pcs(void **state)
{
	struct arena *arena = arena_new(BUDGET);
	struct diagnosis diagnosis = {.arena = arena};
	struct writer writer = {.arena = arena, .diagnosis = &diagnosis};
	size_t used, made = 0;

	(void)state;
	for (uint64_t pc = 0; pc < LONG_PCS; pc++)
		assert_true(ask_long(&writer, PC_TEXT_RETURN, pc, LONG_DIGITS));
	used = arena_used(arena);
	assert_int_in_range(used, LONG_DIGITS, (size_t)LONG_PCS * LONG_DIGITS / 2);
	for (uint64_t pc = 0; pc < LONG_PCS; pc++)
		made += ask_long(&writer, PC_TEXT_RETURN, pc, LONG_DIGITS);
	assert_int_in_range(made, LONG_PCS / 2, LONG_PCS - 1); /* some were kept */
	assert_int_equal(arena_used(arena), used);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(blocks),
		cmocka_unit_test(full_output),
		cmocka_unit_test(names_need_no_escape),
		cmocka_unit_test(texts_of_pcs),
		cmocka_unit_test(long_texts_of_pcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
