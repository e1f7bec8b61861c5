/* test_known_bugs.c: the table of known bugs is well-formed; what its ranges say of releases, and its ids of texts. */
#include "golang/program.h"
#include "heuristics/detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Detectors that rows may name; not all are in every build yet. */
static const char *const planned[] = {"bit-flip", "sp-out-of-bounds", "g-state", "stack-overflow", "cgo-fault"};

static bool is_detector(const char *id)
{
	for (size_t i = 0; i < sizeof planned / sizeof *planned; i++)
		if (!strcmp(planned[i], id))
			return true;
	return detector_by_id(id) != NULL;
}

static size_t length_of(const char *const *list)
{
	size_t length = 0;

	while (length < LIST_LIMIT && list[length])
		length++;
	return length;
}

static void rows_are_whole(void **state)
{
	const struct known_bug *bug;

	(void)state;
	for (size_t i = 0; (bug = known_bug_at(i)); i++) {
		print_message("%s\n", bug->id);
		assert_true(*bug->title && *bug->symptom && *bug->source);
		assert_non_null(strchr(bug->id, '#'));
		assert_true(length_of(bug->also) < LIST_LIMIT && length_of(bug->rules) < LIST_LIMIT);
		assert_true(length_of(bug->os) < LIST_LIMIT && length_of(bug->arch) < LIST_LIMIT);
		assert_int_equal(bug->affected[RANGE_LIMIT - 1].minor_first, 0);
		assert_null(bug->fixed_in[RANGE_LIMIT - 1]);
		assert_int_equal(bug->needs[NEED_LIMIT - 1].kind, NEED_NONE);
		for (const char *const *rule = bug->rules; *rule; rule++)
			assert_true(is_detector(*rule));
		/* What any finding of its rules would cite is no row of this table. */
		assert_true(!bug->rules[0] || bug->needs[0].kind || bug->arch[0] || bug->os[0]);
	}
	assert_true(known_bug_at(40) != NULL);
}

static const char *text_of(const struct bug_need *need)
{
	return need->text ? need->text : "";
}

/* Texts and limits are there where a kind takes them; alternatives, which are of one kind, stand side by side. */
static void needs_are_whole(void **state)
{
	const struct known_bug *bug;

	(void)state;
	for (size_t i = 0; (bug = known_bug_at(i)); i++) {
		bool seen[NEED_KINDS] = {false};

		for (const struct bug_need *need = bug->needs; need->kind; need++) {
			bool takes_text = need->kind == NEED_TEXT || need->kind == NEED_ON_STACK ||
					  need->kind == NEED_VICTIM || need->kind == NEED_CODE ||
					  need->kind == NEED_MODULE || need->kind == NEED_LIBRARY;
			bool takes_limits = need->kind == NEED_KERNEL || need->kind == NEED_BUILD;

			assert_int_equal(*text_of(need) != 0, takes_text);
			assert_int_equal(need->last != 0, takes_limits);
			assert_true(need->first <= need->last);
			assert_true(!seen[need->kind] || need[-1].kind == need->kind);
			seen[need->kind] = true;
			if (need->kind == NEED_KERNEL)
				assert_string_equal(bug->os[0], "linux");
			if (need->kind == NEED_BUILD)
				assert_string_equal(bug->os[0], "windows");
		}
	}
}

static void release_of(const char *text, int *minor, int *patch)
{
	*patch = 0;
	assert_true(sscanf(text, "1.%d.%d", minor, patch) >= 1);
}

/* Each range ends before the release that fixes it, if that is of the same minor; no fix is in a range; a range that
 * ends has a fix after it, or the row says that the fix is not verified. */
static void fixes_follow_ranges(void **state)
{
	const struct known_bug *bug;

	(void)state;
	for (size_t i = 0; (bug = known_bug_at(i)); i++) {
		int newest = 0;

		for (const struct release_range *at = bug->affected; at->minor_first; at++) {
			assert_true(at->minor_first < at->minor_last ||
				    (at->minor_first == at->minor_last && at->patch_first <= at->patch_last));
			assert_true(at->minor_first > newest);
			newest = at->minor_last;
		}
		for (const char *const *fix = bug->fixed_in; *fix; fix++) {
			struct go_version version = {.text = *fix};

			release_of(*fix, &version.minor, &version.patch);
			assert_int_equal(known_bug_affects(bug, &version), 0);
			if (version.patch) {
				version.patch--;
				assert_int_equal(known_bug_affects(bug, &version), 1);
			}
		}
		assert_true(!bug->fixed_in[0] || newest);
		assert_true(bug->fixed_in[0] || bug->unverified || !newest || newest >= 27);
	}
}

/* Of a row with words behind its number, the number is that of another row. */
static void ids_are_unique(void **state)
{
	const struct known_bug *bug, *other;

	(void)state;
	for (size_t i = 0; (bug = known_bug_at(i)); i++) {
		assert_ptr_equal(known_bug_by_id(bug->id), bug);
		assert_ptr_equal(known_bug_named(bug->id), bug);
		assert_ptr_equal(known_bug_named(strchr(bug->id, '/') + 1), bug);
		assert_ptr_equal(known_bug_named(strchr(bug->id, '#')), bug);
		for (const char *const *also = bug->also; *also; also++) {
			assert_null(known_bug_by_id(*also));
			for (size_t j = 0; (other = known_bug_at(j)); j++)
				for (const char *const *at = other->also; *at; at++)
					assert_true(at == also || strcmp(*at, *also) != 0);
		}
	}
}

static void ids_are_guessed(void **state)
{
	const struct known_bug *tear = known_bug_by_id("golang/go#73259");

	(void)state;
	assert_non_null(tear);
	assert_ptr_equal(known_bug_named("go#73259"), tear);
	assert_ptr_equal(known_bug_named("#73259"), tear);
	assert_ptr_equal(known_bug_named("73259"), tear);
	assert_ptr_equal(known_bug_named("golang/go#67297"), known_bug_by_id("golang/go#62440"));
	assert_ptr_equal(known_bug_named("67297"), known_bug_by_id("golang/go#62440"));
	assert_null(known_bug_named("7325"));
	assert_null(known_bug_named("3259"));
	assert_null(known_bug_named("golang/go"));
	assert_null(known_bug_named(""));
}

/* ---- releases ---- */

static const struct {
	const char *bug, *release;
	int affects;
} releases[] = {
	{"golang/go#73259", "go1.13.15", 0},
	{"golang/go#73259", "go1.14", 1},
	{"golang/go#73259", "go1.22.12", 1},
	{"golang/go#73259", "go1.23.11", 1},
	{"golang/go#73259", "go1.23.12", 0},
	{"golang/go#73259", "go1.24.0", 1},
	{"golang/go#73259", "go1.24.5", 1},
	{"golang/go#73259", "go1.24.6", 0},
	{"golang/go#73259", "go1.25.0", 0},
	{"golang/go#73259", "go1.24.4-deb12u1", 1},
	{"golang/go#73259", "go1.24.13 (Red Hat 1.24.13-1.el9)", 0},
	{"golang/go#73259", "go1.23.11 X:nodwarf5", 1},
	{"golang/go#73259", "go1.24rc1", 1},
	{"golang/go#73259", "go1.25rc1", -1}, /* 1.24.0 has it, 1.25.0 has not */
	{"golang/go#73259", "devel go1.25-0123456789 Mon Jan 6 10:00:00 2025 +0000", -1},
	{"golang/go#73259", "devel go1.26-0123456789 Mon Jan 5 10:00:00 2026 +0000", 0},
	{"golang/go#73259", "devel +0123456789 Mon Jan 6 10:00:00 2020 +0000", -1},
	{"golang/go#73259 (leaf functions)", "go1.27.4", 1},
	{"golang/go#73259 (leaf functions)", "devel go1.27-0123456789 Mon Jan 5 10:00:00 2026 +0000", 1},
	{"golang/go#73259 (leaf functions)", "devel go1.28-0123456789 Mon Jan 5 10:00:00 2026 +0000", -1},
	{"golang/go#77975", "go1.25.9", 0},
	{"golang/go#77975", "go1.26.1", 1},
	{"golang/go#77975", "go1.26.2", 0},
	{"golang/go#77975", "go1.26rc2", -1},
	{"golang/go#63830", "go1.20.14", 0},
	{"golang/go#63830", "go1.21.6", 1},
	{"golang/go#63830", "go1.21.7", 0},
	{"golang/go#62440", "go1.21.11", 1},
	{"golang/go#62440", "go1.21.12", 0},
	{"golang/go#62440", "go1.22.4", 1},
	{"golang/go#62440", "go1.22.5", 0},
	{"golang/go#54332", "go1.18.5", 1},
	{"golang/go#54332", "go1.18.6", 0},
	{"golang/go#54332", "go1.19", 1},
	{"golang/go#54332", "go1.19.1", 0},
	{"klauspost/compress#1097", "go1.27.4", 1}, /* no matter of the release */
};

static void releases_are_judged(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct go_version none = {0};

	(void)state;
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
		const struct known_bug *bug = known_bug_by_id(releases[i].bug);
		struct go_version version;

		print_message("%s: %s\n", releases[i].bug, releases[i].release);
		assert_non_null(bug);
		assert_true(go_version_parse(arena, releases[i].release, strlen(releases[i].release), &version));
		assert_int_equal(known_bug_affects(bug, &version), releases[i].affects);
		if (bug->affected[0].minor_first)
			assert_int_equal(known_bug_affects(bug, &none), -1);
	}
	arena_free(arena);
}

static void systems_are_judged(void **state)
{
	const struct known_bug *tear = known_bug_by_id("golang/go#73259");
	const struct known_bug *rsan = known_bug_by_id("golang/go#77975");

	(void)state;
	assert_true(known_bug_is_of(tear, "linux", "arm64"));
	assert_true(known_bug_is_of(tear, "windows", "arm64"));
	assert_false(known_bug_is_of(tear, "linux", "amd64"));
	assert_true(known_bug_is_of(rsan, "windows", "arm64"));
	assert_false(known_bug_is_of(rsan, "linux", "amd64"));
	assert_true(known_bug_is_of(known_bug_by_id("golang/go#62440"), "linux", "arm64"));
	assert_false(known_bug_is_of(known_bug_by_id("golang/go#70288"), "windows", "amd64"));
}

/* ---- modules ---- */

static void module_releases_are_ordered(void **state)
{
	static const char *const ascending[] = {"v0.0.0-20200101000000-0123456789ab", "v0.0.0-20210220033148-5ea612d1eb83",
						"v0.0.0", "v0.1.0-rc.1", "v0.1.0", "v1.9.9", "v1.18.5", "v1.18.6",
						"v1.19.0", "v2.0.0+incompatible"};

	(void)state;
	for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++)
		for (size_t j = 0; j < sizeof ascending / sizeof *ascending; j++)
			assert_int_equal(module_release_order(ascending[i], ascending[j]), (i > j) - (i < j));
	assert_int_equal(module_release_order("v2.0.0+incompatible", "v2.0.0"), 0);
}

static void modules_are_found(void **state)
{
	static const char info[] = "path\texample.org/a\nmod\texample.org/a\t(devel)\t\n"
				   "dep\tgithub.com/klauspost/compress\tv1.18.5\th1:x=\n"
				   "dep\tgithub.com/klauspost/compress-more\tv1.0.0\th1:x=\n"
				   "dep\texample.org/b\tv1.0.0\th1:x=\n=>\texample.org/b2\tv1.4.0\th1:x=\n";
	struct arena *arena = arena_new(1 << 20);
	struct go_runtime runtime = {.arena = arena, .build_info = {(const uint8_t *)info, sizeof info - 1}};

	(void)state;
	assert_true(program_has_module(&runtime, "github.com/klauspost/compress", NULL, "v1.18.6"));
	assert_false(program_has_module(&runtime, "github.com/klauspost/compress", NULL, "v1.18.5"));
	assert_true(program_has_module(&runtime, "github.com/klauspost/compress", "v1.18.5", NULL));
	assert_false(program_has_module(&runtime, "github.com/klauspost/compress", "v1.18.6", NULL));
	assert_false(program_has_module(&runtime, "github.com/klauspost", NULL, NULL));
	assert_false(program_has_module(&runtime, "example.org/a", NULL, NULL)); /* of no release */
	assert_true(program_has_module(&runtime, "example.org/b", "v1.4.0", "v1.4.1")); /* what replaced it */
	assert_false(program_has_module(&runtime, "example.org/c", NULL, NULL));
	assert_true(program_can_have(&runtime, known_bug_by_id("klauspost/compress#1097")));
	assert_false(program_can_have(&runtime, known_bug_by_id("klauspost/compress#1176")));
	assert_false(program_can_have(&runtime, known_bug_by_id("golang/go#62440"))); /* no cgo */
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole),	   cmocka_unit_test(needs_are_whole),
		cmocka_unit_test(fixes_follow_ranges),	   cmocka_unit_test(ids_are_unique),
		cmocka_unit_test(ids_are_guessed),	   cmocka_unit_test(releases_are_judged),
		cmocka_unit_test(systems_are_judged),	   cmocka_unit_test(module_releases_are_ordered),
		cmocka_unit_test(modules_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
