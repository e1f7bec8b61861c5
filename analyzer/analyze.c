/* analyze.c: walks every thread and goroutine once, files tears, and groups equal stacks. Stacks are not kept. */
#include "analyzer/analysis.h"

#include "base/hash.h"
#include "analyzer/unwind/continued.h"
#include "analyzer/unwind/frame_chain.h"
#include "analyzer/last_words/last_words.h"
#include "analyzer/state/state.h"
#include "analyzer/instructions/tear.h"
#include "analyzer/trial.h"
#include "analyzer/unwind/unwind.h"
#include "golang/recorded.h"

#include <inttypes.h>

enum {
	FIRST_TABLE = 1024,
	GOROUTINE_FRAMES = 1 << 26, /* runtime.maxstacksize is 1 GB, a frame at least 16 bytes */
	THREAD_FRAMES = 1 << 22,    /* of all threads: 8 MB of a stack in C hold half a million */
	FRAME_BYTES = 8,            /* a return address */
	PART = 1 << 14,             /* goroutines that are looked at together */
};

/* Group number + 1 by signature; open addressing. */
struct group_table {
	uint32_t *slots;
	size_t size;
};

/* A log tells of one thread, which died, and of the goroutine that it ran. */
static void join_recorded(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;
	const uint64_t id = runtime->recorded->record->dying;
	const struct goroutine *dying = id ? goroutine_by_id(runtime, id) : NULL;

	for (size_t i = 0; i < runtime->goroutines.count; i++)
		analysis->goroutine_thread[i] = -1;
	if (!dying || !analysis->image->threads.count)
		return;
	analysis->thread_goroutine[0] = (int32_t)(dying - runtime->goroutines.items);
	analysis->goroutine_thread[analysis->thread_goroutine[0]] = 0;
}

static void join_threads(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; i < analysis->image->threads.count; i++)
		analysis->thread_goroutine[i] = analysis->thread_interrupted[i] = analysis->thread_machine[i] = -1;
	if (runtime->recorded) {
		join_recorded(analysis);
		return;
	}
	for (size_t i = 0; i < runtime->machines.count; i++)
		if (runtime->machines.items[i].thread >= 0)
			analysis->thread_machine[runtime->machines.items[i].thread] = (int32_t)i;
	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		int32_t machine = runtime->goroutines.items[i].machine;
		int32_t thread = machine >= 0 ? runtime->machines.items[machine].thread : -1;

		analysis->goroutine_thread[i] = thread;
		if (thread >= 0) {
			analysis->thread_interrupted[thread] = analysis->thread_goroutine[thread];
			analysis->thread_goroutine[thread] = (int32_t)i;
		}
	}
}

/* Whether the M that runs on a thread says that it is dying (m.dying, runtime/panic.go startpanic_m). */
static bool is_dying(const struct analysis *analysis, size_t thread)
{
	const int32_t machine = analysis->thread_machine[thread];

	return machine >= 0 && analysis->runtime->machines.items[machine].dying > 0;
}

/* The thread whose M is dying; of several the one that the dump says crashed, if it is one of them: others only answer the runtime's
 * signals. Where none is, the dump's own idea of the crashed thread. */
static int32_t dying_thread(const struct analysis *analysis)
{
	const struct image *image = analysis->image;
	int32_t dying = -1, crashed = -1;

	for (size_t i = 0; i < image->threads.count; i++) {
		const bool of_dump = (image->stop.known || analysis->runtime->recorded) && image->threads.items[i].crashed;

		if (of_dump && crashed < 0)
			crashed = (int32_t)i;
		if (is_dying(analysis, i) && (dying < 0 || of_dump))
			dying = (int32_t)i;
	}
	return dying >= 0 ? dying : crashed;
}

static void set_limits(struct analysis *analysis)
{
	const uint64_t room = analysis->image->bytes.size / FRAME_BYTES + THREAD_FRAMES;

	analysis->thread_limit = (struct walk_limit){THREAD_FRAMES, THREAD_FRAMES, SIZE_MAX};
	analysis->goroutine_limit = (struct walk_limit){GOROUTINE_FRAMES, room, SIZE_MAX};
}

static void count_frames(struct analysis *analysis, struct walk_limit *limit, size_t index, uint64_t depth, const char *of)
{
	if (limit->short_from == SIZE_MAX && depth > limit->left) {
		limit->short_from = index + 1;
		note_add(analysis->notes, "the stacks of %s have more frames than the dump has room for, as if they overlapped: "
					  "after the first %zu stacks, at most %d frames of each are walked",
			 of, limit->short_from, SHORT_STACK);
	}
	limit->left -= depth < limit->left ? depth : limit->left;
}

static void walk_threads(struct analysis *analysis)
{
	struct stack stack = {0};

	for (size_t i = 0; i < analysis->image->threads.count; i++) {
		walk_thread(analysis, i, &stack, &analysis->walks[i]);
		count_frames(analysis, &analysis->thread_limit, i, stack_depth(&stack), "threads");
	}
}

static uint64_t signature_of(const struct goroutine *g, const struct stack *stack)
{
	uint64_t digest = digest_add(stack->digest, g->status | (g->scan ? 0x1000u : 0));

	digest = digest_add(digest, g->gopc);
	digest = digest_add(digest, g->status == G_WAITING || g->status == G_LEAKED ? g->wait_reason : 0);
	return digest_add(digest, stack->end);
}

static uint32_t *table_slot(const struct analysis *analysis, struct group_table *table, uint64_t signature)
{
	size_t at = hash_slot(signature, table->size);

	while (table->slots[at] && analysis->groups.items[table->slots[at] - 1].signature != signature)
		at = (at + 1) & (table->size - 1);
	return &table->slots[at];
}

static void table_grow(struct analysis *analysis, struct group_table *table)
{
	table->size = table->size ? table->size * 2 : FIRST_TABLE;
	table->slots = arena_array(analysis->arena, table->size, sizeof *table->slots);
	for (size_t i = 0; i < analysis->groups.count; i++)
		*table_slot(analysis, table, analysis->groups.items[i].signature) = (uint32_t)i + 1;
}

static void add_to_group(struct analysis *analysis, struct group_table *table, size_t index, uint64_t signature)
{
	uint32_t *slot;

	if (analysis->groups.count * 2 >= table->size)
		table_grow(analysis, table);
	slot = table_slot(analysis, table, signature);
	if (!*slot) {
		vec_push(analysis->arena, &analysis->groups,
			 (struct goroutine_group){.first = index, .signature = signature});
		*slot = (uint32_t)analysis->groups.count;
	}
	analysis->groups.items[*slot - 1].count++;
	analysis->goroutine_group[index] = *slot - 1;
}

static void look(struct analysis *analysis, size_t index, struct stack *stack, struct trial *ret)
{
	fetch_ahead(analysis, index);
	goroutine_stack(analysis, index, stack);
	if (!analysis->runtime->recorded) {
		frame_chain_check(analysis, index, stack);
		state_check_goroutine(analysis, index, stack);
	}
	ret->signature = signature_of(&analysis->runtime->goroutines.items[index], stack);
	ret->depth = stack->frames.count + (analysis->runtime->recorded ? 0 : stack->elided);
}

static void try_to_look(struct analysis *analysis, size_t index, struct stack *stack, struct trial *ret)
{
	look(analysis, index, stack, ret);
	if (!analysis->runtime->recorded)
		state_try(analysis, index);
}

/* Takes what a trial told, or looks at the goroutine now. */
static void settle(struct analysis *analysis, struct group_table *table, size_t index, struct stack *stack, struct trial trial)
{
	if (!trial.settled || trial.depth >= walk_frames(&analysis->goroutine_limit, index)) {
		look(analysis, index, stack, &trial);
		if (!analysis->runtime->recorded)
			state_doubt(analysis, index);
	}
	count_frames(analysis, &analysis->goroutine_limit, index, trial.depth, "goroutines");
	add_to_group(analysis, table, index, trial.signature);
}

static void walk_goroutines(struct analysis *analysis)
{
	const size_t count = analysis->runtime->goroutines.count;
	struct trial *part = arena_array(analysis->arena, PART, sizeof *part);
	struct trials *trials = trials_new(analysis, try_to_look);
	struct group_table table = {0};
	struct stack stack = {0};

	for (size_t first = 0; first < count; first += PART) {
		const size_t size = count - first < PART ? count - first : PART;

		if (trials && analysis->goroutine_limit.short_from != SIZE_MAX) { /* which trials do not know of */
			trials_end(trials);
			trials = NULL;
			memset(part, 0, PART * sizeof *part);
		}
		progress_report(analysis->image->progress, PROGRESS_WALKING, first, count);
		if (trials)
			trials_run(trials, first, size, part);
		for (size_t i = 0; i < size; i++)
			settle(analysis, &table, first + i, &stack, part[i]);
	}
	trials_end(trials);
}

/* What the runtime printed is taken as it is: there is nothing to walk, nor words of its state to hold against each other. */
static void read_recorded(struct analysis *analysis)
{
	analysis->dying_thread = dying_thread(analysis);
	walk_goroutines(analysis);
	recorded_fault_find(analysis);
	recorded_continue(analysis);
	recorded_messages_find(analysis);
}

static void examine(struct analysis *analysis)
{
	walk_threads(analysis);
	analysis->dying_thread = dying_thread(analysis);
	state_prepare(analysis);
	walk_goroutines(analysis);
	frame_chain_note(analysis);
	state_check(analysis);
	fault_find(analysis);
	messages_find(analysis);
}

const char *thread_text(const struct analysis *analysis, int32_t index)
{
	const int64_t id = analysis->image->threads.items[index].id;

	return id < 0 ? "the thread that died" : arena_printf(analysis->arena, "thread %" PRId64, id);
}

const char *dead_thread_text(const struct analysis *analysis, int32_t index)
{
	const int64_t id = analysis->image->threads.items[index].id;

	return id < 0 ? "the thread that died" : arena_printf(analysis->arena, "the thread that died, %" PRId64 ",", id);
}

const char *on_thread_text(const struct analysis *analysis, int32_t index)
{
	const int64_t id = analysis->image->threads.items[index].id;

	return id < 0 ? "" : arena_printf(analysis->arena, " on thread %" PRId64, id);
}

struct analysis *analyze(struct go_runtime *runtime)
{
	struct arena *arena = runtime->arena;
	struct analysis *analysis = arena_alloc(arena, sizeof *analysis);
	size_t threads = runtime->image->threads.count;

	analysis->arena = arena;
	analysis->image = runtime->image;
	analysis->runtime = runtime;
	analysis->notes = runtime->notes;
	analysis->tear_cache = tear_cache_new(runtime);
	analysis->goroutine_thread = arena_array(arena, runtime->goroutines.count + 1, sizeof(int32_t));
	analysis->thread_goroutine = arena_array(arena, threads + 1, sizeof(int32_t));
	analysis->thread_interrupted = arena_array(arena, threads + 1, sizeof(int32_t));
	analysis->thread_machine = arena_array(arena, threads + 1, sizeof(int32_t));
	analysis->goroutine_group = arena_array(arena, runtime->goroutines.count + 1, sizeof(uint32_t));
	analysis->walks = arena_array(arena, threads + 1, sizeof(struct thread_walk));
	set_limits(analysis);
	join_threads(analysis);
	if (runtime->recorded)
		read_recorded(analysis);
	else
		examine(analysis);
	return analysis;
}
