/* test_globals.c: finding the runtime's variables in code shaped like Go's, and refusing what is not certain. The code
 * is assembled for text at TEXT and the variables at the addresses of `expected`. */
#include "golang/load/globals.h"
#include "golang/code_refs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define TEXT UINT64_C(0x10000)
#define DATA UINT64_C(0x20000)
#define DATA_SIZE UINT64_C(0x1000)

static const struct go_globals expected = {
	.allgs = 0x20100,
	.allglen = 0x20128,
	.allm = 0x20130,
	.allp = 0x20160,
	.print_backlog = 0x20200,
	.print_backlog_index = 0x20148,
	.panicking = 0x20140,
	.build_version = 0x20400,
	.argc = 0x20150,
	.argv = 0x20158,
};

struct function {
	const char *name;    /* "unoptimized": recordForPanic of a build with -N */
	uint64_t start, end; /* offsets */
};

static const char amd64_text[] =
	/* allgadd */
	"\x48\x8d\x05\xf9\xff\x00\x00" /* lea rax, [rip+allglock] */
	"\xe8\xf4\xef\x00\x00"         /* call lock2 */
	"\x48\x8b\x0d\xf5\x00\x01\x00" /* mov rcx, [rip+allgs+8] */
	"\x48\x3b\x0d\xf6\x00\x01\x00" /* cmp rcx, [rip+allgs+16] */
	"\x48\x89\x0d\xe7\x00\x01\x00" /* mov [rip+allgs+8], rcx */
	"\x48\x8b\x15\xd8\x00\x01\x00" /* mov rdx, [rip+allgs] */
	"\x48\x89\x05\xd1\x00\x01\x00" /* mov [rip+allgs], rax */
	"\x48\x8d\x05\xe2\x00\x01\x00" /* lea rax, [rip+allgptr] */
	"\xe8\xc5\xef\x00\x00"         /* call lock2 */
	"\x48\x8b\x0d\xc6\x00\x01\x00" /* mov rcx, [rip+allgs+8] */
	"\x48\x87\x0d\xdf\x00\x01\x00" /* xchg [rip+allglen], rcx */
	"\x48\x8d\x05\xb0\xff\x00\x00" /* lea rax, [rip+allglock] */
	"\xe8\xab\xef\x00\x00"         /* call lock2 */
	"\xc3"                         /* ret */
	/* mcommoninit */
	"\x48\x8d\x05\x03\x01\x01\x00" /* lea rax, [rip+sched] */
	"\xe8\x9e\xef\x00\x00"         /* call lock2 */
	"\x48\x8b\x0d\xc7\x00\x01\x00" /* mov rcx, [rip+allm] */
	"\x48\x8d\x3d\xc0\x00\x01\x00" /* lea rdi, [rip+allm] */
	"\xe8\x8b\xef\x00\x00"         /* call lock2 */
	"\xc3"                         /* ret */
	/* mexit */
	"\x48\x8d\x0d\xb3\x00\x01\x00" /* lea rcx, [rip+allm] */
	"\x48\x8b\x11"                 /* mov rdx, [rcx] */
	"\xc3"                         /* ret */
	/* recordForPanic */
	"\xe8\x7a\xef\x00\x00"         /* call lock2 */
	"\x83\x3d\xb3\x00\x01\x00\x00" /* cmp dword ptr [rip+panicking], 0 */
	"\x48\x8b\x05\xb4\x00\x01\x00" /* mov rax, [rip+index] */
	"\x48\x8d\x1d\x65\x01\x01\x00" /* lea rbx, [rip+backlog] */
	"\x48\x89\x05\xa6\x00\x01\x00" /* mov [rip+index], rax */
	"\x48\x8d\x0d\x57\xff\x01\x00" /* lea rcx, [rip+rodata] */
	"\x48\x8d\x05\x94\x00\x01\x00" /* lea rax, [rip+debuglock] */
	"\xe8\x4b\xef\x00\x00"         /* call lock2 */
	"\xc3"                         /* ret */
	/* printlock */
	"\x48\x8d\x05\x87\x00\x01\x00" /* lea rax, [rip+debuglock] */
	"\xe9\x3e\xef\x00\x00"         /* jmp lock2 */
	/* unoptimized */
	"\xe8\x39\xef\x00\x00"         /* call lock2 */
	"\x48\x8d\x05\x72\x00\x01\x00" /* lea rax, [rip+panicking] */
	"\xe8\x2d\xef\x00\x00"         /* call lock2 */
	"\x48\x8b\x05\x6e\x00\x01\x00" /* mov rax, [rip+index] */
	"\x48\x8d\x1d\x1f\x01\x01\x00" /* lea rbx, [rip+backlog] */
	"\x48\x89\x05\x60\x00\x01\x00" /* mov [rip+index], rax */
	"\xc3"                         /* ret */
	/* schedinit */
	"\x48\x83\x3d\x17\x03\x01\x00\x00" /* cmp qword ptr [rip+version+8], 0 */
	"\xc3"                             /* ret */
	/* args */
	"\x89\x05\x58\x00\x01\x00"     /* mov [rip+argc], eax */
	"\x48\x89\x1d\x59\x00\x01\x00" /* mov [rip+argv], rbx */
	"\xc3"                         /* ret */
	/* preemptall */
	"\x48\x8b\x0d\x59\x00\x01\x00" /* mov rcx, [rip+allp] */
	"\x48\x8b\x15\x5a\x00\x01\x00" /* mov rdx, [rip+allp+8] */
	"\xc3" /* ret */;

static const struct function amd64_functions[] = {
	{"allgadd", 0x0, 0x56},         {"mcommoninit", 0x56, 0x76}, {"mexit", 0x76, 0x81},
	{"recordForPanic", 0x81, 0xb6}, {"printlock", 0xb6, 0xc2},   {"unoptimized", 0xc2, 0xe9},
	{"schedinit", 0xe9, 0xf2},      {"args", 0xf2, 0x100},       {"preemptall", 0x100, 0x10f},
};

static const char arm64_text[] =
	/* allgadd */
	"\x80\x00\x00\x90" /* adrp x0, allglock */
	"\x00\x00\x00\x91" /* add x0, x0, #lo12 allglock */
	"\xfe\x3b\x00\x94" /* bl lock2 */
	"\x9b\x00\x00\x90" /* adrp x27, allgs */
	"\x7b\x03\x04\x91" /* add x27, x27, #lo12 allgs */
	"\x60\x07\x40\xa9" /* ldp x0, x1, [x27] */
	"\x9b\x00\x00\x90" /* adrp x27, allgs+16 */
	"\x62\x8b\x40\xf9" /* ldr x2, [x27, #lo12 allgs+16] */
	"\x9b\x00\x00\x90" /* adrp x27, allgs */
	"\x60\x83\x00\xf9" /* str x0, [x27, #lo12 allgs] */
	"\x80\x00\x00\x90" /* adrp x0, allgptr */
	"\x00\x60\x04\x91" /* add x0, x0, #lo12 allgptr */
	"\x80\x00\x00\x90" /* adrp x0, allglen */
	"\x00\xa0\x04\x91" /* add x0, x0, #lo12 allglen */
	"\x01\xfc\x9f\xc8" /* stlr x1, [x0] */
	"\xf1\x3b\x00\x94" /* bl lock2 */
	"\x01\x04\x00\xf9" /* str x1, [x0, #8] */
	"\xc0\x03\x5f\xd6" /* ret */
	/* mcommoninit */
	"\x83\x00\x00\x90" /* adrp x3, allm */
	"\x62\x98\x40\xf9" /* ldr x2, [x3, #lo12 allm] */
	"\x80\x00\x00\x90" /* adrp x0, allm */
	"\x00\xc0\x04\x91" /* add x0, x0, #lo12 allm */
	"\xea\x3b\x00\x94" /* bl lock2 */
	"\xc0\x03\x5f\xd6" /* ret */
	/* mexit */
	"\x80\x00\x00\x90" /* adrp x0, allm */
	"\x00\xc0\x04\x91" /* add x0, x0, #lo12 allm */
	"\xe1\x03\x00\xaa" /* mov x1, x0 */
	"\x22\x00\x40\xf9" /* ldr x2, [x1] */
	"\xc0\x03\x5f\xd6" /* ret */
	/* recordForPanic */
	"\xe3\x3b\x00\x94" /* bl lock2 */
	"\x80\x00\x00\x90" /* adrp x0, panicking */
	"\x00\x00\x05\x91" /* add x0, x0, #lo12 panicking */
	"\x00\xfc\xdf\x88" /* ldar w0, [x0] */
	"\x9b\x00\x00\x90" /* adrp x27, index */
	"\x66\xa7\x40\xf9" /* ldr x6, [x27, #lo12 index] */
	"\x89\x00\x00\x90" /* adrp x9, backlog */
	"\x29\x01\x08\x91" /* add x9, x9, #lo12 backlog */
	"\x9b\x00\x00\x90" /* adrp x27, index */
	"\x66\xa7\x00\xf9" /* str x6, [x27, #lo12 index] */
	"\xc0\x03\x5f\xd6" /* ret */
	/* printlock */
	"\x80\x00\x00\x90" /* adrp x0, debuglock */
	"\x00\x10\x05\x91" /* add x0, x0, #lo12 debuglock */
	"\xd6\x3b\x00\x14" /* b lock2 */
	/* unoptimized */
	"\xd5\x3b\x00\x94" /* bl lock2 */
	"\x80\x00\x00\x90" /* adrp x0, panicking */
	"\x00\x00\x05\x91" /* add x0, x0, #lo12 panicking */
	"\xd2\x3b\x00\x94" /* bl lock2 */
	"\x9b\x00\x00\x90" /* adrp x27, index */
	"\x66\xa7\x40\xf9" /* ldr x6, [x27, #lo12 index] */
	"\x89\x00\x00\x90" /* adrp x9, backlog */
	"\x29\x01\x08\x91" /* add x9, x9, #lo12 backlog */
	"\xc0\x03\x5f\xd6" /* ret */
	/* schedinit */
	"\x9b\x00\x00\x90" /* adrp x27, version+8 */
	"\x60\x07\x42\xf9" /* ldr x0, [x27, #lo12 version+8] */
	"\xc0\x03\x5f\xd6" /* ret */
	/* args */
	"\x9b\x00\x00\x90" /* adrp x27, argc */
	"\x60\x53\x01\xb9" /* str w0, [x27, #lo12 argc] */
	"\x9b\x00\x00\x90" /* adrp x27, argv */
	"\x61\xaf\x00\xf9" /* str x1, [x27, #lo12 argv] */
	"\xc0\x03\x5f\xd6" /* ret */
	/* preemptall */
	"\x9b\x00\x00\x90" /* adrp x27, allp */
	"\x7b\x83\x05\x91" /* add x27, x27, #lo12 allp */
	"\x61\x0b\x40\xa9" /* ldp x1, x2, [x27] */
	"\xc0\x03\x5f\xd6" /* ret */;

static const struct function arm64_functions[] = {
	{"allgadd", 0x0, 0x48},         {"mcommoninit", 0x48, 0x60}, {"mexit", 0x60, 0x74},
	{"recordForPanic", 0x74, 0xa0}, {"printlock", 0xa0, 0xac},   {"unoptimized", 0xac, 0xd0},
	{"schedinit", 0xd0, 0xdc},      {"args", 0xdc, 0xf0},        {"preemptall", 0xf0, 0x100},
};

struct fixture {
	struct arena *arena;
	struct notes notes;
	struct image image;
	struct go_runtime *runtime;
	uint8_t data[0x1000];
};

static enum func_role role_of(const char *name)
{
	static const struct {
		const char *name;
		enum func_role role;
	} roles[] = {
		{"allgadd", ROLE_ALLGADD},
		{"mcommoninit", ROLE_MCOMMONINIT},
		{"mexit", ROLE_MEXIT},
		{"printlock", ROLE_PRINTLOCK},
		{"schedinit", ROLE_SCHEDINIT},
		{"args", ROLE_ARGS},
		{"preemptall", ROLE_PREEMPTALL},
		{"recordForPanic", ROLE_RECORD_FOR_PANIC},
	};

	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (!strcmp(roles[i].name, name))
			return roles[i].role;
	return ROLE_NONE;
}

static void put(struct fixture *f, uint64_t address, uint64_t value)
{
	for (size_t i = 0; i < 8; i++)
		f->data[address - DATA + i] = (uint8_t)(value >> 8 * i);
}

static struct func *make_func(struct fixture *f, const struct function *function)
{
	struct func *func = arena_alloc(f->arena, sizeof *func);

	func->entry = TEXT + function->start;
	func->end = TEXT + function->end;
	return func;
}

static void add_segment(struct fixture *f, uint64_t address, const void *bytes, size_t size, uint8_t flags)
{
	vec_push(f->arena, &f->image.segments, (struct segment){address, size, {bytes, size}, size, flags, 0, 0});
}

static struct fixture *make(const struct arch *arch, const char *text, size_t size, const struct function *functions,
			    size_t count)
{
	struct arena *arena = arena_new(1 << 24);
	struct fixture *f = arena_alloc(arena, sizeof *f);
	struct go_runtime *runtime = arena_alloc(arena, sizeof *runtime);

	f->arena = f->notes.arena = f->image.arena = runtime->arena = arena;
	f->image.notes = runtime->notes = &f->notes;
	f->image.arch = arch;
	f->runtime = runtime;
	runtime->image = &f->image;
	runtime->decoder = decoder_new(arena, arch);
	add_segment(f, TEXT, text, size, SEGMENT_READ | SEGMENT_EXEC);
	add_segment(f, DATA, f->data, sizeof f->data, SEGMENT_READ | SEGMENT_WRITE);
	vec_push(arena, &runtime->modules, (struct go_module){.data_start = DATA, .data_end = DATA + DATA_SIZE});
	for (size_t i = 0; i < count; i++)
		runtime->functions[role_of(functions[i].name)] = make_func(f, &functions[i]);
	runtime->functions[ROLE_NONE] = NULL;
	put(f, expected.build_version, DATA + 0x500);
	put(f, expected.build_version + 8, 8);
	memcpy(f->data + 0x500, "go1.26.8", 8);
	return f;
}

static struct fixture *make_amd64(void)
{
	return make(&arch_amd64, amd64_text, sizeof amd64_text - 1, amd64_functions,
		    sizeof amd64_functions / sizeof *amd64_functions);
}

static struct fixture *make_arm64(void)
{
	return make(&arch_arm64, arm64_text, sizeof arm64_text - 1, arm64_functions,
		    sizeof arm64_functions / sizeof *arm64_functions);
}

static void finds_all(struct fixture *f)
{
	globals_find(f->runtime);
	for (size_t i = 0; i < f->notes.count; i++)
		print_message("%s\n", f->notes.items[i]);
	assert_memory_equal(&f->runtime->globals, &expected, sizeof expected);
	assert_int_equal(f->notes.count, 0);
	arena_free(f->arena);
}

static void finds_all_amd64(void **state)
{
	(void)state;
	finds_all(make_amd64());
}

static void finds_all_arm64(void **state)
{
	(void)state;
	finds_all(make_arm64());
}

/* Without optimisation the load of panicking is a call. */
static void finds_all_unoptimised(void **state)
{
	struct fixture *amd64 = make_amd64(), *arm64 = make_arm64();

	(void)state;
	for (size_t i = 0; i < sizeof amd64_functions / sizeof *amd64_functions; i++)
		if (!strcmp(amd64_functions[i].name, "unoptimized"))
			amd64->runtime->functions[ROLE_RECORD_FOR_PANIC] = make_func(amd64, &amd64_functions[i]);
	for (size_t i = 0; i < sizeof arm64_functions / sizeof *arm64_functions; i++)
		if (!strcmp(arm64_functions[i].name, "unoptimized"))
			arm64->runtime->functions[ROLE_RECORD_FOR_PANIC] = make_func(arm64, &arm64_functions[i]);
	finds_all(amd64);
	finds_all(arm64);
}

/* What memory contradicts is not believed, and said. */
static void shapes_are_checked(void **state)
{
	struct fixture *f = make_amd64();

	(void)state;
	put(f, expected.allgs + 8, 5); /* more than the capacity, 0 */
	put(f, expected.print_backlog_index, 513);
	put(f, expected.build_version, 0x1234);
	globals_find(f->runtime);
	assert_int_equal(f->runtime->globals.allgs, 0);
	assert_int_equal(f->runtime->globals.allglen, 0);
	assert_int_equal(f->runtime->globals.print_backlog_index, 0);
	assert_int_equal(f->runtime->globals.build_version, 0);
	assert_int_equal(f->runtime->globals.argc, expected.argc);
	assert_true(f->notes.count >= 4);
	arena_free(f->arena);
}

/* Two candidates are none: with mexit gone, or the list of Ms nowhere else used, allm is not guessed. */
static void no_guesses(void **state)
{
	struct fixture *f = make_arm64();

	(void)state;
	f->runtime->functions[ROLE_MEXIT] = NULL;
	f->runtime->functions[ROLE_PRINTLOCK] = NULL;
	f->runtime->functions[ROLE_ALLGADD] = NULL;
	globals_find(f->runtime);
	assert_int_equal(f->runtime->globals.allm, 0);
	assert_int_equal(f->runtime->globals.allgs, 0);
	assert_int_equal(f->runtime->globals.print_backlog, expected.print_backlog);
	assert_int_equal(f->notes.count, 3);
	arena_free(f->arena);
}

/* Data elsewhere than in the module's is not the runtime's. */
static void only_writable_globals_count(void **state)
{
	struct fixture *f = make_amd64();

	(void)state;
	f->runtime->modules.items[0].data_end = DATA + 0x100;
	globals_find(f->runtime);
	assert_int_equal(f->runtime->globals.allgs, 0);
	assert_int_equal(f->runtime->globals.argc, 0);
	arena_free(f->arena);
}

static void code_that_is_not_there(void **state)
{
	struct fixture *f = make_amd64();

	(void)state;
	f->image.segments.items[0].saved.size = 0;
	f->image.segments.items[0].promised = 0;
	globals_find(f->runtime);
	assert_int_equal(f->runtime->globals.allgs, 0);
	assert_int_equal(f->notes.count, 1);
	arena_free(f->arena);
}

static void references_of_a_function(void **state)
{
	struct fixture *f = make_arm64();
	struct code_refs refs;

	(void)state;
	code_refs_of(f->runtime, f->runtime->functions[ROLE_ALLGADD], &refs);
	assert_int_equal(refs.count, 11);
	assert_int_equal(refs.items[0].kind, REF_ADDRESS); /* an ADRP alone is no reference */
	assert_int_equal(refs.items[0].pc, TEXT + 4);
	assert_int_equal(refs.items[1].kind, REF_CALL);
	assert_int_equal(refs.items[3].kind, REF_LOAD); /* both words of the LDP */
	assert_int_equal(refs.items[3].address, expected.allgs);
	assert_int_equal(refs.items[4].address, expected.allgs + 8);
	assert_int_equal(refs.items[9].kind, REF_STORE); /* STLR */
	assert_int_equal(refs.items[9].address, expected.allglen);
	assert_int_equal(refs.items[9].size, 8);
	assert_int_equal(refs.items[10].kind, REF_CALL); /* and no store through x0 after it */
	arena_free(f->arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_all_amd64),
		cmocka_unit_test(finds_all_arm64),
		cmocka_unit_test(finds_all_unoptimised),
		cmocka_unit_test(shapes_are_checked),
		cmocka_unit_test(no_guesses),
		cmocka_unit_test(only_writable_globals_count),
		cmocka_unit_test(code_that_is_not_there),
		cmocka_unit_test(references_of_a_function),
	};

	return cmocka_run_group_tests_name("globals", tests, NULL, NULL);
}
