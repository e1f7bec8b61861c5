/* dead_end.c: see dead_end.h. */
#include "heuristics/hangs/dead_end.h"

#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/hangs/wakers.h"

#include <inttypes.h>

enum { MAIN = 1, NAMED = 4 };

enum end_kind {
#define DEAD_END(id, kind, text, action, remedy) END_##id,
#include "heuristics/hangs/dead_ends.def"
#undef DEAD_END
};

static const struct {
	enum wait_kind kind;
	const char *text, *action, *remedy;
} rows[] = {
#define DEAD_END(id, kind, text, action, remedy) {kind, text, action, remedy},
#include "heuristics/hangs/dead_ends.def"
#undef DEAD_END
};

static void set(struct dead_end *end, enum end_kind kind)
{
	end->circle = kind == END_CIRCLE;
	end->text = rows[kind].text;
	end->action = rows[kind].action;
	end->remedy = rows[kind].remedy;
}

static const struct goroutine *goroutine_of(const struct analysis *analysis, const struct unreachable_wait *one)
{
	return &analysis->runtime->goroutines.items[one->goroutine];
}

/* Nobody was ever to wake it: it is to wait for ever, as main.main mostly is. */
static bool is_meant(struct analysis *analysis, const struct unreachable_wait *one)
{
	return !wakers_exist(analysis, one->function, one->wait.kind, goroutine_of(analysis, one)->id == MAIN);
}

static size_t holder_of(const struct unreachable *among, size_t number)
{
	size_t i = 0;

	while (i < among->items.count && !among->items.items[i]->leads[number])
		i++;
	return i;
}

/* From one that waits for a WaitGroup to who has it, and on to one whom nobody can wake. There is no circle. */
static void follow(struct dead_end *end, size_t number)
{
	const struct unreachable *among = end->among;

	while (number < among->items.count && end->member_count < among->items.count) {
		end->members[end->member_count++] = number;
		number = holder_of(among, number);
	}
}

static bool is_same(const struct wait *a, const struct wait *b)
{
	return a->kind == b->kind && a->object == b->object && a->channel_count == b->channel_count &&
	       (!a->channel_count || a->channels[0].address == b->channels[0].address);
}

static size_t count_fellows(const struct dead_end *end)
{
	const struct unreachable *among = end->among;
	size_t count = 0;

	for (size_t i = 0; i < among->items.count; i++)
		count += is_same(&among->items.items[i]->wait, &among->items.items[end->members[0]]->wait);
	return count;
}

static bool find_lone(struct analysis *analysis, enum wait_kind kind, struct dead_end *ret)
{
	for (size_t i = 0; i < ret->among->items.count; i++) {
		const struct unreachable_wait *one = ret->among->items.items[i];

		if (one->wait.kind != kind || (one->alone && is_meant(analysis, one)))
			continue;
		follow(ret, i);
		set(ret, kind == WAIT_COND ? END_COND : one->alone ? END_GROUP : END_GROUP_CHAIN);
		return true;
	}
	return false;
}

bool dead_end_find(struct analysis *analysis, const struct contention *contention, struct dead_end *ret)
{
	struct unreachable *among = arena_alloc(analysis->arena, sizeof *among);

	*ret = (struct dead_end){.among = among};
	unreachable_find(analysis, contention, among);
	for (size_t i = 0; i < among->circle.numbers.count; i++)
		ret->members[ret->member_count++] = among->circle.numbers.items[i];
	if (ret->member_count)
		set(ret, END_CIRCLE);
	else if (!find_lone(analysis, WAIT_GROUP, ret) && !find_lone(analysis, WAIT_COND, ret))
		return false;
	ret->waiting = count_fellows(ret);
	return true;
}

static const struct unreachable_wait *member(const struct dead_end *end, size_t number)
{
	return end->among->items.items[end->members[number % end->member_count]];
}

static uint64_t id_of(struct diagnosis *diagnosis, const struct unreachable_wait *one)
{
	return goroutine_of(diagnosis->analysis, one)->id;
}

static const char *circle_title(struct diagnosis *diagnosis, const struct dead_end *end)
{
	const char *list = "";

	for (size_t i = 0; i < end->member_count && i < NAMED; i++) {
		const bool last = i + 1 == end->member_count;

		list = arena_printf(diagnosis->arena, "%s%sgoroutine %" PRIu64 "%s%s", list, !i ? "" : last ? " and " : ", ",
				    id_of(diagnosis, member(end, i)), member(end, i)->function ? " in " : "",
				    member(end, i)->function ? member(end, i)->function : "");
	}
	return arena_printf(diagnosis->arena, "%s%s %s", list,
			    end->member_count > NAMED ? arena_printf(diagnosis->arena, " and %zu more", end->member_count - NAMED) : "",
			    end->text);
}

static const char *title(struct diagnosis *diagnosis, const struct dead_end *end)
{
	const char *function = member(end, 0)->function;

	if (end->circle)
		return circle_title(diagnosis, end);
	if (end->waiting == 1)
		return arena_printf(diagnosis->arena, "goroutine %" PRIu64 " waits%s%s %s", id_of(diagnosis, member(end, 0)),
				    function ? " in " : "", function ? function : "", end->text);
	return arena_printf(diagnosis->arena, "%zu goroutines wait%s%s %s", end->waiting, function ? " in " : "",
			    function ? function : "", end->text);
}

static void member_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct dead_end *end, size_t number)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct unreachable_wait *one = member(end, number), *next = member(end, number + 1);
	const bool led = end->circle || number + 1 < end->member_count;
	const struct layout *layout = analysis->runtime->layout;
	uint64_t address;
	const char *what;

	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false, "goroutine %" PRIu64 " waits%s%s %s%s",
		     id_of(diagnosis, one), one->function ? " in " : "", one->function ? one->function : "",
		     wait_text(analysis, &one->wait),
		     led ? arena_printf(diagnosis->arena, ", which goroutine %" PRIu64 " %s", id_of(diagnosis, next),
					wait_is_for_lock(one->wait.kind) ? "holds" : "has") : "");
	if (one->wait.channel_count)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, one->wait.channels[0].sudog + layout->offset[LAYOUT_sudog_g],
			      hex_text(diagnosis->arena, goroutine_of(analysis, one)->address),
			      "sudog.g of the channel's queue entry is goroutine %" PRIu64, id_of(diagnosis, one));
	else if (wait_state_word(analysis, &one->wait, &address, &what))
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, address, NULL, "%s", what);
}

void dead_end_report(struct diagnosis *diagnosis, struct finding *finding, const struct dead_end *end)
{
	const size_t others = end->among->count > end->member_count ? end->among->count - end->member_count : 0;

	finding->title = title(diagnosis, end);
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
		     "all memory that the process could write was gone through, as the garbage collector marks: from variables, memory of C, "
		     "timers and goroutines that may still run nothing leads to what %s",
		     end->member_count > 1 ? "these wait for" : "it waits for");
	for (size_t i = 0; i < end->member_count && i < NAMED; i++)
		member_evidence(diagnosis, finding, end, i);
	if (others)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "of %zu goroutines that wait for others, %zu more cannot be woken any more either", end->among->looked_at, others);
}
