/* executable.c: which file is the program that ran. The one that the user named, or that was found first, is judged by what the
 * dump saved; where it is not known to be the one, the others that may be are judged too, and one that is known to be it is
 * taken in its place. */
#include "golang/load/load.h"

#include <string.h>

enum { CANDIDATES_TRIED = 8 };

/* Where the program was loaded, from its moduledata in memory, when the dump's records do not say. */
static bool bias_from_memory(struct go_runtime *runtime, const struct go_module *file, uint64_t *ret)
{
	struct go_module memory;

	if (!module_in_memory(runtime, &memory) || memory.maxpc - memory.minpc != file->maxpc - file->minpc)
		return false;
	*ret = memory.text - file->text;
	return true;
}

static struct judged_exe judge(struct go_runtime *runtime, const struct exe_candidate *candidate,
			       const struct program_record *program)
{
	struct judged_exe ret = {.exe = candidate->exe, .source = candidate->source};

	ret.placed = (struct placed_exe){.exe = candidate->exe, .bias = candidate->bias, .build_id = program->build_id,
					 .program = program};
	ret.is_go = module_in_exe(candidate->exe, &ret.file);
	if (!candidate->bias_known && ret.is_go)
		bias_from_memory(runtime, &ret.file, &ret.placed.bias);
	ret.judgement = identity_judge(runtime->image, &ret.placed, ret.is_go ? &ret.file : NULL);
	ret.placed.program = NULL; /* it does not outlive this call */
	return ret;
}

static bool is_known(const struct judged_exe *judged)
{
	return judged->judgement.identity == IDENTITY_SAME || judged->judgement.identity == IDENTITY_EQUIVALENT;
}

static const char *reason(const struct judged_exe *judged)
{
	return judged->judgement.because ? judged->judgement.because : "nothing in the dump can be compared with it";
}

/* What another file at a place where executables are looked for is; false: none is known to be the one that ran. */
static bool find_better(struct go_runtime *runtime, const struct exe_candidate *candidate, const struct program_record *program,
			struct judged_exe *ret)
{
	const char *rejected[CANDIDATES_TRIED + 1] = {candidate->exe->path};
	struct exe_search search = candidate->search;
	struct exe_candidate other;

	search.rejected = rejected;
	for (size_t i = 1; i < CANDIDATES_TRIED; i++) {
		locate_other_exe(runtime->image, &search, &other);
		if (!other.exe)
			return false;
		*ret = judge(runtime, &other, program);
		if (is_known(ret))
			return true;
		if (other.may_tell)
			note_add(runtime->notes, "not used as the executable: %s: %s", other.exe->path, reason(ret));
		rejected[i] = other.exe->path;
	}
	return false;
}

/* An unverified one that was found is as good as any other; one that was given is asked about. */
static bool wants_better(const struct judged_exe *judged)
{
	return judged->judgement.identity == IDENTITY_MISMATCH ||
	       (judged->source == EXE_GIVEN && judged->judgement.identity == IDENTITY_UNVERIFIED);
}

static void note_taken(struct go_runtime *runtime, const struct judged_exe *first, const struct judged_exe *taken)
{
	note_lead(runtime->notes, "%s%s is not used: %s. %s, which %s, is used instead", first->exe->path,
		  first->source == EXE_GIVEN ? ", given with --exe," : "", reason(first), taken->exe->path,
		  taken->judgement.identity == IDENTITY_SAME ? "is the build that ran"
							     : "equals what ran wherever it can be compared");
}

struct judged_exe executable_settle(struct go_runtime *runtime, const struct exe_candidate *candidate)
{
	const struct program_record program = program_of_image(runtime->image);
	struct judged_exe judged = judge(runtime, candidate, &program);
	struct judged_exe better;

	if (wants_better(&judged) && find_better(runtime, candidate, &program, &better)) {
		note_taken(runtime, &judged, &better);
		judged = better;
	}
	runtime->exe = judged.exe;
	runtime->exe_source = judged.source;
	runtime->bias = judged.placed.bias;
	runtime->identity = judged.judgement.identity;
	runtime->identity_because = judged.judgement.because;
	runtime->named_otherwise = judged.judgement.named_otherwise;
	return judged;
}
