/* test_tear.c: where SP really is, at every pc of functions: the prologues and epilogues that Go's arm64 assembler has
 * emitted (cmd/internal/obj/arm64/obj7.go; which releases: the names), and forms that no Go compiler emits. Each row is an
 * instruction, the distance to the frame's top before it, and what pcsp says; where the two differ is a tear. */
#include "analyzer/instructions/regular.h"
#include "analyzer/instructions/tear.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"
#include "tests/unit/analyzer/instructions/tear_forms.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20, CODE_SIZE = 256 };

/* A form as a function of a loaded program. */
struct subject {
	struct arena *arena;
	const struct form *form;
	struct go_builder *builder;
	struct go_runtime *runtime;
	struct tear_cache *cache;
	size_t function;
	uint32_t offsets[CODE_SIZE]; /* of each instruction, and the end */
};

static void add_form(struct subject *s)
{
	struct go_function function = {.name = "main.form"};
	uint8_t *code = arena_alloc(s->arena, CODE_SIZE);
	size_t stretch = 0;

	function.code = code;
	function.pcsp[0].value = s->form->rows[0].pcsp;
	for (size_t i = 0; i < s->form->count; i++) {
		const struct row *row = &s->form->rows[i];

		s->offsets[i] = (uint32_t)function.size;
		if (row->pcsp != function.pcsp[stretch].value)
			function.pcsp[++stretch] = (struct go_stretch){(uint32_t)function.size, row->pcsp};
		for (size_t j = 0; j < row->size; j++)
			code[function.size + j] =
				(uint8_t)(row->bytes ? (unsigned char)row->bytes[j] : row->word >> 8 * j);
		function.size += row->size;
	}
	s->offsets[s->form->count] = (uint32_t)function.size;
	assert_true(function.size <= CODE_SIZE && stretch < GO_STRETCHES);
	s->function = go_add(s->builder, &function);
}

static void load(struct arena *arena, const struct form *form, struct subject *ret)
{
	struct subject s = {.arena = arena, .form = form, .builder = go_new(arena, form->arch, 24, 5)};
	size_t other = go_add_frame(s.builder, "main.other", 0x20, 0);
	size_t morestack = go_add_frame(s.builder, "runtime.morestack_noctxt", 0x20, 0);

	add_form(&s);
	for (size_t i = 0; i < form->count; i++)
		if (form->rows[i].call)
			go_call(s.builder, s.function, s.offsets[i],
				form->rows[i].call == CALLS_OTHER ? other : morestack);
	s.runtime = go_load(s.builder);
	s.cache = tear_cache_new(s.runtime);
	*ret = s;
}

static bool state_at(const struct subject *s, uint32_t offset, struct frame_state *ret)
{
	const struct pc_info *info = go_pc(s->runtime, go_entry(s->builder, s->function) + offset, true);

	assert_non_null(info->func);
	return frame_state_at(s->cache, info, ret);
}

static const struct form *form_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(forms[i].name, name))
			return &forms[i];
	fail_msg("no form %s", name);
	return NULL;
}

/* ---- distances ---- */

static void check_row(const struct subject *s, size_t index)
{
	const struct row *row = &s->form->rows[index];
	struct frame_state state;
	bool known = state_at(s, s->offsets[index], &state);
	const struct pc_info *info = go_pc(s->runtime, go_entry(s->builder, s->function) + s->offsets[index], true);

	if (known != (row->distance != UNKNOWN))
		fail_msg("%s, instruction %zu: %s", s->form->name, index, known ? "known" : "not known");
	assert_true(info->has_delta);
	assert_int_equal(info->delta, row->pcsp);
	if (!known)
		return;
	if (state.distance != row->distance)
		fail_msg("%s, instruction %zu: distance %#llx, not %#llx", s->form->name, index,
			 (unsigned long long)state.distance, (unsigned long long)row->distance);
	if (state.assumed != row->assumed)
		fail_msg("%s, instruction %zu: assumed %d", s->form->name, index, state.assumed);
}

static void distances(struct arena *arena)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct subject s;

		load(arena, &forms[i], &s);
		for (size_t j = 0; j < forms[i].count; j++)
			check_row(&s, j);
	}
}

/* At each tear the table's claim is true a few instructions away; half a word off it is true nowhere. */
static void claims(struct arena *arena)
{
	size_t tears = 0;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct subject s;

		load(arena, &forms[i], &s);
		for (size_t j = 0; j < forms[i].count; j++) {
			const struct row *row = &forms[i].rows[j];
			const struct pc_info *info = go_pc(s.runtime, go_entry(s.builder, s.function) + s.offsets[j], true);

			if (row->distance == UNKNOWN || row->distance == row->pcsp)
				continue;
			tears++;
			if (!frame_state_beside(s.cache, info, row->pcsp))
				fail_msg("%s, instruction %zu: its claim is true nowhere beside it", forms[i].name, j);
			assert_false(frame_state_beside(s.cache, info, row->pcsp + 4));
		}
	}
	assert_true(tears > 10);
}

/* … and not in the middle of a function, where the frame is whole far around. */
static void far_from_adjustments(struct arena *arena)
{
	enum { NOPS = 40, FRAME = 0x20 };
	const uint32_t sub_sp_0x20 = 0xd10083ff, add_sp_0x20 = 0x910083ff, ret = 0xd65f03c0, nop = 0xd503201f;
	static const struct {
		uint32_t at;
		bool beside;
	} rows[] = {{4, true}, {32, true}, {36, false}, {80, false}, {4 * (NOPS + 2) - 36, false}, {4 * (NOPS + 2) - 32, true}};
	struct go_builder *builder = go_new(arena, &arch_arm64, 24, 5);
	uint8_t *code = arena_alloc(arena, 4 * (NOPS + 3));
	struct go_function function = {.name = "main.far", .code = code, .size = 4 * (NOPS + 3)};
	struct go_runtime *runtime;
	size_t far;

	for (size_t i = 0; i < NOPS + 3; i++) {
		const uint32_t word = i == 0 ? sub_sp_0x20 : i == NOPS + 1 ? add_sp_0x20 : i == NOPS + 2 ? ret : nop;

		for (size_t j = 0; j < 4; j++)
			code[4 * i + j] = (uint8_t)(word >> 8 * j);
	}
	far = go_add(builder, &function);
	runtime = go_load(builder);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct pc_info *info = go_pc(runtime, go_entry(builder, far) + rows[i].at, true);

		if (frame_state_beside(tear_cache_new(runtime), info, 0) != rows[i].beside)
			fail_msg("offset %u", rows[i].at);
		assert_true(frame_state_beside(tear_cache_new(runtime), info, FRAME));
	}
}

/* The order of questions does not matter: one pc alone gives the same answer. */
static void each_pc_alone(struct arena *arena)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct subject s;

		load(arena, &forms[i], &s);
		for (size_t j = forms[i].count; j-- > 0;) {
			s.cache = tear_cache_new(s.runtime);
			check_row(&s, j);
		}
	}
}

/* A pc that is no instruction boundary has no state. */
static void between_instructions(struct arena *arena)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct frame_state state;
		struct subject s;
		size_t next = 0;

		load(arena, &forms[i], &s);
		for (uint32_t offset = 0; offset < s.offsets[forms[i].count]; offset++) {
			if (offset == s.offsets[next])
				next++;
			else if (state_at(&s, offset, &state))
				fail_msg("%s: a state at offset %u", forms[i].name, offset);
		}
	}
}

/* ---- what holds the return address and the frame pointer ---- */

struct holder {
	const char *form;
	size_t index;
	bool link_live, link_saved;
	int64_t link_slot;
	bool fp_known;
	int64_t fp_offset;
};

static const struct holder holders[] = {
	{"nonleaf_old", 0, true, false, 0, true, -8},
	{"nonleaf_old", 8, true, true, -0x11180, true, -8},
	{"nonleaf_old", 9, true, true, -0x11180, true, -0x11188},
	{"nonleaf_old", 10, false, true, -0x11180, false, 0}, /* after a call */
	{"nonleaf_old", 11, true, true, -0x11180, true, -8},
	{"nonleaf_old", 12, true, true, -0x11180, true, -8}, /* the tear */
	{"nonleaf_old", 13, true, true, -0x11180, true, -8},
	{"nonleaf_old", 16, true, false, 0, true, -8}, /* runtime.morestack comes back with LR as it was */
	{"nonleaf_fixed", 9, true, true, -0x11180, true, -8},
	{"leaf_121", 6, true, true, -0x11180, true, -0x11008},
	{"leaf_121", 8, true, true, -0x11180, true, -8},
	{"leaf_120", 6, true, true, -0x11180, true, -0x11188},
	{"leaf_120", 8, true, true, -0x11180, true, -8},
	{"prologue_117", 7, false, true, -0x11180, false, 0},
	{"prologue_117", 10, true, true, -0x11180, true, -8},
	{"small_writeback", 4, false, true, -0xf0, false, 0},
	{"small_writeback", 6, true, true, -0xf0, true, -8},
	{"three_steps", 4, true, false, 0, true, -8},
	{"after_indirect_jump", 3, false, true, -0x30, false, 0},
	{"call_clobbers", 3, false, false, 0, false, 0},
	{"ordinary", 0, false, false, 0, false, 0}, /* amd64: BP is the caller's, its value not known */
	{"ordinary", 2, false, false, 0, true, -8},
	{"ordinary", 4, false, false, 0, false, 0},
	{"ordinary", 6, false, false, 0, false, 0},
};

static void check_holder(struct arena *arena, const struct holder *holder)
{
	struct frame_state state;
	struct subject s;

	load(arena, form_by_name(holder->form), &s);
	assert_true(state_at(&s, s.offsets[holder->index], &state));
	if (state.link_live != holder->link_live || state.link_saved != holder->link_saved ||
	    state.fp_known != holder->fp_known)
		fail_msg("%s %zu: link live %d, saved %d, fp known %d", holder->form, holder->index, state.link_live,
			 state.link_saved, state.fp_known);
	if (holder->link_saved)
		assert_int_equal(state.link_slot, holder->link_slot);
	if (holder->fp_known)
		assert_int_equal(state.fp_offset, holder->fp_offset);
}

static void return_and_frame_pointer(struct arena *arena)
{
	for (size_t i = 0; i < sizeof holders / sizeof *holders; i++)
		check_holder(arena, &holders[i]);
}

/* ---- leaves ---- */

static void leaves(struct arena *arena)
{
	static const struct {
		const char *form;
		bool leaf;
	} rows[] = {{"leaf_121", true},        {"nonleaf_old", false}, {"ordinary", false},
		    {"morestack_amd64", true}, {"three_steps", true},  {"undecodable", true}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct subject s;

		load(arena, form_by_name(rows[i].form), &s);
		assert_int_equal(is_leaf(s.cache, go_pc(s.runtime, go_entry(s.builder, s.function), true)),
				 rows[i].leaf);
	}
}

/* ---- what cannot be executed ---- */

static void no_code(struct arena *arena)
{
	struct frame_state state;
	struct subject s;

	load(arena, form_by_name("nonleaf_old"), &s);
	s.runtime->image->backing.count = 0;
	assert_false(state_at(&s, 0, &state));
	assert_false(frame_state_at(s.cache, go_pc(s.runtime, 0x1000, true), &state));
}

/* The dump holds the first instructions of a function only. */
static void cut_code(struct arena *arena)
{
	const struct form *form = form_by_name("nonleaf_old");

	for (size_t keep = 1; keep <= form->count; keep++) {
		struct frame_state state;
		struct subject s;
		struct segment *text;

		load(arena, form, &s);
		text = &s.runtime->image->backing.items[1];
		text->saved.size = text->size = (size_t)(go_entry(s.builder, s.function) - GO_TEXT) + s.offsets[keep];
		for (size_t i = 0; i < form->count; i++)
			if (state_at(&s, s.offsets[i], &state))
				assert_true(i < keep && state.distance == form->rows[i].distance);
	}
}

static void too_large(struct arena *arena)
{
	static const uint8_t code[(1 << 20) + 16];
	struct go_builder *builder = go_new(arena, &arch_arm64, 24, 5);
	struct go_function function = {.name = "main.large", .code = code, .size = sizeof code};
	struct go_runtime *runtime;
	struct frame_state state;

	go_add(builder, &function);
	runtime = arena_alloc(arena, sizeof *runtime);
	*runtime = (struct go_runtime){
		.arena = arena, .image = builder->image, .decoder = decoder_new(arena, &arch_arm64)};
	vec_push(arena, &builder->image->backing,
		 (struct segment){.address = GO_TEXT,
				  .size = sizeof code,
				  .saved = {code, sizeof code},
				  .promised = sizeof code,
				  .flags = SEGMENT_EXEC});
	assert_false(frame_state_at(
		tear_cache_new(runtime),
		&(struct pc_info){.pc = GO_TEXT,
				  .exact = true,
				  .func = &(struct func){.entry = GO_TEXT, .end = GO_TEXT + sizeof code}},
		&state));
}

/* A MiB of blocks that nothing reaches, before thousands that a branch does: the cost must stay linear. */
static void many_blocks(struct arena *arena)
{
	enum { COUNT = (1 << 20) / 4, BRANCHES = 16000 };
	const uint32_t ret = 0xd65f03c0;
	const uint32_t cbz_next = 0xb4000020;
	struct go_builder *builder = go_new(arena, &arch_arm64, 24, 5);
	uint8_t *code = arena_alloc(arena, 4 * COUNT);
	struct go_function function = {.name = "main.many", .code = code, .size = 4 * COUNT};
	struct frame_state state;
	struct go_runtime *runtime;

	for (size_t i = 0; i < COUNT; i++) {
		uint32_t word = i >= COUNT - 2 * BRANCHES && i % 2 == 0 ? cbz_next : ret;

		for (size_t j = 0; j < 4; j++)
			code[4 * i + j] = (uint8_t)(word >> 8 * j);
	}
	go_add(builder, &function);
	runtime = go_load(builder);
	assert_true(frame_state_at(tear_cache_new(runtime), go_pc(runtime, GO_TEXT + 4, true), &state));
	assert_true(state.assumed);
}

/* What one look settles must be what execution finds, and the ordinary forms must be settled. */
static void regular(struct arena *arena)
{
	static const char *const settled[] = {"nonleaf_fixed",  "small_writeback", "constant_frame", "ordinary",
					      "morestack_amd64", NULL};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const struct torn_fp *torn;
		struct subject s;
		size_t count;
		bool is_regular, expected = false;
		struct func func;

		load(arena, &forms[i], &s);
		assert_true(pclntab_find(&s.runtime->modules.items[0].pclntab, go_entry(s.builder, s.function), &func));
		is_regular = func_is_regular(regularity_new(s.runtime), &s.runtime->modules.items[0], &func, &torn, &count);
		for (const char *const *name = settled; *name; name++)
			expected |= !strcmp(*name, forms[i].name);
		if (expected && !is_regular)
			fail_msg("%s is not settled", forms[i].name);
		for (size_t j = 0; is_regular && j < forms[i].count; j++)
			if (forms[i].rows[j].distance != UNKNOWN && forms[i].rows[j].distance != forms[i].rows[j].pcsp)
				fail_msg("%s is torn, and called regular", forms[i].name);
	}
}

/* One instruction more or less makes the difference. */
static void hardly_regular(struct arena *arena)
{
	static const char *const torn[] = {"nonleaf_old",    "leaf_121",     "leaf_120",      "prologue_117",
					   "three_steps",    "split_prologue", "growing_loop", "balanced_loop",
					   "add_pair",       "split_prologue_amd64", "pop_pop", NULL};

	for (const char *const *name = torn; *name; name++) {
		const struct torn_fp *ignored;
		struct subject s;
		struct func func;
		size_t count;

		load(arena, form_by_name(*name), &s);
		assert_true(pclntab_find(&s.runtime->modules.items[0].pclntab, go_entry(s.builder, s.function), &func));
		if (func_is_regular(regularity_new(s.runtime), &s.runtime->modules.items[0], &func, &ignored, &count))
			fail_msg("%s is called regular", *name);
	}
}

/* Any bytes at all: an answer or none, in bounded time. */
static void random_code(struct arena *arena)
{
	static const struct arch *const archs[] = {&arch_amd64, &arch_arm64};
	uint64_t seed = 1;

	for (size_t round = 0; round < 60; round++) {
		struct go_builder *builder = go_new(arena, archs[round % 2], 24, 5);
		uint8_t code[512];
		struct go_function function = {.name = "main.noise", .code = code, .size = sizeof code};
		struct go_runtime *runtime;
		struct tear_cache *cache;

		for (size_t i = 0; i < sizeof code; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			code[i] = (uint8_t)(seed >> 56);
		}
		go_add(builder, &function);
		runtime = go_load(builder);
		cache = tear_cache_new(runtime);
		for (uint64_t pc = GO_TEXT; pc < GO_TEXT + sizeof code; pc++) {
			struct frame_state state;

			frame_state_at(cache, go_pc(runtime, pc, true), &state);
		}
	}
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                                        \
	}

TEST(distances)
TEST(claims)
TEST(far_from_adjustments)
TEST(each_pc_alone)
TEST(between_instructions)
TEST(return_and_frame_pointer)
TEST(leaves)
TEST(no_code)
TEST(cut_code)
TEST(too_large)
TEST(many_blocks)
TEST(regular)
TEST(hardly_regular)
TEST(random_code)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distances),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_far_from_adjustments),
		cmocka_unit_test(test_each_pc_alone),
		cmocka_unit_test(test_between_instructions),
		cmocka_unit_test(test_return_and_frame_pointer),
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_no_code),
		cmocka_unit_test(test_cut_code),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_many_blocks),
		cmocka_unit_test(test_regular),
		cmocka_unit_test(test_hardly_regular),
		cmocka_unit_test(test_random_code),
	};

	return cmocka_run_group_tests_name("tear", tests, NULL, NULL);
}
