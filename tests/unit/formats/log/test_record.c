/* test_record.c: what the runtime prints, of each release that prints it in another way. The samples are written by hand from the
 * sources of those releases: runtime/traceback.go goroutineheader and traceback1, runtime/panic.go, runtime/signal_unix.go. */
#include "formats/dump/image.h"
#include "formats/log/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 64 << 20 };

struct read {
	struct arena *arena;
	struct image image;
	struct notes notes;
	const struct err *error;
	const struct log_record *record;
};

static struct read read_log(const char *text)
{
	struct read read = {.arena = arena_new(BUDGET)};

	read.notes.arena = read.arena;
	read.image = (struct image){.arena = read.arena, .notes = &read.notes, .name = "log",
				    .bytes = {(const uint8_t *)text, strlen(text)}};
	return read;
}

/* Into place: the image holds pointers to its own notes. */
static void load(struct read *read)
{
	read->image.notes = &read->notes;
	assert_true(format_log.probe(read->image.bytes));
	read->error = format_log.load(&read->image);
	read->record = read->image.record;
}

static const struct recorded_frame *frame_at(const struct log_record *record, const struct recorded_stack *stack, size_t index)
{
	assert_true(index < stack->count);
	return &record->frames.items[stack->first + index];
}

static const struct recorded_place *place_at(const struct log_record *record, const struct recorded_stack *stack, size_t index)
{
	return &record->places.items[frame_at(record, stack, index)->place];
}

static const char *function_at(const struct log_record *record, const struct recorded_stack *stack, size_t index)
{
	return record->functions.items[place_at(record, stack, index)->function].name;
}

/* Go 1.5 and 1.6: no inlined calls, the creator without its goroutine, goexit at the end of what level 2 shows. */
static void test_go_1_5(void **state)
{
	struct read read = read_log("panic: runtime error: index out of range\n"
				    "\n"
				    "goroutine 1 [running]:\n"
				    "main.pick(0xc82002a118, 0x2, 0x2, 0x5, 0x0)\n"
				    "\t/home/u/src/app/main.go:8 +0x5b\n"
				    "main.main()\n"
				    "\t/home/u/src/app/main.go:14 +0x8a\n"
				    "\n"
				    "goroutine 5 [chan receive, 12 minutes, locked to thread]:\n"
				    "main.(*pool).run(0xc82000e0c0)\n"
				    "\t/home/u/src/app/pool.go:31 +0x6b\n"
				    "created by main.newPool\n"
				    "\t/home/u/src/app/pool.go:22 +0x9c\n"
				    "exit status 2\n");
	const struct recorded_goroutine *g;

	(void)state;
	load(&read);
	assert_null(read.error);
	assert_int_equal(read.record->end, RECORDED_PANIC);
	assert_int_equal(read.record->panics.count, 1);
	assert_string_equal(read.record->panics.items[0].text, "runtime error: index out of range");
	assert_int_equal(read.record->goroutines.count, 2);
	assert_int_equal(read.record->dying, 1);
	g = &read.record->goroutines.items[0];
	assert_string_equal(read.record->states.items[g->state], "running");
	assert_int_equal(g->stack.count, 2);
	assert_string_equal(function_at(read.record, &g->stack, 0), "main.pick");
	assert_int_equal(place_at(read.record, &g->stack, 0)->offset, 0x5b);
	assert_false(place_at(read.record, &g->stack, 0)->has_pc);
	assert_memory_equal(frame_at(read.record, &g->stack, 0)->arguments, "0xc82002a118, 0x2, 0x2, 0x5, 0x0",
			    frame_at(read.record, &g->stack, 0)->arguments_size);
	assert_int_equal(g->creator, RECORDED_NONE);
	g = &read.record->goroutines.items[1];
	assert_int_equal(g->id, 5);
	assert_int_equal(g->minutes, 12);
	assert_true(g->locked);
	assert_string_equal(read.record->states.items[g->state], "chan receive");
	assert_string_equal(read.record->places.items[g->creator].calls->function, "main.newPool");
	assert_int_equal(read.record->places.items[g->creator].calls->line, 22);
	assert_int_equal(g->creator_id, 0);
	assert_false(read.image.stop.known);
	assert_int_equal(read.image.threads.count, 1);
	arena_free(read.arena);
}

/* Go 1.5 to 1.7 print the number of a signal; its name is of 1.8. */
static void test_signal_numbers(void **state)
{
	struct read read = read_log("panic: runtime error: invalid memory address or nil pointer dereference\n"
				    "[signal 0xb code=0x1 addr=0x18 pc=0x401084]\n"
				    "\n"
				    "goroutine 1 [running]:\n"
				    "panic(0x4c1b40, 0xc82000a080)\n"
				    "\t/usr/local/go/src/runtime/panic.go:481 +0x3e6\n"
				    "main.main()\n"
				    "\t/tmp/x.go:9 +0x14\n");

	(void)state;
	load(&read);
	assert_null(read.error);
	assert_true(read.record->has_signal);
	assert_null(read.record->signal.name);
	assert_int_equal(read.record->signal.number, 11);
	assert_int_equal(read.record->signal.address, 0x18);
	assert_int_equal(read.record->signal.pc, 0x401084);
	assert_string_equal(function_at(read.record, &read.record->goroutines.items[0].stack, 0), "runtime.gopanic");
	arena_free(read.arena);
}

/* Go 1.26 has labels in the brackets, 1.27 behind them; gp=, m= and mp= are of 1.23. */
static void test_headers(void **state)
{
	struct read read = read_log("fatal error: all goroutines are asleep - deadlock!\n"
				    "\n"
				    "goroutine 1 gp=0xc000002380 m=nil [sync.Mutex.Lock (durable), 3 minutes, synctest bubble 4]:\n"
				    "main.main()\n"
				    "\tmain.go:9 +0x14\n"
				    "\n"
				    "goroutine 7 gp=0xc000102e00 m=4 mp=0xc00007a808 [select (no cases) labels:{\"a\": \"b, c]\"}]:\n"
				    "main.f[...](0x1?, ...)\n"
				    "\tmain.go:19 +0x14\n"
				    "created by main.main in goroutine 1\n"
				    "\tmain.go:8 +0x20\n"
				    "\n"
				    "goroutine 8 [chan receive (leaked)] {\"k\": \"v: w\"}:\n"
				    "main.g(...)\n"
				    "\tmain.go:29\n"
				    "main.h({0x0, 0x2, ...})\n"
				    "\tmain.go:39 +0x1\n"
				    "...12 frames elided...\n"
				    "main.main()\n"
				    "\tmain.go:9 +0x14\n");
	const struct recorded_goroutine *g;

	(void)state;
	load(&read);
	assert_null(read.error);
	assert_int_equal(read.record->end, RECORDED_FATAL);
	assert_int_equal(read.record->goroutines.count, 3);
	assert_int_equal(read.record->dying, 0);
	g = read.record->goroutines.items;
	assert_string_equal(read.record->states.items[g[0].state], "sync.Mutex.Lock");
	assert_true(g[0].durable && g[0].has_m && g[0].m_id == -1);
	assert_int_equal(g[0].minutes, 3);
	assert_int_equal(g[0].bubble, 4);
	assert_int_equal(g[0].g, 0xc000002380);
	assert_string_equal(read.record->states.items[g[1].state], "select (no cases)");
	assert_string_equal(g[1].labels, "\"a\": \"b, c]\"");
	assert_int_equal(g[1].m_id, 4);
	assert_int_equal(g[1].creator_id, 1);
	assert_true(g[2].leaked);
	assert_string_equal(g[2].labels, "\"k\": \"v: w\"");
	assert_int_equal(g[2].stack.count, 2);
	assert_int_equal(place_at(read.record, &g[2].stack, 0)->count, 2);
	assert_string_equal(place_at(read.record, &g[2].stack, 0)->calls[0].function, "main.g");
	assert_string_equal(function_at(read.record, &g[2].stack, 0), "main.h");
	assert_int_equal(g[2].stack.elided, 12);
	assert_int_equal(g[2].stack.elided_at, 1);
	arena_free(read.arena);
}

static void test_chain(void **state)
{
	struct read read = read_log("panic: first\n"
				    "\tof two lines [recovered]\n"
				    "\tpanic: again\n"
				    "\n"
				    "goroutine 6 [running]:\n"
				    "main.main()\n"
				    "\tmain.go:9 +0x14\n");

	(void)state;
	load(&read);
	assert_null(read.error);
	assert_int_equal(read.record->panics.count, 2);
	assert_string_equal(read.record->panics.items[0].text, "first\n\tof two lines");
	assert_true(read.record->panics.items[0].recovered);
	assert_string_equal(read.record->panics.items[1].text, "again");
	assert_true(read.record->panics.items[1].deferred);
	arena_free(read.arena);
}

/* A signal that was sent: registers of the thread, whose system stack is goroutine 0. */
static void test_quit(void **state)
{
	struct read read = read_log("SIGQUIT: quit\n"
				    "PC=0x460a01 m=0 sigcode=0\n"
				    "\n"
				    "goroutine 0 [idle]:\n"
				    "runtime.futex()\n"
				    "\truntime/sys_linux_amd64.s:557 +0x21 fp=0x7ffc10 sp=0x7ffc08 pc=0x460a01\n"
				    "\n"
				    "goroutine 1 [sleep]:\n"
				    "main.main()\n"
				    "\tmain.go:9 +0x14\n"
				    "\n"
				    "rax    0xca\n"
				    "r15    0x1\n"
				    "rsp    0x7ffc08\n"
				    "rip    0x460a01\n"
				    "rflags 0x246\n"
				    "cs     0x33\n"
				    "exit status 2\n");
	uint64_t value;

	(void)state;
	load(&read);
	assert_null(read.error);
	assert_int_equal(read.record->end, RECORDED_SIGNAL);
	assert_true(read.image.stop.known && read.image.stop.has_code && !read.image.stop.fault);
	assert_string_equal(read.image.stop.name, "SIGQUIT");
	assert_true(read.record->has_system);
	assert_int_equal(read.record->system.count, 1);
	assert_int_equal(read.record->goroutines.count, 1);
	assert_string_equal(read.record->os, "linux");
	assert_string_equal(read.record->arch, "amd64");
	assert_true(reg_get(&read.image.threads.items[0].registers, read.image.arch->pc, &value) && value == 0x460a01);
	assert_true(reg_get(&read.image.threads.items[0].registers, read.image.arch->sp, &value) && value == 0x7ffc08);
	arena_free(read.arena);
}

/* runtime/signal_windows.go winthrow. */
static void test_exception(void **state)
{
	struct read read = read_log("Exception 0xc0000005 0x8 0x1035b95356 0x1035b95356\n"
				    "PC=0x1035b95356\n"
				    "\n"
				    "goroutine 52 gp=0xc000482540 m=3 mp=0xc000100008 [running]:\n"
				    "main.read(0x1?)\n"
				    "\tC:/src/app/main.go:9 +0x14\n"
				    "\n"
				    "rax     0x0\n"
				    "rip     0x1035b95356\n");

	(void)state;
	load(&read);
	assert_null(read.error);
	assert_int_equal(read.record->end, RECORDED_EXCEPTION);
	assert_int_equal(read.image.os, OS_WINDOWS);
	assert_string_equal(read.image.stop.name, "EXCEPTION_ACCESS_VIOLATION");
	assert_int_equal(read.image.stop.access, ACCESS_EXECUTE);
	assert_int_equal(read.image.stop.address, 0x1035b95356);
	assert_string_equal(place_at(read.record, &read.record->goroutines.items[0].stack, 0)->calls->file, "C:/src/app/main.go");
	arena_free(read.arena);
}

/* Words of a damaged stack, up to Go 1.16 without "0x", up to Go 1.25 and from 1.26 on: at the addresses where they lay. */
static void test_memory(void **state)
{
	struct read old = read_log("runtime: g 18: unexpected return pc for main.f called from 0x7\n"
				   "stack: frame={sp:0xc000046f40, fp:0xc000046f50} stack=[0xc000046000,0xc000047000)\n"
				   "000000c000046f30:  0x0000000000000001  0x000000000047e4a1 <main.f+0x41> \n"
				   "000000c000046f40: <0x000000c000046f60 !0x0000000000000007 \n"
				   "000000c000046f50: >0x0000000000000003 \n"
				   "fatal error: unknown caller pc\n"
				   "\n"
				   "goroutine 18 [running]:\n"
				   "main.f()\n"
				   "\tmain.go:9 +0x14\n");
	struct read new = read_log("runtime: g 18: unexpected return pc for main.f called from 0x7\n"
				   "                   7 6 5 4  3 2 1 0   f e d c  b a 9 8  0123456789abcdef\n"
				   "000000c000046f30:                    00000000 0047e4a1          ..G.....\n"
				   "                                     ^ <main.f+0x41>\n"
				   "000000c000046f40: 000000c0 00046f60  00000000 00000007  `o..............\n"
				   "fatal error: unknown caller pc\n"
				   "\n"
				   "goroutine 18 [running]:\n"
				   "main.f()\n"
				   "\tmain.go:9 +0x14\n");
	struct read bare = read_log("runtime: unexpected return pc for main.f called from 0x7\n"
				    "stack: frame={sp:0xc000046f40, fp:0xc000046f50} stack=[0xc000046000,0xc000047000)\n"
				    "000000c000046f30:  0000000000000001  000000000047e4a1 <main.f+65> \n"
				    "000000c000046f40: <000000c000046f60 !0000000000000007 \n"
				    "fatal error: unknown caller pc\n"
				    "\n"
				    "goroutine 18 [running]:\n"
				    "main.f()\n"
				    "\tmain.go:9 +0x14\n");
	uint64_t word;

	(void)state;
	load(&bare);
	assert_null(bare.error);
	assert_true(image_u64(&bare.image, 0xc000046f38, &word) && word == 0x47e4a1);
	assert_true(image_u64(&bare.image, 0xc000046f48, &word) && word == 7);
	assert_int_equal(bare.record->symbols.count, 1);
	assert_string_equal(bare.record->symbols.items[0].text, "main.f+65");
	assert_true(bare.record->signs & 1U << SIGN_BARE_MEMORY);
	arena_free(bare.arena);
	load(&old);
	assert_null(old.error);
	assert_true(image_u64(&old.image, 0xc000046f38, &word) && word == 0x47e4a1);
	assert_true(image_u64(&old.image, 0xc000046f48, &word) && word == 7);
	assert_true(image_u64(&old.image, 0xc000046f50, &word) && word == 3);
	assert_false(image_u64(&old.image, 0xc000046f58, &word));
	assert_int_equal(old.record->stack_lo, 0xc000046000);
	assert_int_equal(old.record->stack_hi, 0xc000047000);
	load(&new);
	assert_null(new.error);
	assert_false(image_u64(&new.image, 0xc000046f30, &word));
	assert_true(image_u64(&new.image, 0xc000046f38, &word) && word == 0x47e4a1);
	assert_true(image_u64(&new.image, 0xc000046f48, &word) && word == 7);
	arena_free(old.arena);
	arena_free(new.arena);
}

#define COMPLAINED(bounds, g9_sp)                                                                                              \
	"runtime: unexpected return pc for main.decode called from 0x5151515151515151\n"                                       \
	"stack: frame={sp:0xc0000a0dd8, fp:0xc0000a0e78} stack=[" bounds ")\n"                                                 \
	"fatal error: unknown caller pc\n"                                                                                     \
	"\n"                                                                                                                   \
	"runtime stack:\n"                                                                                                     \
	"runtime.gentraceback(0x10)\n"                                                                                         \
	"\truntime/traceback.go:269 +0x1c2a fp=0x7ffd9ee45510 sp=0x7ffd9ee451b0 pc=0x44e08a\n"                                 \
	"\n"                                                                                                                   \
	"goroutine 9 [chan receive]:\n"                                                                                        \
	"main.wait()\n"                                                                                                        \
	"\tmain.go:50 +0x10 fp=0xc000090e78 sp=" g9_sp " pc=0x45e0ea\n"                                                        \
	"\n"                                                                                                                   \
	"goroutine 18 [wait for GC cycle (scan)]:\n"                                                                           \
	"main.finish(0x0?)\n"                                                                                                  \
	"\tmain.go:27 +0x3a fp=0xc0000a0dd8 sp=0xc0000a0db8 pc=0x45e0fa\n"                                                     \
	"fatal error: unexpected signal during runtime execution\n"                                                           \
	"panic during panic\n"

static void expect_complained(const char *text, uint64_t id)
{
	struct read read = read_log(text);

	load(&read);
	assert_null(read.error);
	assert_int_equal(read.record->complained, id);
	if (id)
		assert_string_equal(read.record->complaint, "runtime: unexpected return pc for main.decode called from 0x5151515151515151");
	else
		assert_null(read.record->complaint);
	arena_free(read.arena);
}

/* Go 1.18: the complaint names no goroutine; it is of the only one on that stack. */
static void test_complained(void **state)
{
	(void)state;
	expect_complained(COMPLAINED("0xc0000a0000,0xc0000a2000", "0xc000090e00"), 18);
	expect_complained(COMPLAINED("0xc0000a0000,0xc0000a0db8", "0xc000090e00"), 0); /* that goroutine's SP is the first word behind it */
	expect_complained(COMPLAINED("0xc0000a0000,0xc0000a2000", "0xc0000a0e00"), 0); /* two of them cannot be on it */
}

/* On Windows the stack that an exception hit has no header; whose it is the complaint says, or that it is the first goroutine's. */
static void test_headless(void **state)
{
	struct read torn = read_log("Exception 0xc0000005 0x8 0x10004a1b20 0x10004a1b20\n"
				    "PC=0x10004a1b20\n"
				    "\n"
				    "runtime: g 52 gp=0xc000482540: unknown pc 0x10004a1b20\n"
				    "stack: frame={sp:0xc000046f40, fp:0x0} stack=[0xc000046000,0xc000047000)\n"
				    "0x000000c000046f30:  0x0000000000000001  0x00000010004a1b20 \n"
				    "created by main.main in goroutine 1\n"
				    "\tC:/src/app/main.go:9 +0x14\n"
				    "rip     0x10004a1b20\n");
	struct read first = read_log("Exception 0xc0000005 0x0 0x10 0x7ffb2c1a3f21\n"
				     "PC=0x7ffb2c1a3f21\n"
				     "signal arrived during external code execution\n"
				     "\n"
				     "runtime.cgocall(0x1, 0x2)\n"
				     "\truntime/cgocall.go:157 +0x4a\n"
				     "main.main()\n"
				     "\tC:/src/app/main.go:9 +0x14\n"
				     "\n"
				     "goroutine 9 [chan receive]:\n"
				     "main.f()\n"
				     "\tC:/src/app/main.go:19 +0x14\n");
	const struct log_record *record;

	(void)state;
	load(&torn);
	assert_null(torn.error);
	record = torn.record;
	assert_int_equal(record->unknown_pc, 0x10004a1b20);
	assert_int_equal(record->unknown_sp, 0xc000046f40);
	assert_int_equal(record->goroutines.count, 1);
	assert_int_equal(record->goroutines.items[0].id, 52);
	assert_int_equal(record->goroutines.items[0].creator_id, 1);
	assert_int_equal(record->dying, 52);
	arena_free(torn.arena);
	load(&first);
	assert_null(first.error);
	record = first.record;
	assert_int_equal(record->goroutines.count, 2);
	assert_int_equal(record->dying, 1);
	assert_string_equal(record->states.items[record->goroutines.items[0].state], "syscall");
	assert_string_equal(function_at(record, &record->goroutines.items[0].stack, 1), "main.main");
	arena_free(first.arena);
}

/* A recovered panic that the program logs with its stack ended nothing. */
static void test_recovered(void **state)
{
	struct read read = read_log("panic: boom\n"
				    "goroutine 6 [running]:\n"
				    "runtime/debug.Stack()\n"
				    "\truntime/debug/stack.go:26 +0x5e\n"
				    "main.serve.func1()\n"
				    "\tmain.go:9 +0x14\n"
				    "panic({0x47b8a0?, 0x4b62b8?})\n"
				    "\truntime/panic.go:785 +0x132\n"
				    "main.serve()\n"
				    "\tmain.go:12 +0x40\n"
				    "created by main.main in goroutine 1\n"
				    "\tmain.go:20 +0x25\n");

	(void)state;
	load(&read);
	assert_null(read.error);
	assert_int_equal(read.record->end, RECORDED_NO_END);
	assert_int_equal(read.record->panics.count, 0);
	assert_int_equal(read.image.threads.count, 0);
	assert_true(read.image.snapshot);
	arena_free(read.arena);
}

static void test_no_crash(void **state)
{
	struct read read = read_log("2026/01/02 server started\nnothing happened\n");

	(void)state;
	load(&read);
	assert_non_null(read.error);
	assert_int_equal(read.error->code, ERR_NO_DUMP);
	arena_free(read.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_go_1_5), cmocka_unit_test(test_signal_numbers), cmocka_unit_test(test_headers),
		cmocka_unit_test(test_chain),  cmocka_unit_test(test_quit),	      cmocka_unit_test(test_exception),
		cmocka_unit_test(test_memory), cmocka_unit_test(test_headless), cmocka_unit_test(test_no_crash),
		cmocka_unit_test(test_recovered), cmocka_unit_test(test_complained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
