/* test_continued.c: what the text of a crash proves with the program's executable: a stopped frame whose SP is not what its table says, and
 * the walk over the words that were printed, past the frame where the runtime gave up. The texts are those that the runtime would have
 * printed of the scenes of go_scene.h. */
#include "analyzer/instructions/tear.h"
#include "analyzer/unwind/recorded.h"
#include "analyzer/unwind/unwind.h"
#include "tests/build/go_scene.h"
#include "tests/build/log_text.h"
#include "tests/build/scratch.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20, WORD = 8, LINE = 10, SIGPANIC_FRAME = 0x60 };

struct text {
	struct go_scene scene;
	struct arena *arena;
	char *made;
};

#define ADD(text, ...)                                                                                                 \
	((text)->made = arena_printf((text)->arena, "%s%s", (text)->made, arena_printf((text)->arena, __VA_ARGS__)))

static struct text text_of(struct arena *arena, const struct scene_options *options)
{
	struct text text = {.scene = scene_new(arena, options), .arena = arena, .made = arena_printf(arena, "%s", "")};
	struct go_builder *builder = text.scene.builder;

	for (size_t i = 0; i < builder->functions.count; i++)
		builder->functions.items[i].line[0].value = (int32_t)(LINE + i);
	return text;
}

/* A frame as the runtime prints it, by what its table says. */
static void frame_at(struct text *text, size_t function, uint64_t pc, uint64_t sp, uint64_t fp)
{
	const struct go_function *f = &text->scene.builder->functions.items[function];

	ADD(text, "%s()\n\t/src/main.go:%zu +0x%" PRIx64 " fp=0x%" PRIx64 " sp=0x%" PRIx64 " pc=0x%" PRIx64 "\n", f->name, LINE + function,
	    pc - f->entry, fp, sp, pc);
}

static void called(struct text *text, size_t function, uint64_t sp, uint64_t fp)
{
	frame_at(text, function, go_return_pc(text->scene.builder, function), sp, fp);
}

/* Four places of which the runtime is sure, so that the executable is known to be the one. */
static void sound_goroutine(struct text *text)
{
	ADD(text, "goroutine 2 gp=0xc000100000 m=nil [chan receive]:\n");
	called(text, text->scene.deep_caller, 0xc000700000, 0xc000700100);
	called(text, text->scene.main_main, 0xc000700100, 0xc000700200);
	called(text, text->scene.runtime_main, 0xc000700200, 0xc000700300);
	called(text, text->scene.goexit, 0xc000700300, 0xc000700300);
	ADD(text, "created by main.main in goroutine 1\n\t/src/main.go:%zu +0x14\n\n", LINE + text->scene.main_main);
}

/* Words of the stack, as Go 1.26 shows them. */
static void words_of(struct text *text, uint64_t from, uint64_t to)
{
	ADD(text, "                   7 6 5 4  3 2 1 0   f e d c  b a 9 8  0123456789abcdef\n");
	for (uint64_t at = from & ~UINT64_C(15); at < to; at += 2 * WORD) {
		const uint64_t a = go_get(text->scene.builder, at), b = go_get(text->scene.builder, at + WORD);

		ADD(text, "%016" PRIx64 ": %08" PRIx64 " %08" PRIx64 "  %08" PRIx64 " %08" PRIx64 "  ................\n", at, a >> 32, a & UINT32_MAX, b >> 32,
		    b & UINT32_MAX);
	}
}

static const struct tear *only_tear(const struct analysis *analysis)
{
	assert_int_equal(analysis->tears.count, 1);
	return &analysis->tears.items[0];
}

/* ---- split-sp: SP of a goroutine that was preempted ---- */

/* `injected`: the runtime printed the call that it makes look like the frame's own. */
static const char *stopped(struct text *text, uint64_t sp, bool injected)
{
	const struct go_scene *scene = &text->scene;
	const uint64_t table = scene->builder->arch->link_register ? SCENE_ARM64_FRAME : SCENE_AMD64_FRAME + WORD;

	ADD(text, "runtime: g1: frame.sp=0x%" PRIx64 " top=0x%" PRIx64 "\nfatal error: traceback did not unwind completely\n\n", sp + table,
	    scene->stack.hi - 0x30);
	ADD(text, "goroutine 1 gp=0xc000000200 m=nil [runnable]:\n");
	if (injected) {
		called(text, scene->preempt2, scene->stack.sp, scene->stack.sp + 0x30);
		called(text, scene->preempt, scene->stack.sp + 0x30, sp - (scene->builder->arch->link_register ? 2 * WORD : 0));
	}
	frame_at(text, scene->big_frame, scene->pc, sp, sp + table);
	ADD(text, "\n");
	sound_goroutine(text);
	return text->made;
}

static void check_split(struct arena *arena, const struct arch *arch)
{
	const struct scene_options options = {.arch = arch, .minor = 24, .patch = 5};
	const int64_t lacks = arch->link_register ? SCENE_ARM64_LOW : 8; /* bytes that SP has had added already */
	struct text text = text_of(arena, &options);
	struct exe *exe = go_exe(text.scene.builder);
	const struct analysis *analysis = log_analysis(arena, stopped(&text, text.scene.sp, true), exe);
	const struct tear *tear = only_tear(analysis);

	assert_int_equal(analysis->runtime->identity, IDENTITY_EQUIVALENT);
	assert_int_equal(tear->goroutine, 0);
	assert_int_equal(tear->at->pc, text.scene.pc);
	assert_true(tear->preempted);
	assert_int_equal(tear->claimed - tear->executed, lacks);
	analysis = log_analysis(arena, text.made, NULL); /* nothing shows it without the code */
	assert_int_equal(analysis->tears.count + analysis->damages.count, 0);
}

static void split(struct arena *arena)
{
	check_split(arena, &arch_arm64);
	check_split(arena, &arch_amd64);
}

/* One instruction before the tear, and one behind it. */
static void not_split(struct arena *arena)
{
	static const enum scene_stop stops[] = {SCENE_BEFORE, SCENE_AFTER};

	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
		const struct scene_options options = {.arch = &arch_arm64, .minor = 24, .patch = 5, .stop = stops[i]};
		struct text text = text_of(arena, &options);
		struct exe *exe = go_exe(text.scene.builder);
		const struct analysis *analysis = log_analysis(arena, stopped(&text, text.scene.sp, true), exe);

		assert_int_equal(analysis->runtime->identity, IDENTITY_EQUIVALENT);
		assert_int_equal(analysis->tears.count, 0);
	}
}

/* Without the injected call the frame stands behind a call of its own. */
static void called_not_stopped(struct arena *arena)
{
	const struct scene_options options = {.arch = &arch_arm64, .minor = 24, .patch = 5};
	struct text text = text_of(arena, &options);
	struct exe *exe = go_exe(text.scene.builder);

	assert_int_equal(log_analysis(arena, stopped(&text, text.scene.sp, false), exe)->tears.count, 0);
}

/* What Go 1.20 prints of the frame that was called from nowhere, `beside` bytes off its SP and `larger` than it is, and of its goroutine, before
 * it dies a second time. */
static const char *complained(struct text *text, uint64_t beside, uint64_t larger)
{
	const struct go_scene *scene = &text->scene;
	const bool link = scene->builder->arch->link_register;
	const uint64_t table = link ? SCENE_ARM64_FRAME : SCENE_AMD64_FRAME + WORD;
	const char *name = scene->builder->functions.items[scene->big_frame].name;

	ADD(text, "runtime: g 1: unexpected return pc for %s called from 0x0\n", name);
	ADD(text, "stack: frame={sp:0x%" PRIx64 ", fp:0x%" PRIx64 "} stack=[0x%" PRIx64 ",0x%" PRIx64 ")\n", scene->sp + beside,
	    scene->sp + table + larger, scene->stack.lo, scene->stack.hi);
	words_of(text, scene->sp - 0x40, scene->sp);
	ADD(text, "fatal error: unknown caller pc\n\ngoroutine 1 [runnable (scan)]:\n");
	called(text, scene->preempt2, scene->stack.sp, scene->stack.sp + 0x30);
	called(text, scene->preempt, scene->stack.sp + 0x30, scene->sp - (link ? 2 * WORD : 0));
	ADD(text, "\n");
	sound_goroutine(text);
	return text->made;
}

/* Where it stood is not printed: it is where a frame as large is torn. */
static void split_untold(struct arena *arena)
{
	const struct scene_options options = {.arch = &arch_arm64, .minor = 20, .patch = 5};
	struct text text = text_of(arena, &options);
	const struct analysis *analysis = log_analysis(arena, complained(&text, 0, 0), go_exe(text.scene.builder));
	const struct tear *tear = only_tear(analysis);

	assert_int_equal(tear->at->pc, text.scene.pc);
	assert_true(tear->searched && tear->preempted && tear->link_calls);
	assert_int_equal(tear->caller_pc, text.scene.caller_pc);
	assert_int_equal(tear->claimed - tear->executed, SCENE_ARM64_LOW);
}

/* A frame that begins or ends one word away is none that the function has. */
static void not_split_untold(struct arena *arena)
{
	static const struct {
		uint64_t beside, larger;
	} rows[] = {{WORD, 0}, {WORD, WORD}, {0, WORD}, {0, -(uint64_t)WORD}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct scene_options options = {.arch = &arch_arm64, .minor = 20, .patch = 5};
		struct text text = text_of(arena, &options);
		struct exe *exe = go_exe(text.scene.builder);

		assert_int_equal(log_analysis(arena, complained(&text, rows[i].beside, rows[i].larger), exe)->tears.count, 0);
	}
}

/* ---- the walk goes on over printed words ---- */

/* The runtime met a word at main.deepCaller's return address, as goroutine 1 was called from there. */
static const char *met(struct text *text, uint64_t word)
{
	const struct go_scene *scene = &text->scene;
	const uint64_t sp = scene->top, fp = scene->caller_slot + WORD;

	go_put(scene->builder, scene->caller_slot, word);
	ADD(text, "runtime: g 1: unexpected return pc for main.deepCaller called from 0x%" PRIx64 "\nstack: frame={sp:0x%" PRIx64 ", fp:0x%" PRIx64
	    "} stack=[0x%" PRIx64 ",0x%" PRIx64 ")\n", word, sp, fp, scene->stack.lo, scene->stack.hi);
	words_of(text, sp, scene->stack.hi);
	ADD(text, "fatal error: unknown caller pc\n\nruntime stack:\nruntime.throw()\n\truntime/panic.go:1 +0x1\n\ngoroutine 1 gp=0xc000000200 m=nil [runnable]:\n");
	called(text, scene->deep_caller, sp, fp);
	ADD(text, "\n");
	sound_goroutine(text);
	return text->made;
}

/* … or 0 at the return address of sigpanic, which a RET to 0 had led to. */
static const char *met_nil(struct text *text, size_t sigpanic)
{
	const struct go_scene *scene = &text->scene;
	const uint64_t sp = scene->top, fp = sp + SIGPANIC_FRAME + WORD;

	go_put(scene->builder, fp - WORD, 0);
	ADD(text, "runtime: g 1: unexpected return pc for runtime.sigpanic called from 0x0\nstack: frame={sp:0x%" PRIx64 ", fp:0x%" PRIx64
	    "} stack=[0x%" PRIx64 ",0x%" PRIx64 ")\n", sp, fp, scene->stack.lo, scene->stack.hi);
	words_of(text, sp, scene->stack.hi);
	ADD(text, "fatal error: unknown caller pc\n\nruntime stack:\nruntime.throw()\n\truntime/panic.go:1 +0x1\n\ngoroutine 1 [running]:\n");
	called(text, sigpanic, sp, fp);
	ADD(text, "\n");
	sound_goroutine(text);
	return text->made;
}

static const struct damage *damage_of(struct arena *arena, struct text *text, uint64_t (*change)(uint64_t pc), struct analysis **analysis)
{
	const struct scene_options options = {.arch = &arch_amd64, .minor = 26, .patch = 1};
	struct exe *exe;

	*text = text_of(arena, &options);
	exe = go_exe(text->scene.builder);
	*analysis = log_analysis(arena, met(text, change(go_get(text->scene.builder, text->scene.caller_slot))), exe);
	assert_int_equal((*analysis)->runtime->identity, IDENTITY_EQUIVALENT);
	return (*analysis)->damages.count ? &(*analysis)->damages.items[0] : NULL;
}

static uint64_t tears(uint64_t pc)
{
	return pc | UINT64_C(0x10) << 32;
}

static uint64_t tears_beside(uint64_t pc) /* behind no call */
{
	return (pc + 1) | UINT64_C(0x10) << 32;
}

static uint64_t is_text(uint64_t pc)
{
	(void)pc;
	return UINT64_C(0x6f6c6c6568212121);
}

static uint64_t may_be_code(uint64_t pc)
{
	(void)pc;
	return UINT64_C(0x7f20a0001000);
}

static uint64_t is_right(uint64_t pc)
{
	return pc;
}

static void torn_return(struct arena *arena)
{
	struct analysis *analysis;
	struct stack stack = {0};
	struct text text;
	const struct damage *damage = damage_of(arena, &text, tears, &analysis);

	assert_non_null(damage);
	assert_int_equal(damage->kind, DAMAGE_TORN);
	assert_int_equal(damage->slot, text.scene.caller_slot);
	assert_int_equal(damage->repaired, go_return_pc(text.scene.builder, text.scene.main_main));
	assert_int_equal(damage->end, END_COMPLETE); /* the walk went on past where the runtime gave up */
	assert_false(damage->by_log);
	goroutine_stack(analysis, 0, &stack);
	assert_int_equal(stack.frames.count, 4);
	assert_string_equal(go_func_name(stack.frames.items[3].info), "runtime.goexit");
}

static void not_torn(struct arena *arena)
{
	struct analysis *analysis;
	struct text text;
	const struct damage *damage = damage_of(arena, &text, tears_beside, &analysis);

	assert_true(!damage || damage->kind != DAMAGE_TORN);
	damage = damage_of(arena, &text, may_be_code, &analysis);
	assert_true(!damage || damage->repaired);  /* by its frame pointer alone */
	assert_null(damage_of(arena, &text, is_right, &analysis));
}

static void smashed_return(struct arena *arena)
{
	struct analysis *analysis;
	struct text text;
	const struct damage *damage = damage_of(arena, &text, is_text, &analysis);

	assert_non_null(damage);
	assert_int_equal(damage->kind, DAMAGE_SMASHED);
	assert_int_equal(damage->slot, text.scene.caller_slot);
	assert_true(damage->slot_holds);
	assert_string_equal(go_func_name(damage->callee), "main.deepCaller");
}

/* It is not sigpanic that returns through it. */
static void jumped_to_nil(struct arena *arena)
{
	const struct scene_options options = {.arch = &arch_amd64, .minor = 18, .patch = 10};
	struct text text = text_of(arena, &options);
	const size_t sigpanic = go_add_frame(text.scene.builder, "runtime.sigpanic", SIGPANIC_FRAME, 0);
	const struct analysis *analysis;
	struct exe *exe;

	go_link(text.scene.builder, sigpanic, text.scene.preempt2);
	exe = go_exe(text.scene.builder);
	analysis = log_analysis(arena, met_nil(&text, sigpanic), exe);
	assert_int_equal(analysis->damages.count, 1);
	assert_int_equal(analysis->damages.items[0].kind, DAMAGE_SMASHED);
	assert_true(analysis->damages.items[0].returned);
	assert_null(analysis->damages.items[0].callee);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(split)
TEST(not_split)
TEST(called_not_stopped)
TEST(split_untold)
TEST(not_split_untold)
TEST(torn_return)
TEST(not_torn)
TEST(smashed_return)
TEST(jumped_to_nil)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),	    cmocka_unit_test(test_not_split), cmocka_unit_test(test_called_not_stopped),
		cmocka_unit_test(test_torn_return), cmocka_unit_test(test_not_torn),  cmocka_unit_test(test_smashed_return),
		cmocka_unit_test(test_jumped_to_nil), cmocka_unit_test(test_split_untold), cmocka_unit_test(test_not_split_untold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
