/* chart.c: see chart.h. */
#include "fleet/chart.h"

#include <stdlib.h>

enum { BARS = 60, WIDTH = 720, HEIGHT = 120, FOOT = 20, HEAD = 20, ROWS = 12, ROW = 22, NAMES = 360, NAME = 44 /* characters */, DAY = 86400 };

static const char *day_text(const struct document *html, int64_t day)
{
	const char *text = history_time(html->arena, day * DAY);

	return arena_strndup(html->arena, text, strcspn(text, "T"));
}

static void begin(const struct document *html, const char *name, int height)
{
	html_put(html, "<h3>%</h3>\n<svg viewBox=\"0 0 % %\" width=\"%\" height=\"%\" role=\"img\" aria-label=\"%\">\n", name, html_number(html, WIDTH),
		 html_number(html, height), html_number(html, WIDTH), html_number(html, height), name);
}

static void put_text(const struct document *html, int x, int y, const char *anchor, const char *text)
{
	html_put(html, "<text x=\"%\" y=\"%\" text-anchor=\"%\" class=\"what\">%</text>\n", html_number(html, x), html_number(html, y), anchor, text);
}

static void put_bar(const struct document *html, int x, int y, int width, int height, const char *title)
{
	html_put(html, "<rect x=\"%\" y=\"%\" width=\"%\" height=\"%\" fill=\"currentColor\" fill-opacity=\"0.6\"><title>%</title></rect>\n", html_number(html, x),
		 html_number(html, y), html_number(html, width), html_number(html, height), title);
}

/* So that each bar but an empty one can be seen. */
static int length_of(uint64_t count, uint64_t most, int room)
{
	const int length = most ? (int)((double)count / (double)most * room) : 0;

	return count && !length ? 1 : length;
}

struct bins {
	int64_t first, days; /* days of a bin */
	uint64_t counts[BARS], most;
	int count;
};

static struct bins bins_of(const struct day_counts *days)
{
	const int64_t first = days->rows.items[0].day, span = days->rows.items[days->rows.count - 1].day - first + 1;
	struct bins bins = {.first = first, .days = (span + BARS - 1) / BARS};

	bins.count = (int)((span + bins.days - 1) / bins.days);
	for (size_t i = 0; i < days->rows.count; i++) {
		uint64_t *count = &bins.counts[(days->rows.items[i].day - first) / bins.days];

		*count += days->rows.items[i].count;
		bins.most = *count > bins.most ? *count : bins.most;
	}
	return bins;
}

void chart_days(const struct document *html, const char *name, const struct day_counts *days)
{
	struct bins bins;
	int width;

	if (!days || !days->rows.count)
		return;
	bins = bins_of(days);
	width = WIDTH / bins.count < WIDTH / 10 ? WIDTH / bins.count : WIDTH / 10;
	begin(html, name, HEAD + HEIGHT + FOOT);
	put_text(html, 0, HEAD - 6, "start", arena_printf(html->arena, "at most %llu in %lld %s", (unsigned long long)bins.most, (long long)bins.days,
							  bins.days == 1 ? "day" : "days"));
	for (int i = 0; i < bins.count; i++) {
		const int height = length_of(bins.counts[i], bins.most, HEIGHT);

		if (height)
			put_bar(html, i * width, HEAD + HEIGHT - height, width > 2 ? width - 1 : width, height,
				arena_printf(html->arena, "%s: %llu", day_text(html, bins.first + i * bins.days), (unsigned long long)bins.counts[i]));
	}
	put_text(html, 0, HEAD + HEIGHT + FOOT - 4, "start", day_text(html, bins.first));
	put_text(html, WIDTH, HEAD + HEIGHT + FOOT - 4, "end", day_text(html, days->rows.items[days->rows.count - 1].day));
	html_put(html, "</svg>\n");
}

static int most_first(const void *a, const void *b)
{
	const struct tally_row *x = *(const struct tally_row *const *)a, *y = *(const struct tally_row *const *)b;

	return x->count != y->count ? (x->count > y->count ? -1 : 1) : strcmp(x->text, y->text);
}

void chart_tally(const struct document *html, const char *name, const struct tally *tally)
{
	const size_t count = tally->rows.count, shown = count < ROWS ? count : ROWS;
	const struct tally_row **rows = arena_array(html->arena, count + 1, sizeof *rows);

	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		rows[i] = &tally->rows.items[i];
	qsort(rows, count, sizeof *rows, most_first);
	begin(html, name, (int)shown * ROW);
	for (size_t i = 0; i < shown; i++) {
		const int y = (int)i * ROW, length = length_of(rows[i]->count, rows[0]->count, WIDTH - NAMES - ROW * 4);

		put_text(html, 0, y + ROW - 6, "start", html_cut(html, rows[i]->text, NAME));
		put_bar(html, NAMES, y + 2, length, ROW - 6, rows[i]->text);
		put_text(html, NAMES + length + 6, y + ROW - 6, "start", html_number(html, (int64_t)rows[i]->count));
	}
	html_put(html, "</svg>\n");
	if (count > shown)
		html_put(html, "<p class=\"quiet\">and % more</p>\n", html_number(html, (int64_t)(count - shown)));
}
