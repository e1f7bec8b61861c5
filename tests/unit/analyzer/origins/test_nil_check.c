/* test_nil_check.c: pointers that a function has found not to be nil; and by which one byte such a function must differ for it to say
 * nothing of them. */
#include "analyzer/origins/nil_check.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20 };

/* Whether the register is checked at that offset of a function. */
static bool checked(struct arena *arena, const struct arch *arch, const uint8_t *code, size_t size, uint32_t offset, const char *reg)
{
	struct go_builder *builder = go_new(arena, arch, 24, 5);
	const size_t function = go_add(builder, &(struct go_function){.name = "main.f", .code = code, .size = size});
	struct go_runtime *runtime = go_load(builder);
	const uint64_t pc = go_entry(builder, function) + offset;

	return is_checked_for_nil(analyze(runtime), go_pc(runtime, pc, true), pc, reg_by_name(arch, reg));
}

#define CHECKED(arch, offset, reg, ...)                                                                                               \
	checked(arena, arch, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__}, offset, reg)

/* for ; s != nil; s = s.next { sum += s.id }, as the compiler makes it: the condition is at the end. */
#define LOOP(test, branch)                                                                                                            \
	0xeb, 0x07,             /* 00 jmp 09 */                                                                                       \
	0x48, 0x03, 0x32,       /* 02 add rsi, [rdx] */                                                                               \
	0x48, 0x8b, 0x52, 0x08, /* 05 mov rdx, [rdx+8] */                                                                             \
	0x48, 0x85, test,       /* 09 test rdx, rdx */                                                                                \
	branch, 0xf4,           /* 0c jne 02 */                                                                                       \
	0xc3

static void lists(struct arena *arena)
{
	enum { RDX_RDX = 0xd2, RDX_RCX = 0xca, JNE = 0x75, JE = 0x74 };

	assert_true(CHECKED(&arch_amd64, 2, "rdx", LOOP(RDX_RDX, JNE)));
	assert_true(CHECKED(&arch_amd64, 5, "rdx", LOOP(RDX_RDX, JNE)));
	assert_false(CHECKED(&arch_amd64, 9, "rdx", LOOP(RDX_RDX, JNE)));
	assert_false(CHECKED(&arch_amd64, 2, "rsi", LOOP(RDX_RDX, JNE)));
	assert_false(CHECKED(&arch_amd64, 2, "rdx", LOOP(RDX_RDX, JE)));
	assert_false(CHECKED(&arch_amd64, 2, "rdx", LOOP(RDX_RCX, JNE)));
	assert_false(CHECKED(&arch_amd64, 3, "rdx", LOOP(RDX_RDX, JNE))); /* no instruction begins there */
}

/* A first access through a pointer has not faulted; what was loaded since is another pointer, and far from nil no access tells. */
static void accesses(struct arena *arena)
{
	assert_true(CHECKED(&arch_amd64, 5, "rax", 0x90, 0x48, 0x8b, 0x48, 0x10, 0x48, 0x8b, 0x18, 0xc3));  /* mov rcx, [rax+16]; mov rbx, [rax] */
	assert_false(CHECKED(&arch_amd64, 1, "rax", 0x90, 0x48, 0x8b, 0x48, 0x10, 0x48, 0x8b, 0x18, 0xc3)); /* at the first itself */
	assert_false(CHECKED(&arch_amd64, 5, "rax", 0x90, 0x48, 0x8b, 0x40, 0x10, 0x48, 0x8b, 0x18, 0xc3)); /* mov rax, [rax+16] */
	assert_false(CHECKED(&arch_amd64, 8, "rax", 0x90, 0x48, 0x8b, 0x88, 0, 0x10, 0, 0, 0x48, 0x8b, 0x18, 0xc3)); /* [rax+0x1000] */
}

/* cmp rax, imm8; je 9; mov rbx, [rax]: the way past the branch is that of another value. */
#define COMPARED(number) 0x90, 0x48, 0x83, 0xf8, number, 0x74, 0x03, 0x48, 0x8b, 0x18, 0xc3

static void comparisons(struct arena *arena)
{
	assert_true(CHECKED(&arch_amd64, 7, "rax", COMPARED(0)));
	assert_false(CHECKED(&arch_amd64, 7, "rax", COMPARED(1)));
	assert_false(CHECKED(&arch_amd64, 10, "rax", COMPARED(0))); /* both ways lead there */
}

/* The loop for arm64: b; ldr x5, [x3]; ldr x3, [x3, #8]; cbnz x3. */
#define LOOP_ARM64(branch)                                                                                                            \
	0x03, 0x00, 0x00, 0x14,   /* 00 b 0c */                                                                                       \
	0x65, 0x00, 0x40, 0xf9,   /* 04 ldr x5, [x3] */                                                                               \
	0x63, 0x04, 0x40, 0xf9,   /* 08 ldr x3, [x3, #8] */                                                                           \
	0xc3, 0xff, 0xff, branch, /* 0c cbnz x3, 04 */                                                                                \
	0xc0, 0x03, 0x5f, 0xd6

static void on_arm64(struct arena *arena)
{
	enum { CBNZ = 0xb5, CBZ = 0xb4, CBNZ_W = 0x35 };

	assert_true(CHECKED(&arch_arm64, 4, "x3", LOOP_ARM64(CBNZ)));
	assert_false(CHECKED(&arch_arm64, 4, "x3", LOOP_ARM64(CBZ)));
	assert_false(CHECKED(&arch_arm64, 4, "x3", LOOP_ARM64(CBNZ_W))); /* the upper half is not looked at */
	assert_false(CHECKED(&arch_arm64, 4, "x5", LOOP_ARM64(CBNZ)));
}

#define TEST(name)                                                                                                                    \
	static void test_##name(void **state)                                                                                         \
	{                                                                                                                             \
		(void)state;                                                                                                          \
		scratch_arena(BUDGET, name);                                                                                          \
	}

TEST(lists)
TEST(accesses)
TEST(comparisons)
TEST(on_arm64)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_accesses),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_on_arm64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
