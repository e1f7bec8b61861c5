/* regions.c: see regions.h. */
#include "formats/log/regions.h"

#include "base/mapping.h"
#include "formats/log/search.h"

#include <string.h>

enum {
	CHUNK = 1 << 16,     /* bytes that are searched, and then counted while the CPU still has them */
	MARGIN = 1 << 17,    /* bytes before the first anchor, and behind the last, that belong to it */
	RETURNED = 1 << 23,  /* bytes after which pages are handed back */
	MOST_FAINT = 64,     /* faint regions that are kept */
};

static size_t line_start(struct span log, size_t at, size_t from)
{
	const uint8_t *before = at > from ? memrchr(log.data + from, '\n', at - from) : NULL;

	return before ? (size_t)(before - log.data) + 1 : from;
}

static size_t line_end(struct span log, size_t at)
{
	const uint8_t *after = at < log.size ? memchr(log.data + at, '\n', log.size - at) : NULL;

	return after ? (size_t)(after - log.data) + 1 : log.size;
}

size_t log_line_end(struct span log, const struct log_region *region, size_t size)
{
	return region->end - region->start > size ? line_end(log, region->start + size) : region->end;
}

static void count_to(struct log_finding *finding, size_t end)
{
	if (end <= finding->counted)
		return;
	finding->lines += log_newlines(span_slice(finding->window, finding->counted, end - finding->counted));
	finding->counted = end;
}

/* To the last line that begins before `end`. A line may be as long as the log: no part of it is looked at twice. */
static void count_lines(struct log_finding *finding, size_t end)
{
	const size_t from = finding->looked > finding->counted ? finding->looked : finding->counted;
	const size_t start = line_start(finding->window, end, from);

	if (start > from)
		count_to(finding, start);
	finding->looked = end > from ? end : from;
}

static void note_error(struct log_finding *finding, const struct err *error)
{
	if (!finding->error)
		finding->error = error;
}

/* Keeps of the open region what stands before an offset. */
static void keep_to(struct log_finding *finding, size_t end)
{
	if (finding->kept && end > finding->begun)
		note_error(finding, spool_append(finding->arena, finding->kept, finding->window.data + finding->begun, end - finding->begun));
	if (end > finding->begun)
		finding->begun = end;
}

static void close_region(struct log_finding *finding, size_t end)
{
	const bool wanted = finding->sure || finding->faint++ < MOST_FAINT;

	if (wanted)
		keep_to(finding, end);
	else if (finding->kept)
		note_error(finding, spool_cut(finding->arena, finding->kept, finding->now.start));
	finding->open = false;
	finding->ended = end;
	finding->now.end = finding->kept ? (size_t)finding->kept->size : end;
	finding->now.faint = !finding->sure;
	if (wanted)
		vec_push(finding->arena, &finding->regions.items, finding->now);
}

static void open_region(struct log_finding *finding, size_t at)
{
	const size_t from = finding->counted > finding->ended ? finding->counted : finding->ended, wanted = at > MARGIN ? at - MARGIN : 0;
	size_t start = wanted > from ? line_end(finding->window, wanted) : from;

	if (start > at)
		start = line_start(finding->window, at, from);
	count_to(finding, start);
	finding->begun = start;
	finding->now.start = finding->kept ? (size_t)finding->kept->size : start;
	finding->now.line = finding->lines + 1;
	finding->open = true;
	finding->sure = false;
}

/* Where a line begins, or a string. */
static bool at_beginning(struct span log, size_t at)
{
	return !at || log.data[at - 1] == '\n' || log.data[at - 1] == '"';
}

static void found(struct log_finding *finding, size_t at, bool sure)
{
	if (!finding->open && at < finding->ended) /* in the line that the region ends with */
		return;
	if (!finding->open)
		open_region(finding, at);
	finding->sure |= sure || at_beginning(finding->window, at);
	finding->last = at;
}

/* What lies so far behind the last anchor that the region ends before `at`. */
static void close_before(struct log_finding *finding, size_t at)
{
	if (finding->open && at > finding->last && at - finding->last > 2 * MARGIN)
		close_region(finding, line_end(finding->window, finding->last + MARGIN));
}

/* The last anchor of a part; SIZE_MAX: there is none. */
static size_t last_anchor(struct span window, size_t from, size_t end)
{
	size_t last = SIZE_MAX;
	bool sure;

	while ((from = log_search(window, from, end, &sure)) != SIZE_MAX)
		last = from++;
	return last;
}

/* Of a region that is open and sure, and goes on whatever stands in the chunk, only the last anchor counts: it is looked for from the
 * chunk's end. */
static void go_on(struct log_finding *finding, size_t end)
{
	enum { PART = 1 << 12 };
	size_t found = SIZE_MAX;

	for (size_t to = end, from; found == SIZE_MAX && to > finding->searched; to = from) {
		from = to - finding->searched > PART ? to - PART : finding->searched;
		found = last_anchor(finding->window, from, to);
	}
	if (found != SIZE_MAX)
		finding->last = found;
	finding->searched = end;
}

static void search_chunk(struct log_finding *finding, size_t end)
{
	size_t from = finding->searched;
	bool sure;

	if (finding->open && finding->sure && end - finding->last <= 2 * MARGIN) {
		go_on(finding, end);
		return;
	}

	while ((from = log_search(finding->window, from, end, &sure)) != SIZE_MAX) {
		close_before(finding, from);
		found(finding, from, sure);
		from++;
	}
	close_before(finding, end);
	if (!finding->open && end > 2 * MARGIN)
		count_lines(finding, end - 2 * MARGIN);
	finding->searched = end;
}

void log_finding_search(struct log_finding *finding, size_t end)
{
	while (finding->searched < end)
		search_chunk(finding, end - finding->searched > CHUNK ? finding->searched + CHUNK : end);
}

/* The byte before what is searched next tells whether a line begins there. */
size_t log_finding_done(const struct log_finding *finding)
{
	const size_t done = finding->open ? finding->last : finding->counted;

	return done && done == finding->searched ? done - 1 : done;
}

static void move(size_t *offset, size_t size)
{
	*offset = *offset > size ? *offset - size : 0;
}

void log_finding_drop(struct log_finding *finding, size_t size)
{
	if (finding->open)
		keep_to(finding, size);
	count_to(finding, size);
	move(&finding->searched, size);
	move(&finding->begun, size);
	move(&finding->last, size);
	move(&finding->ended, size);
	move(&finding->counted, size);
	move(&finding->looked, size);
	finding->window = span_from(finding->window, size);
}

void log_finding_end(struct log_finding *finding)
{
	const size_t size = finding->window.size;

	log_finding_search(finding, size);
	if (finding->open)
		close_region(finding, size - finding->last > MARGIN ? line_end(finding->window, finding->last + MARGIN) : size);
}

static bool is_cancelled(const struct log_options *options)
{
	return cancelled(&options->cancel);
}

struct log_regions log_regions_find(struct arena *arena, struct span log, const struct log_options *options)
{
	struct log_finding finding = {.arena = arena, .window = log};
	size_t returned = 0;

	for (size_t at = 0; at < log.size && !finding.regions.stopped; at += CHUNK) {
		log_finding_search(&finding, log.size - at > CHUNK ? at + CHUNK : log.size);
		if (finding.counted - returned < RETURNED)
			continue;
		mapping_pass(span_slice(log, returned, finding.counted - returned));
		returned = finding.counted;
		progress_report(options->progress, PROGRESS_COPYING, at, log.size);
		finding.regions.stopped = is_cancelled(options);
	}
	log_finding_end(&finding);
	return finding.regions;
}
