/* recorded_exe.c: whether an executable is what printed a log, and where it was loaded. Each place that the log names, a function, an
 * offset in it and a line, has to be there by the file's tables, and all pcs that were printed have to be as far from the file's. */
#include "golang/load/load.h"
#include "golang/recorded.h"

#include "formats/locator/paths.h"

#include <stdlib.h>
#include <string.h>

enum {
	PLACES_NEEDED = 4,  /* equal ones, of different functions or lines: fewer prove nothing */
	PLACES_TRIED = 4096,
	TOLERANCE = 16,     /* one of so many may differ: logs lose and mix lines */
};

/* A function by its name as the runtime prints it. */
struct named {
	const char *name;
	uint32_t index;
};

struct place_check {
	struct go_runtime *runtime;
	const struct pclntab *table;
	struct named *names; /* ascending */
	size_t count;
	size_t equal, different;
	bool has_bias;
	uint64_t bias;
	const char *because; /* of the first that differs */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* As runtime.printFuncName: type arguments become "[...]". */
static const char *printed_name(struct arena *arena, const char *name)
{
	const char *open = strchr(name, '[');
	const char *close = strrchr(name, ']');

	if (!open || !close || close < open)
		return name;
	return arena_printf(arena, "%.*s[...]%s", (int)(open - name), name, close + 1);
}

static void list_names(struct place_check *c)
{
	struct func func;

	c->names = arena_array(c->runtime->arena, c->table->nfunc + (size_t)1, sizeof *c->names);
	for (uint32_t i = 0; i < c->table->nfunc; i++) {
		const char *name = pclntab_func(c->table, i, &func) ? pclntab_name(c->table, func.name) : NULL;

		if (name)
			c->names[c->count++] = (struct named){printed_name(c->runtime->arena, name), i};
	}
	if (c->count)
		qsort(c->names, c->count, sizeof *c->names, by_name);
}

/* Of several of one name, which instances of generic functions and file-local functions may have, none counts. */
static bool find(const struct place_check *c, const char *name, struct func *ret)
{
	const struct named key = {.name = name};
	const struct named *found = c->count ? bsearch(&key, c->names, c->count, sizeof *c->names, by_name) : NULL;

	if (!found || (found > c->names && !strcmp(found[-1].name, name)) ||
	    (found + 1 < c->names + c->count && !strcmp(found[1].name, name)))
		return false;
	return pclntab_func(c->table, found->index, ret);
}

static bool same_calls(const struct place_check *c, const struct func *func, uint64_t pc, const struct recorded_place *place)
{
	struct inline_frame frames[INLINE_LIMIT];
	const size_t count = func_inline_frames(c->table, func, pc, frames);

	if (count < place->count) /* wrappers are not printed */
		return false;
	for (size_t i = 0; i < place->count; i++) {
		const struct inline_frame *frame = &frames[count - place->count + i];
		const struct recorded_call *call = &place->calls[i];

		if (!frame->name || !frame->file || strcmp(printed_name(c->runtime->arena, frame->name), call->function) != 0 ||
		    frame->line != call->line || strcmp(path_base_name(frame->file), path_base_name(call->file)) != 0)
			return false;
	}
	return true;
}

static void differ(struct place_check *c, const struct recorded_place *place)
{
	const struct recorded_call *call = &place->calls[place->count - 1];

	c->different++;
	if (!c->because)
		c->because = arena_printf(c->runtime->arena, "%s +0x%llx is not at %s:%d in it, as the log says", call->function,
					  (unsigned long long)place->offset, path_base_name(call->file), (int)call->line);
}

/* Where a place printed a pc, the program was loaded so far from where the file says. */
static bool takes_bias(struct place_check *c, const struct recorded_place *place, uint64_t pc)
{
	if (!place->has_pc)
		return true;
	if (!c->has_bias) {
		c->has_bias = true;
		c->bias = place->pc - pc;
	}
	return place->pc - pc == c->bias;
}

static void compare(struct place_check *c, const struct recorded_place *place)
{
	const struct recorded_call *call = &place->calls[place->count - 1];
	struct func func;
	uint64_t pc;

	if (place->foreign || !call->file || !place->has_offset || !find(c, call->function, &func))
		return;
	pc = func.entry + place->offset;
	if (place->offset < func.end - func.entry && (same_calls(c, &func, pc - 1, place) || same_calls(c, &func, pc, place)) &&
	    takes_bias(c, place, pc))
		c->equal++;
	else
		differ(c, place);
}

static enum identity identity_of(const struct place_check *c)
{
	if (c->different * TOLERANCE > c->equal)
		return c->equal > c->different ? IDENTITY_UNVERIFIED : IDENTITY_MISMATCH;
	return c->equal >= PLACES_NEEDED ? IDENTITY_EQUIVALENT : IDENTITY_UNVERIFIED;
}

static void drop(struct go_runtime *runtime, const struct exe *exe, const char *because)
{
	note_lead(runtime->notes, "%s is not used: it is another build than the one that printed the log: %s", exe->name, because);
	runtime->exe = NULL;
	runtime->exe_source = EXE_NONE;
}

static const uint64_t *entries_of(const struct place_check *c, const struct log_record *record)
{
	uint64_t *entries = arena_array(c->runtime->arena, record->functions.count + 1, sizeof *entries);
	struct func func;

	for (size_t i = 0; i < record->functions.count; i++)
		if (find(c, record->functions.items[i].name, &func))
			entries[i] = func.entry + c->bias;
	return entries;
}

bool recorded_exe_settle(struct go_runtime *runtime, const struct exe_candidate *candidate, const struct go_runtime *program,
			 const uint64_t **entries)
{
	const struct log_record *record = runtime->image->record;
	struct place_check c = {.runtime = runtime};

	if (record->arch && strcmp(record->arch, candidate->exe->arch->name) != 0) {
		drop(runtime, candidate->exe, arena_printf(runtime->arena, "it is for %s, the log is of %s", candidate->exe->arch->name, record->arch));
		return false;
	}
	if (!program) {
		drop(runtime, candidate->exe, "it holds no table of Go functions");
		return false;
	}
	c.table = &program->modules.items[0].pclntab;
	list_names(&c);
	for (size_t i = 0; i < record->places.count && i < PLACES_TRIED; i++)
		compare(&c, &record->places.items[i]);
	runtime->identity = identity_of(&c);
	if (runtime->identity == IDENTITY_MISMATCH) {
		drop(runtime, candidate->exe, c.because ? c.because : "none of the functions of the log is in it");
		runtime->identity = IDENTITY_NONE;
		return false;
	}
	if (runtime->identity == IDENTITY_UNVERIFIED)
		runtime->identity_because = c.because ? c.because : "the log names too few places that could be compared";
	if (!c.has_bias && candidate->exe->position_independent) {
		note_add(runtime->notes, "%s fits, but the log does not tell where it was loaded (GOTRACEBACK=system does): it is not used",
			 candidate->exe->name);
		runtime->exe = NULL;
		runtime->exe_source = EXE_NONE;
		runtime->identity_because = NULL;
		runtime->identity = IDENTITY_NONE;
		return false;
	}
	runtime->exe = candidate->exe;
	runtime->exe_source = candidate->source;
	runtime->image->arch = candidate->exe->arch; /* a log may not tell it */
	runtime->decoder = decoder_new(runtime->arena, runtime->image->arch);
	runtime->bias = c.bias;
	*entries = entries_of(&c, record);
	return true;
}
