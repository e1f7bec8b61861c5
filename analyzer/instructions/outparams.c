/* outparams.c: see outparams.h. Each function of the package is read from its entry on, with what registers and stack slots
 * hold as far as it is an address on the stack; at the call of an API, the register of a parameter says where that lies. */
#include "analyzer/instructions/outparams.h"

#include "base/prefix.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 8, FUNCTION_LIMIT = 1 << 16, SLOT_LIMIT = 32, INSN_BYTES = 16 };

#define PACKAGE "internal/poll."
#define EXEC_IO "execIO"

static const struct {
	const char *function, *api, *parameter;
	uint8_t word;
	enum outparam_stores stores;
} rows[] = {
#define OUTPARAM(function, api, parameter, word, stores) {function, api, parameter, word, stores},
#include "analyzer/instructions/outparam_calls.def"
#undef OUTPARAM
};

/* A value that is an address of this stack, counted down from the frame's top (amd64: the slot of the return address). */
struct place {
	bool known;
	int64_t down;
};

/* A function being read. */
struct reading {
	struct go_runtime *runtime;
	struct outparams *ret;
	const struct arch *arch;
	const struct func *func;
	const char *name;
	bool is_exec; /* execIO itself: its own frame is alive */
	struct place registers[REG_LIMIT];
	struct { int64_t down; struct place held; } slots[SLOT_LIMIT];
	size_t slot_count;
};

/* The method that a closure is made in has its name up to the first ".func". */
bool outparam_of(const struct outparam *outparam, const struct io_call *call)
{
	size_t length = strlen(call->method);

	return !strncmp(outparam->closure, call->method, length) && !strncmp(outparam->closure + length, ".func", 5);
}

const struct io_call *io_call_at(const struct outparams *outparams, uint64_t word)
{
	size_t low = 0, high = outparams->calls.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (outparams->calls.items[middle].return_address < word)
			low = middle + 1;
		else
			high = middle;
	}
	return low < outparams->calls.count && outparams->calls.items[low].return_address == word
		       ? &outparams->calls.items[low]
		       : NULL;
}

/* Where [base + offset] lies; SP itself is known by its pcsp value. */
static struct place address_of(const struct reading *reading, const struct pc_info *at, uint8_t base, int64_t offset)
{
	struct place place = {0};

	if (base == reading->arch->sp)
		place = (struct place){at->has_delta, at->delta};
	else if (base < REG_LIMIT)
		place = reading->registers[base];
	place.down -= offset;
	return place;
}

static void store(struct reading *reading, struct place where, struct place held)
{
	size_t i = 0;

	if (!where.known)
		return;
	while (i < reading->slot_count && reading->slots[i].down != where.down)
		i++;
	if (i == SLOT_LIMIT)
		return;
	reading->slots[i].down = where.down;
	reading->slots[i].held = held;
	reading->slot_count += i == reading->slot_count;
}

static struct place load(const struct reading *reading, struct place where)
{
	for (size_t i = 0; where.known && i < reading->slot_count; i++)
		if (reading->slots[i].down == where.down)
			return reading->slots[i].held;
	return (struct place){0};
}

static void take_effect(struct reading *reading, const struct pc_info *at, const struct effect *effect)
{
	struct place result = {0};

	if (effect->kind == EFFECT_ADD)
		result = address_of(reading, at, effect->src, effect->value);
	if (effect->kind == EFFECT_LOAD && effect->size == WORD)
		result = load(reading, address_of(reading, at, effect->src, effect->value));
	if (effect->kind == EFFECT_STORE)
		store(reading, address_of(reading, at, effect->src, effect->value),
		      effect->size == WORD ? address_of(reading, at, effect->src2, 0) : result);
	else if (effect->dst < REG_LIMIT && effect->dst != reading->arch->sp)
		reading->registers[effect->dst] = result;
}

static bool calls_row(const struct reading *reading, const char *callee, const char *function)
{
	return *function == '*' ? !callee && strstr(reading->name, function + 1) : callee && !strcmp(callee, function);
}

/* A call: the parameters of an API that are addresses of this stack. */
static void at_call(struct reading *reading, const struct insn *insn)
{
	const char *callee = insn->flow == FLOW_CALL ? go_func_name(go_pc(reading->runtime, insn->target, true)) : NULL;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct place place;

		if (rows[i].word >= reading->arch->go_argument_count || !calls_row(reading, callee, rows[i].function))
			continue;
		place = reading->registers[reading->arch->go_arguments[rows[i].word]];
		if (!place.known)
			continue;
		vec_push(reading->runtime->arena, &reading->ret->items,
			 (struct outparam){.closure = reading->name, .api = rows[i].api, .parameter = rows[i].parameter,
					   .stores = rows[i].stores, .call = insn->address + insn->size,
					   .below = place.down + (reading->is_exec	      ? -(int64_t)reading->ret->frame
								  : reading->arch->link_register ? 0
												 : WORD)});
	}
}

static void forget_registers(struct reading *reading)
{
	memset(reading->registers, 0, sizeof reading->registers);
}

static void read_function(struct reading *reading)
{
	struct go_runtime *runtime = reading->runtime;
	struct insn insn;

	forget_registers(reading);
	reading->slot_count = 0;
	for (uint64_t at = reading->func->entry; at < reading->func->end && at - reading->func->entry < FUNCTION_LIMIT;
	     at += insn.size) {
		if (!insn_decode(runtime->decoder, at, image_view(runtime->image, at, INSN_BYTES), &insn))
			return;
		for (size_t i = 0; i < insn.count; i++)
			take_effect(reading, go_pc(runtime, at, true), &insn.effects[i]);
		if (insn.flow == FLOW_CALL || insn.flow == FLOW_INDIRECT_CALL)
			at_call(reading, &insn);
		if (insn.flow != FLOW_NEXT && insn.flow != FLOW_BRANCH)
			forget_registers(reading);
	}
}

/* All places that call execIO, anywhere in the program. */
static void find_calls(struct go_runtime *runtime, const struct go_module *module, uint64_t exec_io, struct outparams *ret)
{
	struct span code;

	for (uint64_t at = module->text; at < module->etext; at += code.size) {
		size_t from = 0;

		code = image_peek(runtime->image, at, module->etext - at);
		while (insn_next_call(runtime->image->arch, at, code, exec_io, &from)) {
			const struct pc_info *info = go_return_address(runtime, at + from);

			if (info->call == FLOW_CALL && info->call_target == exec_io)
				vec_push(runtime->arena, &ret->calls,
					 (struct io_call){.return_address = at + from, .method = go_func_name(info)});
		}
		if (!code.size)
			return;
	}
}

static bool in_package(const struct pclntab *table, uint32_t index, struct func *func, const char **name)
{
	if (!pclntab_func(table, index, func))
		return false;
	*name = pclntab_name(table, func->name);
	if (!*name || strncmp(*name, PACKAGE, sizeof PACKAGE - 1))
		return false;
	pclntab_cite(table, func);
	return true;
}

static void read_module(struct go_runtime *runtime, const struct go_module *module, struct outparams *ret)
{
	struct func func, exec_io = {0};
	const char *name;

	for (uint32_t i = 0; i < module->pclntab.nfunc && !exec_io.entry; i++)
		if (in_package(&module->pclntab, i, &func, &name) && text_ends(name, EXEC_IO))
			exec_io = func;
	if (!exec_io.entry)
		return;
	ret->frame = (uint64_t)func_frame_size(&module->pclntab, &exec_io);
	for (uint32_t i = 0; i < module->pclntab.nfunc; i++) {
		struct reading reading = {.runtime = runtime, .ret = ret, .arch = runtime->image->arch, .func = &func};

		if (!in_package(&module->pclntab, i, &func, &name))
			continue;
		reading.name = name;
		reading.is_exec = func.entry == exec_io.entry;
		if (reading.is_exec || strstr(name, ".func"))
			read_function(&reading);
	}
	if (ret->items.count)
		find_calls(runtime, module, exec_io.entry, ret);
}

static int by_address(const void *a, const void *b)
{
	const struct io_call *x = a, *y = b;

	return x->return_address < y->return_address ? -1 : x->return_address > y->return_address;
}

const struct outparams *outparams_find(struct go_runtime *runtime)
{
	struct outparams *outparams = arena_alloc(runtime->arena, sizeof *outparams);

	for (size_t i = 0; runtime->decoder && runtime->image->os == OS_WINDOWS && i < runtime->modules.count; i++)
		read_module(runtime, &runtime->modules.items[i], outparams);
	if (outparams->calls.count)
		qsort(outparams->calls.items, outparams->calls.count, sizeof *outparams->calls.items, by_address);
	return outparams;
}

bool outparam_is_address_length(uint64_t value)
{
	enum { IPV4 = 0x10, IPV6 = 0x1c };

	return value == IPV4 || value == IPV6;
}
