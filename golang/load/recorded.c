/* recorded.c: the model of a program of which there is no dump but what its runtime printed (formats/log/record.h). */
#include "golang/recorded.h"

#include "golang/load/load.h"
#include "golang/func_role.h"
#include "golang/pc_memo.h"
#include "golang/wait_reasons.h"

#include <string.h>

enum {
	FUNCTION_SHIFT = 24, /* bytes of a function that tokens have room for */
	UNPLACED_SHIFT = 48, UNPLACED = 0xff, /* stands for the function of a place without an offset */
};

static uint64_t token_of_function(uint32_t function)
{
	return RECORDED_TOKEN | (uint64_t)function << FUNCTION_SHIFT;
}

static uint64_t token_of_place(size_t place)
{
	return RECORDED_TOKEN | (uint64_t)UNPLACED << UNPLACED_SHIFT | place;
}

static void load_functions(struct recorded_program *program, struct arena *arena)
{
	const size_t count = program->record->functions.count;

	program->functions = arena_array(arena, count + 1, sizeof *program->functions);
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t entry = program->record->functions.items[i].entry;
		struct func *func = &program->functions[i];

		func->index = i;
		func->entry = entry ? entry : token_of_function(i);
		func->end = func->entry + (1 << FUNCTION_SHIFT);
	}
}

/* As printed, or told by the function's entry, which the executable or another frame's pc gives. */
static uint64_t pc_of(const struct recorded_program *program, const uint64_t *entries, size_t index)
{
	const struct recorded_place *place = &program->record->places.items[index];

	if (place->has_pc)
		return place->pc;
	if (entries && place->has_offset && entries[place->function])
		return entries[place->function] + place->offset;
	if (!place->has_offset || place->offset >= 1 << FUNCTION_SHIFT)
		return token_of_place(index);
	return program->functions[place->function].entry + place->offset;
}

/* Whether they are one, of which pc was printed in one stack and not in another; equal texts of a record are one. */
static bool is_same_place(const struct recorded_place *a, const struct recorded_place *b)
{
	if (a->function != b->function || a->has_offset != b->has_offset || a->offset != b->offset || a->foreign != b->foreign || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->calls[i].function != b->calls[i].function || a->calls[i].file != b->calls[i].file || a->calls[i].line != b->calls[i].line)
			return false;
	return true;
}

/* Two places that a log gives the same pc are told apart. */
static void load_places(struct recorded_program *program, const uint64_t *entries, struct arena *arena)
{
	const struct recorded_place *places = program->record->places.items;
	const size_t count = program->record->places.count;

	program->pcs = arena_array(arena, count + 1, sizeof *program->pcs);
	for (size_t i = 0; i < count; i++) {
		program->pcs[i] = pc_of(program, entries, i);
		if (word_map_add(&program->places, arena, program->pcs[i], (uint32_t)i) ||
		    is_same_place(&places[i], &places[word_map_find(&program->places, program->pcs[i])]))
			continue;
		program->pcs[i] = token_of_place(i);
		word_map_add(&program->places, arena, program->pcs[i], (uint32_t)i);
	}
}

/* A status by its name; a wait reason stands for G_WAITING. */
static uint16_t status_of(const char *state)
{
	static const enum g_status statuses[] = {G_IDLE, G_RUNNABLE, G_RUNNING, G_SYSCALL, G_WAITING, G_DEAD, G_COPYSTACK, G_PREEMPTED,
						 G_LEAKED};

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (g_status_name(statuses[i]) && !strcmp(state, g_status_name(statuses[i])))
			return (uint16_t)statuses[i];
	return G_WAITING;
}

static uint64_t pc_at(const struct recorded_program *program, uint32_t place)
{
	return place == RECORDED_NONE ? 0 : program->pcs[place];
}

/* The function that a goroutine was made to run is the outermost, below that which all return to; 0: the stack does not lead there.
 * With their places in memory frames of the runtime are printed too. */
static uint64_t start_of(const struct recorded_program *program, const struct recorded_stack *stack)
{
	const struct log_record *record = program->record;
	size_t at = stack->first + stack->count;
	bool ends;

	if (!stack->count || stack->cut)
		return 0;
	at--;
	ends = !strcmp(record->functions.items[record->places.items[record->frames.items[at].place].function].name, "runtime.goexit");
	if (!ends && record->frames.items[at].sp)
		return 0;
	if (ends && at > stack->first)
		at--;
	return program->pcs[record->frames.items[at].place];
}

enum { MINUTE = 60 };

static struct goroutine goroutine_of(const struct go_runtime *runtime, const struct recorded_goroutine *g)
{
	const struct recorded_program *program = runtime->recorded;
	const int64_t wait = g->minutes < INT32_MAX ? (int64_t)g->minutes * MINUTE * NANOTIME_SECOND : 0;

	const struct log_record *record = program->record;
	const bool bounded = g->id == (record->complained ? record->complained : record->dying);

	return (struct goroutine){
		.stack_lo = bounded ? record->stack_lo : 0,
		.stack_hi = bounded ? record->stack_hi : 0,
		.address = g->g,
		.id = g->id,
		.status = g->leaked ? G_LEAKED : status_of(program->record->states.items[g->state]),
		.wait_reason = (uint8_t)g->state,
		.scan = g->scan,
		.locked = g->locked,
		.machine = -1,
		.m = g->m,
		.gopc = pc_at(program, g->creator),
		.parent_id = g->creator_id,
		.startpc = start_of(program, &g->stack),
		.waitsince = wait ? runtime->newest_time - wait : 0,
	};
}

static void load_goroutines(struct go_runtime *runtime)
{
	const struct log_record *record = runtime->recorded->record;
	const size_t count = record->goroutines.count;

	runtime->newest_time = INT64_MAX; /* of a clock that only differences are told of */
	runtime->by_address = arena_array(runtime->arena, count + 1, sizeof *runtime->by_address); /* all zero, if no address was printed */
	runtime->goroutines.items = arena_array(runtime->arena, count + 1, sizeof *runtime->goroutines.items);
	runtime->goroutines.capacity = count + 1;
	for (size_t i = 0; i < count; i++) {
		vec_push(runtime->arena, &runtime->goroutines, goroutine_of(runtime, &record->goroutines.items[i]));
		if (record->goroutines.items[i].g)
			runtime->by_address[i] = (struct goroutine_key){record->goroutines.items[i].g, i};
	}
	runtime->goroutines_listed = count;
	if (record->signs & 1U << SIGN_G_ADDRESS)
		goroutine_keys_sort(runtime->arena, runtime->by_address, count);
}

/* Those that detectors ask for by role are there if the log names them. */
static void load_roles(struct go_runtime *runtime)
{
	const struct log_record *record = runtime->recorded->record;

	for (size_t i = 0; i < record->functions.count; i++) {
		const enum func_role role = func_role_of_name(record->functions.items[i].name);

		if (role != ROLE_NONE && !runtime->functions[role])
			runtime->functions[role] = &runtime->recorded->functions[i];
	}
}

/* Panics that ended the process are told by what is recorded of them. */
static bool is_panic(const struct log_record *record, const char *line)
{
	return record->end == RECORDED_PANIC && !strncmp(line, "panic: ", 7);
}

void recorded_load(struct go_runtime *runtime, const uint64_t *entries)
{
	struct recorded_program *program = arena_alloc(runtime->arena, sizeof *program);
	const struct log_record *record = runtime->image->record;

	program->record = record;
	program->module = arena_alloc(runtime->arena, sizeof *program->module);
	load_functions(program, runtime->arena);
	load_places(program, entries, runtime->arena);
	runtime->recorded = program;
	runtime->presence = PRESENCE_GO;
	runtime->presence_because = "it is what Go's runtime prints";
	pc_memo_new(runtime);
	load_goroutines(runtime);
	load_roles(runtime);
	recorded_release_load(runtime);
	recorded_module_load(runtime);
	for (size_t i = 0; i < record->words.count && !is_panic(record, record->words.items[i]); i++)
		vec_push(runtime->arena, &runtime->fatal_lines, record->words.items[i]);
}
