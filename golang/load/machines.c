/* machines.c: every runtime.m (runtime.allm, linked by alllink), and which thread of the dump it is. m.procid is the
 * thread's id (gettid, GetCurrentThreadId); where a release or a damaged M does not say (Windows before Go 1.21 never
 * does), the thread's own g does. */
#include "golang/load/load.h"

enum { MACHINE_LIMIT = 20000, WORD = 8 };

static void read_stack(struct go_runtime *runtime, uint64_t g, uint64_t *lo, uint64_t *hi)
{
	if (g && (!go_field(runtime, g, LAYOUT_g_stack_lo, lo) || !go_field(runtime, g, LAYOUT_g_stack_hi, hi)))
		*lo = *hi = 0;
}

static bool read_machine(struct go_runtime *runtime, uint64_t address, struct machine *m)
{
	uint64_t id;
	uint8_t incgo = 0;

	m->address = address;
	m->thread = -1;
	if (!go_field(runtime, address, LAYOUT_m_g0, &m->g0) || !go_field(runtime, address, LAYOUT_m_id, &id))
		return false;
	m->id = (int64_t)id;
	go_field(runtime, address, LAYOUT_m_procid, (uint64_t *)&m->procid);
	go_field(runtime, address, LAYOUT_m_gsignal, &m->gsignal);
	go_field(runtime, address, LAYOUT_m_curg, &m->curg);
	go_field(runtime, address, LAYOUT_m_vdsoPC, &m->vdso_pc);
	go_field(runtime, address, LAYOUT_m_vdsoSP, &m->vdso_sp);
	go_field32(runtime, address, LAYOUT_m_dying, (uint32_t *)&m->dying);
	go_field32(runtime, address, LAYOUT_m_throwing, (uint32_t *)&m->throwing);
	go_field32(runtime, address, LAYOUT_m_mallocing, (uint32_t *)&m->mallocing);
	go_field32(runtime, address, LAYOUT_m_locks, (uint32_t *)&m->locks);
	go_field8(runtime, address, LAYOUT_m_incgo, &incgo);
	m->incgo = incgo;
	read_stack(runtime, m->g0, &m->g0_lo, &m->g0_hi);
	read_stack(runtime, m->gsignal, &m->gsignal_lo, &m->gsignal_hi);
	if (m->g0) {
		go_field(runtime, m->g0, LAYOUT_g_sched_sp, &m->g0_sched_sp);
		go_field(runtime, m->g0, LAYOUT_g_sched_pc, &m->g0_sched_pc);
	}
	return true;
}

/* Whether an address is a g that its own M says it runs. */
static bool runs(struct go_runtime *runtime, uint64_t g)
{
	static const enum layout_field places[] = {LAYOUT_m_curg, LAYOUT_m_g0, LAYOUT_m_gsignal};
	uint64_t m, value;

	if (!g || g % WORD || !go_field(runtime, g, LAYOUT_g_m, &m))
		return false;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (go_field(runtime, m, places[i], &value) && value == g)
			return true;
	return false;
}

/* On Windows a slot for thread-local storage of the TEB, which TlsAlloc gave, or the field that is left for anyone's use
 * (runtime/sys_windows_GOARCH.s wintls, settls), holds g; on amd64 the address of m.tls[0], which does. */
static uint64_t teb_g(struct go_runtime *runtime, const struct thread *thread)
{
	enum { ARBITRARY_USER_POINTER = 0x28, TLS_SLOTS = 0x1480, TLS_COUNT = 64 };
	struct image *image = runtime->image;

	for (uint64_t i = 0; thread->teb && i <= TLS_COUNT; i++) {
		uint64_t slot = thread->teb + (i < TLS_COUNT ? TLS_SLOTS + WORD * i : ARBITRARY_USER_POINTER);
		uint64_t g;

		if (image_u64(image, slot, &g) && g && (image->arch->link_register || image_u64(image, g, &g)) &&
		    runs(runtime, g))
			return g;
	}
	return 0;
}

/* The g that a thread says it runs: in a register on arm64, at FS:-8 on linux/amd64 (runtime.tls_g, cmd/link). */
static uint64_t thread_g(struct go_runtime *runtime, const struct thread *thread)
{
	const struct arch *arch = runtime->image->arch;
	uint64_t base, g;

	if (runtime->image->os == OS_WINDOWS)
		return teb_g(runtime, thread);
	if (arch->link_register)
		return reg_get(&thread->registers, arch->g, &g) ? g : 0;
	if (reg_get(&thread->registers, arch->tls, &base) && image_u64(runtime->image, base - 8, &g))
		return g;
	return 0;
}

/* What threads are looked up by, and the Ms that were met; a dump may claim many of both. */
struct lookup {
	const uint64_t *gs;        /* of every thread; 0: unknown */
	struct word_map by_g;      /* threads, the first of each */
	struct word_map machines;  /* by address */
};

static struct lookup lookup_new(struct go_runtime *runtime)
{
	const struct image *image = runtime->image;
	uint64_t *gs = arena_array(runtime->arena, image->threads.count + 1, sizeof *gs);
	struct lookup lookup = {.gs = gs};

	runtime->threads_by_id = (struct word_map){0}; /* a second layout may be tried */
	for (size_t i = 0; i < image->threads.count; i++) {
		gs[i] = thread_g(runtime, &image->threads.items[i]);
		word_map_add(&runtime->threads_by_id, runtime->arena, (uint64_t)image->threads.items[i].id, (uint32_t)i);
		if (gs[i])
			word_map_add(&lookup.by_g, runtime->arena, gs[i], (uint32_t)i);
	}
	return lookup;
}

/* The first thread whose g is one of the M's; -1: none. */
static int32_t thread_of_gs(const struct machine *m, const struct lookup *lookup)
{
	const uint64_t gs[] = {m->g0, m->gsignal, m->curg};
	int64_t found = -1;

	for (size_t i = 0; found < 0 && i < sizeof gs / sizeof *gs; i++)
		found = gs[i] ? word_map_find(&lookup->by_g, gs[i]) : -1;
	return (int32_t)found;
}

/* By its id. Where that thread's g is another M's, and a g of this one is another thread's, the id is not what it was. */
static int32_t find_thread(const struct go_runtime *runtime, const struct machine *m, const struct lookup *lookup)
{
	const int32_t named = m->procid ? (int32_t)word_map_find(&runtime->threads_by_id, (uint64_t)m->procid) : -1;
	const uint64_t g = named < 0 ? 0 : lookup->gs[named];
	int32_t of_gs;

	if (named >= 0 && (!g || g == m->g0 || g == m->gsignal || g == m->curg))
		return named;
	of_gs = thread_of_gs(m, lookup);
	return of_gs >= 0 ? of_gs : named;
}

/* Appends an M; false: it was met already. */
static bool add_machine(struct go_runtime *runtime, struct lookup *lookup, const struct machine *m)
{
	if (!word_map_add(&lookup->machines, runtime->arena, m->address, (uint32_t)runtime->machines.count))
		return false;
	vec_push(runtime->arena, &runtime->machines, *m);
	return true;
}

/* goroutine.machine, for every M that runs one. */
static void join_goroutines(struct go_runtime *runtime)
{
	for (size_t i = 0; i < runtime->machines.count; i++) {
		uint64_t curg = runtime->machines.items[i].curg;
		struct goroutine *goroutine = curg ? goroutine_by_address(runtime, curg) : NULL;

		if (goroutine)
			goroutine->machine = (int32_t)i;
	}
}

/* The M of every thread that runs Go code is on the list; where one is not, the list was cut short or walked by wrong
 * offsets. g.m and m.g0, which point at each other, have never moved. */
static void add_missing(struct go_runtime *runtime, struct lookup *lookup)
{
	const struct image *image = runtime->image;
	size_t listed = runtime->machines.count;

	for (size_t i = 0; i < image->threads.count && runtime->machines.count < MACHINE_LIMIT; i++) {
		struct machine m = {0};
		uint64_t address, back;

		if (!lookup->gs[i] || !go_field(runtime, lookup->gs[i], LAYOUT_g_m, &address) || !address ||
		    word_map_find(&lookup->machines, address) >= 0 ||
		    !read_machine(runtime, address, &m) || !go_field(runtime, m.g0, LAYOUT_g_m, &back) || back != address)
			continue;
		m.thread = (int32_t)i;
		add_machine(runtime, lookup, &m);
	}
	runtime->machines_unlisted = listed ? runtime->machines.count - listed : 0;
}

void machines_load(struct go_runtime *runtime)
{
	struct lookup lookup;
	uint64_t address = 0;

	if (!runtime->layout)
		return;
	lookup = lookup_new(runtime);
	if (!runtime->globals.allm || !image_u64(runtime->image, runtime->globals.allm, &address))
		note_add(runtime->notes, "no thread list: runtime.allm was not found; which thread runs which goroutine is unknown");
	while (address && runtime->machines.count < MACHINE_LIMIT &&
	       word_map_find(&lookup.machines, address) < 0) {
		struct machine m = {0};

		if (!read_machine(runtime, address, &m)) {
			note_add(runtime->notes, "the list of Ms breaks off after %zu: the next is not in the dump",
				 runtime->machines.count);
			break;
		}
		m.thread = find_thread(runtime, &m, &lookup);
		add_machine(runtime, &lookup, &m);
		if (!go_field(runtime, address, LAYOUT_m_alllink, &address))
			break;
		runtime->machines_complete = !address;
	}
	add_missing(runtime, &lookup);
	join_goroutines(runtime);
}
