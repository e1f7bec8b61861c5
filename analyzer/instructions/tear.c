/* tear.c: abstract execution of one function. States of its registers and stack slots (frame_values.h) are propagated
 * along all branches until nothing changes; where paths disagree the answer is "unknown". */
#include "analyzer/instructions/tear.h"

#include "analyzer/instructions/frame_values.h"

#include <string.h>

enum {
	CODE_LIMIT = 1 << 20,  /* bytes of one function */
	LEADER_LIMIT = 1 << 15,
	STEP_LIMIT = 1 << 22,
	BESIDE = 32, /* bytes from one part of an adjustment of SP to the next: eight instructions of arm64 */
};

struct leader {
	uint32_t offset; /* of the block's first instruction */
	bool reached, queued;
	struct state state;
};

/* The answer for one instruction boundary. */
struct answer {
	bool reached, known;
	struct frame_state state;
};

struct execution {
	const struct func *func;
	struct span code;
	struct answer *answers; /* by offset / quantum */
	bool leaf;
	struct execution *next;
};

struct tear_cache {
	struct go_runtime *runtime;
	struct execution *executions;
};

/* A block that is entered only by falling out of one that called: the call may be one that never returns (a panic), and
 * then the entry never happens. It waits until all certain entries are known. */
struct doubtful {
	struct leader *leader;
	struct state state;
};

struct executor {
	struct go_runtime *runtime;
	const struct arch *arch;
	const struct pc_info *info;
	struct execution *execution;
	VEC(struct leader *) leaders; /* ascending by offset; pointers, since new ones are inserted */
	VEC(struct leader *) queue;
	VEC(struct doubtful *) doubtful;
	size_t steps;
};

struct tear_cache *tear_cache_new(struct go_runtime *runtime)
{
	struct tear_cache *cache = arena_alloc(runtime->arena, sizeof *cache);

	cache->runtime = runtime;
	return cache;
}

static bool is_morestack(struct go_runtime *runtime, uint64_t target)
{
	return !strncmp(go_func_name(go_pc(runtime, target, true)), "runtime.morestack", 17);
}

/* After a call only SP is as before. Except after runtime.morestack, which enters the function once more with its
 * arguments, LR and FP as they were (runtime/stack.go newstack, gogo(&gp.sched)). */
static void apply_call(const struct executor *executor, struct state *state, const struct insn *insn)
{
	const struct arch *arch = executor->arch;
	bool again = insn->flow == FLOW_CALL && is_morestack(executor->runtime, insn->target);
	struct value sp = state->regs[arch->sp];
	struct value fp = state->regs[arch->fp];
	struct value lr = reg_value(state, arch->lr);

	memset(state->regs, 0, sizeof state->regs);
	state->regs[arch->sp] = sp;
	if (again) {
		state->regs[arch->fp] = fp;
		if (arch->link_register)
			state->regs[arch->lr] = lr;
	}
}

static void apply(const struct executor *executor, struct state *state, const struct insn *insn)
{
	state_apply(state, executor->arch, insn);
	if (insn->flow == FLOW_CALL || insn->flow == FLOW_INDIRECT_CALL)
		apply_call(executor, state, insn);
}

/* Keeps what both states agree on; answers whether `into` lost anything. */
static bool merge(struct state *into, const struct state *from)
{
	bool changed = false;

	for (size_t i = 0; i < REG_LIMIT; i++) {
		const struct value *a = &into->regs[i];
		const struct value *b = &from->regs[i];

		if (a->kind != VALUE_UNKNOWN && (a->kind != b->kind || a->number != b->number)) {
			into->regs[i] = (struct value){0};
			changed = true;
		}
	}
	for (size_t i = 0; i < into->slot_count;) {
		const struct value *b = slot_find((struct state *)from, into->slots[i].offset);

		if (b && b->kind == into->slots[i].value.kind && b->number == into->slots[i].value.number) {
			i++;
			continue;
		}
		into->slots[i] = into->slots[--into->slot_count];
		changed = true;
	}
	return changed;
}

static struct leader *leader_at(struct executor *executor, uint32_t offset)
{
	size_t low = 0;
	size_t high = executor->leaders.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (executor->leaders.items[middle]->offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < executor->leaders.count && executor->leaders.items[low]->offset == offset)
		return executor->leaders.items[low];
	return NULL;
}

/* An assumed state never weakens what execution from the entry has established. */
static void enter(struct executor *executor, struct leader *leader, const struct state *state)
{
	bool changed = true;

	if (leader->reached && state->assumed && !leader->state.assumed)
		return;
	if (leader->reached) {
		changed = merge(&leader->state, state);
	} else {
		leader->state = *state;
		leader->reached = true;
	}
	if (changed && !leader->queued) {
		leader->queued = true;
		vec_push(executor->runtime->arena, &executor->queue, leader);
	}
}

/* On arm64 a Go caller's frame pointer is its SP - 8, so the caller's own value is known: the word below the frame's top
 * (cmd/internal/obj/arm64/obj7.go). On amd64 it is anywhere in the caller's frame. */
static void record_frame_pointer(const struct arch *arch, struct value fp, struct frame_state *state)
{
	if (fp.kind == VALUE_TOP) {
		state->fp_known = true;
		state->fp_offset = fp.number;
	} else if (fp.kind == VALUE_CALLER_FP && arch->link_register) {
		state->fp_known = true;
		state->fp_offset = -8;
	}
}

static void record(struct executor *executor, uint32_t offset, const struct state *state)
{
	const struct arch *arch = executor->arch;
	struct answer *answer = &executor->execution->answers[offset / arch->quantum];
	struct value sp = state->regs[arch->sp];

	memset(answer, 0, sizeof *answer);
	answer->reached = true;
	answer->known = sp.kind == VALUE_TOP;
	answer->state.distance = (int64_t)(0 - (uint64_t)sp.number);
	answer->state.assumed = state->assumed;
	record_frame_pointer(arch, state->regs[arch->fp], &answer->state);
	if (!arch->link_register) {
		const struct value *top = slot_find((struct state *)state, 0);

		answer->state.return_kept = top && top->kind == VALUE_LINK;
		return;
	}
	answer->state.link_live = state->regs[arch->lr].kind == VALUE_LINK;
	answer->state.return_kept = answer->state.link_live;
	for (size_t i = 0; i < state->slot_count; i++) {
		if (state->slots[i].value.kind == VALUE_LINK) {
			answer->state.link_saved = true;
			answer->state.link_slot = state->slots[i].offset;
		}
	}
}

static bool decode(const struct executor *executor, uint32_t offset, struct insn *ret)
{
	return insn_decode(executor->runtime->decoder, executor->info->func->entry + offset,
			   span_from(executor->execution->code, offset), ret);
}

/* The offset that a target has inside the function; false when it is outside. */
static bool inside(const struct executor *executor, uint64_t target, uint32_t *ret)
{
	if (target < executor->info->func->entry || target - executor->info->func->entry >= executor->execution->code.size)
		return false;
	*ret = (uint32_t)(target - executor->info->func->entry);
	return true;
}

static void follow(struct executor *executor, uint64_t target, const struct state *state)
{
	uint32_t offset;
	struct leader *leader;

	if (inside(executor, target, &offset) && (leader = leader_at(executor, offset)))
		enter(executor, leader, state);
}

static bool falls_through(enum insn_flow flow)
{
	return flow == FLOW_NEXT || flow == FLOW_BRANCH || flow == FLOW_CALL || flow == FLOW_INDIRECT_CALL;
}

static void doubt(struct executor *executor, struct leader *leader, const struct state *state)
{
	struct doubtful *doubtful = arena_alloc(executor->runtime->arena, sizeof *doubtful);

	doubtful->leader = leader;
	doubtful->state = *state;
	vec_push(executor->runtime->arena, &executor->doubtful, doubtful);
}

/* Executes a block from its leader to the next leader or the end of its path. */
static void run_block(struct executor *executor, const struct leader *leader)
{
	struct state state = leader->state;
	uint32_t offset = leader->offset;
	struct insn insn;
	bool called = false;

	for (;;) {
		struct leader *next;

		record(executor, offset, &state);
		if (++executor->steps > STEP_LIMIT || !decode(executor, offset, &insn))
			return;
		apply(executor, &state, &insn);
		called |= insn.flow == FLOW_CALL || insn.flow == FLOW_INDIRECT_CALL;
		if (insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH)
			follow(executor, insn.target, &state);
		offset += insn.size;
		if (!falls_through(insn.flow) || offset >= executor->execution->code.size)
			return;
		next = leader_at(executor, offset);
		if (next && called) {
			doubt(executor, next, &state);
			return;
		}
		if (next) {
			enter(executor, next, &state);
			return;
		}
	}
}

static void drain(struct executor *executor)
{
	for (size_t i = 0; i < executor->queue.count && executor->steps <= STEP_LIMIT; i++) {
		executor->queue.items[i]->queued = false;
		run_block(executor, executor->queue.items[i]);
	}
	executor->queue.count = 0;
}

/* Two states that cannot both be: SP is known in each, and differs. */
static bool contradict(const struct executor *executor, const struct state *a, const struct state *b)
{
	struct value x = a->regs[executor->arch->sp];
	struct value y = b->regs[executor->arch->sp];

	return x.kind == VALUE_TOP && y.kind == VALUE_TOP && x.number != y.number;
}

/* Enters the doubtful blocks that are known to be entered otherwise, unless that contradicts: then the call did not return. */
static void settle_reached(struct executor *executor)
{
	size_t kept = 0;

	for (size_t i = 0; i < executor->doubtful.count; i++) {
		struct doubtful *doubtful = executor->doubtful.items[i];

		if (!doubtful->leader->reached)
			executor->doubtful.items[kept++] = doubtful;
		else if (!contradict(executor, &doubtful->leader->state, &doubtful->state))
			enter(executor, doubtful->leader, &doubtful->state);
	}
	executor->doubtful.count = kept;
}

/* Enters a doubtful block that nothing else reaches; false: there is none left. */
static bool settle_unreached(struct executor *executor)
{
	struct doubtful *doubtful;

	if (!executor->doubtful.count)
		return false;
	doubtful = executor->doubtful.items[0]; /* settle_reached drops it, now that its block is entered */
	enter(executor, doubtful->leader, &doubtful->state);
	return true;
}

static void run(struct executor *executor)
{
	do {
		drain(executor);
		settle_reached(executor);
	} while (executor->steps <= STEP_LIMIT && (executor->queue.count || settle_unreached(executor)));
}

static void insert_leader(struct executor *executor, uint32_t offset)
{
	struct leader *leader = arena_alloc(executor->runtime->arena, sizeof *leader);
	size_t at = executor->leaders.count;

	leader->offset = offset;
	vec_push(executor->runtime->arena, &executor->leaders, leader);
	for (; at > 0 && executor->leaders.items[at - 1]->offset > offset; at--)
		executor->leaders.items[at] = executor->leaders.items[at - 1];
	executor->leaders.items[at] = leader;
}

/* Every branch target inside the function starts a block. Boundaries come from a linear sweep. */
static bool find_leaders(struct executor *executor)
{
	uint8_t *is_leader = arena_alloc(executor->runtime->arena, executor->execution->code.size + 1);
	struct insn insn;
	uint32_t target;

	for (uint32_t offset = 0; offset < executor->execution->code.size; offset += insn.size) {
		if (!decode(executor, offset, &insn)) {
			insn.size = executor->arch->quantum;
			continue;
		}
		if ((insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH) && inside(executor, insn.target, &target))
			is_leader[target] = 1;
		if (insn.flow == FLOW_INDIRECT_CALL ||
		    (insn.flow == FLOW_CALL && !is_morestack(executor->runtime, insn.target)))
			executor->execution->leaf = false;
	}
	is_leader[0] = 1;
	for (uint32_t offset = 0; offset < executor->execution->code.size; offset++) {
		if (!is_leader[offset])
			continue;
		if (executor->leaders.count >= LEADER_LIMIT)
			return false;
		insert_leader(executor, offset);
	}
	return true;
}

static void enter_entry(struct executor *executor)
{
	const struct arch *arch = executor->arch;
	struct state state = {0};

	state.regs[arch->sp] = (struct value){VALUE_TOP, 0};
	state.regs[arch->fp] = (struct value){VALUE_CALLER_FP, 0};
	if (arch->link_register)
		state.regs[arch->lr] = (struct value){VALUE_LINK, 0};
	else
		slot_store(&state, 0, 8, (struct value){VALUE_LINK, 0});
	enter(executor, executor->leaders.items[0], &state);
}

/* Code that only an indirect jump reaches: believe pcsp at the start of the block, and Go's arm64 frame layout (LR at the
 * bottom, the caller's FP in the word below; cmd/internal/obj/arm64/obj7.go), and say so. */
static void enter_assumed(struct executor *executor, uint32_t offset, int32_t delta)
{
	const struct arch *arch = executor->arch;
	struct state state = {.assumed = true};

	state.regs[arch->sp] = (struct value){VALUE_TOP, -(int64_t)delta};
	if (arch->link_register && delta > 0) {
		slot_store(&state, -(int64_t)delta, 8, (struct value){VALUE_LINK, 0});
		slot_store(&state, -(int64_t)delta - 8, 8, (struct value){VALUE_CALLER_FP, 0});
	}
	if (!leader_at(executor, offset))
		insert_leader(executor, offset);
	enter(executor, leader_at(executor, offset), &state);
}

static void run_unreached(struct executor *executor)
{
	const struct func *func = executor->info->func;
	struct pcvalue pcsp = pcvalue_of(&executor->info->module->pclntab, func, func->pcsp);
	struct insn insn;

	for (uint32_t offset = 0; offset < executor->execution->code.size; offset += insn.size) {
		int32_t delta;

		if (!decode(executor, offset, &insn)) {
			insn.size = executor->arch->quantum;
			continue;
		}
		if (executor->execution->answers[offset / executor->arch->quantum].reached ||
		    executor->leaders.count >= LEADER_LIMIT)
			continue;
		if (pcvalue_seek(&pcsp, func->entry + offset, &delta)) {
			enter_assumed(executor, offset, delta);
			run(executor);
		}
	}
}

static struct execution *execute(struct tear_cache *cache, const struct pc_info *info)
{
	struct arena *arena = cache->runtime->arena;
	struct execution *execution = arena_alloc(arena, sizeof *execution);
	struct executor executor = {.runtime = cache->runtime, .arch = cache->runtime->image->arch, .info = info,
				    .execution = execution};
	uint64_t size = info->func->end - info->func->entry;

	execution->func = info->func;
	execution->leaf = true;
	execution->next = cache->executions;
	cache->executions = execution;
	if (size > CODE_LIMIT)
		return execution;
	execution->code = image_view(cache->runtime->image, info->func->entry, size);
	execution->answers = arena_array(arena, execution->code.size / executor.arch->quantum + 1, sizeof(struct answer));
	if (!execution->code.size || !find_leaders(&executor))
		return execution;
	enter_entry(&executor);
	run(&executor);
	run_unreached(&executor);
	if (executor.steps > STEP_LIMIT) /* not settled: no answer is final */
		execution->code.size = 0;
	return execution;
}

static struct execution *execution_of(struct tear_cache *cache, const struct pc_info *info)
{
	struct execution *execution = cache->executions;

	while (execution && execution->func != info->func)
		execution = execution->next;
	return execution ? execution : execute(cache, info);
}

bool is_leaf(struct tear_cache *cache, const struct pc_info *info)
{
	return info->func && execution_of(cache, info)->leaf;
}

/* The execution of the function at info->pc, and that pc's place in its answers; NULL: it is not there, or pc is no boundary. */
static struct execution *execution_at(struct tear_cache *cache, const struct pc_info *info, uint64_t *ret)
{
	const uint64_t quantum = cache->runtime->image->arch->quantum;
	struct execution *execution = info->func ? execution_of(cache, info) : NULL;

	if (!execution || info->pc < info->func->entry || info->pc - info->func->entry >= execution->code.size ||
	    (info->pc - info->func->entry) % quantum)
		return NULL;
	*ret = (info->pc - info->func->entry) / quantum;
	return execution;
}

bool frame_state_at(struct tear_cache *cache, const struct pc_info *info, struct frame_state *ret)
{
	uint64_t at;
	const struct execution *execution = execution_at(cache, info, &at);

	if (!execution || !execution->answers[at].known)
		return false;
	*ret = execution->answers[at].state;
	return true;
}

bool frame_state_beside(struct tear_cache *cache, const struct pc_info *info, int64_t distance)
{
	const uint64_t quantum = cache->runtime->image->arch->quantum, reach = BESIDE / quantum;
	uint64_t at;
	const struct execution *execution = execution_at(cache, info, &at);

	if (!execution)
		return false;
	for (uint64_t i = at > reach ? at - reach : 0; i <= at + reach && i < execution->code.size / quantum; i++) {
		const struct answer *answer = &execution->answers[i];

		if (answer->known && answer->state.distance == distance && (!answer->state.assumed || execution->answers[at].state.assumed))
			return true;
	}
	return false;
}
