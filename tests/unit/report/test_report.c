/* test_report.c: reports of diagnoses made by hand, whose every string is hostile: nothing of it may reach a
 * terminal or break the JSON, and nothing may be claimed that the evidence does not hold. */
#include "heuristics/faults/account.h"
#include "report/narrative/claims.h"
#include "report/escape.h"
#include "report/fingerprint/fingerprint.h"
#include "report/narrative/narrative.h"
#include "report/text/page.h"
#include "report/report.h"

#include "golang/pc_memo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define NASTY "\033[31mred\033]0;title\007\b\r\n\t\302\233C1 \342\200\256bidi \377\300\200\355\240\200 \"quoted\\ <b>"
#define LONG_NAME                                                                                                      \
	"example.org/an/import/path/that/does/not/end/before/the/line/does/and/goes/on/pkg.(*Type[go.shape.string])."  \
	"MethodWithALongName.func1.2.deferwrap1"

struct fixture {
	struct arena *arena;
	struct notes notes;
	struct image image;
	struct go_runtime runtime;
	struct diagnosis diagnosis;
	struct tear tear;
};

static void add_thread(struct fixture *f, int64_t id, uint64_t pc)
{
	struct thread thread = {.id = id, .name = NASTY, .crashed = id == 77};

	reg_set(&thread.registers, arch_arm64.pc, pc);
	reg_set(&thread.registers, arch_arm64.sp, 0x40000000);
	vec_push(f->arena, &f->image.threads, thread);
}

static void add_goroutine(struct fixture *f, uint64_t id, uint64_t base)
{
	vec_push(f->arena, &f->runtime.goroutines,
		 (struct goroutine){.address = base,
				    .id = id,
				    .status = G_WAITING,
				    .stack_lo = base + 0x1000,
				    .stack_hi = base + 0x9000,
				    .sched_pc = base + 0x10,
				    .sched_sp = base + 0x8000,
				    .machine = -1});
}

static struct finding *add_finding(struct fixture *f, const char *rule)
{
	struct finding *finding;

	vec_push(f->arena, &f->diagnosis.findings,
		 (struct finding){.detector = detector_by_id(rule),
				  .goroutine = 0,
				  .thread = 0,
				  .frame = 0,
				  .explained_by = -1,
				  .certainty = CERTAINTY_LIKELY});
	finding = &f->diagnosis.findings.items[f->diagnosis.findings.count - 1];
	assert_non_null(finding->detector);
	finding->title = "a title with " NASTY;
	finding->function = LONG_NAME NASTY;
	finding->has_pc = finding->has_observed = finding->has_repaired = finding->has_sp_error = finding->has_caller =
		true;
	finding->pc = 0x1234;
	finding->observed = 0xffffffffffffffff;
	finding->repaired = 0x8000000000000001;
	finding->sp_error = -48;
	finding->caller_pc = 0x5678;
	finding->caller_sp = 0x9abc;
	evidence_add(&f->diagnosis, finding, EVIDENCE_MEMORY, WEIGHT_STRONG, false, "text %s", NASTY)->observed =
		NASTY LONG_NAME;
	evidence_add(&f->diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_WEAK, true, "%s", LONG_NAME LONG_NAME)
		->expected = NASTY;
	evidence_add(&f->diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false, "%s", "")->address =
		0xffffffffffffffff;
	return finding;
}

/* A dump of two threads and two goroutines, numbered from `id`, whose memory begins at `base`. */
static struct fixture *make(struct arena *arena, uint64_t id, uint64_t base)
{
	struct fixture *f = arena_alloc(arena, sizeof *f);

	f->arena = f->notes.arena = arena;
	f->image = (struct image){.arena = arena,
				  .notes = &f->notes,
				  .name = NASTY,
				  .path = NASTY,
				  .format = "elf-core",
				  .arch = &arch_arm64,
				  .command = NASTY,
				  .pid = 4711};
	f->image.stop = (struct stop){.known = true, .number = 6, .name = "SIGABRT", .thread = (int64_t)id + 70};
	f->runtime.arena = arena;
	f->runtime.image = &f->image;
	f->runtime.notes = &f->notes;
	f->runtime.decoder = decoder_new(arena, &arch_arm64);
	f->runtime.version.text = "go1.2" NASTY;
	f->runtime.main_module = NASTY;
	f->runtime.godebug = NASTY;
	f->runtime.exe_source = EXE_NONE;
	vec_push(arena, &f->runtime.fatal_lines, "\tfatal error: " NASTY LONG_NAME LONG_NAME);
	add_thread(f, (int64_t)id + 70, base);
	add_thread(f, (int64_t)id + 71, base + 8);
	add_goroutine(f, id, base);
	add_goroutine(f, id + 1, base + 0x10000);
	pc_memo_new(&f->runtime);
	f->diagnosis.arena = arena;
	f->diagnosis.analysis = analyze(&f->runtime);
	f->diagnosis.analysis->messages.line = "fatal error: " NASTY "\nsecond line";
	note_add(&f->notes, "%s", NASTY LONG_NAME);
	return f;
}

static struct fixture *make_found(struct arena *arena, const char *rule, uint64_t id, uint64_t base)
{
	struct fixture *f = make(arena, id, base);
	struct finding *finding = add_finding(f, rule);

	f->diagnosis.verdict.kind = VERDICT_FOUND;
	vec_push(arena, &f->diagnosis.verdict.unexplained, NASTY);
	if (!strcmp(rule, "split-sp")) {
		f->tear = (struct tear){.goroutine = 0,
					.thread = 0,
					.at = go_pc(&f->runtime, 0x1234, true),
					.preempted = true,
					.sp = base,
					.claimed = 64,
					.executed = 112,
					.top = base + 112,
					.caller_pc = 0x5678,
					.end = END_COMPLETE};
		finding->tear = &f->tear;
		add_finding(f, "unwinder-crash")->explained_by = 0;
	}
	add_finding(f, "go-panic");
	vec_push(arena, &f->diagnosis.verdict.runners_up, (struct runner_up){1, NASTY});
	return f;
}

enum { WAYS = 8 }; /* of combining options */

static struct report_options options(int way)
{
	return (struct report_options){.version = "0",
				       .goroutines = REPORT_GOROUTINES_ALL,
				       .verbose = (way & 1) != 0,
				       .quiet = (way & 2) != 0,
				       .color = (way & 4) != 0};
}

static char *written_by(void (*write)(const struct diagnosis *, const struct report_options *, FILE *), const struct fixture *f,
			const struct report_options *how)
{
	char *buffer = NULL;
	char *copy;
	size_t size;
	FILE *out = open_memstream(&buffer, &size);

	write(&f->diagnosis, how, out);
	assert_int_equal(fclose(out), 0);
	copy = arena_strndup(f->arena, buffer, size);
	free(buffer);
	return copy;
}

static char *text_of(const struct fixture *f, const struct report_options *how)
{
	return written_by(report_text, f, how);
}

static char *json_of(const struct fixture *f, const struct report_options *how)
{
	char *buffer = NULL;
	char *copy;
	size_t size;
	FILE *out = open_memstream(&buffer, &size);

	assert_true(report_json(&f->diagnosis, how, out));
	assert_int_equal(fclose(out), 0);
	copy = arena_strndup(f->arena, buffer, size);
	free(buffer);
	return copy;
}

/* The length of an SGR sequence, the only control that colour may add; 0: it is none. */
static size_t sgr_length(const char *at)
{
	size_t length;

	if (strncmp(at, "\033[", 2) != 0)
		return 0;
	length = 2 + strspn(at + 2, "0123456789;");
	return at[length] == 'm' ? length + 1 : 0;
}

static void check_text(const char *text, bool color, bool wrapped)
{
	unsigned columns = 0;
	uint32_t c;

	for (size_t length; *text; text += length) {
		length = color ? sgr_length(text) : 0;
		if (length)
			continue;
		length = utf8_decode(text, &c);
		assert_int_not_equal(length, 0);
		if (c == '\n') {
			columns = 0;
			continue;
		}
		columns += code_point_columns(c);
		assert_false(c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x202e);
		if (wrapped)
			assert_int_in_range(columns, 1, 100);
	}
}

static void test_escape(void **state)
{
	struct arena *arena = *state;
	static const char *const invalid[] = {"\200",     "\300\200",        "\355\240\200", "\364\220\200\200",
					      "\342\202", "\370\210\200\200"};
	uint32_t c;

	assert_string_equal(escape_line(arena, "main.(*T).größe 世界"), "main.(*T).größe 世界");
	assert_string_equal(escape_line(arena, "a\033[0m\n\t\177"), "a\\x1b[0m\\n\\t\\x7f");
	assert_string_equal(escape_line(arena, "\302\205\342\200\256"), "\\u0085\\u202e");
	assert_string_equal(escape_line(arena, "x\377y\303"), "x\\xffy\\xc3");
	assert_string_equal(escape_line(arena, "\363\240\200\201"), "\\U000e0001");
	assert_string_equal(escape_line(arena, NULL), "?");
	assert_null(escape_utf8(arena, NULL));
	assert_string_equal(escape_utf8(arena, "\033\377"), "\033\\xff");
	for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
		assert_int_equal(utf8_decode(invalid[i], &c), 0);
	assert_int_equal(utf8_decode("\364\217\277\277", &c), 4);
	assert_int_equal(c, 0x10ffff);
	assert_int_equal(text_columns("aö世"), 4);
}

static const char *wrapped(struct arena *arena, const char *first, unsigned hang, unsigned columns, const char *text)
{
	char *buffer = NULL;
	const char *copy;
	size_t size;
	FILE *out = open_memstream(&buffer, &size);
	struct page page = {.out = out, .arena = arena, .columns = columns};

	page_wrap(&page, first, hang, STYLE_RED, text);
	fclose(out);
	copy = arena_strndup(arena, buffer, size);
	free(buffer);
	return copy;
}

static void test_wrap(void **state)
{
	struct arena *arena = *state;

	assert_string_equal(wrapped(arena, "* ", 0, 24, "one two three four five six"),
			    "* one two three four\n  five six\n");
	assert_string_equal(wrapped(arena, "", 4, 20, "aaaaaaaaaaaa/bbbbbbbbbbbbbbbb"),
			    "aaaaaaaaaaaa/\n    bbbbbbbbbbbbbbbb\n");
	assert_string_equal(wrapped(arena, "* ", 0, 24, ""), "* \n");
	assert_string_equal(wrapped(arena, "* ", 0, 40, "   spaces   kept   inside   "),
			    "* spaces   kept   inside   \n");
}

static void test_claims(void **state)
{
	struct arena *arena = *state;
	struct fixture *f = make(arena, 15, 0x400000);
	struct finding *finding = add_finding(f, "go-panic");
	const struct claims *claims;

	finding->function = "main.(*T).M";
	evidence_add(&f->diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false,
		     "claims 70048 of 12,345 bytes at 0x1f, 96.");
	claims = claims_of(&f->diagnosis);
	assert_true(claims_backed(
		claims, "Goroutine 15 was in main.(*T).M: 70,048 bytes, 12345 too, 96; at (0x1f), pc 0x1234."));
	assert_true(claims_backed(claims, "It's 3 things, arm64, R29, and main.(*T).M's 48 bytes."));
	assert_false(claims_backed(claims, "main.(*T).N"));
	assert_false(claims_backed(claims, "70049"));
	assert_false(claims_backed(claims, "7004"));
	assert_false(claims_backed(claims, "345"));
	assert_false(claims_backed(claims, "0x1"));
	assert_false(claims_backed(claims, "0x123"));
	assert_false(claims_backed(claims, "goroutine 16"));
}

static const char *const rules[] = {"split-sp", "unwinder-crash", "go-panic", "go-fatal", "unknown-fault"};

static void test_hostile_text(void **state)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		for (int way = 0; way < WAYS; way++) {
			struct report_options how = options(way);
			const char *text = text_of(make_found(*state, rules[i], 15, 0x400000), &how);

			check_text(text, how.color, !how.quiet);
			assert_true(how.color || !strchr(text, '\033'));
			if (how.quiet)
				assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		}
}

static void test_hostile_brief(void **state)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct report_options how = options(0);
		const char *text = written_by(report_brief, make_found(*state, rules[i], 15, 0x400000), &how);

		check_text(text, false, false);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	}
}

/* What becomes of markup is test_prose.c's; here, that every string goes through it: NASTY's tag stands in code only. */
static void test_hostile_markdown(void **state)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct report_options how = options(1);
		char *text = written_by(report_markdown, make_found(*state, rules[i], 15, 0x400000), &how);
		bool fenced = false, code = false;

		for (char *at = text; (at = strchr(at, '\t'));) /* of what the runtime printed */
			*at = ' ';
		check_text(text, false, false);
		assert_non_null(strstr(text, "<b>"));
		for (const char *at = text; *at; at++) {
			const bool fence = !strncmp(at, "```", 3);

			fenced ^= fence;
			code = *at == '\n' ? false : code ^ (*at == '`' && !fence);
			at += fence ? 2 : 0;
			assert_true(fenced || code || strncmp(at, "<b>", 3) != 0);
		}
	}
}

/* All of it is valid HTML by test_html.py. */
static void test_hostile_html(void **state)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct report_options how = options(1);
		char *text = written_by(report_html, make_found(*state, rules[i], 15, 0x400000), &how);

		for (char *at = text; (at = strchr(at, '\t'));) /* of the sheet of styles */
			*at = ' ';
		check_text(text, false, false);
		assert_non_null(strstr(text, "&lt;b&gt;"));
		assert_null(strstr(text, "<b>"));
	}
}

static void test_hostile_folded(void **state)
{
	const struct report_options how = options(0);
	const char *text = written_by(report_folded, make_found(*state, "go-panic", 15, 0x400000), &how);

	check_text(text, false, false);
	for (; *text; text = strchr(text, '\n') + 1)
		assert_non_null(strchr(text, '\n'));
}

static void test_other_verdicts(void **state)
{
	static const enum verdict_kind kinds[] = {VERDICT_HEALTHY, VERDICT_UNKNOWN};
	static const char *const words[] = {"HEALTHY  ", "UNKNOWN  "};

	for (size_t i = 0; i < 2; i++) {
		struct fixture *f = make(*state, 15, 0x400000);
		struct report_options how = options(1);
		const char *text;

		f->diagnosis.verdict.kind = kinds[i];
		f->diagnosis.account = account_of(&f->diagnosis);
		text = text_of(f, &how);
		check_text(text, false, true);
		assert_memory_equal(text, words[i], 9);
	}
}

static void check_ascii(const char *text)
{
	for (; *text; text++)
		assert_true((*text >= ' ' && *text < 0x7f) || *text == '\n');
}

static void test_hostile_json(void **state)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct fixture *f = make_found(*state, rules[i], 15, 0x400000);
		struct report_options how = options(0);
		const char *text = json_of(f, &how);
		json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		json_t *finding = json_array_get(json_object_get(report, "findings"), 0);

		check_ascii(text);
		assert_non_null(report);
		assert_string_equal(json_string_value(json_object_get(json_object_get(report, "input"), "name")),
				    escape_utf8(f->arena, NASTY));
		assert_string_equal(json_string_value(json_object_get(finding, "observed")), "0xffffffffffffffff");
		assert_int_equal(json_integer_value(json_object_get(finding, "sp_error")), -48);
		assert_int_equal(json_array_size(json_object_get(report, "goroutines")), 2);
		assert_null(
			strchr(json_string_value(json_object_get(json_object_get(report, "process"), "message")), 10));
		json_decref(report);
	}
}

static void test_narrative_is_backed(void **state)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct fixture *f = make_found(*state, rules[i], 15, 0x400000);
		const struct narrative *narrative = narrative_of(&f->diagnosis);
		const struct claims *claims = claims_of(&f->diagnosis);

		assert_true(claims_backed(claims, narrative->headline));
		assert_int_not_equal(narrative->paragraphs.count, 0);
		assert_int_not_equal(narrative->actions.count, 0);
		for (size_t j = 0; j < narrative->paragraphs.count; j++)
			assert_true(claims_backed(claims, narrative->paragraphs.items[j].text));
	}
}

static void test_same_twice(void **state)
{
	struct fixture *f = make_found(*state, "split-sp", 15, 0x400000);
	struct report_options how = options(1);

	assert_string_equal(text_of(f, &how), text_of(f, &how));
	assert_string_equal(json_of(f, &how), json_of(f, &how));
}

static const char *across(const struct fixture *f)
{
	return fingerprint_of(&f->diagnosis).across;
}

static void test_fingerprint(void **state)
{
	struct fixture *f = make_found(*state, "split-sp", 15, 0x400000);
	struct fixture *elsewhere = make_found(*state, "split-sp", 99, 0xc000400000);
	struct fixture *unknown = make(*state, 15, 0x400000);
	const char *print = across(f);

	elsewhere->image.name = "other";
	elsewhere->diagnosis.analysis->messages.line = "fatal error: other";
	assert_int_equal(strlen(print), 16);
	assert_int_equal(strspn(print, "0123456789abcdef"), 16);
	assert_string_equal(print, across(elsewhere));
	assert_string_not_equal(print, across(make_found(*state, "go-panic", 15, 0x400000)));
	elsewhere->runtime.main_module = "example.org/other";
	assert_string_not_equal(print, across(elsewhere));
	unknown->diagnosis.verdict.kind = VERDICT_UNKNOWN;
	unknown->diagnosis.analysis->messages.line = "fatal error: at 0x1f of g 12";
	print = across(unknown);
	unknown->diagnosis.analysis->messages.line = "fatal error: at 0x2a30 of g 7";
	assert_string_equal(print, across(unknown));
	unknown->diagnosis.analysis->messages.line = "fatal error: on 0x2a30 of g 7";
	assert_string_not_equal(print, across(unknown));
}

static void test_fingerprint_of_a_build(void **state)
{
	struct fixture *f = make_found(*state, "split-sp", 15, 0x400000);
	const struct fingerprint one = fingerprint_of(&f->diagnosis);
	struct fingerprint other;

	f->runtime.build_id = "0123";
	other = fingerprint_of(&f->diagnosis);
	assert_string_equal(one.across, other.across);
	assert_string_not_equal(one.exact, other.exact);
}

/* What a panic says counts when the runtime or the program's file said it, not when it was put together at run time. */
static void test_fingerprint_of_a_panic(void **state)
{
	struct fixture *f = make_found(*state, "go-panic", 15, 0x400000);
	struct panic_value panic = {.frame = -1, .text = "runtime error: index out of range [5] with length 3"};
	struct messages *messages = &f->diagnosis.analysis->messages;
	const char *silent = across(f);
	const char *range, *user;

	vec_push(f->arena, &messages->panics, panic);
	range = across(f);
	assert_string_not_equal(range, silent);
	messages->panics.items[0].text = "runtime error: index out of range [17] with length 0";
	assert_string_equal(across(f), range);
	messages->panics.items[0].text = "runtime error: makeslice: len out of range";
	assert_string_not_equal(across(f), range);
	messages->panics.items[0].text = "no such user: alice";
	assert_string_equal(across(f), silent);
	messages->panics.items[0].constant = true;
	user = across(f);
	assert_string_not_equal(user, silent);
	messages->panics.items[0].text = "no such table";
	assert_string_not_equal(across(f), user);
}

enum { MANY_GOROUTINES = 20000, ROOM = 1 << 16 };

static size_t polls;

static bool count_poll(void *context)
{
	(void)context;
	polls++;
	return false;
}

/* How many goroutines are reported into a file with room for few of them, which has to notice. */
static size_t goroutines_asked_for(const struct fixture *f, bool json)
{
	struct report_options how = options(0);
	FILE *out = fmemopen(arena_alloc(f->arena, ROOM), ROOM, "w");

	how.cancel.asked = count_poll;
	polls = 0;
	if (json)
		assert_true(report_json(&f->diagnosis, &how, out)); /* no memory ran out */
	else
		report_text(&f->diagnosis, &how, out);
	assert_true(fflush(out) || ferror(out));
	fclose(out);
	return polls;
}

static void test_full_output(void **state)
{
	struct fixture *f = make(*state, 15, 0x400000);

	for (uint64_t i = 2; i < MANY_GOROUTINES; i++)
		add_goroutine(f, 15 + i, 0x400000 + i * 0x10000);
	f->diagnosis.analysis = analyze(&f->runtime);
	assert_int_in_range(goroutines_asked_for(f, true), 1, MANY_GOROUTINES / 2);
	assert_int_in_range(goroutines_asked_for(f, false), 1, MANY_GOROUTINES / 2);
}

static int setup(void **state)
{
	*state = arena_new((size_t)1 << 28);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_escape, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_claims, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_html, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_folded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_brief, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_markdown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_verdicts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_narrative_is_backed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fingerprint, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fingerprint_of_a_build, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fingerprint_of_a_panic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_output, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
