/* stops.c: see stops.h. The injected call is that of sigctxt.pushCall (runtime/signal_arm64.go, signal_amd64.go), which the kernel's
 * return from the signal would enter; from there on everything is executed: runtime.asyncPreempt, asyncPreempt2, and mcall until it
 * leaves the goroutine's stack. What the scheduler then does to the g is written by hand (gopreempt_m, runtime/proc.go). */
#include "tests/accuracy/stops.h"

#include "analyzer/instructions/tear.h"
#include "tests/accuracy/routes.h"

enum {
	WORD = 8,
	PROLOGUE_STEPS = 64,
	EPILOGUE_INSNS = 10,
	SETTLE_STEPS = 6,
	PREEMPT_STEPS = 1000,
	STACK_GUARD = 928, /* runtime/stack.go */
	VICTIM_LIMIT = 32,
	ROOM = 1024, /* below SP, for the preemption: asyncPreemptStack of runtime/preempt.go */
};

struct victim {
	const struct goroutine *goroutine;
	const struct routes *routes;
};

struct maker {
	struct target *target;
	const struct arch *arch;
	struct cpu *cpu;
	const struct go_module *module;
	VEC(struct victim) victims;
	const struct goroutine *victim; /* that of the present function */
	struct tear_cache *cache; /* only for what is a leaf */
	uint64_t preempt_entry, machine;
	struct stops *stops;
};

/* --- a goroutine ------------------------------------------------------------------------------------------- */

/* Waiting, its stack whole and such that it can be written. */
static bool can_be_victim(struct target *target, size_t index)
{
	const struct goroutine *g = &target->runtime->goroutines.items[index];
	struct stack stack = {0};
	uint64_t word;

	if (g->machine >= 0 || (g->status != G_WAITING && g->status != G_RUNNABLE) || g->m ||
	    !image_u64(target->image, g->stack_lo, &word) || !target_write_u64(target, g->stack_lo, word))
		return false;
	goroutine_stack(target->diagnosis->analysis, index, &stack);
	return stack.end == END_COMPLETE;
}

static void find_victims(struct maker *maker)
{
	const struct goroutine *items = maker->target->runtime->goroutines.items;

	for (size_t i = 0; i < maker->target->runtime->goroutines.count && maker->victims.count < VICTIM_LIMIT; i++) {
		struct victim victim = {.goroutine = &items[i]};

		if (!can_be_victim(maker->target, i))
			continue;
		victim.routes = routes_find(maker->target, i);
		vec_push(maker->target->arena, &maker->victims, victim);
	}
}

/* --- registers at a call ----------------------------------------------------------------------------------- */

static uint64_t in_function(struct maker *maker, const struct func *func)
{
	const uint64_t pc = cpu_get(maker->cpu, maker->arch->pc);

	return pc >= func->entry && pc < func->end;
}

static bool claimed_at(const struct maker *maker, const struct func *func, uint64_t pc, int32_t *ret)
{
	return func_value(&maker->module->pclntab, func, func->pcsp, pc, ret, NULL);
}

static uint64_t field_of(const struct maker *maker, enum layout_field field)
{
	return maker->victim->address + maker->target->runtime->layout->offset[field];
}

/* A field of one, four or eight bytes. */
static void set_field(struct maker *maker, enum layout_field field, unsigned bytes, uint64_t value)
{
	const uint64_t address = field_of(maker, field), word = address / WORD * WORD;
	const unsigned shift = (unsigned)(address % WORD) * 8;
	const uint64_t mask = (bytes == WORD ? UINT64_MAX : ((uint64_t)1 << bytes * 8) - 1) << shift;

	cpu_store(maker->cpu, word, (cpu_load(maker->cpu, word) & ~mask) | (value << shift & mask));
}

/* All registers point to memory that can be read, as far as they point anywhere. */
static void start_at_frame(struct maker *maker, const struct frame *frame)
{
	const struct arch *arch = maker->arch;

	for (uint8_t i = 0; i < arch->reg_count; i++)
		cpu_set(maker->cpu, i, frame->sp);
	if (arch->tls != REG_NONE && !arch->link_register) {
		cpu_set(maker->cpu, arch->tls, maker->victim->stack_lo + WORD); /* wrappers of asyncPreempt2 load g from there */
		cpu_store(maker->cpu, maker->victim->stack_lo, maker->victim->address);
	}
	set_field(maker, LAYOUT_g_stackguard0, WORD, maker->victim->stack_lo + STACK_GUARD); /* as execute does, runtime/proc.go */
	cpu_set(maker->cpu, arch->g, maker->victim->address);
	cpu_set(maker->cpu, arch->sp, frame->sp);
	cpu_set(maker->cpu, arch->fp, arch->link_register ? frame->sp - WORD : frame->fp - 2 * WORD);
}

static void record(struct maker *maker, struct halt stop, uint64_t entry_sp);

static bool frame_pointer_is_set(struct maker *maker)
{
	return cpu_get(maker->cpu, maker->arch->fp) == cpu_get(maker->cpu, maker->arch->sp) - WORD;
}

/* Executes a function's prologue, to where its frame is whole; stops in it are recorded if `stop` is given. */
static bool enter(struct maker *maker, const struct func *func, int32_t size, const struct halt *stop)
{
	const uint64_t entry_sp = cpu_get(maker->cpu, maker->arch->sp);
	struct cpu_mark whole;
	int32_t claimed = 0;

	for (int steps = 0; claimed != size; steps++) {
		if (stop)
			record(maker, *stop, entry_sp);
		if (steps == PROLOGUE_STEPS || !cpu_step(maker->cpu) || !in_function(maker, func) ||
		    !claimed_at(maker, func, cpu_get(maker->cpu, maker->arch->pc), &claimed))
			return false;
	}
	whole = cpu_mark(maker->cpu);
	for (int i = 0; i < SETTLE_STEPS && maker->arch->link_register && size; i++) {
		if (frame_pointer_is_set(maker))
			return true;
		if (!cpu_step(maker->cpu) || !in_function(maker, func))
			break;
	}
	if (!frame_pointer_is_set(maker))
		cpu_return(maker->cpu, &whole);
	return entry_sp - cpu_get(maker->cpu, maker->arch->sp) == (uint64_t)size;
}

static int32_t frame_size(const struct maker *maker, const struct func *func)
{
	struct pcvalue at = pcvalue_of(&maker->module->pclntab, func, func->pcsp);
	int32_t size = 0;

	while (pcvalue_next(&at))
		if ((int32_t)at.value > size)
			size = (int32_t)at.value;
	return size;
}

static bool make_call(struct maker *maker, const struct hop *hop)
{
	if (hop->reg != REG_NONE)
		cpu_set(maker->cpu, hop->reg, hop->target);
	cpu_set(maker->cpu, maker->arch->pc, hop->call);
	return cpu_step(maker->cpu) && cpu_get(maker->cpu, maker->arch->pc) == hop->target;
}

/* Goes the way to a function's entry. */
static bool arrive(struct maker *maker, const struct route *route, uint64_t *caller_pc)
{
	struct func func;
	int32_t size;

	start_at_frame(maker, &route->from);
	for (size_t i = 0; i < route->count; i++) {
		if (!make_call(maker, &route->hops[i]))
			return false;
		if (i + 1 == route->count)
			break;
		if (!pclntab_find(&maker->module->pclntab, route->hops[i].target, &func) ||
		    !claimed_at(maker, &func, route->hops[i + 1].call, &size) || !enter(maker, &func, size, NULL))
			return false;
	}
	*caller_pc = maker->arch->link_register ? cpu_get(maker->cpu, maker->arch->lr)
						: cpu_load(maker->cpu, cpu_get(maker->cpu, maker->arch->sp));
	return true;
}

/* --- preemption -------------------------------------------------------------------------------------------- */

static void push_call(struct maker *maker)
{
	struct cpu *cpu = maker->cpu;
	const struct arch *arch = maker->arch;
	const uint64_t sp = cpu_get(cpu, arch->sp), pc = cpu_get(cpu, arch->pc);

	if (arch->link_register) {
		cpu_store(cpu, sp - 2 * WORD, cpu_get(cpu, arch->lr));
		if (injected_call_fp(maker->target->runtime) == INJECTED_FP_BELOW_LINK)
			cpu_store(cpu, sp - 3 * WORD, cpu_get(cpu, arch->fp));
		cpu_set(cpu, arch->lr, pc);
		cpu_set(cpu, arch->sp, sp - 2 * WORD);
	} else {
		cpu_store(cpu, sp - WORD, pc);
		cpu_set(cpu, arch->sp, sp - WORD);
	}
	cpu_set(cpu, arch->pc, maker->preempt_entry);
}

/* Whether the goroutine has been left: mcall has saved it and goes on as g0. */
static bool preempt(struct maker *maker)
{
	struct cpu *cpu = maker->cpu;

	push_call(maker);
	set_field(maker, LAYOUT_g_m, WORD, maker->machine); /* it ran: asyncPreempt looks for its P */
	for (int i = 0; cpu_get(cpu, maker->arch->g) == maker->victim->address; i++)
		if (i == PREEMPT_STEPS || !cpu_step(cpu))
			return false;
	set_field(maker, LAYOUT_g_m, WORD, 0);
	set_field(maker, LAYOUT_g_atomicstatus, 4, G_RUNNABLE);
	set_field(maker, LAYOUT_g_asyncSafePoint, 1, 1);
	return true;
}

/* --- stops ------------------------------------------------------------------------------------------------- */

/* The goroutine stopped before the next instruction. */
static void record(struct maker *maker, struct halt stop, uint64_t entry_sp)
{
	struct cpu_mark mark = cpu_mark(maker->cpu);

	stop.at = go_pc(maker->target->runtime, mark.registers[maker->arch->pc], true);
	stop.sp = mark.registers[maker->arch->sp];
	stop.executed = (int64_t)(entry_sp - stop.sp);
	stop.caller_sp = entry_sp + (maker->arch->link_register ? 0 : WORD);
	stop.preemption = preemption_at(maker->target->runtime, stop.at);
	if (!stop.at->has_delta)
		return;
	stop.claimed = stop.at->delta;
	stop.torn = stop.claimed != stop.executed;
	if (stop.preemption == PREEMPTIBLE && preempt(maker))
		cpu_changes(maker->cpu, &stop.words);
	cpu_return(maker->cpu, &mark);
	vec_push(maker->target->arena, &maker->stops->items, stop);
}

static uint32_t code_word(const struct maker *maker, uint64_t pc)
{
	uint32_t word = 0;

	image_u32(maker->target->image, pc, &word);
	return word;
}

/* Instructions that epilogues are made of, by their encodings: on arm64 constants and sums into SP, R29 and R27 (the assembler's
 * own), loads of R29 and R30; on amd64 POP BP, additions to SP, and the NOPs that align a RET. */
static bool is_of_epilogue(const struct maker *maker, uint64_t pc)
{
	const uint32_t word = code_word(maker, pc), to = word & 31;

	if (maker->arch->link_register)
		return ((word >> 26 & 7) == 4 && (to == 27 || to == 29 || to == 31)) || word == 0x8b3b63ff ||
		       (word & 0xfe407c1f) == 0xa840781d || ((word & 0xfec00000) == 0xf8400000 && (to == 29 || to == 30));
	return (word & 0xff) == 0x5d || (word & 0xfffffe) == 0xc48148 || (word & 0xffffff) == 0xc48348 ||
	       (word & 0xffffff) == 0xec8348 || (word & 0xff) == 0x90 || (word & 0xffff) == 0x9066 || (word & 0xffff) == 0x1f0f;
}

/* The instructions of a function, as far as they follow one another. */
struct listing {
	VEC(uint64_t) pcs;
	VEC(size_t) returns; /* indices of those that return */
	size_t splits;       /* pairs of neighbours that add constants to SP, or subtract them */
};

/* ADD or SUB of a constant, not zero, from SP into SP. */
static bool moves_sp(uint32_t word)
{
	return (word & 0xbf8003ff) == 0x910003ff && word & 0x003ffc00;
}

/* Two in a row, in the same direction. */
static bool is_split(const struct maker *maker, uint64_t pc)
{
	const uint32_t one = code_word(maker, pc), other = code_word(maker, pc + 4);

	return maker->arch->link_register && moves_sp(one) && moves_sp(other) && !((one ^ other) & 0x40000000);
}

static struct listing list(struct maker *maker, const struct func *func)
{
	struct listing listing = {0};
	struct insn insn;

	for (uint64_t pc = func->entry; pc < func->end; pc += insn.size) {
		if (!insn_decode(maker->target->runtime->decoder, pc, image_view(maker->target->image, pc, 16), &insn))
			insn = (struct insn){.size = maker->arch->quantum};
		listing.splits += is_split(maker, pc);
		if (insn.flow == FLOW_RETURN)
			vec_push(maker->target->arena, &listing.returns, listing.pcs.count);
		vec_push(maker->target->arena, &listing.pcs, pc);
	}
	return listing;
}

/* From the whole frame, through the epilogue that ends with a return. */
static void leave(struct maker *maker, const struct func *func, const struct listing *listing, size_t last,
		  const struct halt *stop, uint64_t entry_sp)
{
	size_t first = last;
	int32_t claimed;

	while (first && last - first < EPILOGUE_INSNS && is_of_epilogue(maker, listing->pcs.items[first - 1]))
		first--;
	if (!claimed_at(maker, func, listing->pcs.items[first], &claimed) || claimed != stop->frame_size)
		return;
	cpu_set(maker->cpu, maker->arch->pc, listing->pcs.items[first]);
	for (size_t i = first; i <= last; i++) {
		record(maker, *stop, entry_sp);
		if (!cpu_step(maker->cpu))
			return;
	}
}

/* Neighbours in execution, of one prologue or epilogue. */
static void mark_neighbours(struct stops *stops, size_t from)
{
	for (size_t i = from; i + 1 < stops->items.count; i++) {
		struct halt *one = &stops->items.items[i], *other = one + 1;

		if (one->place != other->place)
			continue;
		one->beside |= other->torn && !one->torn;
		other->beside |= one->torn && !other->torn;
	}
}

static bool execute(struct maker *maker, const struct routes *routes, const struct func *func, const struct listing *listing)
{
	const size_t before = maker->stops->items.count;
	struct halt stop = {.goroutine = maker->victim->id, .frame_size = frame_size(maker, func)};
	const struct cpu_mark start = cpu_mark(maker->cpu);
	struct cpu_mark whole;
	struct route route;
	uint64_t entry_sp;
	bool done;

	stop.leaf = is_leaf(maker->cache, go_pc(maker->target->runtime, func->entry, true));
	done = route_to(routes, func, &route) && arrive(maker, &route, &stop.caller_pc);
	entry_sp = cpu_get(maker->cpu, maker->arch->sp);
	done = done && entry_sp - (uint64_t)stop.frame_size - ROOM > maker->victim->stack_lo &&
	       enter(maker, func, stop.frame_size, &stop);
	whole = cpu_mark(maker->cpu);
	stop.place = IN_EPILOGUE;
	for (size_t i = 0; done && i < listing->returns.count; i++) {
		leave(maker, func, listing, listing->returns.items[i], &stop, entry_sp);
		cpu_return(maker->cpu, &whole);
	}
	cpu_return(maker->cpu, &start);
	if (!done)
		maker->stops->items.count = before;
	mark_neighbours(maker->stops, before);
	return done;
}

/* On the stack of the first goroutine that gets there and has the room. */
static void execute_somewhere(struct maker *maker, const struct func *func, const struct listing *listing)
{
	const size_t before = maker->stops->items.count;
	size_t torn = 0;
	bool done = false;

	for (size_t i = 0; i < maker->victims.count && !done; i++) {
		maker->victim = maker->victims.items[i].goroutine;
		done = execute(maker, maker->victims.items[i].routes, func, listing);
	}
	for (size_t i = before; i < maker->stops->items.count; i++)
		torn += maker->stops->items.items[i].torn;
	maker->stops->functions += done;
	maker->stops->missed += listing->splits > torn ? listing->splits - torn : 0;
}

static void look_at(struct maker *maker, uint32_t index, bool picked)
{
	struct listing listing;
	struct func func;
	enum preemption preemption;

	if (!pclntab_func(&maker->module->pclntab, index, &func) || (func.flags & (FUNC_ASM | FUNC_SP_WRITE)))
		return;
	preemption = preemption_at(maker->target->runtime, go_pc(maker->target->runtime, func.entry, true));
	if (preemption == PREEMPTION_RUNTIME || preemption == PREEMPTION_ASSEMBLY)
		return;
	listing = list(maker, &func);
	if (listing.splits || picked)
		execute_somewhere(maker, &func, &listing);
}

static uint64_t some_machine(const struct target *target)
{
	for (size_t i = 0; i < target->runtime->machines.count; i++) {
		uint64_t p;

		if (go_field(target->runtime, target->runtime->machines.items[i].address, LAYOUT_m_p, &p) && p)
			return target->runtime->machines.items[i].address;
	}
	return target->runtime->machines.count ? target->runtime->machines.items[0].address : 0;
}

bool stops_make(struct target *target, uint64_t seed, size_t limit, struct stops *ret)
{
	struct maker maker = {.target = target, .arch = target->image->arch, .stops = ret};
	const struct go_runtime *runtime = target->runtime;

	*ret = (struct stops){0};
	if (!runtime->modules.count || !runtime->layout || !runtime->functions[ROLE_ASYNC_PREEMPT] ||
	    target->image->os != OS_LINUX)
		return false;
	find_victims(&maker);
	maker.cpu = maker.victims.count ? cpu_new(target) : NULL;
	if (!maker.cpu)
		return false;
	maker.module = &runtime->modules.items[0];
	maker.cache = tear_cache_new(target->runtime);
	maker.preempt_entry = runtime->functions[ROLE_ASYNC_PREEMPT]->entry;
	maker.machine = some_machine(target);
	for (uint32_t i = 0; i < maker.module->pclntab.nfunc; i++)
		look_at(&maker, i, !limit || (i * 2654435761u ^ seed) % maker.module->pclntab.nfunc < limit);
	return true;
}
