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

static enum identity identity_of(struct scene *s, const struct go_module *module)
{
	struct placed_exe file = {.exe = s->runtime.exe, .bias = s->runtime.bias, .build_id = s->build_id};

	return identity_judge(s->runtime.image, &file, module);
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
		cmocka_unit_test(test_loading),
		cmocka_unit_test(test_memory_alone),
	};

	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
