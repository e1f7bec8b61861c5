/* test_windows.c: what the model and the analysis know of Go on Windows, on synthetic programs of both CPUs: which M a
 * thread is, the fault behind a crash, the environment. */
#include "analyzer/analysis.h"
#include "tests/build/go_builder.h"
#include "tests/build/minidump_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 1 << 30, THREAD = 4242, TLS_SLOTS = 0x1480, USER_POINTER = 0x28 };

static const uint64_t teb = 0x7ff000, access_violation = 0xc0000005, divide = 0xc0000094;

/* Goroutine 1, which stands in sigpanic after a fault in main.second, and thread that runs it. */
struct scene {
	struct go_builder *builder;
	struct go_stack stack;
	uint64_t pc;        /* of the fault */
	struct goroutine g; /* to be changed before scene_run */
	struct noted_fault noted;
	struct machine m;
	uint64_t slot;      /* of the TEB that leads to g; 0: none */
	uint64_t m_address;
};

static struct scene scene_new(struct arena *arena, const struct arch *arch)
{
	struct scene s = {.builder = go_new(arena, arch, 24, 5)};
	size_t goexit = go_add_goexit(s.builder), first = go_add_frame(s.builder, "main.first", 0x30, 0);
	size_t second = go_add_frame(s.builder, "main.second", 0x40, 0);
	size_t sigpanic = go_add_frame(s.builder, "runtime.sigpanic", 0x40, 0);
	bool exact;

	s.builder->image->os = OS_WINDOWS;
	s.builder->layout = layout_find(OS_WINDOWS, arch->id, 24, 5, &exact);
	go_link(s.builder, goexit, first);
	go_link(s.builder, first, second);
	go_link(s.builder, second, sigpanic);
	s.stack = go_stack_new(s.builder, GO_STACKS, 0x2000, goexit);
	go_push(&s.stack, first);
	go_push(&s.stack, second);
	s.pc = s.stack.pc;
	go_inject(&s.stack, s.pc, 0, sigpanic);
	go_memory(s.builder, teb, 0x2000, SEGMENT_READ | SEGMENT_WRITE);
	s.g = (struct goroutine){.id = 1, .status = G_RUNNING, .stack_lo = s.stack.lo, .stack_hi = s.stack.hi};
	s.noted.pc = s.pc;
	s.m = (struct machine){.id = 1, .procid = THREAD, .dying = 1};
	return s;
}

/* g names its M, and M its g; the thread's TEB leads to g as the runtime's TLS does. */
static struct analysis *scene_run(struct scene *s)
{
	struct go_builder *builder = s->builder;
	const struct arch *arch = builder->arch;
	const struct layout *layout = builder->layout;
	struct thread thread = {.id = THREAD, .teb = teb};
	uint64_t tls, g;

	s->m.curg = g = go_goroutine(builder, &s->g, true);
	go_note_fault(builder, g, &s->noted);
	s->m_address = go_machine(builder, &s->m);
	tls = s->m_address + layout->offset[LAYOUT_m_tls];
	go_put(builder, g + layout->offset[LAYOUT_g_m], s->m_address);
	go_put(builder, tls, g);
	if (s->slot)
		go_put(builder, teb + s->slot, arch->link_register ? g : tls);
	reg_set(&thread.registers, arch->pc, s->stack.pc);
	reg_set(&thread.registers, arch->sp, s->stack.sp);
	vec_push(builder->arena, &builder->image->threads, thread);
	return analyze(go_load(builder));
}

static void threads_of(struct arena *arena, const struct arch *arch)
{
	static const uint64_t slots[] = {TLS_SLOTS, TLS_SLOTS + 8 * 63, USER_POINTER};

	for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
		struct scene s = scene_new(arena, arch);
		struct analysis *analysis;

		s.m.procid = 0;
		s.slot = slots[i];
		go_put(s.builder, teb + TLS_SLOTS + 8, GO_STACKS);  /* other slots lead elsewhere */
		go_put(s.builder, teb + TLS_SLOTS + 16, UINT64_MAX - 3);
		analysis = scene_run(&s);
		assert_int_equal(analysis->runtime->machines.count, 1);
		assert_int_equal(analysis->runtime->machines.items[0].thread, 0);
		assert_int_equal(analysis->dying_thread, 0);
		assert_int_equal(analysis->thread_goroutine[0], 0);
	}
}

static void strangers_of(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	struct analysis *analysis;

	s.m.procid = 0;
	s.slot = TLS_SLOTS;
	go_put(s.builder, teb + TLS_SLOTS + 8, GO_STACKS);
	analysis = scene_run(&s);
	go_put(s.builder, s.m_address + s.builder->layout->offset[LAYOUT_m_curg], GO_STACKS); /* M knows of no such g */
	analysis = analyze(go_load(s.builder));
	assert_int_equal(analysis->runtime->machines.items[0].thread, -1);
}

static void faults_of(struct arena *arena, const struct arch *arch)
{
	static const enum fault_access accesses[] = {ACCESS_READ, ACCESS_WRITE};
	struct analysis *analysis;
	struct scene s;

	for (uint64_t i = 0; i < 2; i++) {
		s = scene_new(arena, arch);
		s.noted.sig = (uint32_t)access_violation;
		s.noted.code0 = i;
		s.noted.code1 = 0x20;
		analysis = scene_run(&s);
		assert_true(analysis->fault.known && analysis->fault.has_pc && analysis->fault.has_address);
		assert_string_equal(analysis->fault.name, "EXCEPTION_ACCESS_VIOLATION");
		assert_int_equal(analysis->fault.pc, s.pc);
		assert_int_equal(analysis->fault.address, 0x20);
		assert_int_equal(analysis->fault.access, accesses[i]);
		assert_int_equal(analysis->fault.goroutine, 0);
	}
	s = scene_new(arena, arch);
	s.noted.sig = (uint32_t)divide;
	analysis = scene_run(&s);
	assert_true(analysis->fault.known);
	assert_false(analysis->fault.has_address);
	s = scene_new(arena, arch);
	s.noted.sig = 11; /* no exception, though a signal of Linux */
	analysis = scene_run(&s);
	assert_false(analysis->fault.known);
}

static struct stop exception(bool fault)
{
	return (struct stop){.known = true, .number = (int32_t)access_violation, .name = "EXCEPTION_ACCESS_VIOLATION",
			     .fault = fault, .access = ACCESS_WRITE, .address = 0x30, .has_address = true, .thread = THREAD};
}

/* The record of a dump is the fault, unless the runtime itself raised it: with the code of a fault that the goroutine had
 * recovered from. */
static void records_of(struct arena *arena, const struct arch *arch)
{
	for (int32_t dying = 0; dying < 2; dying++) {
		struct scene s = scene_new(arena, arch);
		struct analysis *analysis;

		s.m.dying = dying;
		s.noted.sig = (uint32_t)access_violation;
		s.noted.pc = s.pc + 1; /* left over */
		s.builder->image->stop = exception(true);
		scene_run(&s);
		s.builder->image->threads.items[0].crashed = true;
		analysis = analyze(go_load(s.builder));
		assert_int_equal(analysis->dying_thread, 0);
		assert_int_equal(analysis->fault.known, !dying);
		if (dying)
			continue;
		assert_int_equal(analysis->fault.pc, s.stack.pc);
		assert_int_equal(analysis->fault.access, ACCESS_WRITE);
		assert_int_equal(analysis->fault.address, 0x30);
	}
}

/* Two Ms may die at once: each found the map in use by the other. The exception says which ended the process; where there is none
 * (ExitProcess, up to Go 1.20) it is one of the two. */
static void two_deaths_of(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	struct machine other = {.id = 2, .procid = THREAD + 1, .dying = 1};
	struct thread thread = {.id = THREAD + 1};
	struct analysis *analysis;

	scene_run(&s);
	go_machine(s.builder, &other);
	vec_push(arena, &s.builder->image->threads, thread);
	analysis = analyze(go_load(s.builder));
	assert_int_equal(analysis->runtime->machines.count, 2);
	assert_true(analysis->dying_thread >= 0);
	for (int32_t crashed = 0; crashed < 2; crashed++) {
		s.builder->image->stop = exception(true);
		s.builder->image->threads.items[crashed].crashed = true;
		s.builder->image->threads.items[!crashed].crashed = false;
		analysis = analyze(go_load(s.builder));
		assert_int_equal(analysis->dying_thread, crashed);
	}
}

static void put_text(struct go_builder *builder, uint64_t address, const char *text)
{
	uint64_t word = 0;
	size_t length = strlen(text) + 1;

	for (size_t i = 0; i < length; i++) {
		word |= (uint64_t)(uint8_t)text[i] << 16 * (i % 4);
		if (i % 4 == 3 || i + 1 == length) {
			go_put(builder, address + 2 * (i - i % 4), word);
			word = 0;
		}
	}
}

/* Strings of a multiple of 4 characters with their NUL, so that the next one begins at a word. */
static void environment_of(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	uint64_t peb = teb + 0x1000, parameters = teb + 0x1100, block = teb + 0x1800;

	go_put(s.builder, teb + 0x60, peb);
	go_put(s.builder, peb + 0x20, parameters);
	go_put(s.builder, parameters + 0x80, block);
	put_text(s.builder, block, "AGODEBUG=no");
	put_text(s.builder, block + 24, "GODEBUG=madvdontneed=1\xe9");
	s.slot = TLS_SLOTS;
	assert_string_equal(scene_run(&s)->runtime->godebug, "madvdontneed=1\xc3\xa9");
	s = scene_new(arena, arch);
	assert_null(scene_run(&s)->runtime->godebug);
}

/* Replaces the builder's image by a minidump of it. */
static void write_and_read(struct scene *s, bool full, const struct registers *stopped)
{
	struct go_builder *builder = s->builder;
	struct minidump_builder *dump = minidump_new(builder->arena, builder->arch);
	const uint64_t information[] = {1, 0x30};
	struct image *image = arena_alloc(builder->arena, sizeof *image);

	dump->memory64 = full;
	dump->flags = full ? 2 : 0;
	for (size_t i = 0; i < builder->memory.count; i++) {
		const struct go_memory *memory = &builder->memory.items[i];

		minidump_add_memory(dump, memory->address, memory->size);
		memcpy(dump->ranges.items[dump->ranges.count - 1].bytes, memory->bytes, memory->size);
	}
	minidump_add_thread(dump, THREAD, teb, &builder->image->threads.items[0].registers);
	minidump_add_thread_name(dump, THREAD, "worker");
	minidump_add_exception(dump, THREAD, (uint32_t)access_violation, information, 2, stopped);
	*image = (struct image){.arena = builder->arena, .notes = builder->image->notes, .name = "app.dmp",
				.bytes = minidump_finish(dump)};
	assert_null(format_minidump.load(image));
	builder->image = image;
}

/* From the bytes of a dump to the goroutine's stack and the fault; the exception's CONTEXT says where the thread stood. */
static void dumps_of(struct arena *arena, const struct arch *arch)
{
	for (int full = 0; full < 2; full++) {
		struct scene s = scene_new(arena, arch);
		struct go_stack at = s.stack;
		struct analysis *analysis;
		struct registers stopped;
		struct stack stack = {0};

		s.m.procid = s.m.dying = 0;
		s.slot = TLS_SLOTS;
		scene_run(&s);
		stopped = s.builder->image->threads.items[0].registers;
		reg_set(&s.builder->image->threads.items[0].registers, arch->pc, 0x1234); /* it went on */
		write_and_read(&s, full, &stopped);
		analysis = analyze(go_load(s.builder));
		assert_int_equal(analysis->thread_goroutine[0], 0);
		assert_string_equal(analysis->image->threads.items[0].name, "worker");
		assert_int_equal(analysis->dying_thread, 0);
		assert_true(analysis->fault.known && analysis->fault.has_pc);
		assert_int_equal(analysis->fault.pc, at.pc);
		assert_int_equal(analysis->fault.address, 0x30);
		assert_int_equal(analysis->fault.access, ACCESS_WRITE);
		goroutine_stack(analysis, 0, &stack);
		assert_string_equal(stack_end_name(stack.end), stack_end_name(END_COMPLETE));
		assert_int_equal(stack.frames.count, 4);
		assert_string_equal(go_func_name(stack.frames.items[0].info), "runtime.sigpanic");
		assert_string_equal(go_func_name(stack.frames.items[3].info), "runtime.goexit");
	}
}

static void both(struct arena *arena, void (*body)(struct arena *arena, const struct arch *arch))
{
	body(arena, &arch_amd64);
	body(arena, &arch_arm64);
}

#define ON_BOTH(name, body)                                                                                            \
	static void body##_both(struct arena *arena)                                                                   \
	{                                                                                                              \
		both(arena, body);                                                                                     \
	}                                                                                                              \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, body##_both);                                                                    \
	}

ON_BOTH(the_teb_leads_to_the_m, threads_of)
ON_BOTH(an_m_that_knows_nothing_of_g_is_not_its, strangers_of)
ON_BOTH(a_fault_that_became_a_panic, faults_of)
ON_BOTH(the_dumps_record_of_a_fault, records_of)
ON_BOTH(two_that_die_at_once, two_deaths_of)
ON_BOTH(godebug_from_the_environment_block, environment_of)
ON_BOTH(from_a_minidump_to_its_stacks, dumps_of)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_teb_leads_to_the_m),
		cmocka_unit_test(an_m_that_knows_nothing_of_g_is_not_its),
		cmocka_unit_test(a_fault_that_became_a_panic),
		cmocka_unit_test(the_dumps_record_of_a_fault),
		cmocka_unit_test(two_that_die_at_once),
		cmocka_unit_test(godebug_from_the_environment_block),
		cmocka_unit_test(from_a_minidump_to_its_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
