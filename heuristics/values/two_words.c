/* two_words.c: see two_words.h. Which registers a function gets them in: header_arguments.def. */
#include "heuristics/values/two_words.h"

#include "golang/types.h"
#include "heuristics/faults/memory_access.h"

#include <string.h>

enum {
	WORD = 8,
	INSN_BYTES = 16,
	CALLERS = 6,      /* frames above the fault whose calls are looked at */
	STEPS = 8,        /* loads, one of the address of the next, that are followed back */
	FIRST_METHOD = 24, /* offset of itab.fun (internal/abi/iface.go) */
	CALL_REACH = 8,   /* instructions between the load of a method and its call */
};

static const struct {
	const char *function;
	uint8_t data, length;
} arguments[] = {
#define HEADER_ARGUMENTS(function, data, length) {function, data, length},
#include "heuristics/values/header_arguments.def"
#undef HEADER_ARGUMENTS
};

struct search {
	struct analysis *analysis;
	struct origins *origins;
	const struct stack *stack;
	struct two_words_list *list;
};

static void add(const struct search *search, struct two_words words)
{
	if (search->list->count < TWO_WORDS_LIMIT)
		search->list->items[search->list->count++] = words;
}

/* ---- passed to functions ---- */

/* Of some assembly it depends on release and CPU whether it gets its arguments in registers or on the stack. */
static void add_passed(const struct search *search, size_t frame, uint64_t call, size_t row, bool assembly)
{
	const uint8_t *registers = search->analysis->image->arch->go_arguments;
	const uint8_t data = arguments[row].data, length = arguments[row].length;
	struct two_words words = {.kind = WORDS_PASSED, .frame = frame, .pc = call, .unit = 1, .callee = arguments[row].function};

	words.data = origin_of_register(search->origins, frame, call, registers[data]);
	words.other = origin_of_register(search->origins, frame, call, registers[length]);
	add(search, words);
	if (!assembly)
		return;
	words.data = origin_of_stack_argument(search->origins, frame, call, data);
	words.other = origin_of_stack_argument(search->origins, frame, call, length);
	add(search, words);
}

static void find_passed(const struct search *search, size_t frame)
{
	struct go_runtime *runtime = search->analysis->runtime;
	const uint64_t call = origin_call(search->origins, frame);
	const struct pc_info *info = go_return_address(runtime, search->stack->frames.items[frame].pc);
	const struct pc_info *callee = info->call == FLOW_CALL ? go_pc(runtime, info->call_target, true) : NULL;

	if (!call || !callee || !callee->func)
		return;
	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
		if (!strcmp(go_func_name(callee), arguments[i].function))
			add_passed(search, frame, call, i, callee->func->flags & FUNC_ASM);
}

/* ---- used in the code ---- */

static bool decode(const struct search *search, uint64_t pc, struct insn *ret)
{
	struct analysis *analysis = search->analysis;

	return analysis->runtime->decoder &&
	       insn_decode(analysis->runtime->decoder, pc, image_view(analysis->image, pc, INSN_BYTES), ret);
}

/* The length lies beside the data pointer, in the variable that both were loaded from, and the index was held against it: else
 * it may be anything, such as the place in a ring. */
static void add_indexed(const struct search *search, const struct origin *data, struct two_words words)
{
	struct insn insn;

	words.kind = WORDS_INDEXED;
	words.data = data;
	if (decode(search, words.pc, &insn) && origin_neighbour(search->origins, origin_variable(data), WORD, &words.other) &&
	    origin_is_bound(search->origins, words.frame, words.pc, insn.indexed.index, words.other))
		add(search, words);
}

/* What was loaded by its index; `value`: what that was, NULL: unknown. */
static void add_element(const struct search *search, const struct origin *loaded, const uint64_t *value)
{
	add_indexed(search, loaded->base,
		    (struct two_words){.frame = loaded->frame, .pc = loaded->pc, .unit = UINT64_C(1) << loaded->shift,
				       .is_loaded = true, .has_element = value != NULL, .element = value ? *value : 0});
}

static bool is_type_or_table(const struct search *search, const struct origin *word)
{
	struct go_runtime *runtime = search->analysis->runtime;
	uint64_t type;

	if (!word->has_value)
		return false;
	return go_type_is(runtime, word->value) ||
	       (go_field(runtime, word->value, LAYOUT_itab_type, &type) && go_type_is(runtime, type));
}

/* A word that was used as a pointer, and before it a type: an interface's data. */
static void find_interface_data(const struct search *search, const struct origin *word)
{
	const struct origin *type;

	if (origin_neighbour(search->origins, origin_variable(word), -WORD, &type) && is_type_or_table(search, type) &&
	    origin_is_type(search->origins, origin_variable(type)))
		add(search, (struct two_words){.kind = WORDS_INTERFACE, .frame = word->frame, .pc = word->pc, .unit = 1,
					       .data = word, .other = type});
}

/* The loads that led to a bad pointer, from the last to the first. `value`: what that was; NULL: unknown. */
static void find_loads(const struct search *search, const struct origin *word, const uint64_t *value)
{
	for (int step = 0; word && step < STEPS; step++, word = origin_variable(word)->base) {
		const struct origin *loaded = origin_variable(word);

		if (loaded->kind == ORIGIN_ELEMENT)
			add_element(search, loaded, step ? NULL : value);
		else if (loaded->kind == ORIGIN_MEMORY)
			find_interface_data(search, word);
	}
}

/* The instruction loads a method of a table, and it is called. */
static bool loads_method(const struct search *search, const struct insn *insn)
{
	const struct effect *load = insn->count == 1 && insn->effects[0].kind == EFFECT_LOAD ? &insn->effects[0] : NULL;
	uint64_t pc = insn->address + insn->size;
	struct insn next;

	if (insn->flow == FLOW_INDIRECT_CALL) /* call [table + 24] */
		return load && load->value >= FIRST_METHOD;
	if (!load || load->value < FIRST_METHOD || load->value % WORD || load->dst == REG_NONE)
		return false;
	for (int i = 0; i < CALL_REACH && decode(search, pc, &next); i++, pc += next.size)
		if (next.flow != FLOW_NEXT)
			return next.flow == FLOW_INDIRECT_CALL && next.through == load->dst;
	return false;
}

/* The fault was the access to an interface's table. */
static void find_interface_table(const struct search *search, const struct insn *insn, size_t at, const struct origin *table)
{
	const struct origin *data;

	if (loads_method(search, insn) && origin_neighbour(search->origins, origin_variable(table), WORD, &data))
		add(search, (struct two_words){.kind = WORDS_INTERFACE, .frame = at, .pc = insn->address, .unit = 1,
					       .data = data, .other = table});
}

static void find_used(const struct search *search, size_t at)
{
	const struct fault *fault = &search->analysis->fault;
	struct memory_access access;
	const struct origin *base;
	struct insn insn;
	uint64_t value;

	if (!decode(search, search->stack->frames.items[at].pc, &insn))
		return;
	if (insn.indexed.size && insn.indexed.index != REG_NONE) {
		base = origin_of_register(search->origins, at, insn.address, insn.indexed.base);
		add_indexed(search, base,
			    (struct two_words){.frame = at, .pc = insn.address, .unit = UINT64_C(1) << insn.indexed.shift});
		find_loads(search, base, NULL);
	}
	if (!memory_access_at(search->analysis, insn.address, &access) || access.reg == REG_NONE)
		return;
	base = origin_of_register(search->origins, at, insn.address, access.reg);
	value = fault->address - access.offset;
	find_interface_table(search, &insn, at, base);
	find_loads(search, base, fault->has_address ? &value : NULL);
}

void two_words_find(struct analysis *analysis, struct origins *origins, const struct stack *stack, size_t at,
		    struct two_words_list *ret)
{
	const struct search search = {analysis, origins, stack, ret};

	ret->count = 0;
	find_used(&search, at);
	for (size_t frame = at + 1; frame <= at + CALLERS && frame < stack->frames.count; frame++) {
		find_passed(&search, frame);
		if (!stack->frames.items[frame].info->func)
			break;
	}
	/* What was passed may itself have been read through a torn value. */
	for (size_t i = 0, count = ret->count; i < count; i++)
		if (ret->items[i].kind == WORDS_PASSED)
			find_loads(&search, origin_variable(ret->items[i].data)->base, NULL);
}
