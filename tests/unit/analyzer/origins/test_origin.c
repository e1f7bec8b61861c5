/* test_origin.c: where a register's word came from, in functions of a few instructions; and by what such a function must differ
 * for it not to be known. */
#include "analyzer/origins/origin.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VARIABLE (GO_DATA + 0xe00)
#define OTHER (GO_DATA + 0xe80)
#define OBJECT (GO_HEAP + 0x8000)
#define SP (GO_STACKS + 0x800)

enum { BUDGET = 256 << 20, WORD = 8, FRAME = 0x28 };

struct scene {
	struct go_builder *builder;
	struct go_runtime *runtime;
	struct analysis *analysis;
	struct origins *origins;
	struct stack *stack;
};

static struct scene scene(struct arena *arena, const struct arch *arch)
{
	struct scene s = {.builder = go_new(arena, arch, 24, 5), .stack = arena_alloc(arena, sizeof *s.stack)};

	go_memory(s.builder, GO_STACKS, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	return s;
}

#define ADD(scene, name, ...) add(scene, name, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__}, 0)
#define ADD_FRAME(scene, name, ...) add(scene, name, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__}, FRAME)

/* The first instruction, of four bytes, makes the frame, if there is one. */
static size_t add(struct scene *s, const char *name, const uint8_t *code, size_t size, int32_t frame)
{
	uint8_t *copy = arena_alloc(s->builder->arena, size);
	struct go_function function = {.name = name, .code = copy, .size = size};

	memcpy(copy, code, size);
	if (frame)
		function.pcsp[1] = (struct go_stretch){4, frame};
	return go_add(s->builder, &function);
}

static void load(struct scene *s)
{
	s->runtime = go_load(s->builder);
	s->analysis = analyze(s->runtime);
	s->origins = origins_of(s->analysis, s->stack);
}

/* The next frame, the innermost first, at an offset of its function: a return address, or where it stopped. */
static void push(struct scene *s, size_t function, uint32_t offset, bool exact, uint64_t sp)
{
	const uint64_t pc = go_entry(s->builder, function) + offset;
	const struct frame frame = {.pc = pc, .sp = sp, .info = go_pc(s->runtime, pc, exact), .exact = exact};

	vec_push(s->builder->arena, &s->stack->frames, frame);
}

static const struct origin *origin(struct scene *s, size_t frame, size_t function, uint32_t offset, const char *reg)
{
	return origin_of_register(s->origins, frame, go_entry(s->builder, function) + offset,
				  reg_by_name(s->builder->arch, reg));
}

/* ---- loads ---- */

/* A global's word is kept in a slot over a call; its fields are loaded before, one of them passed on, and after. */
static struct scene chain(struct arena *arena, size_t *use, size_t *callee)
{
	struct scene s = scene(arena, &arch_amd64);

	*callee = ADD(&s, "main.callee", 0x48, 0x8b, 0x58, 0x08, 0xc3); /* mov rbx, [rax+8]; ret */
	*use = ADD_FRAME(&s, "main.use",
			 0x48, 0x83, 0xec, FRAME,             /* 00 sub rsp, 0x28 */
			 0x48, 0x8b, 0x15, 0, 0, 0, 0,        /* 04 mov rdx, [rip + VARIABLE] */
			 0x48, 0x89, 0x54, 0x24, 0x10,        /* 0b mov [rsp+0x10], rdx */
			 0x48, 0x8b, 0x4a, 0x18,              /* 10 mov rcx, [rdx+0x18] */
			 0x48, 0x8b, 0x42, 0x10,              /* 14 mov rax, [rdx+0x10] */
			 0xe8, 0, 0, 0, 0,                    /* 18 call main.callee */
			 0x48, 0x8b, 0x74, 0x24, 0x10,        /* 1d mov rsi, [rsp+0x10] */
			 0x48, 0x8b, 0x7e, 0x10,              /* 22 mov rdi, [rsi+0x10] */
			 0x4c, 0x8b, 0x07,                    /* 26 mov r8, [rdi] */
			 0x0f, 0x0b);                         /* 29 ud2 */
	go_refer(s.builder, *use, 0x0b, VARIABLE);
	go_call(s.builder, *use, 0x18, *callee);
	go_put(s.builder, VARIABLE, OBJECT);
	go_put(s.builder, SP + 0x10, OBJECT);
	go_put(s.builder, OBJECT + 0x10, 0x1111);
	go_put(s.builder, OBJECT + 0x18, 0x2222);
	load(&s);
	return s;
}

static void loads_and_slots(struct arena *arena)
{
	size_t use, callee;
	struct scene s = chain(arena, &use, &callee);
	const struct origin *word;

	push(&s, use, 0x26, true, SP);
	word = origin(&s, 0, use, 0x26, "rdi");
	assert_int_equal(word->kind, ORIGIN_MEMORY);
	assert_false(word->is_own);
	assert_true(word->has_address && word->has_value);
	assert_int_equal(word->address, OBJECT + 0x10);
	assert_int_equal(word->value, 0x1111);
	word = word->base; /* the slot */
	assert_true(word->is_own);
	assert_int_equal(word->address, SP + 0x10);
	assert_int_equal(word->value, OBJECT);
	word = origin_variable(word);
	assert_int_equal(word->kind, ORIGIN_MEMORY);
	assert_null(word->base);
	assert_int_equal(word->address, VARIABLE);
}

/* Whatever a register was before a call, it is what the call left; and what memory holds is told as it is now. */
static void calls_and_changes(struct arena *arena)
{
	size_t use, callee;
	struct scene s = chain(arena, &use, &callee);

	push(&s, use, 0x26, true, SP);
	assert_int_equal(origin(&s, 0, use, 0x1d, "rcx")->kind, ORIGIN_RESULT);
	assert_int_equal(origin(&s, 0, use, 0x18, "rcx")->value, 0x2222);
	assert_int_equal(origin(&s, 0, use, 0x04, "rdx")->kind, ORIGIN_ENTRY);
	go_put(s.builder, OBJECT + 0x10, 0x3333);
	assert_int_equal(origin(&s, 0, use, 0x26, "rdi")->value, 0x3333);
	assert_int_equal(origin(&s, 0, use, 0x27, "rdi")->kind, ORIGIN_UNKNOWN); /* no instruction begins there */
	assert_int_equal(origin(&s, 1, use, 0x26, "rdi")->kind, ORIGIN_UNKNOWN); /* nor is there such a frame */
}

static void arguments(struct arena *arena)
{
	size_t use, callee;
	struct scene s = chain(arena, &use, &callee);
	const struct origin *word, *length;

	push(&s, callee, 0, true, SP - WORD);
	push(&s, use, 0x1d, false, SP);
	assert_int_equal(origin_call(s.origins, 1), go_entry(s.builder, use) + 0x18);
	assert_int_equal(origin_call(s.origins, 0), 0); /* it was interrupted */
	word = origin(&s, 0, callee, 0, "rax");
	assert_int_equal(word->kind, ORIGIN_MEMORY);
	assert_int_equal(word->frame, 1);
	assert_int_equal(word->address, OBJECT + 0x10);
	assert_true(origin_neighbour(s.origins, word, WORD, &length));
	assert_int_equal(length->value, 0x2222);
	assert_false(origin_neighbour(s.origins, word, 2 * WORD, &length));
	assert_int_equal(origin(&s, 0, callee, 0, "r15")->kind, ORIGIN_ENTRY); /* no argument */
}

/* Of a return address that follows another call, nothing was passed that is known. */
static void another_call(struct arena *arena)
{
	size_t use, callee;
	struct scene s = chain(arena, &use, &callee);

	push(&s, use, 0, true, SP - FRAME - WORD); /* main.use, as if it were the callee */
	push(&s, use, 0x1d, false, SP);
	assert_int_equal(origin(&s, 0, use, 0, "rax")->kind, ORIGIN_ENTRY);
}

/* ---- several definitions ---- */

/* One of two loads reaches; they are of the variable, and of `second`. */
static struct scene either(struct arena *arena, uint64_t second, size_t *function)
{
	struct scene s = scene(arena, &arch_amd64);

	*function = ADD(&s, "main.either",
			0x48, 0x85, 0xff,             /* 00 test rdi, rdi */
			0x74, 0x09,                   /* 03 je 0e */
			0x48, 0x8b, 0x05, 0, 0, 0, 0, /* 05 mov rax, [rip + VARIABLE] */
			0xeb, 0x07,                   /* 0c jmp 15 */
			0x48, 0x8b, 0x05, 0, 0, 0, 0, /* 0e mov rax, [rip + second] */
			0x48, 0x8b, 0x18,             /* 15 mov rbx, [rax] */
			0xc3);
	go_refer(s.builder, *function, 0x0c, VARIABLE);
	go_refer(s.builder, *function, 0x15, second);
	go_put(s.builder, VARIABLE, OBJECT);
	go_put(s.builder, OTHER, OBJECT);
	load(&s);
	push(&s, *function, 0x15, true, SP);
	return s;
}

static void several_definitions(struct arena *arena)
{
	size_t function;
	struct scene s = either(arena, VARIABLE, &function);

	assert_int_equal(origin(&s, 0, function, 0x15, "rax")->address, VARIABLE);
	s = either(arena, OTHER, &function);
	assert_int_equal(origin(&s, 0, function, 0x15, "rax")->kind, ORIGIN_UNKNOWN);
	assert_int_equal(origin(&s, 0, function, 0x0c, "rax")->address, VARIABLE); /* on that way there is one */
}

/* mov rax, [rax], again and again: it ends, and says nothing. */
static void loops(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t function = ADD(&s, "main.loop", 0x48, 0x8b, 0x00, 0xeb, 0xfb, 0xc3);

	load(&s);
	push(&s, function, 0, true, SP);
	assert_int_equal(origin(&s, 0, function, 3, "rax")->kind, ORIGIN_MEMORY);
	assert_false(origin(&s, 0, function, 3, "rax")->has_value);
}

/* ---- uses ---- */

/* rcx, a length, and rax, its data, are loaded; rbx is compared with the length and, after one more instruction, indexes the data. */
static struct scene indexed(struct arena *arena, const uint8_t between[static 3], size_t *function)
{
	struct scene s = scene(arena, &arch_amd64);

	*function = ADD(&s, "main.index",
			0x48, 0x8b, 0x0d, 0, 0, 0, 0, /* 00 mov rcx, [rip + VARIABLE + 8] */
			0x48, 0x8b, 0x05, 0, 0, 0, 0, /* 07 mov rax, [rip + VARIABLE] */
			0x48, 0x39, 0xcb,             /* 0e cmp rbx, rcx */
			0x73, 0x08,                   /* 11 jae 1b */
			between[0], between[1], between[2], /* 13 */
			0x48, 0x8b, 0x14, 0xd8,       /* 16 mov rdx, [rax+rbx*8] */
			0xc3,                         /* 1a ret */
			0x0f, 0x0b);                  /* 1b ud2 */
	go_refer(s.builder, *function, 0x07, VARIABLE + WORD);
	go_refer(s.builder, *function, 0x0e, VARIABLE);
	go_put(s.builder, VARIABLE, OBJECT);
	go_put(s.builder, VARIABLE + WORD, 5);
	load(&s);
	push(&s, *function, 0x16, true, SP);
	return s;
}

static void bounds(struct arena *arena)
{
	static const uint8_t nop[] = {0x0f, 0x1f, 0x00}, increment[] = {0x48, 0xff, 0xc3}; /* inc rbx */
	size_t function;
	struct scene s = indexed(arena, nop, &function);
	const uint64_t access = go_entry(s.builder, function) + 0x16;
	const uint8_t rbx = reg_by_name(&arch_amd64, "rbx");
	const struct origin *element = origin(&s, 0, function, 0x1a, "rdx");

	assert_int_equal(element->kind, ORIGIN_ELEMENT);
	assert_int_equal(element->shift, 3);
	assert_false(element->has_address); /* of the index nothing is known */
	assert_int_equal(element->base->address, VARIABLE);
	assert_true(origin_is_bound(s.origins, 0, access, rbx, origin(&s, 0, function, 0x16, "rcx")));
	assert_false(origin_is_bound(s.origins, 0, access, rbx, element->base));
	s = indexed(arena, increment, &function);
	assert_false(origin_is_bound(s.origins, 0, access, rbx, origin(&s, 0, function, 0x16, "rcx")));
}

/* A word that is compared with an address of the code; and one that is compared with another word. */
static void types(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t is = ADD(&s, "main.is",
			      0x48, 0x8b, 0x05, 0, 0, 0, 0, /* 00 mov rax, [rip + VARIABLE] */
			      0x48, 0x8d, 0x0d, 0, 0, 0, 0, /* 07 lea rcx, [rip + OTHER] */
			      0x48, 0x39, 0xc8, 0xc3);      /* 0e cmp rax, rcx; ret */
	const size_t is_not = ADD(&s, "main.isNot",
				  0x48, 0x8b, 0x05, 0, 0, 0, 0, /* 00 mov rax, [rip + VARIABLE] */
				  0x48, 0x8b, 0x0d, 0, 0, 0, 0, /* 07 mov rcx, [rip + OTHER] */
				  0x48, 0x39, 0xc8, 0xc3);

	for (size_t i = 0; i < 2; i++) {
		go_refer(s.builder, i ? is_not : is, 0x07, VARIABLE);
		go_refer(s.builder, i ? is_not : is, 0x0e, OTHER);
	}
	load(&s);
	push(&s, is, 0x0e, true, SP);
	push(&s, is_not, 0x0e, true, SP);
	assert_true(origin_is_type(s.origins, origin(&s, 0, is, 0x0e, "rax")));
	assert_false(origin_is_type(s.origins, origin(&s, 1, is_not, 0x0e, "rax")));
}

/* ---- the other CPU ---- */

static void slots_on_arm64(struct arena *arena)
{
	struct scene s = scene(arena, &arch_arm64);
	const struct origin *word;
	size_t function = ADD_FRAME(&s, "main.use",
				    0xff, 0xa3, 0x00, 0xd1,  /* 00 sub sp, sp, #0x28 */
				    0xe0, 0x0b, 0x00, 0xf9,  /* 04 str x0, [sp, #0x10] */
				    0x1f, 0x20, 0x03, 0xd5,  /* 08 nop */
				    0xe1, 0x0b, 0x40, 0xf9,  /* 0c ldr x1, [sp, #0x10] */
				    0x22, 0x04, 0x40, 0xf9,  /* 10 ldr x2, [x1, #8] */
				    0x43, 0x04, 0x40, 0xf9,  /* 14 ldr x3, [x2, #8] */
				    0xc0, 0x03, 0x5f, 0xd6); /* 18 ret */

	go_put(s.builder, SP + 0x10, OBJECT);
	go_put(s.builder, OBJECT + WORD, 0x4444);
	load(&s);
	push(&s, function, 0x14, true, SP);
	word = origin(&s, 0, function, 0x14, "x2");
	assert_int_equal(word->address, OBJECT + WORD);
	assert_int_equal(word->value, 0x4444);
	assert_true(word->base->is_own);
	assert_int_equal(word->base->address, SP + 0x10);
	assert_int_equal(word->base->from->kind, ORIGIN_ENTRY);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(loads_and_slots)
TEST(calls_and_changes)
TEST(arguments)
TEST(another_call)
TEST(several_definitions)
TEST(loops)
TEST(bounds)
TEST(types)
TEST(slots_on_arm64)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_and_slots),	   cmocka_unit_test(test_calls_and_changes),
		cmocka_unit_test(test_arguments),	   cmocka_unit_test(test_another_call),
		cmocka_unit_test(test_several_definitions), cmocka_unit_test(test_loops),
		cmocka_unit_test(test_bounds),		   cmocka_unit_test(test_types),
		cmocka_unit_test(test_slots_on_arm64),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
