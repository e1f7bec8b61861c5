/* test_critical_section.c: whether a frame stands between taking a lock and releasing it, by the code of its function; and how that
 * code computed which lock it is. */
#include "analyzer/waits/critical_section.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LOCK (GO_DATA + 0xe00)

enum { BUDGET = 64 << 20, CALL = 5, CODE_LEFT = 1 << 20 };

/* What functions of the program call. */
struct scene {
	struct go_builder *builder;
	size_t lock, unlock, read_lock, read_unlock, work;
	struct analysis *analysis; /* made when it is first asked */
	struct section_scratch scratch;
};

static size_t add(struct go_builder *builder, const char *name, const uint8_t *code, size_t size)
{
	struct go_function function = {.name = name, .code = code, .size = size};

	for (size_t i = 0; i < GO_STRETCHES && i < size / builder->arch->quantum; i++) /* every few bytes are another line */
		function.line[i] = (struct go_stretch){(uint32_t)(i * (builder->arch->link_register ? 4 : CALL)), (int32_t)(100 + i)};
	return go_add(builder, &function);
}

static struct scene scene(struct arena *arena, const struct arch *arch)
{
	static const uint8_t amd64[] = {0xc3}, arm64[] = {0xc0, 0x03, 0x5f, 0xd6};
	struct go_builder *builder = go_new(arena, arch, 24, 5);
	const uint8_t *ret = arch->link_register ? arm64 : amd64;
	const size_t size = arch->link_register ? sizeof arm64 : sizeof amd64;

	return (struct scene){.builder = builder, .lock = add(builder, "sync.(*Mutex).Lock", ret, size),
			      .unlock = add(builder, "sync.(*Mutex).Unlock", ret, size),
			      .read_lock = add(builder, "sync.(*RWMutex).RLock", ret, size),
			      .read_unlock = add(builder, "sync.(*RWMutex).RUnlock", ret, size),
			      .work = add(builder, "main.work", ret, size), .scratch = {.code_left = CODE_LEFT}};
}

#define ADD(scene, name, ...) add((scene)->builder, name, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})
#define CALL_5 0xe8, 0, 0, 0, 0

static bool ask(struct scene *s, size_t function, uint32_t offset, struct critical_section ret[static LOCK_KINDS])
{
	if (!s->analysis)
		s->analysis = analyze(go_load(s->builder));
	return critical_sections_at(s->analysis, &s->scratch,
				    go_pc(s->analysis->runtime, go_entry(s->builder, function) + offset, false), false, ret);
}

/* The section of that kind that a frame is in whose call returns to an offset; its call is NULL: none. */
static struct critical_section section(struct scene *s, size_t function, uint32_t offset, enum lock_kind kind)
{
	struct critical_section sections[LOCK_KINDS];

	assert_true(ask(s, function, offset, sections));
	return sections[kind];
}

/* ---- ways ---- */

static void between(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t function = ADD(&s, "main.f", CALL_5, CALL_5, CALL_5, CALL_5, 0xc3);
	struct critical_section in;

	go_call(s.builder, function, 0, s.lock);
	go_call(s.builder, function, CALL, s.work);
	go_call(s.builder, function, 2 * CALL, s.unlock);
	go_call(s.builder, function, 3 * CALL, s.work);
	in = section(&s, function, 2 * CALL, LOCK_MUTEX);
	assert_string_equal(in.call, "sync.(*Mutex).Lock");
	assert_string_equal(in.function, "main.f");
	assert_int_equal(in.line, 100);
	assert_true(in.always);
	assert_null(section(&s, function, 2 * CALL, LOCK_READ).call);
	assert_null(section(&s, function, 2 * CALL, LOCK_WRITE).call);
	assert_null(section(&s, function, CALL, LOCK_MUTEX).call);     /* it is about to take it */
	assert_null(section(&s, function, 4 * CALL, LOCK_MUTEX).call); /* it has released it */
}

/* test rax, rax; je +5; first; second; third */
static size_t branching(struct scene *s, size_t first, size_t second, size_t third)
{
	const size_t function = ADD(s, "main.branching", 0x48, 0x85, 0xc0, 0x74, CALL, CALL_5, CALL_5, CALL_5, 0xc3);

	go_call(s->builder, function, 5, first);
	go_call(s->builder, function, 10, second);
	go_call(s->builder, function, 15, third);
	return function;
}

static void taken_on_some_ways(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t function = branching(&s, s.lock, s.work, s.unlock);
	struct critical_section in = section(&s, function, 15, LOCK_MUTEX);

	assert_non_null(in.call);
	assert_false(in.always);
}

static void released_on_some_ways(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t function = ADD(&s, "main.f", CALL_5, 0x48, 0x85, 0xc0, 0x74, CALL, CALL_5, CALL_5, 0xc3);
	struct critical_section in;

	go_call(s.builder, function, 0, s.lock);
	go_call(s.builder, function, 10, s.unlock);
	go_call(s.builder, function, 15, s.work);
	in = section(&s, function, 20, LOCK_MUTEX);
	assert_non_null(in.call);
	assert_true(in.always);
}

/* Every way to the work passes the release. */
static void released_on_all_ways(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t function = branching(&s, s.lock, s.unlock, s.work);

	assert_null(section(&s, function, 20, LOCK_MUTEX).call);
}

/* What releases one kind of lock releases no other. */
static void other_kinds(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t function = ADD(&s, "main.f", CALL_5, CALL_5, CALL_5, CALL_5, 0xc3);

	go_call(s.builder, function, 0, s.read_lock);
	go_call(s.builder, function, CALL, s.unlock);
	go_call(s.builder, function, 2 * CALL, s.work);
	go_call(s.builder, function, 3 * CALL, s.read_unlock);
	assert_string_equal(section(&s, function, 3 * CALL, LOCK_READ).call, "sync.(*RWMutex).RLock");
	assert_null(section(&s, function, 3 * CALL, LOCK_MUTEX).call);
}

/* In a loop that takes and releases, the work behind the release comes before the next turn takes it. */
static void loops(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t function = ADD(&s, "main.f", CALL_5, CALL_5, CALL_5, CALL_5, 0xeb, 0xea, 0xc3); /* jmp to the beginning */

	go_call(s.builder, function, 0, s.lock);
	go_call(s.builder, function, CALL, s.work);
	go_call(s.builder, function, 2 * CALL, s.unlock);
	go_call(s.builder, function, 3 * CALL, s.work);
	assert_non_null(section(&s, function, 2 * CALL, LOCK_MUTEX).call);
	assert_null(section(&s, function, 4 * CALL, LOCK_MUTEX).call);
}

static void no_section(struct arena *arena)
{
	struct scene s = scene(arena, &arch_amd64);
	const size_t function = ADD(&s, "main.f", CALL_5, CALL_5, 0xc3);
	struct critical_section sections[LOCK_KINDS];

	go_call(s.builder, function, 0, s.work);
	go_call(s.builder, function, CALL, s.work);
	assert_null(section(&s, function, 2 * CALL, LOCK_MUTEX).call);
	s.scratch.code_left = 1; /* less than the function has */
	assert_false(ask(&s, function, 2 * CALL, sections));
}

/* ---- receivers ---- */

/* What the code before Lock says of its receiver. */
static struct lock_receiver receiver(struct arena *arena, const uint8_t *code, size_t size)
{
	struct scene s = scene(arena, &arch_amd64);
	uint8_t *copy = arena_alloc(arena, size + 2 * CALL + 1);
	size_t function;

	memcpy(copy, code, size);
	memcpy(copy + size, (const uint8_t[]){CALL_5, CALL_5, 0xc3}, 2 * CALL + 1);
	function = add(s.builder, "main.f", copy, size + 2 * CALL + 1);
	if (code[0] == 0xe8)
		go_call(s.builder, function, 0, s.work);
	if (code[1] == 0x8d && code[2] == 0x05)
		go_refer(s.builder, function, (uint32_t)size, LOCK);
	go_call(s.builder, function, (uint32_t)size, s.lock);
	go_call(s.builder, function, (uint32_t)size + CALL, s.work);
	return section(&s, function, (uint32_t)size + 2 * CALL, LOCK_MUTEX).receiver;
}

#define RECEIVER(arena, ...) receiver(arena, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})

static void receivers(struct arena *arena)
{
	struct lock_receiver from;

	from = RECEIVER(arena, 0x48, 0x8d, 0x05, 0, 0, 0, 0); /* lea rax, [rip + LOCK] */
	assert_int_equal(from.kind, RECEIVER_GLOBAL);
	assert_int_equal(from.displacement, LOCK);
	from = RECEIVER(arena, 0x48, 0x8b, 0x44, 0x24, 0x18, 0x48, 0x83, 0xc0, 0x08); /* mov rax, [rsp+0x18]; add rax, 8 */
	assert_int_equal(from.kind, RECEIVER_SLOT);
	assert_int_equal(from.slot, 0x18);
	assert_int_equal(from.displacement, 8);
	from = RECEIVER(arena, 0x48, 0x8b, 0x43, 0x20); /* mov rax, [rbx+0x20] */
	assert_int_equal(from.kind, RECEIVER_POINTER);
	assert_int_equal(from.field, 0x20);
	from = RECEIVER(arena, 0x48, 0x8d, 0x43, 0x10); /* lea rax, [rbx+0x10] */
	assert_int_equal(from.kind, RECEIVER_REGISTER);
	assert_int_equal(from.displacement, 0x10);
	assert_int_equal(RECEIVER(arena, CALL_5).kind, RECEIVER_UNKNOWN);		  /* the call may have changed it */
	assert_int_equal(RECEIVER(arena, 0x48, 0x0f, 0xaf, 0xc3).kind, RECEIVER_UNKNOWN); /* imul rax, rbx */
}

/* ---- the other CPU ---- */

static void on_arm64(struct arena *arena)
{
	struct scene s = scene(arena, &arch_arm64);
	const size_t function = ADD(&s, "main.f", 0, 0, 0, 0x94, 0, 0, 0, 0x94, 0, 0, 0, 0x94, 0, 0, 0, 0x94, 0xc0, 0x03, 0x5f, 0xd6);
	const size_t calls[] = {s.lock, s.work, s.unlock, s.work};

	for (uint32_t i = 0; i < 4; i++)
		go_call(s.builder, function, 4 * i, calls[i]);
	assert_non_null(section(&s, function, 8, LOCK_MUTEX).call);
	assert_null(section(&s, function, 16, LOCK_MUTEX).call);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(between)
TEST(taken_on_some_ways)
TEST(released_on_some_ways)
TEST(released_on_all_ways)
TEST(other_kinds)
TEST(loops)
TEST(no_section)
TEST(receivers)
TEST(on_arm64)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_taken_on_some_ways),
		cmocka_unit_test(test_released_on_some_ways),
		cmocka_unit_test(test_released_on_all_ways),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_no_section),
		cmocka_unit_test(test_receivers),
		cmocka_unit_test(test_on_arm64),
	};

	return cmocka_run_group_tests_name("critical_section", tests, NULL, NULL);
}
