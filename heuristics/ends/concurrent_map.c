/* concurrent_map.c: the runtime found that one map was used by two goroutines at the same time, one of them writing
 * (runtime/map.go, internal/runtime/maps). A writer marks the map while it works; who meets the mark, or loses its own,
 * throws. The one that throws is as often the one at rest as the one at fault: both are told, when both are still there. */
#include "heuristics/ends/map_user.h"
#include "heuristics/ends/recorded_end.h"
#include "golang/recorded_arguments.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_concurrent_map;

enum { OTHERS_TOLD = 8 };

static const char announcement[] = "fatal error: concurrent map ";

static const char *const states[] = {
#define MAP_STATE(error) error,
#include "heuristics/ends/map_states.def"
};

static bool is_announced(const char *line)
{
	return !strncmp(line, announcement, sizeof announcement - 1);
}

/* A map that contradicts itself: nobody saw how it came to that. */
static bool is_map_state(const char *line)
{
	const char *text = go_fatal_text(line);

	for (size_t i = 0; text && i < sizeof states / sizeof *states; i++)
		if (!strcmp(text, states[i]))
			return true;
	return false;
}

static const char *met(const struct analysis *analysis)
{
	return is_announced(analysis->messages.line) ? "met another use of its map"
						     : "found its map damaged, as another use of it at the same time leaves it";
}

/* Whatever writes over memory leaves such a map, too. */
static void doubt_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	if (!is_announced(diagnosis->analysis->messages.line))
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, true,
			     "the runtime did not see the other use: memory that something else wrote over would look alike");
}

static uint64_t goroutine_id(const struct analysis *analysis, int32_t index)
{
	return analysis->runtime->goroutines.items[index].id;
}

static const char *place_of(struct diagnosis *diagnosis, const struct map_user *user)
{
	if (!user->function)
		return "";
	return arena_printf(diagnosis->arena, ", called by %s at %s", user->function, user->at);
}

/* The map's header: a writer's mark that is still set is a writer that had not finished. */
static void header_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct map_user *user)
{
	uint64_t address;
	bool set;

	if (!user->map_slot) {
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false, "%s was called with the map at 0x%" PRIx64,
			     user->map_function, user->map);
		return;
	}
	evidence_word(diagnosis, finding, WEIGHT_FAIR, false, user->map_slot, hex_text(diagnosis->arena, user->map),
		      "the argument of %s is the %s at 0x%" PRIx64, user->map_function, user->type ? user->type : "map", user->map);
	if (map_writing_word(diagnosis->analysis, user->map, &address, &set) && set)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, address, NULL,
			      "the map at 0x%" PRIx64 " is marked as being written to", user->map);
}

static void other_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct map_user *user,
			   const struct map_user *other)
{
	const char *place = place_of(diagnosis, other);
	const uint64_t id = goroutine_id(diagnosis->analysis, other->goroutine);

	if (user->map && other->map == user->map && !other->map_slot)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     "goroutine %" PRIu64 " stands in %s%s, which %s a map, and was called with the same map", id,
			     other->map_function, place, other->verb);
	else if (user->map && other->map == user->map)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, other->map_slot, hex_text(diagnosis->arena, user->map),
			      "goroutine %" PRIu64 " stands in %s%s, which %s a map, with the same map in its argument slot", id,
			      other->map_function, place, other->verb);
	else if (!other->map || !user->map)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_WEAK, false,
			     "goroutine %" PRIu64 " stands in %s%s, which %s a map; the %s does not show which", id,
			     other->map_function, place, other->verb, diagnosis->analysis->runtime->recorded ? "log" : "dump");
}

static bool may_be_inside(const struct goroutine *g)
{
	return g->status == G_RUNNING || g->status == G_RUNNABLE || g->status == G_PREEMPTED || g->preempt;
}

/* A log may show the program's own functions only: of those that ran, who stands in the function of the one that threw, or was called
 * with what that was called with, a map or what holds it, may be the other user. */
static void sharer_evidence(struct diagnosis *diagnosis, struct finding *finding, int32_t index, const struct stack *stack,
			    const struct stack *thrower)
{
	struct analysis *analysis = diagnosis->analysis;
	const size_t frame = first_program_frame(stack, 0), own = first_program_frame(thrower, 0);
	const char *function, *place, *own_function;
	uint64_t value;

	if (frame == SIZE_MAX || own == SIZE_MAX)
		return;
	function = program_function(analysis, stack, frame);
	own_function = program_function(analysis, thrower, own);
	place = frame_address_text(diagnosis->arena, &stack->frames.items[frame]);
	if (recorded_share_argument(stack->frames.items[frame].recorded, thrower->frames.items[own].recorded, &value))
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false,
			     "goroutine %" PRIu64 ", which was not waiting, stands in %s at %s, called with 0x%" PRIx64 " as was %s: it may be the "
			     "other user", goroutine_id(analysis, index), function, place, value, own_function);
	else if (!strcmp(function, own_function))
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false,
			     "goroutine %" PRIu64 ", which was not waiting, stands in %s, too, at %s: it may be the other user",
			     goroutine_id(analysis, index), function, place);
}

/* How many were told. */
static size_t find_sharers(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const size_t before = finding->evidence.count;
	struct stack thrower = {0}, stack = {0};

	if (finding->goroutine < 0)
		return 0;
	goroutine_stack(analysis, (size_t)finding->goroutine, &thrower);
	for (size_t i = 0; i < analysis->runtime->goroutines.count && finding->evidence.count - before < OTHERS_TOLD; i++) {
		if ((int32_t)i == finding->goroutine || !may_be_inside(&analysis->runtime->goroutines.items[i]))
			continue;
		goroutine_stack(analysis, i, &stack);
		sharer_evidence(diagnosis, finding, (int32_t)i, &stack, &thrower);
	}
	return finding->evidence.count - before;
}

/* Other goroutines in map functions; returns the first that uses the same map, by its number + 1; 0: none. */
static uint64_t find_others(struct diagnosis *diagnosis, struct finding *finding, const struct map_user *user)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0}; /* its room is used again: any number of goroutines may be asked */
	uint64_t found = 0;
	size_t told = 0;

	for (size_t i = 0; i < analysis->runtime->goroutines.count && told < OTHERS_TOLD; i++) {
		struct map_user other;

		if ((int32_t)i == finding->goroutine || !may_be_inside(&analysis->runtime->goroutines.items[i]))
			continue;
		goroutine_stack(analysis, i, &stack);
		if (!map_user_find(analysis, (int32_t)i, &stack, 0, &other))
			continue;
		told++;
		other_evidence(diagnosis, finding, user, &other);
		if (!found && user->map && other.map == user->map)
			found = i + 1;
	}
	if (!found && analysis->runtime->recorded)
		told += find_sharers(diagnosis, finding);
	if (!told)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, true,
			     "no other goroutine stands in a map function: the other user of the map has gone on");
	return found;
}

static void report(struct diagnosis *diagnosis, struct finding *finding, const struct map_user *user)
{
	const struct analysis *analysis = diagnosis->analysis;
	const uint64_t id = goroutine_id(analysis, user->goroutine);
	uint64_t other;

	if (user->frame != SIZE_MAX) {
		finding->frame = (int64_t)user->frame;
		finding->function = user->function;
		finding->has_pc = recorded_pc_known(user->pc);
		finding->pc = user->pc;
	}
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "goroutine %" PRIu64 " threw in %s%s, which %s a map", id, user->map_function, place_of(diagnosis, user),
		     user->verb);
	if (user->map)
		header_evidence(diagnosis, finding, user);
	other = find_others(diagnosis, finding, user);
	if (!other)
		doubt_evidence(diagnosis, finding);
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 "%s%s %s%s: %s", id, user->function ? " in " : "",
				      user->function ? user->function : "", met(analysis),
				      other ? arena_printf(diagnosis->arena, ", by goroutine %" PRIu64,
							   goroutine_id(analysis, (int32_t)(other - 1)))
					    : "", analysis->messages.line);
}

/* A log may show the program's own functions only: then the message alone says that one of them used a map. */
static void report_hidden(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};
	size_t frame;

	doubt_evidence(diagnosis, finding);
	finding->title = arena_printf(diagnosis->arena, "a goroutine %s: %s", met(analysis), analysis->messages.line);
	if (finding->goroutine < 0)
		return;
	goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
	frame = first_program_frame(&stack, 0);
	point_at(analysis, finding, &stack, frame);
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 "%s%s %s: %s",
				      goroutine_id(analysis, finding->goroutine), finding->function ? " in " : "",
				      finding->function ? finding->function : "", met(analysis), analysis->messages.line);
	recorded_stack_evidence(diagnosis, finding, &stack, frame);
	find_sharers(diagnosis, finding);
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const char *line = analysis->messages.line;
	struct finding *finding;
	struct stack stack = {0};
	struct map_user user;
	int32_t goroutine;
	size_t frame;
	bool shown;

	if (!line || !(is_announced(line) || is_map_state(line)))
		return;
	goroutine = analysis->thread_goroutine[analysis->dying_thread];
	frame = thrower_find(analysis, &stack);
	shown = goroutine >= 0 && frame != SIZE_MAX && map_user_find(analysis, goroutine, &stack, frame, &user);
	if (!shown && !analysis->runtime->recorded)
		return;
	finding = finding_add(diagnosis, &detector_concurrent_map);
	finding->thread = analysis->dying_thread;
	finding->goroutine = goroutine;
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime's last words: \"%s\"", line);
	if (shown)
		report(diagnosis, finding, &user);
	else
		report_hidden(diagnosis, finding);
}

static const char *const supersedes[] = {"go-fatal", "unknown-fault", NULL};

const struct detector detector_concurrent_map = {
	.id = "concurrent-map",
	.title = "two goroutines used one map at the same time",
	.explanation = "A Go map may not be written to while another goroutine uses it; the runtime notices it now and then, or finds the map "
		       "damaged (bad map state), and ends the process. Evidence: the runtime's message, the map function that threw and who "
		       "called it; the map's header, still marked as being written to; other goroutines in functions that use the same "
		       "map. The goroutine that threw need not be the one at fault, and the other may have left the map meanwhile: "
		       "then nothing but the message says that there was one, and the finding is no more than likely.\n"
		       "What to do: guard that map with a mutex, wherever it is used; tests with -race name both places.",
	.rank = 45,
	.supersedes = supersedes,
	.run = run,
};
