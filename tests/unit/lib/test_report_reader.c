/* test_report_reader.c: a report's JSON as structs, whole, cut short anywhere, and such as an attacker writes. */
#include "lib/report_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BUDGET ((size_t)1 << 24)

#define SECTIONS \
	"\n\"schema\": \"tornstack.report/1\"" \
	",\n\"input\": {\"name\":\"core\",\"size\":17,\"compression\":null,\"new\":[1]}" \
	",\n\"target\": {\"stripped\":true}" \
	",\n\"process\": {\"stop\":{\"name\":\"SIGSEGV\",\"address\":\"0x0\"},\"fault\":null,\"panic_lines\":[\"a\",\"b\"]}" \
	",\n\"future\": [\n {\"x\":1},\n {\"x\":2}\n]" \
	",\n\"threads\": []" \
	",\n\"goroutine_groups\": [\n {\"count\":2,\"ids\":[4,5],\"frames\":[]}\n]" \
	",\n\"goroutines\": [\n {\"id\":7,\"frames\":[{\"pc\":\"0xffffffffffffffff\",\"function\":\"main.f\"},{\"pc\":null}],\"end\":\"complete\"}\n]"
#define FINDINGS ",\n\"findings\": [\n {\"rule\":\"a\",\"certainty\":\"likely\",\"sp_error\":-8,\"evidence\":[{\"for\":true}]},\n {\"explained_by\":0}\n]"
#define VERDICT ",\n\"verdict\": {\"certainty\":\"likely\",\"finding\":0,\"headline\":\"tab\\there\"}"
#define WHOLE "{" SECTIONS FINDINGS VERDICT ",\n\"notes\": [\"n\"]\n}\n"

struct scene {
	struct arena *arena;
	const char *json;
	size_t size, piece;
	const struct ts_report *report;
	bool full;
};

static void read_scene(void *context)
{
	struct scene *scene = context;
	FILE *stream = NULL;
	struct report_reader *reader = report_reader_open(scene->arena, &stream);

	assert_non_null(reader);
	setvbuf(stream, NULL, _IONBF, 0); /* so that pieces come as they are written */
	for (size_t at = 0; at < scene->size; at += scene->piece)
		fwrite(scene->json + at, 1, scene->size - at < scene->piece ? scene->size - at : scene->piece, stream);
	scene->report = report_reader_end(reader, &scene->full);
}

/* The arena is the caller's to free. */
static struct scene read_bytes(const char *json, size_t size, size_t piece, size_t budget)
{
	struct scene scene = {.arena = arena_new(budget), .json = json, .size = size, .piece = piece};

	assert_true(arena_run(scene.arena, read_scene, &scene));
	return scene;
}

static struct scene read_text(const char *json)
{
	return read_bytes(json, strlen(json), strlen(json), BUDGET);
}

static void check_whole(const struct ts_report *report)
{
	assert_non_null(report);
	assert_string_equal(report->schema, "tornstack.report/1");
	assert_string_equal(report->input->name, "core");
	assert_null(report->input->compression);
	assert_int_equal(report->target->stripped, 1);
	assert_true(report->process->stop->address.known);
	assert_null(report->process->fault);
	assert_string_equal(report->process->panic_lines[1], "b");
	assert_null(report->process->panic_lines[2]);
	assert_int_equal(report->groups[0]->ids[1], 5);
	assert_int_equal(report->goroutines[0]->stack.frame_count, 2);
	assert_true(report->goroutines[0]->stack.frames[0]->pc.value == UINT64_MAX);
	assert_false(report->goroutines[0]->stack.frames[1]->pc.known);
	assert_int_equal(report->goroutines[0]->stack.frames[1]->line, -1);
	assert_int_equal(report->finding_count, 2);
	assert_true(report->findings[0]->has_sp_error && report->findings[0]->sp_error == -8);
	assert_true(report->findings[0]->evidence[0]->speaks_for);
	assert_int_equal(report->findings[0]->explained_by, -1);
	assert_int_equal(report->findings[1]->certainty, TS_UNKNOWN);
	assert_int_equal(report->verdict->certainty, TS_LIKELY);
	assert_string_equal(report->verdict->headline, "tab\\there");
	assert_int_equal(report->thread_count, 0);
	assert_null(report->threads[0]);
	assert_string_equal(report->notes[0], "n");
	assert_null(report->fingerprint);
}

static void whole_in_any_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < sizeof WHOLE; piece += 1 + piece / 8) {
		const struct scene scene = read_bytes(WHOLE, sizeof WHOLE - 1, piece, BUDGET);

		check_whole(scene.report);
		arena_free(scene.arena);
	}
}

static void cut_short_is_no_report(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof WHOLE - 3; size++) {
		const struct scene scene = read_bytes(WHOLE, size, sizeof WHOLE, BUDGET);

		assert_null(scene.report);
		assert_false(scene.full);
		arena_free(scene.arena);
	}
}

/* Either no report, or one that keeps the header's promises. */
static void any_byte_may_change(void **state)
{
	static const char bytes[] = "\0\"[{]},\\0n\n\xff";

	(void)state;
	for (size_t at = 0; at < sizeof WHOLE - 1; at++)
		for (size_t i = 0; i < sizeof bytes - 1; i++) {
			char json[sizeof WHOLE];
			struct scene scene;

			memcpy(json, WHOLE, sizeof WHOLE);
			json[at] = bytes[i];
			scene = read_bytes(json, sizeof WHOLE - 1, 64, BUDGET);
			if (scene.report) {
				assert_true(scene.report->verdict->finding < (int64_t)scene.report->finding_count);
				assert_null(scene.report->findings[scene.report->finding_count]);
			}
			arena_free(scene.arena);
		}
}

static void lies_are_refused(void **state)
{
	static const char *const lies[] = {
		"{" SECTIONS FINDINGS "\n}\n", /* no verdict */
		"{" SECTIONS VERDICT "\n}\n",  /* of a finding that is not there */
		"{" SECTIONS FINDINGS ",\n\"verdict\": {\"finding\":2}\n}\n",
		"{" SECTIONS FINDINGS ",\n\"verdict\": []\n}\n",
		"{" SECTIONS FINDINGS VERDICT ",\n\"notes\": [\n [[[\n]\n}\n",
		"{" SECTIONS FINDINGS VERDICT "\n}\n{",
		"[]", "", "{}", "\n{\n}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		const struct scene scene = read_text(lies[i]);

		if (scene.report)
			fail_msg("lie %zu is believed", i);
		arena_free(scene.arena);
	}
}

static void too_much_is_said_so(void **state)
{
	enum { MUCH = 1 << 20 };
	char *text = malloc(MUCH + sizeof WHOLE);
	struct scene scene;

	(void)state;
	memset(text, 'x', MUCH);
	memcpy(text, "{\n\"schema\": \"", 13);
	memcpy(text + MUCH, "\"," SECTIONS, sizeof "\"," SECTIONS);
	scene = read_bytes(text, strlen(text), MUCH, MUCH);
	free(text);
	assert_null(scene.report);
	assert_true(scene.full);
	arena_free(scene.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_in_any_pieces), cmocka_unit_test(cut_short_is_no_report), cmocka_unit_test(any_byte_may_change),
		cmocka_unit_test(lies_are_refused),    cmocka_unit_test(too_much_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
