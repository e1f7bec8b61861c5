/* crashes.c: see crashes.h. */
#include "lib/crashes.h"

#include "base/cancel.h"
#include "formats/log/crashes.h"
#include "report/content/frames.h"
#include "report/content/summary.h"
#include "report/fingerprint/fingerprint.h"
#include "report/narrative/narrative.h"

enum { LOOKED_AT = 1000, LEAST_LOOKED_AT = 20 };

#define EXECUTABLES (UINT64_C(4) << 30) /* bytes of executables that are read for the crashes of one log */

size_t crashes_most(size_t total, uint64_t executable)
{
	const uint64_t many = executable ? EXECUTABLES / executable : LOOKED_AT, most = many < LOOKED_AT ? many : LOOKED_AT;
	const size_t bound = most > LEAST_LOOKED_AT ? (size_t)most : LEAST_LOOKED_AT;

	return total < bound ? total : bound;
}

void crash_tell(struct arena *arena, const struct diagnosis *diagnosis, struct crash_entry *ret)
{
	const struct finding *finding = verdict_finding(diagnosis);
	const struct fingerprint fingerprint = fingerprint_of(diagnosis);
	const char *place = verdict_place(diagnosis->arena, diagnosis);

	ret->word = verdict_word(diagnosis);
	ret->certainty = finding ? certainty_name(finding->certainty) : diagnosis->verdict.kind == VERDICT_HEALTHY ? "healthy" : "unknown";
	ret->rule = finding ? finding->detector->id : NULL;
	ret->place = place ? arena_strdup(arena, place) : NULL;
	ret->headline = arena_strdup(arena, narrative_of(diagnosis)->headline);
	ret->fingerprint = arena_strdup(arena, fingerprint.across);
	ret->exact = arena_strdup(arena, fingerprint.exact);
}

struct telling_one {
	struct arena *arena;
	struct crash_entry *entry;
	uint64_t executable;
};

static const struct err *tell_one(void *context, const struct diagnosis *diagnosis)
{
	struct telling_one *one = context;
	const struct exe *exe = diagnosis->analysis->runtime->exe;

	crash_tell(one->arena, diagnosis, one->entry);
	one->executable = exe ? exe->bytes.size : 0;
	return NULL;
}

struct crash_list *crashes_survey(struct arena *arena, const struct image *log, const struct crash_analyst *analyst)
{
	struct crash_list *list = arena_alloc(arena, sizeof *list);
	struct telling_one one = {.arena = arena};

	list->total = log_crash_count(log);
	list->items = arena_array(arena, crashes_most(list->total, 0), sizeof *list->items);
	for (size_t i = 0; i < crashes_most(list->total, one.executable) && !cancelled(&analyst->cancel); i++) {
		struct crash_entry *entry = one.entry = &list->items[list->count++];
		const struct log_crash place = log_crash_at(log, i);
		const struct err *err;

		*entry = (struct crash_entry){.number = place.number, .first_line = place.first_line, .last_line = place.last_line};
		err = i ? analyst->examine(analyst->context, i, tell_one, &one) : NULL;
		if (err) {
			entry->error_code = err_code_name(err->code);
			entry->error = err_describe(arena, err);
		}
	}
	return list;
}
