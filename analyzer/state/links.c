/* links.c: g.m and m.curg name each other; m.g0, m.gsignal and m.p name what names the M again. The order of writes
 * (runtime/proc.go, coro.go, Go 1.18 to 1.27): execute sets m.curg, then g.m, then the status; dropg clears g.m, then m.curg,
 * after the status has changed; coroswitch_m does the same one after the other. So a g.m that names an M whose m.curg is another
 * is never seen, nor is one that runs without an M. synctest.Run clears m.curg for a moment. A new M is on the list before it
 * has g0 (allocm), and leaves it without gsignal (mexit). An M takes a P before the P takes the M (wirep). */
#include "analyzer/state/state.h"

#include <stdlib.h>

enum { WORD = 8, BITS = 64, P_LIMIT = 1 << 12 };

struct links {
	struct analysis *analysis;
	struct go_runtime *runtime;
	const struct machine **by_address; /* ascending */
	int32_t *claims;    /* per M: the goroutine whose g.m names it, -1: none, -2: several */
	uint64_t *processors; /* runtime.allp */
	uint64_t *owners;     /* of each: p.m */
	size_t processor_count;
};

static int by_address(const void *a, const void *b)
{
	const struct machine *x = *(const struct machine *const *)a, *y = *(const struct machine *const *)b;

	return (x->address > y->address) - (x->address < y->address);
}

static const struct machine *machine_at(const struct links *links, uint64_t address)
{
	const struct machine key = {.address = address}, *wanted = &key;
	const struct machine **found = NULL;

	if (links->runtime->machines.count)
		found = bsearch(&wanted, links->by_address, links->runtime->machines.count, sizeof *links->by_address, by_address);
	return found ? *found : NULL;
}

static size_t machine_index(const struct links *links, const struct machine *m)
{
	return (size_t)(m - links->runtime->machines.items);
}

static bool is_on_cpu(const struct goroutine *g)
{
	return g->status == G_RUNNING || g->status == G_SYSCALL;
}

static struct state_word *trouble_of_machine(const struct links *links, enum state_trouble trouble, const struct machine *m)
{
	struct state_word *word = state_trouble(links->analysis, trouble, m->address);

	if (word)
		word->machine = (int32_t)machine_index(links, m);
	return word;
}

static uint64_t field_address(const struct links *links, uint64_t object, enum layout_field field)
{
	return object + links->runtime->layout->offset[field];
}

static bool is_g(const struct links *links, uint64_t address)
{
	uint64_t self;

	return goroutine_by_address(links->runtime, address) ||
	       (address % WORD == 0 && go_field(links->runtime, address, LAYOUT_g_sched_g, &self) && self == address);
}

/* Whether an address certainly holds no g: unreadable for other reasons than that the dump left it out does not count. */
static bool is_no_g(const struct links *links, uint64_t address)
{
	uint8_t byte;

	return address % WORD || image_read(links->runtime->image, address, &byte, 1) == MEM_UNMAPPED ||
	       (image_read(links->runtime->image, address, &byte, 1) == MEM_OK && !is_g(links, address));
}

/* The M that runs a goroutine is the one whose m.curg says so; otherwise none, unless its status says that there is one. */
static void expect_machine(const struct links *links, struct state_word *word, const struct goroutine *g)
{
	if (!word)
		return;
	if (g->machine >= 0) {
		const struct machine *m = &links->runtime->machines.items[g->machine];

		state_expect(word, m->address);
		word->witness = field_address(links, m->address, LAYOUT_m_curg);
	} else if (!is_on_cpu(g)) {
		state_expect(word, 0);
	}
}

/* An M that a goroutine names has it for its m.curg, or synctest.Run is at work. */
static void check_claim(const struct links *links, size_t index, const struct machine *m)
{
	const struct goroutine *g = &links->runtime->goroutines.items[index];
	uint64_t bubble = 0, back;
	struct state_word *word;

	if (m->curg == g->address ||
	    (!m->curg && go_field(links->runtime, g->address, LAYOUT_g_syncGroup, &bubble) && bubble))
		return;
	if (g->machine >= 0 || (m->curg && go_field(links->runtime, m->curg, LAYOUT_g_m, &back) && back == m->address &&
				is_g(links, m->curg))) {
		expect_machine(links, state_trouble_of(links->analysis, STATE_G_M, index), g);
		return;
	}
	word = trouble_of_machine(links, STATE_M_CURG, m);
	if (!word)
		return;
	word->goroutine = (int32_t)index;
	word->witness = field_address(links, g->address, LAYOUT_g_m);
	if (links->claims[machine_index(links, m)] == (int32_t)index)
		state_expect(word, g->address);
}

/* Whether an address certainly holds no M, of a list that is not known whole. */
static bool is_no_machine(const struct links *links, uint64_t address)
{
	uint64_t g0, back;
	uint8_t byte;

	if (address % WORD || image_read(links->runtime->image, address, &byte, 1) == MEM_UNMAPPED)
		return true;
	return go_field(links->runtime, address, LAYOUT_m_g0, &g0) && g0 && go_field(links->runtime, g0, LAYOUT_g_m, &back) &&
	       back != address;
}

static void check_goroutine(const struct links *links, size_t index)
{
	const struct goroutine *g = &links->runtime->goroutines.items[index];
	const struct machine *m = g->m ? machine_at(links, g->m) : NULL;
	struct state_word *word;

	if (m) {
		check_claim(links, index, m);
	} else if (g->m && (links->runtime->machines_complete || is_no_machine(links, g->m))) {
		expect_machine(links, state_trouble_of(links->analysis, STATE_G_M, index), g);
	} else if (!g->m && is_on_cpu(g) && g->machine >= 0) {
		expect_machine(links, state_trouble_of(links->analysis, STATE_G_M, index), g);
	} else if (!g->m && is_on_cpu(g)) {
		word = state_trouble_of(links->analysis, STATE_STATUS_RUNS, index);
		if (word)
			word->witness = field_address(links, g->address, LAYOUT_g_m);
	}
}

/* m.g0 or m.gsignal; 0 is for Ms that begin or end. */
static void check_own_g(const struct links *links, const struct machine *m, enum state_trouble trouble, uint64_t g)
{
	struct go_runtime *runtime = links->runtime;
	uint64_t back = 0, found = 0;
	struct state_word *word;
	uint8_t byte;

	if ((!g && !(m->curg && m->procid && runtime->image->os == OS_LINUX)) ||
	    (go_field(runtime, g, LAYOUT_g_m, &back) && (back == m->address || (!back && !m->procid))) ||
	    (g % WORD == 0 && image_read(runtime->image, g, &byte, 1) != MEM_UNMAPPED && !go_field(runtime, g, LAYOUT_g_m, &back)))
		return;
	word = trouble_of_machine(links, trouble, m);
	for (unsigned bit = 0; bit < BITS; bit++) {
		uint64_t other = g ^ (uint64_t)1 << bit;

		if (!go_field(runtime, other, LAYOUT_g_m, &back) || back != m->address || other == m->curg || other == m->g0 ||
		    other == m->gsignal)
			continue;
		if (found)
			return;
		found = other;
	}
	if (found)
		state_expect(word, found);
}

static void check_current(const struct links *links, const struct machine *m)
{
	const int32_t claimed = links->claims[machine_index(links, m)];
	struct state_word *word;
	uint8_t extra = 0;

	if (!m->curg || claimed != -1 || !is_no_g(links, m->curg)) /* one that is claimed has been looked at */
		return;
	word = trouble_of_machine(links, STATE_M_CURG_NONE, m);
	if (!go_field8(links->runtime, m->address, LAYOUT_m_isextra, &extra) || !extra) /* those keep a dead one */
		state_expect(word, 0);
}

/* The P that names the M, if just one does, else none. */
static void check_processor(const struct links *links, const struct machine *m)
{
	struct go_runtime *runtime = links->runtime;
	uint64_t p, found = 0;
	struct state_word *word;

	if (!links->processor_count || !go_field(runtime, m->address, LAYOUT_m_p, &p) || !p)
		return;
	for (size_t i = 0; i < links->processor_count; i++) {
		if (links->processors[i] == p || (links->owners[i] == m->address && found))
			return;
		if (links->owners[i] == m->address)
			found = links->processors[i];
	}
	word = trouble_of_machine(links, STATE_M_P, m);
	state_expect(word, found);
	if (word && found)
		word->witness = field_address(links, found, LAYOUT_p_m);
}

/* 1: names its thread; 0: does not; -1: that cannot be said. A thread that has just begun has not set m.procid yet, Windows does
 * not before Go 1.21; Ms for C's threads may keep that of one that is gone. */
static int thread_id_fits(struct go_runtime *runtime, const struct machine *m)
{
	uint8_t extra = 0;

	if (!m->procid && !(m->curg && m->thread >= 0 && runtime->image->os == OS_LINUX))
		return -1;
	if (m->thread >= 0)
		return runtime->image->threads.items[m->thread].id == m->procid;
	if (word_map_find(&runtime->threads_by_id, (uint64_t)m->procid) >= 0 || !go_field8(runtime, m->address, LAYOUT_m_isextra, &extra) || extra)
		return -1;
	return 0;
}

/* The only thread that no M has; -1: none, or several. */
static int32_t thread_left(const struct go_runtime *runtime)
{
	bool *taken = arena_array(runtime->arena, runtime->image->threads.count + 1, sizeof *taken);
	int32_t found = -1;

	for (size_t k = 0; k < runtime->machines.count; k++)
		if (runtime->machines.items[k].thread >= 0)
			taken[runtime->machines.items[k].thread] = true;
	for (size_t i = 0; i < runtime->image->threads.count; i++) {
		if (!taken[i] && found >= 0)
			return -1;
		if (!taken[i])
			found = (int32_t)i;
	}
	return found;
}

/* m.procid is the thread's number, in the eyes of whoever wrote the dump; where that is not so for most, it means nothing. */
static void check_thread_ids(const struct links *links)
{
	struct go_runtime *runtime = links->runtime;
	const struct machine *wrong = NULL;
	struct state_word *word;
	size_t right = 0, others = 0;
	int32_t thread;

	for (size_t i = 0; i < runtime->machines.count; i++) {
		const int fit = thread_id_fits(runtime, &runtime->machines.items[i]);

		right += fit == 1;
		others += !fit;
		if (!fit)
			wrong = &runtime->machines.items[i];
	}
	if (!wrong || others != 1 || right <= others)
		return;
	word = trouble_of_machine(links, STATE_M_PROCID, wrong);
	thread = wrong->thread >= 0 ? wrong->thread : thread_left(runtime);
	if (thread >= 0)
		state_expect(word, (uint64_t)runtime->image->threads.items[thread].id);
}

static void find_processors(struct links *links)
{
	struct go_runtime *runtime = links->runtime;
	const uint64_t allp = runtime->globals.allp;
	uint64_t list, count;

	if (!allp || !image_u64(runtime->image, allp, &list) || !image_u64(runtime->image, allp + 2 * WORD, &count) ||
	    count > P_LIMIT)
		return;
	links->processors = arena_array(runtime->arena, count + 1, sizeof *links->processors);
	links->owners = arena_array(runtime->arena, count + 1, sizeof *links->owners);
	for (uint64_t i = 0; i < count; i++) {
		const size_t at = links->processor_count;
		uint64_t *p = &links->processors[at];

		if (!image_u64(runtime->image, list + WORD * i, p) ||
		    (*p && !go_field(runtime, *p, LAYOUT_p_m, &links->owners[at]))) {
			links->processor_count = 0;
			return;
		}
		links->processor_count += *p != 0; /* beyond its length there may be none */
	}
}

static void find_claims(struct links *links)
{
	struct go_runtime *runtime = links->runtime;

	links->by_address = arena_array(runtime->arena, runtime->machines.count + 1, sizeof *links->by_address);
	links->claims = arena_array(runtime->arena, runtime->machines.count + 1, sizeof *links->claims);
	for (size_t i = 0; i < runtime->machines.count; i++) {
		links->by_address[i] = &runtime->machines.items[i];
		links->claims[i] = -1;
	}
	qsort(links->by_address, runtime->machines.count, sizeof *links->by_address, by_address);
	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const struct machine *m = runtime->goroutines.items[i].m ? machine_at(links, runtime->goroutines.items[i].m) : NULL;

		if (m)
			links->claims[machine_index(links, m)] = links->claims[machine_index(links, m)] == -1 ? (int32_t)i : -2;
	}
}

const struct links *state_links(struct analysis *analysis)
{
	struct links *links;

	if (!analysis->runtime->machines.count)
		return NULL;
	links = arena_alloc(analysis->arena, sizeof *links);
	links->analysis = analysis;
	links->runtime = analysis->runtime;
	find_claims(links);
	find_processors(links);
	return links;
}

void state_check_link(struct analysis *analysis, size_t index)
{
	struct links links;

	if (!analysis->state_facts->links)
		return;
	links = *analysis->state_facts->links;
	links.analysis = analysis; /* perhaps that of a trial */
	links.runtime = analysis->runtime;
	check_goroutine(&links, index);
}

void state_check_machines(struct analysis *analysis)
{
	const struct links *links = analysis->state_facts->links;
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; links && i < runtime->machines.count; i++) {
		check_own_g(links, &runtime->machines.items[i], STATE_M_G0, runtime->machines.items[i].g0);
		check_own_g(links, &runtime->machines.items[i], STATE_M_GSIGNAL, runtime->machines.items[i].gsignal);
		check_current(links, &runtime->machines.items[i]);
		check_processor(links, &runtime->machines.items[i]);
	}
	if (links)
		check_thread_ids(links);
}
