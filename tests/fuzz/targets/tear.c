/* tear.c: executing a function to learn where SP is, and the shortcuts that replace it. Input: CPU, four stretches of what pcsp
 * claims (length, value), then code. */
#include "analyzer/instructions/regular.h"
#include "analyzer/instructions/tear.h"
#include "tests/build/go_builder.h"
#include "tests/fuzz/chunks.h"
#include "tests/fuzz/fuzz.h"

enum { ARM64 = 1, STRETCHES = 4, CODE_LEAST = 4, CODE_MOST = 192 };

/* What is said of an instruction in different ways is the same. */
static size_t check_instruction(struct go_runtime *runtime, uint64_t pc, struct span code)
{
	struct insn insn = {0};
	struct insn_operand operand;
	const size_t plain = insn_plain(runtime->image->arch, code);
	uint64_t target;

	insn_touches(runtime->decoder, pc, code, &operand);
	insn_call_before(runtime->decoder, pc + code.size, code, &target);
	if (!insn_decode(runtime->decoder, pc, code, &insn))
		return 0;
	FUZZ_HOLDS(insn.size && insn.size <= code.size && insn.count <= EFFECT_LIMIT);
	if (plain)
		FUZZ_HOLDS(plain == insn.size && insn.flow == FLOW_NEXT && !insn.sp_unknown);
	for (size_t i = 0; i < insn.count; i++)
		FUZZ_HOLDS(!plain || insn.effects[i].dst != runtime->image->arch->sp);
	return insn.size;
}

/* Of a regular function, SP is where the table says. */
static void check_states(struct go_runtime *runtime, const struct func *func, bool regular)
{
	struct tear_cache *cache = tear_cache_new(runtime);
	struct span code = image_bytes(runtime->image, func->entry, func->end - func->entry);

	for (uint64_t at = 0; at < code.size;) {
		const struct pc_info *info = go_pc(runtime, func->entry + at, true);
		const size_t size = check_instruction(runtime, func->entry + at, span_from(code, at));
		struct frame_state state;

		if (frame_state_at(cache, info, &state) && regular && !state.assumed && info->has_delta)
			FUZZ_HOLDS(state.distance == info->delta);
		is_leaf(cache, info);
		if (!size)
			return;
		at += size;
	}
}

static void run(struct arena *arena, struct span input)
{
	struct reader reader = reader_of(input);
	const struct arch *arch = read_u8(&reader) & ARM64 ? &arch_arm64 : &arch_amd64;
	struct go_builder *builder = go_new(arena, arch, 24, 5);
	struct go_function function = {.name = "main.form"};
	struct go_runtime *runtime;
	const struct torn_fp *torn;
	size_t added, torn_count;
	struct span code;
	struct func func;

	function.pcsp[0].value = (int8_t)read_u8(&reader);
	for (int i = 1; i < STRETCHES; i++) {
		const uint32_t from = function.pcsp[i - 1].from + (1u + read_u8(&reader) % CODE_MOST) * arch->quantum;

		function.pcsp[i] = (struct go_stretch){from, (int16_t)read_u16(&reader)};
	}
	code = chunk_rest(&reader);
	if (code.size < CODE_LEAST || code.size > CODE_MOST)
		return;
	function.code = code.data;
	function.size = code.size;
	added = go_add(builder, &function);
	go_add_frame(builder, "runtime.morestack_noctxt", 0x20, 0);
	runtime = go_load(builder);
	if (!runtime->modules.count || !pclntab_find(&runtime->modules.items[0].pclntab, go_entry(builder, added), &func))
		return;
	check_states(runtime, &func, func_is_regular(regularity_new(runtime), &runtime->modules.items[0], &func, &torn, &torn_count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){64 << 20, 2}, run);
}
