/* test_damage.c: return addresses overwritten in half or as a whole, in their slots and after a RET took them, on synthetic
 * stacks of both CPUs; what was there is found, or nothing is. Rules: "torn-return", "torn-pc", "smashed-return",
 * "bit-flip". */
#include "analyzer/unwind/damage.h"
#include "analyzer/unwind/saved_place.h"
#include "heuristics/detector.h"
#include "tests/build/findings.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 30, THREAD = 4242, DEPTH = 3, HALF = 32, JUNK = 0x1234 };

static const uint64_t uppers[] = {0x10, 0x1c, 0x74, 0x5ea, 0x8000, 0xffffffff};

/* runtime.goexit, main.first, main.second, main.third: goroutine 1. */
struct scene {
	struct go_builder *builder;
	size_t functions[DEPTH + 1], sigpanic;
	struct go_stack at[DEPTH + 1]; /* the stack when each function stands behind its call */
	uint64_t slots[DEPTH], returns[DEPTH]; /* return addresses of first, second, third */
	struct goroutine g;
	struct noted_fault noted; /* in g */
	bool stopped; /* the dump says that the thread stopped by a fault */
};

static struct scene scene_new(struct arena *arena, const struct arch *arch)
{
	static const char *const names[] = {"main.first", "main.second", "main.third"};
	static const uint32_t frames[] = {0x30, 0x1f0, 0x20};
	struct scene s = {.builder = go_new(arena, arch, 24, 5), .stopped = true};

	s.functions[0] = go_add_goexit(s.builder);
	for (size_t i = 0; i < DEPTH; i++) {
		s.functions[i + 1] = go_add_frame(s.builder, names[i], frames[i], 0);
		go_link(s.builder, s.functions[i], s.functions[i + 1]);
	}
	s.sigpanic = go_add_frame(s.builder, "runtime.sigpanic", 0x40, 0);
	go_link(s.builder, s.functions[DEPTH], go_add_mcall(s.builder));
	go_link(s.builder, s.sigpanic, s.functions[0]);
	s.at[0] = go_stack_new(s.builder, GO_STACKS, 0x2000, s.functions[0]);
	for (size_t i = 0; i < DEPTH; i++) {
		s.at[i + 1] = s.at[i];
		s.returns[i] = s.at[i].pc;
		go_push(&s.at[i + 1], s.functions[i + 1]);
		s.slots[i] = s.at[i + 1].slot;
	}
	s.returns[0] = go_get(s.builder, s.slots[0]);
	s.g = (struct goroutine){.id = 1, .stack_lo = s.at[0].lo, .stack_hi = s.at[0].hi,
				 .startpc = go_entry(s.builder, s.functions[1])};
	return s;
}

static uint64_t torn(uint64_t word, uint64_t upper)
{
	return upper << HALF | (uint32_t)word;
}

/* Goroutine 1 is parked in main.third. */
static struct diagnosis *parked(struct scene *s)
{
	s->g.status = G_WAITING;
	s->g.sched_pc = s->at[DEPTH].pc;
	s->g.sched_sp = s->at[DEPTH].sp;
	s->g.sched_bp = s->at[DEPTH].fp;
	go_goroutine(s->builder, &s->g, true);
	return diagnose(analyze(go_load(s->builder)));
}

/* A thread runs goroutine 1, and stands at `pc` with SP and FP as `stack` has them. */
static struct diagnosis *running(struct scene *s, const struct go_stack *stack, uint64_t pc)
{
	struct go_builder *builder = s->builder;
	struct thread thread = {.id = THREAD, .crashed = s->stopped};
	struct machine m = {.id = 1, .procid = THREAD};

	s->g.status = G_RUNNING;
	m.curg = go_goroutine(builder, &s->g, true);
	go_note_fault(builder, m.curg, &s->noted);
	go_machine(builder, &m);
	reg_set(&thread.registers, builder->arch->pc, pc);
	reg_set(&thread.registers, builder->arch->sp, stack->sp);
	reg_set(&thread.registers, builder->arch->fp, stack->fp);
	if (builder->arch->link_register)
		reg_set(&thread.registers, builder->arch->lr, pc);
	vec_push(builder->arena, &builder->image->threads, thread);
	builder->image->stop = (struct stop){.known = s->stopped, .fault = true, .number = SIGSEGV, .name = "SIGSEGV",
					     .address = pc, .has_address = true, .thread = THREAD};
	return diagnose(analyze(go_load(builder)));
}

/* main.third has returned through its slot, which held `word`. */
static struct diagnosis *taken(struct scene *s, uint64_t word)
{
	return running(s, &s->at[DEPTH - 1], word);
}

/* The verdict, its word, and the whole stack: `stopped` frames of no function, then these. */
static void expect(const struct diagnosis *diagnosis, const char *rule, enum certainty certainty, uint64_t observed,
		   uint64_t repaired, size_t stopped, size_t functions)
{
	static const char *const names[] = {"main.third", "main.second", "main.first", "runtime.goexit"};
	const struct finding *finding = finding_of(diagnosis, rule);
	struct stack stack = {0};

	assert_non_null(finding);
	assert_int_equal(diagnosis->verdict.kind, VERDICT_FOUND);
	assert_ptr_equal(&diagnosis->findings.items[diagnosis->verdict.finding], finding);
	assert_string_equal(certainty_name(finding->certainty), certainty_name(certainty));
	assert_int_equal(finding->goroutine, 0);
	assert_int_equal(finding->observed, observed);
	assert_int_equal(finding->pc, observed);
	assert_int_equal(finding->repaired, repaired);
	goroutine_stack(diagnosis->analysis, 0, &stack);
	assert_string_equal(stack_end_name(stack.end), stack_end_name(END_COMPLETE));
	assert_int_equal(stack.frames.count, stopped + functions);
	for (size_t i = 0; i < functions; i++)
		assert_string_equal(go_func_name(stack.frames.items[stopped + i].info), names[4 - functions + i]);
	assert_int_equal(stack.frames.items[finding->frame].pc, repaired);
	assert_int_equal(stack.frames.items[finding->frame].how, HOW_REPAIRED);
	assert_ptr_equal(&diagnosis->analysis->damages.items[stack.frames.items[finding->frame].damage], finding->damage);
}

static void expect_no_damage(const struct diagnosis *diagnosis)
{
	assert_null(finding_of(diagnosis, "torn-return"));
	assert_null(finding_of(diagnosis, "torn-pc"));
	assert_null(finding_of(diagnosis, "smashed-return"));
	assert_null(finding_of(diagnosis, "bit-flip"));
}

/* ---- winners ---- */

static void in_slot(struct arena *arena, const struct arch *arch)
{
	for (size_t i = 0; i < DEPTH; i++)
		for (size_t u = 0; u < sizeof uppers / sizeof *uppers; u++) {
			struct scene s = scene_new(arena, arch);
			uint64_t word = torn(s.returns[i], uppers[u]);
			struct diagnosis *diagnosis;

			go_put(s.builder, s.slots[i], word);
			diagnosis = parked(&s);
			expect(diagnosis, "torn-return", CERTAINTY_CERTAIN, word, s.returns[i], 0, 4);
			assert_int_equal(diagnosis->findings.count, 1);
			assert_int_equal(diagnosis->findings.items[0].slot, s.slots[i]);
			assert_int_equal(diagnosis->findings.items[0].frame, DEPTH - i);
		}
}

static void by_return(struct arena *arena, const struct arch *arch)
{
	for (size_t u = 0; u < sizeof uppers / sizeof *uppers; u++) {
		struct scene s = scene_new(arena, arch);
		uint64_t word = torn(s.returns[2], uppers[u]);
		struct diagnosis *diagnosis;
		const struct finding *finding;

		go_put(s.builder, s.slots[2], word);
		diagnosis = taken(&s, word);
		expect(diagnosis, "torn-pc", CERTAINTY_CERTAIN, word, s.returns[2], 1, 3);
		finding = finding_of(diagnosis, "torn-pc");
		assert_true(finding->has_slot);
		assert_int_equal(finding->slot, s.slots[2]);
		assert_string_equal(finding->function, "main.second");
		assert_int_equal(finding_of(diagnosis, "unknown-fault")->explained_by, diagnosis->verdict.finding);
	}
}

/* A handler has used the memory below SP: the frame pointer stands in for the slot. */
static void slot_used_again(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	uint64_t word = torn(s.returns[2], 0x10);
	struct diagnosis *diagnosis;

	go_put(s.builder, s.slots[2], JUNK);
	diagnosis = taken(&s, word);
	expect(diagnosis, "torn-pc", CERTAINTY_CERTAIN, word, s.returns[2], 1, 3);
	assert_false(finding_of(diagnosis, "torn-pc")->has_slot);
}

/* Linux: the runtime's handler made a call of sigpanic out of it (sigctxt.preparePanic). */
static void through_sigpanic(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	uint64_t word = torn(s.returns[2], 0x10);
	struct go_stack stack = s.at[DEPTH - 1];

	go_put(s.builder, s.slots[2], word);
	stack.pc = word;
	go_inject(&stack, word, word, s.sigpanic);
	s.noted = (struct noted_fault){.sig = SIGSEGV, .code1 = word, .pc = word};
	expect(running(&s, &stack, stack.pc), "torn-pc", CERTAINTY_CERTAIN, word, s.returns[2], 2, 3);
}

static void replaced(struct arena *arena, const struct arch *arch)
{
	static const uint64_t words[] = {0x12, GO_STACKS + 0x100, 0x6f6c6c6548, 0xfdfdfdfdfdfdfdfd, 0};

	for (size_t i = 1; i < DEPTH; i++)
		for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
			struct scene s = scene_new(arena, arch);

			go_put(s.builder, s.slots[i], words[w]);
			expect(parked(&s), "smashed-return", CERTAINTY_CERTAIN, words[w], s.returns[i], 0, 4);
		}
}

static void replaced_by_return(struct arena *arena, const struct arch *arch)
{
	static const uint64_t words[] = {0x12, GO_STACKS + 0x100, 0xfdfdfdfdfdfdfdfd, 0};

	for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
		struct scene s = scene_new(arena, arch);
		struct diagnosis *diagnosis;

		go_put(s.builder, s.slots[2], words[w]);
		diagnosis = taken(&s, words[w]);
		expect(diagnosis, "smashed-return", CERTAINTY_CERTAIN, words[w], s.returns[2], 1, 3);
	}
}

/* main.second makes another call from its frame. What ends in a panic did not return; any other function may have been the one. */
static void replaced_beside_call(struct arena *arena, const struct arch *arch)
{
	static const struct {
		const char *name;
		bool returns;
	} rows[] = {{"runtime.panicIndex", false}, {"main.panicIndex", true}};
	static const uint8_t call[] = {0xe8, 0, 0, 0, 0, 0x90, 0x90}, bl[] = {0, 0, 0, 0x94};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scene s = scene_new(arena, arch);
		const uint32_t at = (uint32_t)(go_return_pc(s.builder, s.functions[2]) - go_entry(s.builder, s.functions[2]));
		const size_t beside = go_add_frame(s.builder, rows[i].name, 0x20, 0);
		uint8_t *code = s.builder->text.items + (go_return_pc(s.builder, s.functions[2]) - GO_TEXT);
		const struct finding *finding;

		memcpy(code, arch->link_register ? bl : call, arch->link_register ? sizeof bl : sizeof call);
		go_call(s.builder, s.functions[2], at, beside);
		go_put(s.builder, s.slots[2], JUNK);
		finding = finding_of(taken(&s, JUNK), "smashed-return");
		assert_non_null(finding);
		assert_int_equal(finding->damage->candidates, rows[i].returns ? 2 : 1);
		assert_int_equal(finding->certainty == CERTAINTY_CERTAIN, !rows[i].returns);
		if (!rows[i].returns)
			assert_int_equal(finding->repaired, s.returns[2]);
	}
}

/* All return addresses are written over, up to the goroutine's entry: nothing tells what the word was, but that a RET took it is sure. Where
 * the return address of a call lies above, it may have been that call that led nowhere. */
static void replaced_with_all_above(struct arena *arena, const struct arch *arch)
{
	const uint64_t word = 0x414141414141;

	for (unsigned near = 0; near < (arch->link_register ? 1 : 2); near++) {
		struct scene s = scene_new(arena, arch);
		const struct finding *finding;

		for (uint64_t at = s.slots[2] - 8; at <= s.slots[0]; at += 8)
			go_put(s.builder, at, word);
		if (near)
			go_put(s.builder, s.at[DEPTH - 1].sp, s.returns[1]);
		finding = finding_of(taken(&s, word), "smashed-return");
		if (near) {
			assert_null(finding);
			continue;
		}
		assert_non_null(finding);
		assert_int_equal(finding->certainty, CERTAINTY_LIKELY);
		assert_int_equal(finding->observed, word);
		assert_int_equal(finding->repaired, 0);
		assert_int_equal(finding->damage->candidates, 0);
	}
}

/* The same, found where main.third faulted, before it returned. Of one that just ran nothing is said: its SP may be wrong. */
static void replaced_before_fault(struct arena *arena, const struct arch *arch)
{
	for (unsigned near = 0; near < 2; near++) {
		struct scene s = scene_new(arena, arch);
		const struct finding *finding;

		s.stopped = !near;
		for (uint64_t at = s.slots[2] - 8; at <= s.slots[0]; at += 8)
			go_put(s.builder, at, 0x414141414141);
		finding = finding_of(running(&s, &s.at[DEPTH], s.at[DEPTH].pc), "smashed-return");
		if (near) {
			assert_null(finding);
			continue;
		}
		assert_non_null(finding);
		assert_int_equal(finding->certainty, CERTAINTY_LIKELY);
		assert_int_equal(finding->slot, s.slots[2]);
		assert_int_equal(finding->damage->candidates, 0);
	}
}

/* Each bit of the lower half: what is said is right, and nearly always something is. The word may stay inside code. */
static void flipped(struct arena *arena, const struct arch *arch)
{
	size_t found = 0;

	for (size_t i = 0; i < DEPTH; i++)
		for (unsigned bit = 0; bit < HALF; bit++) {
			struct scene s = scene_new(arena, arch);
			const uint64_t word = s.returns[i] ^ (uint64_t)1 << bit;
			struct diagnosis *diagnosis;
			const struct finding *finding;

			go_put(s.builder, s.slots[i], word);
			diagnosis = parked(&s);
			finding = finding_of(diagnosis, "bit-flip");
			if (!finding)
				continue;
			found++;
			assert_int_not_equal(finding->certainty, CERTAINTY_POSSIBLE);
			expect(diagnosis, "bit-flip", finding->certainty, word, s.returns[i], 0, 4);
			assert_int_equal(diagnosis->findings.count, 1);
			assert_int_equal(finding->slot, s.slots[i]);
		}
	assert_true(found >= DEPTH * HALF * 9 / 10);
}

/* The CPU followed it. */
static void flipped_by_return(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	const uint64_t word = s.returns[2] ^ (uint64_t)1 << 30;

	go_put(s.builder, s.slots[2], word);
	expect(taken(&s, word), "bit-flip", CERTAINTY_CERTAIN, word, s.returns[2], 1, 3);
}

/* Two bits differ, and in code: where no call stands before the word, the frame pointer tells what it was. */
static void two_bits(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	const uint64_t word = s.returns[2] ^ (arch->link_register ? 0xc : 0x3);
	const struct diagnosis *diagnosis;

	go_put(s.builder, s.slots[2], word);
	diagnosis = parked(&s);
	assert_null(finding_of(diagnosis, "bit-flip"));
	assert_int_equal(finding_of(diagnosis, "smashed-return")->repaired, s.returns[2]);
}

/* Two words of one stack: each is found; only the outer one's proof is free of repairs. */
static void twice(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	struct diagnosis *diagnosis;

	go_put(s.builder, s.slots[1], torn(s.returns[1], 0x10));
	go_put(s.builder, s.slots[2], torn(s.returns[2], 0x1c));
	diagnosis = parked(&s);
	assert_int_equal(diagnosis->findings.count, 2);
	expect(diagnosis, "torn-return", CERTAINTY_CERTAIN, torn(s.returns[1], 0x10), s.returns[1], 0, 4);
	assert_int_equal(diagnosis->findings.items[1].repaired, s.returns[2]);
	assert_int_equal(diagnosis->findings.items[1].certainty, CERTAINTY_LIKELY);
}

/* ---- near misses ---- */

static void sound(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	struct diagnosis *diagnosis = parked(&s);

	assert_int_equal(diagnosis->findings.count, 0);
	assert_int_equal(diagnosis->verdict.kind, VERDICT_HEALTHY);
}

/* The lower half is one instruction off, or the return address of a call that leads elsewhere, and the frame pointer is lost:
 * the word was replaced, and the sizes of the frames say what it was. Not so when the return address above is lost, too. */
static void other_halves(struct arena *arena, const struct arch *arch)
{
	for (size_t i = 0; i < 4; i++) {
		struct scene s = scene_new(arena, arch);
		uint64_t half = i & 1 ? s.returns[1] : s.returns[2] + arch->quantum;
		const struct diagnosis *diagnosis;

		go_put(s.builder, s.slots[2], torn(half, 0x10));
		go_put(s.builder, s.slots[2] - 8, JUNK);
		for (size_t k = 0; k < 2 && i > 1; k++)
			go_put(s.builder, s.slots[k], JUNK);
		diagnosis = parked(&s);
		if (i > 1)
			expect_no_damage(diagnosis);
		else
			assert_int_equal(finding_of(diagnosis, "smashed-return")->repaired, s.returns[2]);
	}
}

/* A run goes over the frame pointers and return addresses of two frames: the sizes of the frames between are the only ones that
 * fit. */
static void overrun(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	const struct finding *finding;

	for (uint64_t at = s.slots[2] - 8; at <= s.slots[1]; at += 8)
		go_put(s.builder, at, 0x4141414141414141);
	finding = finding_of(parked(&s), "smashed-return");
	assert_non_null(finding);
	assert_int_equal(finding->repaired, s.returns[2]);
	assert_int_equal(finding->damage->bridged, 1);
	assert_non_null(finding->overrun);
}

/* The same, where a function in the gap, main.first, calls what no code names, too: other frames may have lain there. */
static void overrun_open(struct arena *arena, const struct arch *arch)
{
	static const uint8_t call_rax[] = {0xff, 0xd0}, blr_x0[] = {0x00, 0x00, 0x3f, 0xd6};

	for (unsigned open = 0; open < 2; open++) {
		struct scene s = scene_new(arena, arch);
		uint8_t *code = s.builder->text.items + (go_return_pc(s.builder, s.functions[1]) - GO_TEXT);
		const struct diagnosis *diagnosis;
		const struct finding *finding = NULL;

		if (open)
			memcpy(code, arch->link_register ? blr_x0 : call_rax, arch->link_register ? sizeof blr_x0 : sizeof call_rax);
		for (uint64_t at = s.slots[2] - 8; at <= s.slots[1]; at += 8)
			go_put(s.builder, at, 0x4141414141414141);
		diagnosis = parked(&s);
		for (size_t i = 0; i < diagnosis->findings.count; i++)
			if (diagnosis->findings.items[i].damage && diagnosis->findings.items[i].damage->slot == s.slots[2])
				finding = &diagnosis->findings.items[i];
		assert_non_null(finding);
		assert_int_equal(finding->repaired, s.returns[2]);
		assert_int_equal(finding->damage->bridge_open, open);
		assert_int_equal(finding->certainty == CERTAINTY_CERTAIN, !open);
	}
}

/* A frame pointer that is sound, and says that another frame lies there, is believed. (That of arm64 can only lie beside.) */
static void overrun_near(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);

	if (arch->link_register)
		return;
	go_put(s.builder, s.slots[2], JUNK);
	go_put(s.builder, s.slots[2] - 8, go_get(s.builder, s.slots[1] - 8));
	expect_no_damage(parked(&s));
}

/* main.third is assembly, which may be left by a jump: a word behind no call is believed, but not one within an instruction. */
static void within_instruction(struct arena *arena, const struct arch *arch)
{
	const uint64_t call = arch->link_register ? 4 : 5; /* bytes */
	const struct finding *finding;

	for (uint64_t inside = 0; inside < call; inside += 2) {
		struct scene s = scene_new(arena, arch);
		struct diagnosis *diagnosis;

		s.builder->functions.items[s.functions[DEPTH]].flags = FUNC_ASM;
		go_put(s.builder, s.slots[2], s.returns[2] - call + inside);
		diagnosis = parked(&s);
		if (!inside) {
			expect_no_damage(diagnosis);
			continue;
		}
		finding = finding_of(diagnosis, "smashed-return");
		assert_non_null(finding);
		assert_int_equal(finding->observed, s.returns[2] - call + inside);
	}
}

/* A walk is worth what it starts from: where g.sched.pc is behind no call of mcall, or g.sched.bp is not where that frame saves its
 * own, or a goroutine that waits has a place in a system call too, nothing is said of words that the walk meets, as replaced() has them. */
static void from_elsewhere(struct arena *arena, const struct arch *arch)
{
	for (unsigned wrong = 0; wrong < 3; wrong++)
		for (size_t i = 1; i < DEPTH; i++) {
			struct scene s = scene_new(arena, arch);

			go_put(s.builder, s.slots[i], JUNK);
			s.at[DEPTH].pc += wrong == 0 ? arch->quantum : 0;
			s.at[DEPTH].fp += wrong == 1 ? 8 : 0;
			s.g.syscall_pc = wrong == 2 ? s.at[DEPTH].pc : 0;
			s.g.syscall_sp = wrong == 2 ? s.at[DEPTH].sp : 0;
			assert_int_equal(parked(&s)->analysis->damages.count, 0);
		}
}

/* Of all places in the code a goroutine that waits can stand at one, behind the call of mcall. (What looks like a call within an
 * instruction is no place.) */
static void saved_places(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	const uint64_t end = go_entry(s.builder, s.sigpanic);
	struct analysis *analysis = parked(&s)->analysis;
	struct goroutine g = analysis->runtime->goroutines.items[0];

	for (g.sched_pc = go_entry(s.builder, s.functions[1]) + 1; g.sched_pc < end; g.sched_pc++) {
		const bool splits = damage_splits_instruction(analysis, go_pc(analysis->runtime, g.sched_pc, false));

		saved_frame_pointer(analysis->runtime, g.sched_pc, g.sched_sp, &g.sched_bp);
		assert_int_equal(!splits && saved_place_holds(analysis->runtime, &g), g.sched_pc == s.at[DEPTH].pc);
	}
}

/* Behind morestack stands who can run, if its function was called. */
static void saved_in_prologue(struct arena *arena, const struct arch *arch)
{
	for (unsigned called = 0; called < 2; called++) {
		struct scene s = scene_new(arena, arch);
		struct go_runtime *runtime;
		struct goroutine g;

		go_link(s.builder, s.functions[DEPTH], go_add_frame(s.builder, "runtime.morestack_noctxt", 0x10, FUNC_ASM | FUNC_SP_WRITE));
		go_put(s.builder, s.at[DEPTH].sp, called && !arch->link_register ? s.returns[2] : JUNK);
		s.g.sched_lr = called ? s.returns[2] : JUNK;
		runtime = parked(&s)->analysis->runtime;
		g = runtime->goroutines.items[0];
		assert_false(saved_place_holds(runtime, &g) && saved_call_holds(runtime, &g));
		g.status = G_RUNNABLE;
		assert_true(saved_place_holds(runtime, &g));
		assert_int_equal(saved_call_holds(runtime, &g), called);
	}
}

/* A thread's pc alone, without a signal or exception that says so, is no proof. */
static void without_fault(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	uint64_t word = torn(s.returns[2], 0x10);

	go_put(s.builder, s.slots[2], word);
	s.stopped = false;
	assert_int_not_equal(finding_of(taken(&s, word), "torn-pc")->certainty, CERTAINTY_CERTAIN);
}

/* A call of a nil function is no damage: its return address is where it must be. */
static void nil_call(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	struct go_stack stack = s.at[DEPTH];
	struct thread *thread;

	if (!arch->link_register) {
		stack.sp -= 8;
		go_put(s.builder, stack.sp, s.at[DEPTH].pc);
	}
	running(&s, &stack, 0);
	thread = &s.builder->image->threads.items[0];
	reg_set(&thread->registers, arch->lr, s.at[DEPTH].pc);
	expect_no_damage(diagnose(analyze(go_load(s.builder))));
}

/* A torn frame pointer beside a torn return address does not speak against it; any other value does. */
static void frame_pointers(struct arena *arena, const struct arch *arch)
{
	for (size_t i = 0; i < 2; i++) {
		struct scene s = scene_new(arena, arch);
		uint64_t address = s.slots[2] - 8, record = go_get(s.builder, address);
		const struct finding *finding;

		go_put(s.builder, s.slots[2], torn(s.returns[2], 0x10));
		go_put(s.builder, address, i ? torn(record, 0x10) : record + 0x100);
		finding = finding_of(parked(&s), "torn-return");
		assert_non_null(finding);
		assert_int_equal(finding->repaired, s.returns[2]);
		assert_int_equal(finding->certainty, i ? CERTAINTY_CERTAIN : CERTAINTY_LIKELY);
	}
}

/* Every word that a certain finding stands on: inverted, it is not certain of the same any more. */
static void proof_words(struct arena *arena, const struct arch *arch)
{
	struct scene s = scene_new(arena, arch);
	struct diagnosis *diagnosis;
	size_t words = 0;

	go_put(s.builder, s.slots[2], torn(s.returns[2], 0x10));
	diagnosis = parked(&s);
	for (size_t i = 0; i < diagnosis->findings.items[0].evidence.count; i++) {
		const struct evidence *evidence = &diagnosis->findings.items[0].evidence.items[i];
		struct scene other = scene_new(arena, arch);
		const struct finding *finding;

		if (evidence->kind != EVIDENCE_CALL_SITE &&
		    (evidence->kind != EVIDENCE_MEMORY || evidence->weight < WEIGHT_STRONG))
			continue;
		words++;
		go_put(other.builder, other.slots[2], torn(other.returns[2], 0x10));
		go_put(other.builder, evidence->address, ~go_get(other.builder, evidence->address));
		finding = finding_of(parked(&other), "torn-return");
		if (finding && finding->slot == s.slots[2])
			assert_int_not_equal(finding->certainty, CERTAINTY_CERTAIN);
	}
	assert_int_equal(words, 4); /* the slot, the frame pointer, two return addresses above */
}

#define TESTS(X) X(in_slot) X(by_return) X(slot_used_again) X(through_sigpanic) X(replaced) X(replaced_by_return) X(replaced_beside_call) X(replaced_with_all_above) X(replaced_before_fault) X(flipped) \
	X(flipped_by_return) X(two_bits) X(twice) \
	X(sound) X(other_halves) X(overrun) X(overrun_open) X(overrun_near) X(within_instruction) X(from_elsewhere) X(saved_places) X(saved_in_prologue)\
	 X(without_fault) X(nil_call) X(frame_pointers) X(proof_words)

EACH_ARCH_MAIN("damage", TESTS)
