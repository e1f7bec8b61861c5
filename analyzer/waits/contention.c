/* contention.c: see contention.h. */
#include "analyzer/waits/contention.h"

#include "analyzer/waits/mentions.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAITERS_READ = 4096, /* goroutines whose lock is read; the rest of a group is taken to wait for the same as its first */
	LOCKS_TRIED = 16, GROUPS_TRIED = 4096, GOROUTINES_TRIED = 4096, FRAMES_TRIED = 64,
	CODE_BYTES = 16 << 20, CONTAINER_BYTES = 1024, CONTAINER_FRAMES = 4, FRAME_BYTES = 4096, SPILL_BYTES = 64, WORD = 8,
};

/* What is known of a pc; critical_sections_at decodes the whole function. */
struct pc_sections {
	struct critical_section of[LOCK_KINDS];
	bool any;
};

struct search {
	struct analysis *analysis;
	struct contention *contention;
	struct mentions pcs;      /* numbers of pcs */
	VEC(struct pc_sections) sections; /* by those */
	size_t tried;             /* goroutines */
	struct section_scratch scratch;
};

static const uint8_t kinds_of[] = {
	[WAIT_MUTEX] = 1 << LOCK_MUTEX,
	[WAIT_READ_LOCK] = 1 << LOCK_WRITE | 1 << LOCK_READ,
	[WAIT_WRITE_LOCK] = 1 << LOCK_WRITE | 1 << LOCK_READ,
};

/* Writers of an RWMutex queue at its Mutex, which is its first field. */
bool lock_may_be_held_as(const struct contended_lock *lock, enum lock_kind kind)
{
	return kinds_of[lock->wait.kind] >> kind & 1;
}

static size_t last_frame_of(const struct stack *stack, size_t frame)
{
	size_t last = frame + CONTAINER_FRAMES;

	return last < stack->frames.count ? last : stack->frames.count - 1;
}

/* Who waits for a lock in a structure has the structure's address, too. */
static void find_aliases(struct analysis *analysis, const struct stack *stack, struct contended_lock *lock)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[lock->first];
	const size_t frame = lock->wait.frame;
	const uint64_t object = lock->wait.object;
	uint64_t from, to;
	struct span words;

	if (frame >= stack->frames.count)
		return;
	from = stack->frames.items[frame].sp;
	to = stack->frames.items[last_frame_of(stack, frame)].sp;
	words = image_view(analysis->image, from, to > from && to - from < FRAME_BYTES ? to - from : 0);
	for (uint64_t at = 0; at + WORD <= words.size && lock->alias_count < LOCK_ALIASES; at += WORD) {
		const uint64_t word = span_u64(words, at);
		bool known = word >= object || object - word >= CONTAINER_BYTES || word % WORD ||
			     (word >= g->stack_lo && word < g->stack_hi);

		for (size_t i = 0; i < lock->alias_count; i++)
			known |= lock->aliases[i] == word;
		if (!known)
			lock->aliases[lock->alias_count++] = word;
	}
}

static void count_waiter(struct search *search, struct contended_lock *lock, size_t goroutine)
{
	const struct go_runtime *runtime = search->analysis->runtime;
	int64_t waited;

	lock->waiters++;
	if (goroutine_waited(runtime, &runtime->goroutines.items[goroutine], &waited) && waited > lock->longest)
		lock->longest = waited;
}

/* The function of the program, not the one that takes the lock and is inlined there. */
static const char *function_of(struct analysis *analysis, const struct stack *stack, size_t frame)
{
	struct frame_line lines[INLINE_LIMIT];
	size_t count = frame_lines(analysis->image, stack, frame, lines);
	size_t line = 0;

	while (line + 1 < count && lines[line].function && wait_is_machinery(lines[line].function))
		line++;
	return lines[line].function ? lines[line].function : "a function without a name";
}

/* A goroutine that waits for a semaphore: adds it to its lock. */
static void read_waiter(struct search *search, struct mentions *objects, size_t index)
{
	struct analysis *analysis = search->analysis;
	struct contention *contention = search->contention;
	struct stack stack = {0};
	struct wait wait;
	size_t number;

	goroutine_stack(analysis, index, &stack);
	wait_read(analysis, index, &stack, &wait);
	if (!wait_is_for_lock(wait.kind) || !wait.object)
		return;
	number = mention_add(analysis->arena, objects, wait.object);
	if (number == contention->locks.count) {
		struct contended_lock lock = {.wait = wait, .first = index};

		if (wait.frame < stack.frames.count)
			lock.function = function_of(analysis, &stack, wait.frame);
		find_aliases(analysis, &stack, &lock);
		vec_push(analysis->arena, &contention->locks, lock);
	}
	if (contention->locks.items[number].wait.kind == WAIT_MUTEX && wait.kind != WAIT_MUTEX)
		contention->locks.items[number].wait.kind = wait.kind; /* an RWMutex, met at its Mutex first */
	contention->waits_for[index] = (uint32_t)number + 1;
	count_waiter(search, &contention->locks.items[number], index);
}

static void collect(struct search *search)
{
	struct analysis *analysis = search->analysis;
	struct go_runtime *runtime = analysis->runtime;
	struct contention *contention = search->contention;
	uint32_t *of_group = NULL; /* 1 + number of the lock that the first of a group waits for */
	struct mentions objects = {0};
	size_t read = 0;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const uint32_t group = analysis->goroutine_group[i];

		if (wait_kind_of(analysis, &runtime->goroutines.items[i]) != WAIT_SEMAPHORE ||
		    goroutine_is_system(runtime, &runtime->goroutines.items[i]))
			continue;
		if (!of_group) {
			of_group = arena_array(analysis->arena, analysis->groups.count + 1, sizeof *of_group);
			contention->waits_for = arena_array(analysis->arena, runtime->goroutines.count + 1,
							    sizeof *contention->waits_for);
		}
		if (read < WAITERS_READ || (!of_group[group] && read < 2 * WAITERS_READ)) {
			read_waiter(search, &objects, i);
			read++;
		} else if (of_group[group]) {
			contention->waits_for[i] = of_group[group];
			count_waiter(search, &contention->locks.items[of_group[group] - 1], i);
		}
		of_group[group] = of_group[group] ? of_group[group] : contention->waits_for[i];
	}
}

/* Fewest comparisons that need no context: the order goes by waiters, then by address. */
static int by_waiters(const void *a, const void *b)
{
	const struct contended_lock *x = a;
	const struct contended_lock *y = b;

	if (x->waiters != y->waiters)
		return x->waiters > y->waiters ? -1 : 1;
	return x->wait.object < y->wait.object ? -1 : x->wait.object > y->wait.object;
}

static void sort(struct search *search)
{
	struct contention *contention = search->contention;
	struct mentions objects = {0};
	uint32_t *numbers = arena_array(search->analysis->arena, contention->locks.count + 1, sizeof *numbers);

	for (size_t i = 0; i < contention->locks.count; i++)
		mention_add(search->analysis->arena, &objects, contention->locks.items[i].wait.object);
	qsort(contention->locks.items, contention->locks.count, sizeof *contention->locks.items, by_waiters);
	for (size_t i = 0; i < contention->locks.count; i++)
		numbers[mention_add(search->analysis->arena, &objects, contention->locks.items[i].wait.object)] = (uint32_t)i + 1;
	for (size_t i = 0; i < search->analysis->runtime->goroutines.count; i++)
		if (contention->waits_for[i])
			contention->waits_for[i] = numbers[contention->waits_for[i] - 1];
}

/* Package sync itself takes locks, such as the Mutex of an RWMutex: who calls it is meant. */
static bool is_of_program(const struct frame *frame)
{
	return frame->info->func && !wait_is_machinery(go_func_name(frame->info));
}

static const struct pc_sections *sections_at(struct search *search, const struct frame *frame)
{
	const size_t number = mention_add(search->analysis->arena, &search->pcs, frame->pc);

	if (number == search->sections.count) {
		struct pc_sections sections = {0};

		if (is_of_program(frame) &&
		    !critical_sections_at(search->analysis, &search->scratch, frame->info, frame->exact, sections.of))
			search->contention->complete = false;
		for (int kind = 0; kind < LOCK_KINDS; kind++)
			sections.any |= sections.of[kind].call || sections.of[kind].releases;
		vec_push(search->analysis->arena, &search->sections, sections);
	}
	return &search->sections.items[number];
}

/* A frame in which the lock was taken. Its own words, and those that its caller has room for to spill its arguments. */
static struct span frame_words(struct analysis *analysis, const struct frame *frame)
{
	const uint64_t size = frame->fp > frame->sp ? frame->fp - frame->sp + SPILL_BYTES : 0;

	return image_view(analysis->image, frame->sp, size < FRAME_BYTES ? size : FRAME_BYTES);
}

/* What the code adds to a pointer to get the lock's address. */
static uint64_t displacement_of(const struct analysis *analysis, const struct lock_holder *holder)
{
	const struct lock_receiver *receiver = &holder->section.receiver;

	return receiver->displacement - (receiver->semaphore ? analysis->runtime->layout->offset[LAYOUT_syncRWMutex_readerSem] : 0);
}

/* The frame has the pointer from which the code computed the lock's address. */
static bool in_frame(struct analysis *analysis, const struct frame *frame, uint64_t wanted, struct lock_holder *holder)
{
	const struct span words = frame_words(analysis, frame);

	holder->proof = PROOF_FRAME;
	holder->word = wanted;
	for (uint64_t at = 0; at + WORD <= words.size; at += WORD) {
		holder->slot = frame->sp + at;
		if (span_u64(words, at) == wanted)
			return true;
	}
	return false;
}

/* … just where the code took it from. */
static bool in_slot(struct analysis *analysis, const struct frame *frame, uint64_t wanted, struct lock_holder *holder)
{
	holder->proof = PROOF_SLOT;
	holder->slot = frame->sp + holder->section.receiver.slot;
	return image_u64(analysis->image, holder->slot, &holder->word) && holder->word == wanted;
}

static bool by_pointer(struct analysis *analysis, const struct frame *frame, uint64_t wanted, struct lock_holder *holder)
{
	const struct span words = frame_words(analysis, frame);

	holder->proof = PROOF_POINTER;
	for (uint64_t at = 0; at + WORD <= words.size; at += WORD) {
		holder->slot = span_u64(words, at) + holder->section.receiver.field;
		if (holder->slot % WORD == 0 && image_u64(analysis->image, holder->slot, &holder->word) && holder->word == wanted)
			return true;
	}
	return false;
}

/* Where the code cannot be followed, the address itself counts: but not of who waits for that very lock, and has it for that. */
static bool holds(struct search *search, const struct contended_lock *lock, const struct frame *frame, struct lock_holder *holder)
{
	struct analysis *analysis = search->analysis;
	const uint64_t wanted = lock->wait.object - displacement_of(analysis, holder);

	switch (holder->section.receiver.kind) {
	case RECEIVER_SLOT:
		return in_slot(analysis, frame, wanted, holder);
	case RECEIVER_REGISTER:
		return in_frame(analysis, frame, wanted, holder);
	case RECEIVER_POINTER:
		return by_pointer(analysis, frame, wanted, holder);
	case RECEIVER_GLOBAL:
		holder->proof = PROOF_CODE;
		holder->slot = holder->word = 0;
		return wanted == 0;
	default:
		return !holder->waits_itself && in_frame(analysis, frame, lock->wait.object, holder);
	}
}

/* A goroutine that stands in a section, at one of its frames: which of the locks it may be. False: none. */
static bool assign(struct search *search, size_t goroutine, const struct stack *stack, size_t frame, enum lock_kind kind,
		   const struct critical_section *section)
{
	struct contention *contention = search->contention;
	bool found = false;

	for (size_t i = 0; i < contention->locks.count && i < LOCKS_TRIED; i++) {
		struct contended_lock *lock = &contention->locks.items[i];
		struct lock_holder holder = {.goroutine = goroutine, .frame = frame, .section = *section,
					     .waits_itself = contention->waits_for[goroutine] == i + 1};

		if (!lock_may_be_held_as(lock, kind) || !holds(search, lock, &stack->frames.items[frame], &holder))
			continue;
		holder.pc = stack->frames.items[frame].pc;
		holder.function = section->function;
		if (lock->holder_count < LOCK_HOLDERS)
			lock->holders[lock->holder_count] = holder;
		lock->holder_count++;
		found = true;
	}
	return found;
}

static void try_goroutine(struct search *search, size_t goroutine)
{
	struct stack stack = {0};

	goroutine_stack(search->analysis, goroutine, &stack);
	for (size_t i = 0; i < stack.frames.count && i < FRAMES_TRIED; i++) {
		const struct pc_sections *sections = sections_at(search, &stack.frames.items[i]);

		for (int kind = 0; kind < LOCK_KINDS; kind++)
			if (sections->of[kind].releases ||
			    (sections->of[kind].call &&
			     !assign(search, goroutine, &stack, i, (enum lock_kind)kind, &sections->of[kind])))
				search->contention->unknown[kind] = true;
	}
}

/* Whether goroutines with such a stack stand in a section, or release what they have not taken: equal pcs, equal answers. */
static bool group_in_section(struct search *search, size_t group)
{
	struct stack stack = {0};

	goroutine_stack(search->analysis, search->analysis->groups.items[group].first, &stack);
	for (size_t i = 0; i < stack.frames.count && i < FRAMES_TRIED; i++)
		if (sections_at(search, &stack.frames.items[i])->any)
			return true;
	return false;
}

static void find_holders(struct search *search)
{
	struct analysis *analysis = search->analysis;
	const size_t groups = analysis->groups.count < GROUPS_TRIED ? analysis->groups.count : GROUPS_TRIED;
	bool *wanted = arena_array(analysis->arena, analysis->groups.count + 1, sizeof *wanted);

	search->contention->complete = groups == analysis->groups.count;
	for (size_t i = 0; i < groups; i++)
		wanted[i] = group_in_section(search, i);
	for (size_t i = 0; i < analysis->runtime->goroutines.count; i++) {
		if (!wanted[analysis->goroutine_group[i]])
			continue;
		if (search->tried++ == GOROUTINES_TRIED) {
			search->contention->complete = false;
			return;
		}
		try_goroutine(search, i);
	}
}

const struct contention *contention_find(struct analysis *analysis)
{
	struct search search = {.analysis = analysis, .scratch = {.code_left = CODE_BYTES}};

	search.contention = arena_alloc(analysis->arena, sizeof *search.contention);
	if (!analysis->runtime->layout)
		return search.contention;
	collect(&search);
	if (!search.contention->locks.count)
		return search.contention;
	sort(&search);
	find_holders(&search);
	return search.contention;
}

const struct contended_lock *contended_by(const struct contention *contention, size_t goroutine)
{
	const uint32_t number = contention->waits_for ? contention->waits_for[goroutine] : 0;

	return number ? &contention->locks.items[number - 1] : NULL;
}
