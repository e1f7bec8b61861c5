/* routes.c: see routes.h. A search over the graph of direct calls, breadth first. Functions of the runtime are left out: nobody
 * is preempted in them, and some of them are on other stacks. */
#include "tests/accuracy/routes.h"

enum { CODE_LIMIT = 1 << 20, NOBODY = -1 };

struct edge {
	uint64_t call, target;
	uint8_t reg;
};

struct node {
	struct func func;
	bool met;
	int32_t by;       /* index of the node that calls it; NOBODY: a live frame's function */
	struct edge edge; /* that call */
	struct frame live;
	bool has_indirect;
	struct edge indirect;
};

struct routes {
	struct target *target;
	const struct pclntab *table;
	struct node *nodes; /* by index of the function */
	VEC(uint32_t) queue;
};

static bool is_runtime(const struct routes *routes, const struct func *func)
{
	const char *name = pclntab_name(routes->table, func->name);

	return !name || !strncmp(name, "runtime.", 8);
}

/* BLR x, CALL reg: the register, else REG_NONE. */
static uint8_t call_register(const struct arch *arch, struct span code, size_t size)
{
	uint8_t numbers[] = {0, 2, 3, 1, 7, 6, 4, 5}; /* of rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi in arch_amd64.c */

	if (arch->link_register)
		return (uint8_t)((code.data[0] | code.data[1] << 8) >> 5 & 31);
	if (size == 2 && code.data[0] == 0xff && (code.data[1] & 0xf8) == 0xd0)
		return numbers[code.data[1] & 7];
	return REG_NONE;
}

static void meet(struct routes *routes, uint32_t index, int32_t by, struct edge edge)
{
	struct node *node = &routes->nodes[index];

	if (node->met || (by != NOBODY && is_runtime(routes, &node->func)))
		return;
	node->met = true;
	node->by = by;
	node->edge = edge;
	vec_push(routes->target->arena, &routes->queue, index);
}

static void follow_calls(struct routes *routes, uint32_t index)
{
	struct node *node = &routes->nodes[index];
	struct image *image = routes->target->image;
	const uint64_t size = node->func.end - node->func.entry;
	const struct span code = image_view(image, node->func.entry, size > CODE_LIMIT ? 0 : size);
	struct insn insn;

	for (size_t offset = 0; offset < code.size; offset += insn.size) {
		const uint64_t pc = node->func.entry + offset;
		struct func called;

		if (!insn_decode(routes->target->runtime->decoder, pc, span_from(code, offset), &insn))
			insn = (struct insn){.size = image->arch->quantum};
		if (insn.flow == FLOW_CALL && pclntab_find(routes->table, insn.target, &called) && called.entry == insn.target)
			meet(routes, called.index, (int32_t)index, (struct edge){pc, insn.target, REG_NONE});
		if (insn.flow == FLOW_INDIRECT_CALL && !node->has_indirect) {
			node->indirect = (struct edge){pc, 0, call_register(image->arch, span_from(code, offset), insn.size)};
			node->has_indirect = node->indirect.reg != REG_NONE;
		}
	}
}

/* The innermost frames first; SP of each is that at its call. */
static void meet_frames(struct routes *routes, size_t goroutine)
{
	struct stack stack = {0};

	goroutine_stack(routes->target->diagnosis->analysis, goroutine, &stack);
	for (size_t i = 1; i < stack.frames.count; i++) {
		const struct frame *frame = &stack.frames.items[i];
		struct node *node;

		if (frame->exact || !frame->info->func || frame->info->module != &routes->target->runtime->modules.items[0] ||
		    is_runtime(routes, frame->info->func))
			continue;
		node = &routes->nodes[frame->info->func->index];
		node->live = *frame;
		meet(routes, frame->info->func->index, NOBODY, (struct edge){0});
	}
}

struct routes *routes_find(struct target *target, size_t goroutine)
{
	struct routes *routes = arena_alloc(target->arena, sizeof *routes);

	routes->target = target;
	routes->table = &target->runtime->modules.items[0].pclntab;
	routes->nodes = arena_array(target->arena, routes->table->nfunc, sizeof *routes->nodes);
	for (uint32_t i = 0; i < routes->table->nfunc; i++)
		if (!pclntab_func(routes->table, i, &routes->nodes[i].func))
			routes->nodes[i].met = true; /* nobody asks for it */
	meet_frames(routes, goroutine);
	for (size_t i = 0; i < routes->queue.count; i++)
		follow_calls(routes, routes->queue.items[i]);
	return routes;
}

/* From a function that is on the way back to a live frame. */
static bool lead_back(const struct routes *routes, int32_t index, struct route *route)
{
	while (routes->nodes[index].by != NOBODY) {
		const struct node *node = &routes->nodes[index];

		if (route->count == HOP_LIMIT)
			return false;
		route->hops[route->count++] = (struct hop){node->edge.call, node->edge.target, node->edge.reg};
		index = node->by;
	}
	route->from = routes->nodes[index].live;
	for (size_t i = 0; i < route->count / 2; i++) {
		struct hop hop = route->hops[i];

		route->hops[i] = route->hops[route->count - 1 - i];
		route->hops[route->count - 1 - i] = hop;
	}
	return route->count > 0;
}

bool route_to(const struct routes *routes, const struct func *func, struct route *ret)
{
	const struct node *node = &routes->nodes[func->index];

	*ret = (struct route){0};
	if (node->met && node->by != NOBODY)
		return lead_back(routes, (int32_t)func->index, ret);
	for (size_t i = 0; i < routes->queue.count; i++) {
		const struct node *caller = &routes->nodes[routes->queue.items[i]];

		*ret = (struct route){.count = 1, .hops[0] = {caller->indirect.call, func->entry, caller->indirect.reg}};
		if (caller->has_indirect && caller->func.index != func->index &&
		    (caller->by != NOBODY ? lead_back(routes, (int32_t)caller->func.index, ret)
					  : (ret->from = caller->live, true)))
			return true;
	}
	return false;
}
