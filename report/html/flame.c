/* flame.c: goroutines by their stacks, as a flame graph: the outermost function on top, as wide as goroutines have it on their stacks.
 * Bounded: of a million different stacks the largest groups are drawn. */
#include "report/html/page.h"

#include "base/count.h"
#include "report/content/lines.h"
#include "report/library.h"

#include <inttypes.h>
#include <string.h>

enum { NODES = 6000, GROUPS = 1500, DEPTH = 56, WIDTH = 1160, ROW = 19, NARROWEST = 1, CHARACTER = 7, NAME_LONGEST = 300 };

struct flame_node {
	const char *name;
	uint64_t count;
	uint32_t child, sibling; /* 0: none */
	bool library;
};

struct flame {
	struct arena *arena;
	struct analysis *analysis;
	struct flame_node nodes[NODES]; /* the first is the root */
	uint32_t used;
	unsigned depth; /* of the deepest that is drawn */
};

/* The node of that name below another; where there is no room for a new one, 0. */
static uint32_t child_of(struct flame *flame, uint32_t parent, const char *name)
{
	uint32_t *at = &flame->nodes[parent].child;

	for (; *at; at = &flame->nodes[*at].sibling)
		if (!strcmp(flame->nodes[*at].name, name))
			return *at;
	if (flame->used == NODES)
		return 0;
	*at = flame->used;
	flame->nodes[flame->used] = (struct flame_node){.name = name, .library = function_is_library(flame->analysis->runtime, name)};
	return flame->used++;
}

/* Adds a frame and the calls inlined into it; returns the innermost node, 0: there is no room. */
static uint32_t add_frame(struct flame *flame, const struct stack *stack, size_t index, uint32_t parent, uint64_t count, unsigned *depth)
{
	struct frame_line lines[INLINE_LIMIT];
	size_t left = frame_lines(flame->analysis->image, stack, index, lines);

	while (left-- && *depth < DEPTH) {
		const char *name = lines[left].function ? line_function(flame->arena, &lines[left]) : frame_address_text(flame->arena, lines[left].frame);

		if (!strcmp(name, "runtime.goexit"))
			continue;
		parent = child_of(flame, parent, name);
		if (!parent)
			return 0;
		flame->nodes[parent].count += count;
		++*depth;
		flame->depth = *depth > flame->depth ? *depth : flame->depth;
	}
	return parent;
}

static void add_group(struct flame *flame, const struct selected_group *group, struct stack *stack)
{
	unsigned depth = 0;
	uint32_t node = 0;

	goroutine_stack(flame->analysis, *group->members, stack);
	for (size_t i = stack->frames.count; i-- && depth < DEPTH;) {
		node = add_frame(flame, stack, i, node, group->count, &depth);
		if (!node && depth)
			return;
	}
}

/* ---- drawing ---- */

struct place {
	double x, scale; /* pixels for each goroutine */
	unsigned depth;
	uint64_t total;
};

static void draw_node(const struct document *html, const struct flame_node *node, struct place place)
{
	const double width = (double)node->count * place.scale, y = place.depth * ROW;
	const size_t room = width > CHARACTER * 3 ? (size_t)((width - 6) / CHARACTER) : 0;
	const char *share = arena_printf(html->arena, "%.1f %%", 100.0 * (double)node->count / (double)place.total);

	html_put(html, "<g class=\"%\" data-name=\"%\" data-x=\"%\" data-w=\"%\"><title>%: % (%)</title><rect x=\"%\" y=\"%\" width=\"%\" height=\"%\"/>",
		 node->library ? "library" : "program", html_cut(html, node->name, NAME_LONGEST), arena_printf(html->arena, "%.2f", place.x),
		 arena_printf(html->arena, "%.2f", width), html_cut(html, node->name, NAME_LONGEST), counted_text(html->arena, node->count, "goroutine"), share,
		 arena_printf(html->arena, "%.2f", place.x), html_number(html, (int64_t)y), arena_printf(html->arena, "%.2f", width > 1 ? width - 0.5 : width),
		 html_number(html, ROW - 1));
	if (room)
		html_put(html, "<text x=\"%\" y=\"%\">%</text>", arena_printf(html->arena, "%.2f", place.x + 3), html_number(html, (int64_t)y + 13),
			 html_cut(html, node->name, room > 1 ? room - 1 : 1));
	html_put(html, "</g>\n");
}

static void draw(const struct document *html, const struct flame *flame, uint32_t first, struct place place)
{
	for (uint32_t i = first; i; i = flame->nodes[i].sibling) {
		const struct flame_node *node = &flame->nodes[i];
		const double width = (double)node->count * place.scale;

		if (width >= NARROWEST) {
			draw_node(html, node, place);
			draw(html, flame, node->child, (struct place){place.x, place.scale, place.depth + 1, place.total});
		}
		place.x += width;
	}
}

void html_flame(const struct document *html)
{
	const struct selection *selection = html->selection;
	struct flame *flame;
	struct stack stack = {0};
	uint64_t total = 0;

	if (!selection->count)
		return;
	flame = arena_alloc(html->arena, sizeof *flame);
	flame->arena = html->arena;
	flame->analysis = html->analysis;
	flame->used = 1;
	for (size_t i = 0; i < selection->group_count && i < GROUPS; i++) {
		add_group(flame, &selection->groups[i], &stack);
		total += selection->groups[i].count;
	}
	html_section(html, "flame", "Goroutines by their stacks");
	html_put(html, "<p class=\"quiet\">% goroutines; the outermost function on top. Colour: <span class=\"key program\">the program</span> "
		       "<span class=\"key library\">Go’s library</span></p>\n<div id=\"search\" hidden></div>\n", count_text(html->arena, total));
	if (total < selection->count)
		html_put(html, "<p class=\"quiet\">% more, in smaller groups, are not drawn.</p>\n", count_text(html->arena, selection->count - total));
	html_put(html, "<figure class=\"scroll\" tabindex=\"0\" aria-label=\"Flame graph\">\n<svg class=\"flame\" viewBox=\"0 0 % %\" role=\"img\" "
		       "aria-label=\"Functions, as wide as goroutines have them on their stacks; the table below has the groups\">\n", html_number(html, WIDTH),
		 html_number(html, flame->depth * ROW + 2));
	draw(html, flame, flame->nodes[0].child, (struct place){0, WIDTH / (double)total, 0, total});
	html_put(html, "</svg>\n</figure>\n");
	html_section_end(html);
}
