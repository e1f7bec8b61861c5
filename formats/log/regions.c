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

struct finding {
	struct arena *arena;
	struct span log;
	struct log_regions regions;
	struct log_region now;
	bool open, sure;
	size_t last;     /* the last anchor */
	size_t counted;  /* bytes whose lines are counted */
	uint64_t lines;  /* newlines in them */
	size_t looked;   /* no line begins between what is counted and here */
	size_t faint;    /* regions that are */
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

static void count_to(struct finding *finding, size_t end)
{
	if (end <= finding->counted)
		return;
	finding->lines += log_newlines(span_slice(finding->log, finding->counted, end - finding->counted));
	finding->counted = end;
}

/* To the last line that begins before `end`. A line may be as long as the log: no part of it is looked at twice. */
static void count_lines(struct finding *finding, size_t end)
{
	const size_t from = finding->looked > finding->counted ? finding->looked : finding->counted;
	const size_t start = line_start(finding->log, end, from);

	if (start > from)
		count_to(finding, start);
	finding->looked = end > from ? end : from;
}

static size_t last_end(const struct finding *finding)
{
	return finding->regions.items.count ? finding->regions.items.items[finding->regions.items.count - 1].end : 0;
}

static void close_region(struct finding *finding, size_t end)
{
	finding->now.end = end;
	finding->open = false;
	finding->now.faint = !finding->sure;
	if (finding->sure || finding->faint++ < MOST_FAINT)
		vec_push(finding->arena, &finding->regions.items, finding->now);
}

static void open_region(struct finding *finding, size_t at)
{
	const size_t ended = last_end(finding), from = finding->counted > ended ? finding->counted : ended, wanted = at > MARGIN ? at - MARGIN : 0;

	finding->now.start = wanted > from ? line_end(finding->log, wanted) : from;
	if (finding->now.start > at)
		finding->now.start = line_start(finding->log, at, from);
	count_to(finding, finding->now.start);
	finding->now.line = finding->lines + 1;
	finding->open = true;
	finding->sure = false;
}

/* Where a line begins, or a string. */
static bool at_beginning(struct span log, size_t at)
{
	return !at || log.data[at - 1] == '\n' || log.data[at - 1] == '"';
}

static void found(struct finding *finding, size_t at, bool sure)
{
	if (!finding->open && at < last_end(finding)) /* in the line that the region ends with */
		return;
	if (!finding->open)
		open_region(finding, at);
	finding->sure |= sure || at_beginning(finding->log, at);
	finding->last = at;
}

/* What lies so far behind the last anchor that the region ends before `at`. */
static void close_before(struct finding *finding, size_t at)
{
	if (finding->open && at > finding->last && at - finding->last > 2 * MARGIN)
		close_region(finding, line_end(finding->log, finding->last + MARGIN));
}

static void search_chunk(struct finding *finding, size_t from, size_t end)
{
	bool sure;

	while ((from = log_search(finding->log, from, end, &sure)) != SIZE_MAX) {
		close_before(finding, from);
		found(finding, from, sure);
		from++;
	}
	close_before(finding, end);
	if (!finding->open && end > 2 * MARGIN)
		count_lines(finding, end - 2 * MARGIN);
}

static bool is_cancelled(const struct log_options *options)
{
	return options->cancelled && options->cancelled();
}

struct log_regions log_regions_find(struct arena *arena, struct span log, const struct log_options *options)
{
	struct finding finding = {.arena = arena, .log = log};
	size_t returned = 0;

	for (size_t at = 0; at < log.size && !finding.regions.stopped; at += CHUNK) {
		search_chunk(&finding, at, log.size - at > CHUNK ? at + CHUNK : log.size);
		if (finding.counted - returned < RETURNED)
			continue;
		mapping_pass(span_slice(log, returned, finding.counted - returned));
		returned = finding.counted;
		progress_report(options->progress, PROGRESS_COPYING, at, log.size);
		finding.regions.stopped = is_cancelled(options);
	}
	if (finding.open)
		close_region(&finding, log.size - finding.last > MARGIN ? line_end(log, finding.last + MARGIN) : log.size);
	return finding.regions;
}
