/* test_recorded_damage.c: damaged return addresses of which nothing is known but what the runtime printed. Of each proof a text that has
 * it, and near misses: the same text with one word changed. */
#include "analyzer/unwind/unwind.h"
#include "tests/build/log_text.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20 };

/* arm64: the RET left its word in the link register. */
static const char linked[] =
	"SIGSEGV: segmentation violation\n"
	"PC=0x6f6c6c6568 m=0 sigcode=1 addr=0x6f6c6c6568\n"
	"\n"
	"goroutine 7 gp=0x4000003a40 m=0 mp=0x136e40 [running]:\n"
	"runtime: g 7 gp=0x4000003a40: unknown pc 0x6f6c6c6568\n"
	"stack: frame={sp:0x4000104710, fp:0x0} stack=[0x4000104000,0x4000105000)\n"
	"                   7 6 5 4  3 2 1 0   f e d c  b a 9 8  0123456789abcdef\n"
	"0000004000104700: 00000000 00000000  00000000 00000000  ................\n"
	"0000004000104710: 0000006f 6c6c6568  00000000 00000000  hello...........\n"
	"\n"
	"goroutine 1 gp=0x40000021c0 m=nil [chan receive]:\n"
	"main.main()\n"
	"\tmain.go:12 +0x4c fp=0x4000092f40 sp=0x4000092f00 pc=0x8aa0c\n"
	"\n"
	"r0      0x0\n"
	"r1      0x1\n"
	"r29     0x4000104708\n"
	"lr      0x6f6c6c6568\n"
	"sp      0x4000104710\n"
	"pc      0x6f6c6c6568\n"
	"fault   0x6f6c6c6568\n";

/* amd64: of a jump to 0 sigpanic's return address is the word at SP, 0 as well. */
static const char early[] =
	"runtime: g6: frame.sp=0xc000036f18 top=0xc000036fe0\n"
	"\tstack=[0xc000036800-0xc000037000\n"
	"fatal error: traceback did not unwind completely\n"
	"\n"
	"runtime stack:\n"
	"runtime.throw({0x47f647?, 0x0?})\n"
	"\truntime/panic.go:1023 +0x5c fp=0x7fff2b599fb8 sp=0x7fff2b599f88 pc=0x4305fc\n"
	"\n"
	"goroutine 6 gp=0xc000007180 m=0 mp=0x4f3580 [running]:\n"
	"panic({0x46fe80?, 0x4f1c60?})\n"
	"\truntime/panic.go:764 +0xe8 fp=0xc000036f18 sp=0xc000036e78 pc=0x42fb08\n"
	"runtime.sigpanic()\n"
	"\truntime/signal_unix.go:881 +0x378 fp=0xc000036f78 sp=0xc000036f18 pc=0x446978\n"
	"created by main.main in goroutine 1\n"
	"\toverreach/main.go:47 +0xa5\n";

enum { NONE = -1 };

struct row {
	const char *name, *text, *old, *changed; /* old: NULL, as it is */
	int kind;                                /* enum damage_kind, NONE: no damage is found */
	uint64_t repaired, slot;
	bool returned, named, data, slot_holds;
};

static const struct row rows[] = {
	{"sigpanic's return address is 0", early, NULL, NULL, DAMAGE_SMASHED, 0, 0, true, false, false, false},
	{"the stack ended at another frame", early, "frame.sp=0xc000036f18", "frame.sp=0xc000036f10", NONE, 0, 0, false, false, false, false},
	{"another function is its last: SP may be what is wrong", early, "runtime.sigpanic()", "main.decode()", NONE, 0, 0, false, false, false, false},
	{"another goroutine's stack ended", early, "runtime: g6:", "runtime: g7:", NONE, 0, 0, false, false, false, false},

	{"torn, and taken", log_landed, NULL, NULL, DAMAGE_TORN, 0x7ff635b95356, 0x266c984ab668, true, true, false, true},
	{"no printed pc has this lower half", log_landed, "<main.visit+0x26>", "\\", DAMAGE_TORN, 0x7ff635b95356, 0x266c984ab668, true, false, false, true},
	{"its lower half lies outside of what was printed", log_landed, "1035b95356", "1095b95356", NONE, 0, 0, false, false, false, false},
	{"printed code has two upper halves", log_landed, "pc=0x7ff6359318b6", "pc=0x7ff5359318b6", NONE, 0, 0, false, false, false, false},
	{"the access was not that of the pc", log_landed, "0x8 0x1035b95356", "0x8 0x1035b95350", NONE, 0, 0, false, false, false, false},
	{"the word below SP is another: it is torn, where is not seen", log_landed, "00000010 35b95356", "00000011 35b95356", DAMAGE_TORN, 0x7ff635b95356, 0,
	 true, true, false, false},

	{"smashed, and met", log_met, NULL, NULL, DAMAGE_SMASHED, 0, 0xc000046f48, false, false, false, true},
	{"it may be code that the process made", log_met, "0x51", "0x7f20a0001000", NONE, 0, 0, false, false, false, false},
	{"no address: not canonical", log_met, "0x51", "0x6f6c6c6568000000", DAMAGE_SMASHED, 0, 0xc000046f48, false, false, false, false},
	{"a pointer to data", log_met, "0x51", "0xc000046f88", DAMAGE_SMASHED, 0, 0xc000046f48, false, false, true, false},
	{"torn, and met", log_met, "0x51", "0x50047e5c9", DAMAGE_TORN, 0x47e5c9, 0xc000046f48, false, true, false, false},
	{"torn, but no printed pc", log_met, "0x51", "0x50047e4c9", DAMAGE_TORN, 0x47e4c9, 0xc000046f48, false, false, false, false},
	{"a pointer whose lower half is like code", log_met, "0x51", "0xc00047e4c9", DAMAGE_SMASHED, 0, 0xc000046f48, false, false, true, false},
	{"the word that it was", log_met, "0x51", "0x47e5c9", NONE, 0, 0, false, false, false, false},
	{"the goroutine was stopped in it: SP may be what is wrong", log_met, "main.pop(0xc00001c0a8)",
	 "runtime.asyncPreempt()\n\truntime/preempt_amd64.s:53 +0xdb fp=0xc000046f40 sp=0xc000046dc0 pc=0x461e1b\nmain.pop(0xc00001c0a8)", NONE, 0, 0, false,
	 false, false, false},
	{"another function is its last", log_met, "main.pop(0xc00001c0a8)", "main.pip(0xc00001c0a8)", NONE, 0, 0, false, false, false, false},

	{"torn, by a fault", log_faulted, NULL, NULL, DAMAGE_TORN, 0x48d526, 0, true, true, false, false},
	{"smashed, by a fault, and taken: no return address is at SP", log_faulted, "0x100048d526", "0x77", DAMAGE_SMASHED, 0, 0, true, false, false, false},
	{"smashed, by a fault, but a return address is at SP: it was called",
	 "unexpected fault address 0x77\nfatal error: fault\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x77 pc=0x77]\n\n"
	 "goroutine 19 gp=0x1569ebb865a0 m=0 mp=0x5594a0 [running]:\nruntime.sigpanic()\n"
	 "\truntime/signal_unix.go:945 +0x285 fp=0x1569ebbb3f50 sp=0x1569ebbb3ef0 pc=0x47ad25\n"
	 "runtime: g 19: unexpected return pc for runtime.sigpanic called from 0x77\n"
	 "stack: frame={sp:0x1569ebbb3ef0, fp:0x1569ebbb3f50} stack=[0x1569ebbac000,0x1569ebbb4000)\n"
	 "                   7 6 5 4  3 2 1 0   f e d c  b a 9 8  0123456789abcdef\n"
	 "00001569ebbb3f50: 00000000 0048d526  00001569 ebbb3f70  ........p?..i...\n"
	 "                  ^ <main.walk+0x26>\n",
	 NULL, NULL, NONE, 0, 0, false, false, false, false},

	{"smashed, by the link register", linked, NULL, NULL, NONE, 0, 0, false, false, false, false}, /* it may be an address */
	{"smashed, by the link register, no address", linked, "6f6c6c6568", "77", DAMAGE_SMASHED, 0, 0, true, false, false, false},
	{"torn, by the link register", linked, "0x6f6c6c6568", "0x100008aa0c", DAMAGE_TORN, 0x8aa0c, 0, true, true, false, false},
};

static void check(struct arena *arena, const struct row *row)
{
	const char *text = row->old ? log_with(arena, row->text, row->old, row->changed) : row->text;
	const struct analysis *analysis = log_analysis(arena, text, NULL);
	const struct damage *damage = analysis->damages.count ? &analysis->damages.items[0] : NULL;

	print_message("%s\n", row->name);
	assert_int_equal(analysis->damages.count, row->kind != NONE);
	if (!damage)
		return;
	assert_int_equal(damage->kind, row->kind);
	assert_int_equal(damage->repaired, row->repaired);
	assert_int_equal(damage->slot, row->slot);
	assert_int_equal(damage->returned, row->returned);
	assert_int_equal(damage->named, row->named);
	assert_int_equal(damage->data, row->data);
	assert_int_equal(damage->slot_holds, row->slot_holds);
	assert_true(damage->by_log);
}

static void words(struct arena *arena)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(arena, &rows[i]);
}

/* The callee that a return address belongs to is looked for among what was printed. */
static void callees(struct arena *arena)
{
	const struct analysis *analysis = log_analysis(arena, log_met, NULL);

	assert_string_equal(go_func_name(analysis->damages.items[0].callee), "main.pop");
	assert_int_equal(analysis->damages.items[0].goroutine, 0);
	analysis = log_analysis(arena, log_landed, NULL);
	assert_null(analysis->damages.items[0].callee);
	assert_string_equal(go_func_name(analysis->damages.items[0].caller), "main.visit");
	assert_int_equal(analysis->runtime->goroutines.items[analysis->damages.items[0].goroutine].id, 79);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(words)
TEST(callees)

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_callees)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
