/* test_recorded_word.c: how sure a log makes of damaged return addresses and of whose stack was walked, and what evidence says so. */
#include "heuristics/detector.h"
#include "tests/build/findings.h"
#include "tests/build/log_text.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20 };

static const struct row {
	const char *text, *old, *changed; /* old: NULL, as it is */
	const char *rule;                 /* NULL: of all rules of damage none speaks */
	enum certainty certainty;
	const char *said;
	bool against;
} rows[] = {
	{log_landed, NULL, NULL, "torn-pc", CERTAINTY_LIKELY, "which the log shows elsewhere", false},
	{log_landed, NULL, NULL, "torn-pc", CERTAINTY_LIKELY, "the word at SP, where a call leaves its return address, is none", false},
	{log_landed, NULL, NULL, "torn-pc", CERTAINTY_LIKELY, "without the executable it is not seen", true},
	{log_landed, "<main.visit+0x26>", "\\", "torn-pc", CERTAINTY_POSSIBLE, "it may be one by accident", true},
	{log_landed, "0x8 0x1035b95356", "0x8 0x1035b95350", NULL, CERTAINTY_POSSIBLE, NULL, false},
	{log_met, NULL, NULL, "smashed-return", CERTAINTY_LIKELY, "does not show what 0x51 was written over", true},
	{log_met, "0x51", "0xc000046f88", "smashed-return", CERTAINTY_POSSIBLE, "is a pointer to data", true},
	{log_met, "0x51", "0x7f20a0001000", NULL, CERTAINTY_POSSIBLE, NULL, false},
	{log_met, "0x51", "0x50047e5c9", "torn-return", CERTAINTY_LIKELY, "the runtime met that word as it walked the stack", false},
	{log_met, "0x51", "0x50047e4c9", "torn-return", CERTAINTY_POSSIBLE, "it may be one by accident", true},
	{log_faulted, NULL, NULL, "torn-pc", CERTAINTY_LIKELY, "SIGSEGV with the pc at 0x100048d526", false},
	{log_faulted, "[signal SIGSEGV: segmentation violation code=0x1 addr=0x100048d526 pc=0x100048d526]\n", "", "torn-pc", CERTAINTY_LIKELY,
	 "was \"called from 0x100048d526\"", false},
};

static const char *const damage_rules[] = {"torn-pc", "torn-return", "smashed-return", "split-sp", NULL};

static void check(struct arena *arena, const struct row *row)
{
	const char *text = row->old ? log_with(arena, row->text, row->old, row->changed) : row->text;
	const struct diagnosis *diagnosis = diagnose(log_analysis(arena, text, NULL));
	const struct finding *finding = row->rule ? finding_of(diagnosis, row->rule) : NULL;
	const struct evidence *evidence = row->said ? log_evidence(finding, row->said) : NULL;

	print_message("%s: %s\n", row->rule ? row->rule : "none", row->old ? row->changed : "as it is");
	for (size_t i = 0; damage_rules[i]; i++)
		assert_int_equal(finding_of(diagnosis, damage_rules[i]) != NULL, row->rule && !strcmp(row->rule, damage_rules[i]));
	if (!finding)
		return;
	assert_int_equal(finding->certainty, row->certainty);
	assert_non_null(evidence);
	assert_int_equal(evidence->against, row->against);
}

static void words(struct arena *arena)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(arena, &rows[i]);
}

/* ---- whose stack was walked ---- */

static const char walker[] =
	"fatal error: unexpected signal during runtime execution\n"
	"[signal SIGSEGV: segmentation violation code=0x1 addr=0x118 pc=0x65530]\n"
	"\n"
	"runtime stack:\n"
	"runtime.throw({0xafde6, 0x5500800ba8})\n"
	"\truntime/panic.go:1073 +0x38 fp=0x5500800a00 sp=0x55008009d0 pc=0x76588\n"
	"runtime.sigpanic()\n"
	"\truntime/signal_unix.go:945 +0x285 fp=0x5500800a40 sp=0x5500800a00 pc=0x65540\n"
	"runtime.(*unwinder).next(0x5500800b20)\n"
	"\truntime/traceback.go:447 +0x2ac fp=0x5500800ad0 sp=0x5500800a40 pc=0x65530\n"
	"runtime.scanstack(0x4000003880, 0x4000021250)\n"
	"\truntime/mgcmark.go:887 +0x290 fp=0x5500800c10 sp=0x5500800ad0 pc=0x29d80\n"
	"\n"
	"goroutine 9 gp=0x4000003a40 m=0 mp=0x136e40 [GC worker (active)]:\n"
	"runtime.gcBgMarkWorker(0x40000780e0)\n"
	"\truntime/mgc.go:1472 +0x200 fp=0x40001047b0 sp=0x4000104710 pc=0x26430\n"
	"\n"
	"goroutine 8 gp=0x4000003880 m=nil [runnable]:\n"
	"main.decode()\n"
	"\tmain.go:12 +0x4c fp=0x4000092f40 sp=0x4000092f00 pc=0x8aa0c\n";

static int64_t victim(struct arena *arena, const char *text)
{
	const struct diagnosis *diagnosis = diagnose(log_analysis(arena, text, NULL));
	const struct finding *finding = finding_of(diagnosis, "unwinder-crash");

	assert_non_null(finding);
	return finding->goroutine < 0 ? -1 : (int64_t)diagnosis->analysis->runtime->goroutines.items[finding->goroutine].id;
}

static void victims(struct arena *arena)
{
	assert_int_equal(victim(arena, walker), 8);
	assert_int_equal(victim(arena, log_with(arena, walker, "scanstack(0x4000003880", "scanstack(0x4000003888")), -1);
	assert_int_equal(victim(arena, log_with(arena, walker, "scanstack(0x4000003880", "scanstack(0x4000003880?")), -1);
	assert_int_equal(victim(arena, log_with(arena, walker, "scanstack(0x4000003880", "scanstack(0x4000003a40")), -1); /* the walker's own */
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(words)
TEST(victims)

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_victims)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
