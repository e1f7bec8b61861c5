/* test_identity.c: whether an executable is what ran: judged by what the dump saved, whichever of it that is. */
#include "golang/load/load.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 64 << 20 };

#define BIAS UINT64_C(0x550000000000)

static const uint8_t go_note[] = "\4\0\0\0\x10\0\0\0\4\0\0\0Go\0\0synthetic-id-01";

struct scene {
	struct go_builder *builder;
	struct go_runtime runtime;
	struct go_module file;
	const char *build_id; /* in the dump's memory */
	const struct program_record *program; /* NULL: it is no main program */
};

static struct scene scene_new(struct arena *arena)
{
	struct scene s = {.builder = go_new(arena, &arch_arm64, 24, 5)};
	struct exe *exe;

	for (int i = 0; i < 400; i++)
		go_add_frame(s.builder, arena_printf(arena, "main.f%d", i), 0x40, 0);
	exe = go_exe(s.builder);
	s.runtime = (struct go_runtime){
		.arena = arena, .image = s.builder->image, .notes = s.builder->image->notes, .exe = exe};
	assert_true(module_in_exe(exe, &s.file));
	assert_int_equal(s.file.address, GO_MODULEDATA);
	assert_int_equal(s.file.text, GO_TEXT);
	assert_int_equal(s.file.pclntab.nfunc, 400);
	return s;
}

static const struct exe_segment *segment_of(const struct scene *s, uint64_t address)
{
	for (size_t i = 0; i < s->runtime.exe->segments.count; i++)
		if (s->runtime.exe->segments.items[i].address == address)
			return &s->runtime.exe->segments.items[i];
	fail();
	return NULL;
}

/* The dump saved a segment of the executable. */
static void save(struct scene *s, uint64_t address)
{
	const struct exe_segment *segment = segment_of(s, address);

	go_memory(s->builder, address + s->runtime.bias, segment->size, segment->flags);
	go_write(s->builder, address + s->runtime.bias, segment->bytes.data, segment->bytes.size);
}

static void add_note_section(struct scene *s, struct arena *arena)
{
	vec_push(arena, &s->runtime.exe->sections,
		 (struct section){.name = ".note.go.buildid",
				  .address = GO_BASE + 0x100,
				  .bytes = {go_note, sizeof go_note - 1}});
}

static void saved_note(struct scene *s, uint8_t difference)
{
	uint8_t copy[sizeof go_note];

	memcpy(copy, go_note, sizeof go_note);
	copy[20] ^= difference;
	go_memory(s->builder, GO_BASE, 0x1000, SEGMENT_READ);
	go_write(s->builder, GO_BASE + 0x100, copy, sizeof go_note - 1);
}

static struct identity_judgement judgement_of(struct scene *s, const struct go_module *module)
{
	struct placed_exe file = {.exe = s->runtime.exe, .bias = s->runtime.bias, .build_id = s->build_id, .program = s->program};

	return identity_judge(s->runtime.image, &file, module);
}

static enum identity identity_of(struct scene *s, const struct go_module *module)
{
	return judgement_of(s, module).identity;
}

static void judge_because(struct scene *s, enum identity expected, const char *part)
{
	struct identity_judgement judgement = judgement_of(s, &s->file);

	assert_int_equal(judgement.identity, expected);
	assert_non_null(judgement.because);
	assert_non_null(strstr(judgement.because, part));
}

static void judge(struct scene *s, enum identity expected)
{
	assert_int_equal(identity_of(s, &s->file), expected);
}

static void build_id(struct arena *arena)
{
	struct scene s = scene_new(arena);

	add_note_section(&s, arena);
	judge(&s, IDENTITY_EQUIVALENT); /* not saved: the data segment alone */
	saved_note(&s, 0);
	judge(&s, IDENTITY_SAME);
	s = scene_new(arena);
	add_note_section(&s, arena);
	saved_note(&s, 1);
	judge(&s, IDENTITY_MISMATCH);
}

static void gnu_build_id(struct arena *arena)
{
	struct scene s = scene_new(arena);

	s.build_id = "12ab";
	judge(&s, IDENTITY_EQUIVALENT); /* the file has none */
	s.runtime.exe->build_id = "12ab";
	judge(&s, IDENTITY_SAME);
	s.runtime.exe->build_id = "12ac";
	judge(&s, IDENTITY_MISMATCH);
}

/* An equal build ID does not excuse moduledata that lies elsewhere. */
static void twin(struct arena *arena)
{
	struct scene s = scene_new(arena);

	add_note_section(&s, arena);
	saved_note(&s, 0);
	go_put(s.builder, GO_MODULEDATA + 8 * 24, GO_DATA + 0x20);
	judge(&s, IDENTITY_MISMATCH);
}

static void moduledata_words(struct arena *arena)
{
	for (uint64_t i = 0; i < 32; i++) {
		struct scene s = scene_new(arena);

		judge(&s, IDENTITY_EQUIVALENT);
		go_put(s.builder, GO_MODULEDATA + 8 * i, go_get(s.builder, GO_MODULEDATA + 8 * i) + 0x20);
		judge(&s, IDENTITY_MISMATCH);
	}
}

static void read_only_bytes(struct arena *arena)
{
	static const uint64_t segments[] = {GO_TEXT, GO_RODATA};

	for (size_t i = 0; i < 2; i++) {
		struct scene s = scene_new(arena);
		uint64_t last = segments[i] + segment_of(&s, segments[i])->size - 8;

		save(&s, segments[i]);
		judge(&s, IDENTITY_EQUIVALENT);
		go_put(s.builder, last, go_get(s.builder, last) ^ 1);
		judge(&s, IDENTITY_MISMATCH);
	}
}

/* `strip` rewrites the ELF header, which changes nothing that runs. */
static void stripped(struct arena *arena)
{
	struct scene s = scene_new(arena);

	save(&s, GO_BASE);
	go_put(s.builder, GO_BASE + 0x28, 0x1234);
	save(&s, GO_TEXT);
	judge(&s, IDENTITY_EQUIVALENT);
}

/* Data that is not in the dump, or only partly. */
static void data_not_saved(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct segment *data = &s.builder->image->segments.items[0];

	assert_int_equal(data->address, GO_DATA);
	data->saved.size = 0x200 + 8 * 31;
	judge(&s, IDENTITY_UNVERIFIED);
	data->saved.size = 0;
	judge(&s, IDENTITY_UNVERIFIED);
	save(&s, GO_TEXT);
	judge(&s, IDENTITY_UNVERIFIED); /* equal code: a twin has that too */
	go_put(s.builder, GO_TEXT, 0);
	judge(&s, IDENTITY_MISMATCH);
	assert_int_equal(identity_of(&s, NULL), IDENTITY_MISMATCH);
}

static void no_go(struct arena *arena)
{
	struct scene s = scene_new(arena);

	assert_int_equal(identity_of(&s, NULL), IDENTITY_UNVERIFIED);
}

/* Loaded elsewhere: addresses in moduledata differ by the bias, and lengths do not. */
static void biased(struct arena *arena)
{
	struct scene s = scene_new(arena);
	const struct exe_segment *data = segment_of(&s, GO_DATA);

	s.runtime.bias = BIAS;
	judge(&s, IDENTITY_UNVERIFIED);
	save(&s, GO_DATA);
	judge(&s, IDENTITY_EQUIVALENT); /* as linked: not relocated yet */
	for (uint64_t i = 0; i < 32; i++) {
		uint64_t word = span_u64(data->bytes, 0x200 + 8 * i);

		if (word > 0x1000)
			go_put(s.builder, GO_MODULEDATA + BIAS + 8 * i, word + BIAS);
	}
	judge(&s, IDENTITY_EQUIVALENT);
	go_put(s.builder, GO_MODULEDATA + BIAS, GO_RODATA + BIAS + 8);
	judge(&s, IDENTITY_MISMATCH);
}

/* ---- what the kernel noted of its program ---- */

static void forget_data(struct scene *s)
{
	assert_int_equal(s->builder->image->segments.items[0].address, GO_DATA);
	s->builder->image->segments.items[0].saved.size = 0;
}

/* Bytes that agree weigh more than the kernel's notes, which a packer makes untrue; nothing at all weighs less. */
static void kernels_notes(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct exe *exe = (struct exe *)(uintptr_t)s.runtime.exe;
	struct program_record program = {.entry_known = true, .entry = exe->entry, .headers_known = true,
					 .headers = GO_BASE + 0x40, .header_count = 6};

	exe->headers = GO_BASE + 0x40;
	exe->header_count = 6;
	s.program = &program;
	judge(&s, IDENTITY_EQUIVALENT);
	program.entry += 0x20;
	judge_because(&s, IDENTITY_UNVERIFIED, "entry point");
	program.entry -= 0x20;
	program.headers += 0x38;
	judge_because(&s, IDENTITY_UNVERIFIED, "program headers");
	program.headers -= 0x38;
	program.header_count++;
	judge_because(&s, IDENTITY_UNVERIFIED, "7 program headers, and it has 6");
	forget_data(&s);
	judge_because(&s, IDENTITY_MISMATCH, "7 program headers, and it has 6");
	program.header_count--;
	judge(&s, IDENTITY_UNVERIFIED);
	program.headers_known = false;
	program.header_count = 9;
	judge(&s, IDENTITY_UNVERIFIED);
}

/* A file's headers against the kernel's list of what was mapped: one segment's address or place in the file is another. */
static void misplaced_segments(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct image *image = s.builder->image;
	struct exe_segment *moved = (struct exe_segment *)(uintptr_t)segment_of(&s, GO_TEXT);
	const uint64_t end = moved->address + moved->bytes.size;
	struct program_record program = {0};

	s.program = &program;
	vec_push(arena, &image->mappings, (struct mapping){.start = GO_TEXT & ~UINT64_C(0xfff), .end = (end + 0xfff) & ~UINT64_C(0xfff),
							   .file_offset = moved->file_offset - GO_TEXT % 0x1000, .path = "/bin/it"});
	vec_push(arena, &image->mappings, (struct mapping){.start = GO_TEXT & ~UINT64_C(0xfff), .end = end, .file_offset = 0x123000,
							   .path = "/lib/another.so"});
	program.mapping = &image->mappings.items[0];
	judge(&s, IDENTITY_EQUIVALENT);
	moved->file_offset += 0x1000;
	judge_because(&s, IDENTITY_UNVERIFIED, "headers place");
	assert_true(judgement_of(&s, &s.file).misplaced);
	moved->file_offset -= 0x1000;
	image->mappings.items[0].start += 0x1000; /* mapped elsewhere: the same bytes would lie there */
	judge_because(&s, IDENTITY_UNVERIFIED, "headers place");
	image->mappings.items[0].file_offset += 0x1000; /* a part of it is mapped */
	judge(&s, IDENTITY_EQUIVALENT);
	program.mapping = NULL;
	moved->file_offset += 0x1000;
	judge(&s, IDENTITY_EQUIVALENT);
}

/* A packed program's entry point is the unpacker's; all its code and tables in memory prove it all the same. */
static void whole_in_memory(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct program_record program = {.entry_known = true, .entry = s.runtime.exe->entry + 0x1000};

	s.program = &program;
	save(&s, GO_TEXT);
	judge(&s, IDENTITY_UNVERIFIED);
	save(&s, GO_RODATA);
	judge(&s, IDENTITY_EQUIVALENT);
}

static void one_sided_build_id(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct exe *exe = (struct exe *)(uintptr_t)s.runtime.exe;
	struct program_record program = {.notes_seen = true, .build_id = "12ab"};

	s.program = &program;
	s.build_id = "12ab";
	exe->notes_whole = false;
	judge(&s, IDENTITY_EQUIVALENT); /* what of the file is missing may have it */
	exe->notes_whole = true;
	judge_because(&s, IDENTITY_UNVERIFIED, "had a build-id, and it has none");
	s.build_id = program.build_id = NULL;
	judge(&s, IDENTITY_EQUIVALENT);
	exe->build_id = "12ab";
	judge_because(&s, IDENTITY_UNVERIFIED, "it has a build-id");
	program.notes_seen = false;
	judge(&s, IDENTITY_EQUIVALENT); /* what was not saved may have it */
	program.notes_seen = true;
	forget_data(&s);
	judge_because(&s, IDENTITY_MISMATCH, "it has a build-id");
}

/* Files are renamed: a name is asked only when nothing else speaks. */
static void names(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct exe *exe = (struct exe *)(uintptr_t)s.runtime.exe;
	struct program_record program = {.path = "/srv/service", .exec_name = "bin/svc"};

	exe->name = "other";
	s.program = &program;
	judge(&s, IDENTITY_EQUIVALENT);
	forget_data(&s);
	judge_because(&s, IDENTITY_UNVERIFIED, "called service");
	assert_true(judgement_of(&s, &s.file).named_otherwise);
	exe->name = "svc";
	judge(&s, IDENTITY_UNVERIFIED);
	assert_false(judgement_of(&s, &s.file).named_otherwise);
	exe->name = "service";
	assert_null(judgement_of(&s, &s.file).because);
}

/* A debugger's breakpoint, a damaged file: the build is the same, and yet the bytes are not. */
static void changed_bytes(struct arena *arena)
{
	static const uint64_t segments[] = {GO_TEXT, GO_RODATA};

	for (size_t i = 0; i < 2; i++) {
		struct scene s = scene_new(arena);
		uint64_t at = segments[i] + segment_of(&s, segments[i])->size - 8;

		s.build_id = s.runtime.exe->build_id = "12ab";
		save(&s, segments[i]);
		judge(&s, IDENTITY_SAME);
		go_put(s.builder, at, go_get(s.builder, at) ^ 1);
		judge_because(&s, IDENTITY_UNVERIFIED, "1 of ");
		assert_int_equal(judgement_of(&s, &s.file).tables_differ, segments[i] == GO_RODATA);
		for (uint64_t k = at; k > segments[i] && k > at - 0x400; k -= 8)
			go_put(s.builder, k, ~go_get(s.builder, k));
		judge(&s, IDENTITY_MISMATCH);
	}
}

/* ---- the whole model, loaded under each identity ---- */

static struct go_runtime *load(struct go_builder *builder, struct exe *exe)
{
	struct exe_candidate candidate = {.exe = exe, .source = exe ? EXE_GIVEN : EXE_NONE, .bias_known = true};

	return go_runtime_load(builder->image, &candidate);
}

static void loading(struct arena *arena)
{
	struct go_builder *builder = go_new(arena, &arch_amd64, 26, 8);
	struct go_runtime *runtime;
	struct exe *exe;
	uint64_t span;

	go_add_frame(builder, "main.f", 0x40, 0);
	go_goroutine(builder,
		     &(struct goroutine){
			     .id = 1, .status = G_WAITING, .stack_lo = GO_STACKS, .stack_hi = GO_STACKS + 0x1000},
		     true);
	/* a longer list, as mheap_.allspans may read: each element looks like goroutine 1 */
	span = go_goroutine(builder, &(struct goroutine){.id = 1, .stack_lo = 0x1000, .stack_hi = 0x2000}, false);
	go_memory(builder, 0x700000, 0x100, SEGMENT_READ | SEGMENT_WRITE);
	go_put(builder, 0x700000, span);
	go_put(builder, 0x700008, span);
	go_put(builder, GO_DATA + 0xf00, 0x700000);
	go_put(builder, GO_DATA + 0xf08, 2);
	go_put(builder, GO_DATA + 0xf10, 0x1000);
	exe = go_exe(builder);
	runtime = load(builder, exe);
	assert_int_equal(runtime->identity, IDENTITY_EQUIVALENT);
	assert_string_equal(runtime->version.text, "go1.26.8");
	assert_int_equal(runtime->layout_source, LAYOUT_SOURCE_TABLE);
	assert_int_equal(runtime->goroutines.count, 1); /* found by shape */
	assert_non_null(go_pc(runtime, GO_TEXT, true)->func);
	builder->image->backing.count = 0;
	go_put(builder, GO_MODULEDATA, GO_RODATA + 0x20); /* the tables lie elsewhere: another build */
	runtime = load(builder, exe);
	assert_int_equal(runtime->identity, IDENTITY_MISMATCH);
	assert_int_equal(builder->image->backing.count, 0); /* its bytes are not served as the process's */
	runtime = load(builder, NULL);
	assert_int_equal(runtime->identity, IDENTITY_NONE);
	assert_null(go_pc(runtime, GO_TEXT, true)->func);
}

static const struct exe_segment *memory_of(struct go_builder *builder, struct exe *exe, uint64_t address, uint64_t cut)
{
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *segment = &exe->segments.items[i];

		if (segment->address != address)
			continue;
		go_memory(builder, address, cut, segment->flags);
		go_write(builder, address, segment->bytes.data, (size_t)cut);
		return segment;
	}
	fail();
	return NULL;
}

/* The dump alone, as it holds less and less. */
static void memory_alone(struct arena *arena)
{
	struct go_builder *builder = go_new(arena, &arch_amd64, 22, 8);
	const struct exe_segment *tables, *code;
	struct go_runtime *runtime;
	struct exe *exe;

	for (int i = 0; i < 400; i++)
		go_add_frame(builder, arena_printf(arena, "main.f%d", i), 0x40, 0);
	exe = go_exe(builder);
	runtime = load(builder, NULL);
	assert_int_equal(runtime->exe_source, EXE_NONE);
	tables = memory_of(builder, exe, GO_RODATA, 0x2000);
	runtime = load(builder, NULL);
	assert_int_equal(runtime->exe_source, EXE_NONE);
	assert_null(go_pc(runtime, GO_TEXT, true)->func);
	/* the rest, as a segment of its own: records of the last functions lie there */
	go_memory(builder, GO_RODATA + 0x2000, tables->size - 0x2000, SEGMENT_READ | SEGMENT_WRITE);
	go_write(builder, GO_RODATA + 0x2000, tables->bytes.data + 0x2000, tables->bytes.size - 0x2000);
	runtime = load(builder, NULL);
	assert_int_equal(runtime->exe_source, EXE_NONE); /* code is still missing */
	assert_string_equal(go_func_name(go_pc(runtime, go_entry(builder, 399), true)), "main.f399");
	code = memory_of(builder, exe, GO_TEXT, 0x1000);
	assert_int_equal(load(builder, NULL)->exe_source, EXE_NONE);
	go_memory(builder, GO_TEXT + 0x1000, code->size - 0x1000, code->flags);
	runtime = load(builder, NULL);
	assert_int_equal(runtime->exe_source, EXE_MEMORY);
	assert_int_equal(runtime->identity, IDENTITY_NONE);
	assert_string_equal(go_func_name(go_pc(runtime, go_entry(builder, 399), true)), "main.f399");
	assert_true(go_return_address(runtime, go_return_pc(builder, 0))->call_known);
}

/* Each entry of functab names its record, which names the entry's start. */
static void damaged_tables(struct arena *arena)
{
	struct scene s = scene_new(arena);
	struct exe *exe = (struct exe *)(uintptr_t)s.runtime.exe;
	struct pclntab *table = &s.file.pclntab;
	uint8_t *copy = memcpy(arena_alloc(arena, table->functab.size), table->functab.data, table->functab.size);

	s.file.exe = exe;
	vec_push(arena, &s.runtime.modules, s.file);
	tables_check(&s.runtime);
	assert_false(s.runtime.tables_damaged);
	copy[8 * 7] ^= 1;
	s.runtime.modules.items[0].pclntab.functab.data = copy;
	tables_check(&s.runtime);
	assert_true(s.runtime.tables_damaged);
	assert_non_null(strstr(s.runtime.notes->items[s.runtime.notes->count - 1], "of function 7 of 400"));
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(2 * BUDGET, name);                                                                                        \
	}

TEST(build_id)
TEST(gnu_build_id)
TEST(twin)
TEST(moduledata_words)
TEST(read_only_bytes)
TEST(stripped)
TEST(data_not_saved)
TEST(no_go)
TEST(biased)
TEST(kernels_notes)
TEST(misplaced_segments)
TEST(whole_in_memory)
TEST(one_sided_build_id)
TEST(names)
TEST(changed_bytes)
TEST(damaged_tables)
TEST(loading)
TEST(memory_alone)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_id),
		cmocka_unit_test(test_gnu_build_id),
		cmocka_unit_test(test_twin),
		cmocka_unit_test(test_moduledata_words),
		cmocka_unit_test(test_read_only_bytes),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_data_not_saved),
		cmocka_unit_test(test_no_go),
		cmocka_unit_test(test_biased),
		cmocka_unit_test(test_kernels_notes),
		cmocka_unit_test(test_misplaced_segments),
		cmocka_unit_test(test_whole_in_memory),
		cmocka_unit_test(test_one_sided_build_id),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_changed_bytes),
		cmocka_unit_test(test_damaged_tables),
		cmocka_unit_test(test_loading),
		cmocka_unit_test(test_memory_alone),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
