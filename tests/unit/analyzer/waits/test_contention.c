/* test_contention.c: which locks goroutines wait for, who holds each, and what must differ by a word for a holder not to be named. */
#include "analyzer/waits/contention.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LOCK (GO_DATA + 0xe00)
#define OTHER (GO_DATA + 0xe40)
#define SUDOGS (GO_HEAP + 0x40000)

enum { BUDGET = 64 << 20, WORD = 8, STACK = 0x1000, REASON = 21 /* sync.Mutex.Lock, Go 1.22 to 1.24 */, CALL = 5, FRAME = 0x30 };

struct scene {
	struct go_builder *builder;
	size_t goexit, lock, unlock, work, waiter, slow, park;
	uint64_t count; /* goroutines */
	struct analysis *analysis;
};

static struct scene scene(struct arena *arena)
{
	struct go_builder *builder = go_new(arena, &arch_amd64, 24, 5);
	struct scene s = {.builder = builder, .goexit = go_add_goexit(builder)};
	const size_t mcall = go_add_mcall(builder);

	s.lock = go_add_frame(builder, "sync.(*Mutex).Lock", FRAME, 0);
	s.unlock = go_add_frame(builder, "sync.(*Mutex).Unlock", FRAME, 0);
	s.work = go_add_frame(builder, "main.work", FRAME, 0);
	s.waiter = go_add_frame(builder, "main.waiter", FRAME, 0);
	s.slow = go_add_frame(builder, "sync.(*Mutex).lockSlow", FRAME, 0);
	s.park = go_add_frame(builder, "runtime.gopark", FRAME, 0);
	go_link(builder, s.goexit, s.waiter);
	go_link(builder, s.waiter, s.slow);
	go_link(builder, s.slow, s.park);
	go_link(builder, s.park, mcall);
	go_link(builder, s.work, s.park);
	return s;
}

static struct go_stack new_stack(const struct scene *s)
{
	return go_stack_new(s->builder, GO_STACKS + s->count * STACK, STACK, s->goexit);
}

/* A goroutine that is parked where the stack stands; `semaphore`: that it waits for, 0: none. */
static void park(struct scene *s, const struct go_stack *stack, uint64_t semaphore)
{
	const struct layout *l = s->builder->layout;
	const uint64_t sudog = SUDOGS + s->count * 0x100;
	const struct goroutine g = {.id = ++s->count, .status = G_WAITING, .wait_reason = semaphore ? REASON : 19, .stack_lo = stack->lo,
				    .stack_hi = stack->hi, .sched_pc = stack->pc, .sched_sp = stack->sp, .sched_bp = stack->fp,
				    .startpc = go_entry(s->builder, s->waiter)};
	const uint64_t address = go_goroutine(s->builder, &g, true);

	if (!semaphore)
		return;
	go_put(s->builder, address + l->offset[LAYOUT_g_waiting], sudog);
	go_put(s->builder, sudog + l->offset[LAYOUT_sudog_g], address);
	go_put(s->builder, sudog + l->offset[LAYOUT_sudog_elem], semaphore);
}

static void add_waiter(struct scene *s, uint64_t lock)
{
	struct go_stack stack = new_stack(s);

	go_push(&stack, s->waiter);
	go_push(&stack, s->slow);
	go_push(&stack, s->park);
	park(s, &stack, lock + s->builder->layout->offset[LAYOUT_syncMutex_sema]);
}

/* A function with a frame that calls Lock of a lock, main.work, where it stands, and Unlock. `by_word`: the lock's address is a word
 * of its frame, else it is a global variable's. */
static size_t add_holder_function(struct scene *s, uint64_t lock, bool by_word)
{
	static const uint8_t head[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, FRAME - WORD}; /* push rbp; mov rbp, rsp; sub rsp, … */
	static const uint8_t global[] = {0x48, 0x8d, 0x05, 0, 0, 0, 0};			       /* lea rax, [rip + lock] */
	static const uint8_t slot[] = {0x48, 0x8b, 0x44, 0x24, 0x10, 0x66, 0x90};	       /* mov rax, [rsp+0x10]; nop */
	static const uint8_t calls[] = {0xe8, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0xc9, 0xc3};
	const uint32_t first = sizeof head + sizeof global;
	uint8_t *code = arena_alloc(s->builder->arena, first + sizeof calls);
	struct go_function function = {.name = "main.holder", .code = code, .size = first + sizeof calls, .after_call = first + 2 * CALL};
	size_t number;

	memcpy(code, head, sizeof head);
	memcpy(code + sizeof head, by_word ? slot : global, sizeof global);
	memcpy(code + first, calls, sizeof calls);
	function.pcsp[1] = (struct go_stretch){1, WORD};
	function.pcsp[2] = (struct go_stretch){sizeof head, FRAME};
	for (uint32_t i = 0; i < 4; i++)
		function.line[i] = (struct go_stretch){i ? first + i * CALL - CALL + 1 : 0, (int32_t)(10 + i)};
	number = go_add(s->builder, &function);
	if (!by_word)
		go_refer(s->builder, number, first, lock);
	go_call(s->builder, number, first, s->lock);
	go_call(s->builder, number, first + CALL, s->work);
	go_call(s->builder, number, first + 2 * CALL, s->unlock);
	return number;
}

/* A goroutine that stands in main.work, called by that function; `word`: what lies in its frame at 0x10. */
static void add_holder(struct scene *s, size_t function, uint64_t word)
{
	struct go_stack stack = new_stack(s);

	go_push(&stack, function);
	if (word)
		go_put(s->builder, stack.sp + 0x10, word);
	go_push(&stack, s->work);
	go_push(&stack, s->park);
	park(s, &stack, 0);
}

static const struct contention *find(struct scene *s)
{
	s->analysis = analyze(go_load(s->builder));
	return contention_find(s->analysis);
}

static void held_global(struct arena *arena)
{
	struct scene s = scene(arena);
	const size_t function = add_holder_function(&s, LOCK, false);
	const struct contention *contention;
	const struct contended_lock *lock;

	for (int i = 0; i < 3; i++)
		add_waiter(&s, LOCK);
	add_holder(&s, function, 0);
	contention = find(&s);
	assert_true(contention->complete);
	assert_int_equal(contention->locks.count, 1);
	lock = &contention->locks.items[0];
	assert_int_equal(lock->wait.object, LOCK);
	assert_int_equal(lock->wait.kind, WAIT_MUTEX);
	assert_int_equal(lock->waiters, 3);
	assert_string_equal(lock->function, "main.waiter");
	assert_int_equal(lock->holder_count, 1);
	assert_int_equal(lock->holders[0].goroutine, 3);
	assert_int_equal(lock->holders[0].proof, PROOF_CODE);
	assert_string_equal(lock->holders[0].function, "main.holder");
	assert_false(lock->holders[0].waits_itself || contention->unknown[LOCK_MUTEX]);
	assert_ptr_equal(contended_by(contention, 0), lock);
	assert_null(contended_by(contention, 3));
}

/* The same, of another lock: who stands there holds it, but not the one that they wait for. */
static void another_is_held(struct arena *arena)
{
	struct scene s = scene(arena);
	const size_t function = add_holder_function(&s, OTHER, false);
	const struct contention *contention;

	add_waiter(&s, LOCK);
	add_holder(&s, function, 0);
	contention = find(&s);
	assert_int_equal(contention->locks.items[0].holder_count, 0);
	assert_true(contention->unknown[LOCK_MUTEX]);
}

static void held_by_word(struct arena *arena)
{
	const uint64_t words[] = {LOCK, LOCK + WORD};

	for (size_t i = 0; i < 2; i++) {
		struct scene s = scene(arena);
		const size_t function = add_holder_function(&s, 0, true);
		const struct contended_lock *lock;

		add_waiter(&s, LOCK);
		add_holder(&s, function, words[i]);
		lock = &find(&s)->locks.items[0];
		assert_int_equal(lock->holder_count, i == 0);
		if (i)
			continue;
		assert_int_equal(lock->holders[0].proof, PROOF_SLOT);
		assert_int_equal(lock->holders[0].word, LOCK);
		assert_int_equal(go_get(s.builder, lock->holders[0].slot), LOCK);
	}
}

/* Those with most waiters come first, and everybody's number follows. */
static void several_locks(struct arena *arena)
{
	struct scene s = scene(arena);
	const struct contention *contention;

	add_waiter(&s, OTHER);
	add_waiter(&s, LOCK);
	add_waiter(&s, LOCK);
	contention = find(&s);
	assert_int_equal(contention->locks.count, 2);
	assert_int_equal(contention->locks.items[0].wait.object, LOCK);
	assert_int_equal(contention->locks.items[0].waiters, 2);
	assert_int_equal(contended_by(contention, 0)->wait.object, OTHER);
	assert_int_equal(contended_by(contention, 2)->wait.object, LOCK);
}

/* A queue entry that names another goroutine says nothing of this one; and where nobody waits, nothing is looked at. */
static void no_lock(struct arena *arena)
{
	struct scene s = scene(arena);
	const size_t function = add_holder_function(&s, LOCK, false);
	const struct contention *contention;

	add_holder(&s, function, 0);
	contention = find(&s);
	assert_int_equal(contention->locks.count, 0);
	assert_null(contended_by(contention, 0));
	s = scene(arena);
	add_waiter(&s, LOCK);
	go_put(s.builder, SUDOGS + s.builder->layout->offset[LAYOUT_sudog_g], GO_HEAP);
	assert_int_equal(find(&s)->locks.count, 0);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(held_global)
TEST(another_is_held)
TEST(held_by_word)
TEST(several_locks)
TEST(no_lock)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held_global),   cmocka_unit_test(test_another_is_held), cmocka_unit_test(test_held_by_word),
		cmocka_unit_test(test_several_locks), cmocka_unit_test(test_no_lock),
	};

	return cmocka_run_group_tests_name("contention", tests, NULL, NULL);
}
