/* round.c: see round.h. Inputs are analysed by several threads, each in a child of its own; what comes of it is counted, and written down, by one
 * thread at a time. */
#include "lib/round.h"

#include "base/workers.h"
#include "fleet/views.h"
#include "lib/examination.h"
#include "lib/unpacking.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define INPUT_BUDGET ((size_t)64 << 20) /* what is said of one input */

struct round {
	struct triage *triage;
	struct arena *arena;
	VEC(const struct input *) todo;
	size_t ended; /* of these */
};

/* A file as it was: when it is written anew, it is another input. */
static const char *key_of(struct arena *arena, const char *path, uint64_t size, int64_t modified)
{
	return arena_printf(arena, "%" PRIu64 " %" PRId64 " %s", size, modified, path);
}

static bool is_cancelled(const struct triage *triage)
{
	return triage->analysis->cancelled && triage->analysis->cancelled(triage->analysis->context);
}

static bool is_other(const struct incident *incident)
{
	return incident->error_code && !strcmp(incident->error_code, err_code_name(ERR_NO_DUMP));
}

/* A file that is read again, since it changed, holds crashes that were counted. */
static bool may_change(const struct triage *triage)
{
	return triage->options->state || triage->options->watch;
}

static const char *crash_key(struct arena *arena, const struct incident *incident)
{
	return arena_printf(arena, "%s %s", incident->crash, incident->path);
}

/* By the thread that holds the lock. */
static void note_crash(struct triage *triage, struct arena *arena, const struct incident *incident)
{
	struct text_slot *slot = texts_slot(&triage->done, crash_key(arena, incident));
	int64_t *seen = slot->value;

	if (seen)
		return;
	seen = arena_alloc(triage->arena, sizeof *seen);
	*seen = incident->seen;
	slot->value = seen;
}

/* Whether it was told of this file before, and then no later time. */
static bool was_told(struct triage *triage, struct arena *arena, struct incident *incident)
{
	const char *key = crash_key(arena, incident);
	const struct text_slot *slot;
	int64_t seen = 0;
	bool told;

	pthread_mutex_lock(&triage->lock);
	slot = texts_find(&triage->done, key);
	told = slot && slot->value;
	if (told)
		seen = *(const int64_t *)slot->value;
	pthread_mutex_unlock(&triage->lock);
	if (told && seen < incident->seen)
		incident->seen = seen;
	return told;
}

/* Memory ran out. */
static void give_up(struct triage *triage)
{
	triage->exhausted = true;
	triage->stopped = true;
}

/* Counts it, and writes its line where lines are wanted. `arena` is scratch memory. */
static void take(struct triage *triage, struct arena *arena, const struct incident *incident, const char *line, size_t size)
{
	if (incident->crash && may_change(triage))
		note_crash(triage, arena, incident);
	fleet_add(triage->fleet, incident);
	if (triage->options->format == TS_JSON && !is_other(incident))
		fwrite(line, 1, size, triage->out);
	else if (triage->options->format == TS_OTLP && !incident->error_code)
		triage->exhausted |= !view_record(arena, incident, triage->out);
}

/* What cannot be kept ends it. */
static bool keep_in_database(struct triage *triage, struct arena *arena, const struct incident *incident)
{
	const struct err *err = triage->database ? history_add(triage->database, arena, incident, triage->options->unredacted) : NULL;

	if (!err)
		return true;
	triage->error = err;
	triage->stopped = true;
	return false;
}

/* ---- what was done before ---- */

struct recalling {
	struct triage *triage;
	struct arena *arena;
	const char *line;
	size_t size;
	bool taken;
};

static void recall(void *context)
{
	struct recalling *recalling = context;
	struct triage *triage = recalling->triage;
	struct incident incident;

	if (!incident_read(recalling->arena, recalling->line, recalling->size, &incident) || !incident.path)
		return;
	if (!incident.other)
		texts_slot(&triage->done, key_of(recalling->arena, incident.path, incident.size, incident.modified))->value = triage;
	if (!triage->stopped) /* the state may be older than the database */
		keep_in_database(triage, recalling->arena, &incident);
	take(triage, recalling->arena, &incident, recalling->line, recalling->size);
	recalling->taken = true;
}

bool round_recall(void *triage, const char *line, size_t size)
{
	struct recalling recalling = {.triage = triage, .arena = arena_new(INPUT_BUDGET), .line = line, .size = size};

	if (recalling.arena)
		arena_run(recalling.arena, recall, &recalling);
	arena_free(recalling.arena);
	return recalling.taken;
}

/* ---- one input ---- */

struct working {
	struct round *round;
	struct triage *triage;
	struct arena *arena;
	const struct input *input;
	struct examination found;
	struct incident failed; /* where there is no room for what was found */
	char *lines;            /* a line for each; NULL: there are none */
	size_t size;
	bool too_much;          /* there was no memory for them, or one is none that can be read back */
	bool cancelled;
	bool member;   /* of an archive */
	bool unpacked; /* it is an archive, and all of it was read */
};

/* What is said of the file. */
static struct incident *own(struct working *working)
{
	return &working->found.items[working->found.count - 1];
}

/* Of a log that has grown only the new crashes are told, and the last: its line is that of the file. */
static void leave_out_told(struct working *working)
{
	struct examination *found = &working->found;
	size_t kept = 0;

	for (size_t i = 0; i < found->count; i++) {
		struct incident *incident = &found->items[i];
		const bool told = incident->crash && was_told(working->triage, working->arena, incident);

		if (!told || !incident->other)
			found->items[kept++] = *incident;
	}
	found->count = kept;
}

static void examine(void *context)
{
	struct working *working = context;

	working->cancelled = !examine_input(working->arena, working->input, working->triage->analysis, &working->found);
	if (!working->cancelled && may_change(working->triage))
		leave_out_told(working);
}

static void write_lines(void *context)
{
	struct working *working = context;
	FILE *out = open_memstream(&working->lines, &working->size);
	bool whole = out != NULL;

	for (size_t i = 0, before = 0; i < working->found.count && whole; i++, before = working->size) {
		whole = incident_write(working->arena, &working->found.items[i], out) && !fflush(out);
		working->too_much |= working->size - before > INCIDENT_LINE;
	}
	if (out && fclose(out))
		whole = false;
	if (!whole)
		working->size = 0;
}

/* Where what is said of it needs too much memory, that is said. */
static void fail_input(struct working *working)
{
	arena_free(working->arena);
	working->arena = arena_new(INPUT_BUDGET);
	working->failed = incident_failed(working->input, err_code_name(ERR_LIMIT), "what is said of it needs too much memory");
	working->found.items = &working->failed;
	working->found.count = 1;
	working->found.remark = NULL;
}

/* Lines that cannot be kept are counted nowhere: the next run finds the input again. */
static bool keep_lines(struct triage *triage, const struct working *working)
{
	if (!triage->state || state_add(triage->state, working->lines, working->size))
		return true;
	triage->error = err_new(triage->arena, ERR_IO, "%s: %s. What is in it stays; the same command goes on from there", triage->options->state,
				strerror(errno));
	triage->stopped = true;
	return false;
}

static void tell_failure(struct triage *triage, const struct incident *incident)
{
	triage->failed = true;
	if (triage->options->complain)
		triage->options->complain(triage->options->context, incident->error);
}

/* Into the database first: what is there twice counts once. */
static bool keep(struct working *working)
{
	for (size_t i = 0; i < working->found.count; i++)
		if (!keep_in_database(working->triage, working->arena, &working->found.items[i]))
			return false;
	return keep_lines(working->triage, working);
}

static void record_on_arena(void *context)
{
	struct working *working = context;
	struct triage *triage = working->triage;
	const char *line = working->lines;

	if (triage->stopped || !keep(working))
		return;
	for (size_t i = 0; i < working->found.count; i++) {
		const struct incident *incident = &working->found.items[i];
		const char *end = strchr(line, '\n') + 1;

		take(triage, working->arena, incident, line, (size_t)(end - line));
		if (incident->error_code && !working->unpacked && (working->input->given || !is_other(incident)))
			tell_failure(triage, incident);
		line = end;
	}
	if (working->found.remark && triage->options->complain && !triage->options->quiet)
		triage->options->complain(triage->options->context, working->found.remark);
	if (*working->found.exposed)
		memcpy(triage->exposed, working->found.exposed, sizeof triage->exposed);
}

/* Memory of either arena may run out. */
static void record(void *context)
{
	struct working *working = context;

	if (!arena_run(working->arena, record_on_arena, working))
		give_up(working->triage);
}

/* By the thread that holds the lock. */
static void end_input(struct working *working)
{
	struct triage *triage = working->triage;
	struct round *round = working->round;

	round->ended += !working->member;
	if (!arena_run(triage->arena, record, working))
		give_up(triage);
	if (triage->options->progress)
		triage->options->progress(triage->options->context, round->ended, round->todo.count, working->input->path);
}

static bool may_begin(const struct triage *triage)
{
	return !triage->stopped && !is_cancelled(triage);
}

static void forget_lines(struct working *working)
{
	free(working->lines);
	working->lines = NULL;
	working->size = 0;
}

/* The lines that tell it, of a length that can be read back. */
static void make_lines(struct working *working)
{
	if (working->arena && !working->cancelled && !arena_run(working->arena, write_lines, working))
		working->too_much = true;
	if (!working->too_much)
		return;
	fail_input(working);
	forget_lines(working);
	if (working->arena)
		arena_run(working->arena, write_lines, working);
}

/* An input, from its file to its line. What it turns out to be is left to the caller: arena and line are to be released. */
static void begin_input(struct working *working)
{
	working->arena = arena_new(INPUT_BUDGET);
	if (!working->arena || !arena_run(working->arena, examine, working))
		fail_input(working);
	make_lines(working);
}

static void finish_input(struct working *working)
{
	struct triage *triage = working->triage;

	pthread_mutex_lock(&triage->lock);
	if (working->size)
		end_input(working);
	else if (!working->cancelled)
		give_up(triage);
	pthread_mutex_unlock(&triage->lock);
	free(working->lines);
	arena_free(working->arena);
}

/* ---- archives ---- */

struct descriptor_path {
	char text[32];
};

static bool is_done(const struct working *whole, const struct input *input)
{
	struct triage *triage = whole->triage;
	const char *key = key_of(whole->arena, input->path, input->size, input->modified);
	bool done;

	pthread_mutex_lock(&triage->lock);
	done = texts_find(&triage->done, key) != NULL;
	pthread_mutex_unlock(&triage->lock);
	return done;
}

/* A member is as old as its archive, and has been seen where that was. */
static void work_on_member(void *context, const struct unpacked *member)
{
	const struct working *whole = context;
	struct descriptor_path file;
	struct input input = *whole->input;
	struct working working = {.round = whole->round, .triage = whole->triage, .input = &input, .member = true};

	snprintf(file.text, sizeof file.text, "/proc/self/fd/%d", member->descriptor);
	input.path = member->path;
	input.file = file.text;
	input.size = member->size;
	input.given = false;
	if (!may_begin(whole->triage) || is_done(whole, &input))
		return;
	begin_input(&working);
	finish_input(&working);
}

static void unpack_input(void *context)
{
	struct working *working = context;
	struct incident *incident = own(working);
	size_t count = 0;
	const struct err *err = unpack(working->arena, working->input->path, working->triage->analysis, work_on_member, working, &count);

	if (!count)
		return; /* and what was said of it stands */
	working->unpacked = !err && may_begin(working->triage);
	working->cancelled = !err && !working->unpacked; /* the next run goes on with it */
	incident->error_code = err ? err_code_name(err->code) : err_code_name(ERR_NO_DUMP);
	incident->error = err ? err->text : arena_printf(working->arena, "%s: an archive, whose members are inputs", working->input->path);
}

static void unpack_archive(struct working *working)
{
	forget_lines(working);
	if (!arena_run(working->arena, unpack_input, working))
		fail_input(working);
	make_lines(working);
}

static bool may_be_archive(const struct incident *incident)
{
	return incident->error_code && !strcmp(incident->error_code, err_code_name(ERR_UNSUPPORTED));
}

static void work(void *context, size_t worker, size_t index)
{
	struct round *round = context;
	struct working working = {.round = round, .triage = round->triage, .input = round->todo.items[index]};

	(void)worker;
	if (!may_begin(round->triage))
		return;
	begin_input(&working);
	if (working.size && may_be_archive(own(&working)))
		unpack_archive(&working);
	finish_input(&working);
}

/* ---- all of them ---- */

static bool is_settled(const struct input *input)
{
	enum { SETTLED = 2 /* seconds */, SECOND = 1000000000 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return input->error || input->modified / SECOND + SETTLED <= now.tv_sec;
}

static void find_todo(struct round *round, bool settled)
{
	struct inputs_found *found = arena_alloc(round->arena, sizeof *found);

	fleet_inputs(round->arena, round->triage->paths, stdin, found);
	for (size_t i = 0; i < found->items.count; i++) {
		const struct input *input = &found->items.items[i];
		struct text_slot *slot;

		if (settled && !is_settled(input))
			continue;
		slot = texts_slot(&round->triage->done, key_of(round->arena, input->path, input->size, input->modified));
		if (!slot->value)
			vec_push(round->arena, &round->todo, input);
		slot->value = round->triage;
	}
}

size_t round_run(struct triage *triage, struct arena *arena, bool settled)
{
	struct round round = {.triage = triage, .arena = arena};

	find_todo(&round, settled);
	workers_run(triage->options->workers, triage->analysis->isolated, round.todo.count, work, &round);
	return round.ended;
}
