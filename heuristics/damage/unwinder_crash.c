/* unwinder_crash.c: the runtime died while it walked a goroutine's stack, mostly another one's: it gave up with a throw of its own, or its
 * unwinder dereferenced garbage. The thread that died is the walker; the one at fault is whose stack it walked. */
#include "analyzer/unwind/damage.h"
#include "formats/unwind/libraries.h"
#include "heuristics/damage/generated_code.h"
#include "heuristics/damage/moved_code.h"
#include "heuristics/detector.h"

#include <inttypes.h>

extern const struct detector detector_unwinder_crash;

/* A goroutine on whose stack generated code lies is not called damaged for a pointer alone that the walker had to it. */
static void doubt_victim(struct walk_crash *crash)
{
	struct stack stack = {0};

	if (crash->victim < 0 || walk_crash_is_sure(crash))
		return;
	goroutine_stack(crash->analysis, (size_t)crash->victim, &stack);
	if (generated_frame(crash->analysis->image, &stack) == SIZE_MAX)
		return;
	crash->victim = -1;
	crash->victim_words[0] = 0;
}

static bool leads_to_moved_code(struct analysis *analysis, int32_t goroutine)
{
	for (size_t i = 0; i < analysis->damages.count; i++)
		if (analysis->damages.items[i].goroutine == goroutine && moved_code_witness(analysis, &analysis->damages.items[i]))
			return true;
	return false;
}

/* Whether what the walker met may have been generated code: the process has some, or may have, and the dump lacks what would tell
 * whose stack it was, or what lies on that, or is wrong about where that code lay. */
static bool may_be_generated(const struct walk_crash *crash)
{
	struct analysis *analysis = crash->analysis;
	const struct image *image = analysis->image;
	struct stack stack = {0};

	if (leads_to_moved_code(analysis, crash->victim))
		return true;
	if (image->mappings.count ? !libraries_any_generated(image->libraries) : !image->truncated)
		return false;
	if (crash->victim < 0)
		return image->truncated;
	goroutine_stack(analysis, (size_t)crash->victim, &stack);
	return stack.end == END_NOT_SAVED && !is_damaged(analysis, crash->victim);
}

static void run(struct diagnosis *diagnosis)
{
	struct generated_meeting meeting;
	struct finding *finding;
	struct walk_crash crash;

	if (!walk_crash_find(diagnosis->analysis, &crash) || generated_code_stopped(&crash, &meeting))
		return;
	if (may_be_generated(&crash))
		return;
	doubt_victim(&crash);
	finding = finding_add(diagnosis, &detector_unwinder_crash);
	finding->thread = diagnosis->analysis->dying_thread;
	finding->goroutine = crash.victim;
	if (crash.walker != SIZE_MAX) {
		finding->frame = (int64_t)crash.walker;
		finding->function = go_func_name(crash.stack.frames.items[crash.walker].info);
		finding->has_pc = true;
		finding->pc = crash.stack.frames.items[crash.walker].pc;
	}
	finding->title =
		crash.victim >= 0
			? arena_printf(diagnosis->arena, "the runtime died%s"
				       " while it walked the stack of goroutine %" PRIu64,
				       on_thread_text(diagnosis->analysis, finding->thread),
				       diagnosis->analysis->runtime->goroutines.items[crash.victim].id)
			: arena_printf(diagnosis->arena, "the runtime died%s while it walked a stack",
				       on_thread_text(diagnosis->analysis, finding->thread));
	walk_crash_evidence(diagnosis, finding, &crash);
}

static const char *const supersedes[] = {"go-fatal", "unknown-fault", "go-panic", "nil-deref", NULL};

const struct detector detector_unwinder_crash = {
	.id = "unwinder-crash",
	.title = "the runtime died while walking a goroutine's stack",
	.explanation =
		"The garbage collector, a stack growth or a traceback walked a goroutine's stack and could not: it threw "
		"(\"traceback did not unwind completely\", \"unknown caller pc\", …), or its unwinder, or what reads the frames that "
		"it finds, itself hit a memory fault. The "
		"thread that died did nothing wrong; the stack that it walked, another goroutine's or (in a panic, or when it grows) its "
		"own, is damaged. Evidence: the fatal text or the fault's "
		"pc, the walker's own frames, and the goroutine that the runtime's message or the walker's variables name.\n"
		"What to do: look at the finding that explains this one. If there is none, the damage could not be proved from "
		"this dump; a dump with all memory and the executable helps.",
	.corruption = true,
	.symptom = true,
	.rank = 60,
	.supersedes = supersedes,
	.run = run,
};
