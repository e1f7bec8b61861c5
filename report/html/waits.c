/* waits.c: who waits for whom, drawn: goroutines on a circle, and an arrow from each to those whose stacks hold what it waits for. */
#include "report/html/page.h"

#include "analyzer/waits/graph.h"
#include "base/count.h"

#include <inttypes.h>
#include <math.h>

enum { STACK_BYTES = 64 << 20, SHOWN = 14, WIDTH = 960, HEIGHT = 560, NODE_WIDTH = 224, NODE_HEIGHT = 44, RADIUS_X = 350, RADIUS_Y = 220, NAME_LONGEST = 26 };

/* The goroutines that are drawn, by their index. */
struct drawn {
	const struct wait_graph *graph;
	size_t goroutines[SHOWN];
	size_t count;
};

static size_t place_of(const struct drawn *drawn, size_t goroutine)
{
	for (size_t i = 0; i < drawn->count; i++)
		if (drawn->goroutines[i] == goroutine)
			return i;
	return SIZE_MAX;
}

static void add(struct drawn *drawn, size_t goroutine)
{
	if (drawn->count < SHOWN && place_of(drawn, goroutine) == SIZE_MAX)
		drawn->goroutines[drawn->count++] = goroutine;
}

/* The circle first; then who waits for somebody, and whom. */
static void choose(struct drawn *drawn)
{
	const struct wait_graph *graph = drawn->graph;

	for (size_t i = 0; i < graph->cycle.numbers.count; i++)
		add(drawn, graph->nodes.items[graph->cycle.numbers.items[i]].goroutine);
	for (size_t i = 0; i < graph->nodes.count; i++) {
		const struct wait_node *node = &graph->nodes.items[i];

		if (!node->peer_count)
			continue;
		add(drawn, node->goroutine);
		for (size_t k = 0; k < node->peer_count && k < HOLDERS_KEPT; k++)
			add(drawn, node->peers[k]);
	}
	for (size_t i = 0; i < graph->nodes.count; i++)
		if (graph->nodes.items[i].first_of_group)
			add(drawn, graph->nodes.items[i].goroutine);
}

struct point {
	double x, y;
};

static struct point centre_of(const struct drawn *drawn, size_t index)
{
	const double angle = 2 * M_PI * (double)index / (double)drawn->count - M_PI / 2;

	return (struct point){WIDTH / 2.0 + (drawn->count > 1 ? RADIUS_X * cos(angle) : 0),
			      HEIGHT / 2.0 + (drawn->count > 1 ? RADIUS_Y * sin(angle) : 0)};
}

static const char *coordinate(const struct document *html, double value)
{
	return arena_printf(html->arena, "%.1f", value);
}

/* Where a line from the centre of a box leaves it. */
static struct point border(struct point centre, struct point towards)
{
	const double dx = towards.x - centre.x, dy = towards.y - centre.y;
	const double x = fabs(dx) > 0 ? (NODE_WIDTH / 2.0 + 6) / fabs(dx) : 2, y = fabs(dy) > 0 ? (NODE_HEIGHT / 2.0 + 6) / fabs(dy) : 2;
	const double part = x < y ? x : y;

	return (struct point){centre.x + dx * part, centre.y + dy * part};
}

static bool on_cycle(const struct wait_graph *graph, size_t goroutine, size_t peer)
{
	for (size_t i = 0; i < graph->cycle.numbers.count; i++)
		if (graph->nodes.items[graph->cycle.numbers.items[i]].goroutine == goroutine &&
		    graph->nodes.items[graph->cycle.numbers.items[(i + 1) % graph->cycle.numbers.count]].goroutine == peer)
			return true;
	return false;
}

static void draw_edge(const struct document *html, const struct drawn *drawn, size_t from, size_t to)
{
	const struct point a = centre_of(drawn, from), b = centre_of(drawn, to), start = border(a, b), end = border(b, a);
	const bool cycle = on_cycle(drawn->graph, drawn->goroutines[from], drawn->goroutines[to]);

	html_put(html, "<line class=\"edge %\" x1=\"%\" y1=\"%\" x2=\"%\" y2=\"%\" marker-end=\"url(#%)\"/>\n", cycle ? "cycle" : "plain", coordinate(html, start.x),
		 coordinate(html, start.y), coordinate(html, end.x), coordinate(html, end.y), cycle ? "arrow-cycle" : "arrow");
}

static void draw_edges(const struct document *html, const struct drawn *drawn)
{
	for (size_t i = 0; i < drawn->count; i++) {
		const struct wait_node *node = wait_node_of(drawn->graph, drawn->goroutines[i]);

		for (size_t k = 0; node && k < node->peer_count && k < HOLDERS_KEPT; k++) {
			const size_t peer = place_of(drawn, node->peers[k]);

			if (peer != SIZE_MAX && peer != i)
				draw_edge(html, drawn, i, peer);
		}
	}
}

static void draw_node(const struct document *html, const struct drawn *drawn, size_t index)
{
	const struct point centre = centre_of(drawn, index);
	const struct goroutine *g = &html->analysis->runtime->goroutines.items[drawn->goroutines[index]];
	const struct wait_node *node = wait_node_of(drawn->graph, drawn->goroutines[index]);
	const char *reason = goroutine_wait_reason(html->analysis->runtime, g);
	const char *function = node && node->function ? node->function : "";
	const char *name = arena_printf(html->arena, "goroutine %" PRIu64 ": %s", g->id, reason ? reason : goroutine_status_name(g));

	html_put(html, "<g class=\"node\"><title>% %</title><rect x=\"%\" y=\"%\" width=\"%\" height=\"%\" rx=\"8\"/>", name, function,
		 coordinate(html, centre.x - NODE_WIDTH / 2.0), coordinate(html, centre.y - NODE_HEIGHT / 2.0), html_number(html, NODE_WIDTH),
		 html_number(html, NODE_HEIGHT));
	html_put(html, "<text class=\"name\" x=\"%\" y=\"%\">%</text><text class=\"function\" x=\"%\" y=\"%\">%</text></g>\n", coordinate(html, centre.x),
		 coordinate(html, centre.y - 4), html_cut(html, name, NAME_LONGEST + 2), coordinate(html, centre.x), coordinate(html, centre.y + 14),
		 html_cut(html, function, NAME_LONGEST));
}

static void draw(const struct document *html, const struct drawn *drawn)
{
	html_put(html, "<figure class=\"scroll\" tabindex=\"0\" aria-label=\"The graph of waits\">\n<svg class=\"waits\" viewBox=\"0 0 % %\" role=\"img\" "
		       "aria-label=\"Goroutines, and arrows to those whose stacks hold what they wait for\">\n", html_number(html, WIDTH), html_number(html, HEIGHT));
	for (int cycle = 0; cycle < 2; cycle++)
		html_put(html, "<marker id=\"%\" class=\"%\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" "
			       "orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\"/></marker>\n", cycle ? "arrow-cycle" : "arrow", cycle ? "cycle" : "plain");
	draw_edges(html, drawn);
	for (size_t i = 0; i < drawn->count; i++)
		draw_node(html, drawn, i);
	html_put(html, "</svg>\n</figure>\n");
}

/* What the drawing says, for who cannot see it, with what each waits for. */
static void list(const struct document *html, const struct drawn *drawn)
{
	html_put(html, "<ul class=\"plain\">\n");
	for (size_t i = 0; i < drawn->count; i++) {
		const struct wait_node *node = wait_node_of(drawn->graph, drawn->goroutines[i]);
		const char *peers = node ? wait_peers_text(html->analysis, drawn->graph, node) : NULL;

		if (!node)
			continue;
		html_put(html, "<li>");
		html_sentence(html, arena_printf(html->arena, "goroutine %" PRIu64 " waits %s%s%s", html->analysis->runtime->goroutines.items[node->goroutine].id,
						 wait_text(html->analysis, &node->wait), peers ? ": " : "", peers ? peers : ""));
		html_put(html, "</li>\n");
	}
	html_put(html, "</ul>\n");
}

void html_waits(const struct document *html)
{
	struct drawn drawn = {.graph = html->finding ? html->finding->waits : NULL};

	if (html->finding && html->finding->stuck)
		drawn.graph = wait_graph_make(html->analysis, STACK_BYTES, false);
	if (!drawn.graph || !drawn.graph->nodes.count)
		return;
	choose(&drawn);
	html_section(html, "waits", "Who waits for whom");
	if (drawn.graph->nodes.count > drawn.count)
		html_put(html, "<p class=\"quiet\">% of % goroutines that wait for others.</p>\n", count_text(html->arena, drawn.count),
			 count_text(html->arena, drawn.graph->nodes.count + drawn.graph->left_out));
	draw(html, &drawn);
	list(html, &drawn);
	html_section_end(html);
}
