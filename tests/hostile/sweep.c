/* sweep.c: analyses one dump over and over, each time damaged in one place: cut short at every boundary of its headers
 * and at every page, or with one byte of its headers, notes or streams, Go tables or executable
 * changed.
 *
 *     sweep DUMP EXE EXPECT.json STRIDE                takes every STRIDE-th damage of a kind, header boundaries all
 *     sweep DUMP EXE EXPECT.json SEED CUTS FLIPS       so many of each, drawn by the seed; also of the words and structures
 *                                                      that the sound dump's findings rest on. EXE "-": none
 *
 * No run may crash, hang, use much memory, or call something certain that EXPECT.json does not, nor the sound dump. Each runs in-process on
 * a memfd, in a child that may die: the parent notes what killed it and goes on after it. Prints TAP. */
#include "formats/archive/archive.h"
#include "golang/runtime.h"
#include "lib/tornstack.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	PE_HEADERS = 1024,
	HEADERS_LIMIT = 64 << 10,
	PCLNTAB_HEADER = 72,
	MODULEDATA = 640, /* no release's is larger */
	BUILDINFO = 64,
	RUN_SECONDS = 60,
	MEMORY_LIMIT_KIB = 1 << 20,
	WORKERS_LIMIT = 16,
	SHOWN_LIMIT = 20,
	MEMORY_EXIT = 3,
};

enum file { DUMP, EXE, FILES };

enum kind { CUT_AT_HEADER, CUT_AT_PAGE, FLIP_HEADER, FLIP_NOTE, FLIP_MODULEDATA, FLIP_PCLNTAB, FLIP_EXE, FLIP_PROOF, KINDS };

static const char *const kind_names[] = {
	[CUT_AT_HEADER] = "cut at a header boundary",
	[CUT_AT_PAGE] = "cut at a page",
	[FLIP_HEADER] = "a byte of the headers changed",
	[FLIP_NOTE] = "a byte of the notes, or streams, changed",
	[FLIP_MODULEDATA] = "a byte of moduledata changed",
	[FLIP_PCLNTAB] = "a byte of the pclntab header changed",
	[FLIP_EXE] = "a byte of the executable's headers or tables changed",
	[FLIP_PROOF] = "a byte of what the findings rest on changed",
};

struct damage {
	enum kind kind;
	enum file file;
	uint64_t offset;
	uint8_t mask; /* 0: cut */
	uint64_t address; /* FLIP_PROOF: of the word in the process; else 0 */
};

struct tally {
	size_t runs, analysed, failed;
};

/* Seen by all processes. */
struct shared {
	struct tally tally[KINDS];
	double slowest;
	size_t at[WORKERS_LIMIT]; /* index in sweep.damages of the run under way */
};

struct sweep {
	struct arena *arena;
	struct span original[FILES];
	VEC(struct damage) damages;
	json_t *expect, *sound; /* the truth, and what is said of the undamaged dump */
	struct shared *shared;
	int descriptor[FILES]; /* this worker's copies */
	bool cut;
	size_t workers;
	uint64_t last_promised; /* where the dump's last segment ends */
};

/* --- what to damage ------------------------------------------------------------------------------ */

static void add(struct sweep *sweep, enum kind kind, enum file file, uint64_t offset, uint8_t mask)
{
	if (offset < sweep->original[file].size)
		vec_push(sweep->arena, &sweep->damages, (struct damage){kind, file, offset, mask, 0});
}

/* All bits of each byte, and one bit, another in each. */
static void add_flips(struct sweep *sweep, enum kind kind, enum file file, uint64_t start, uint64_t size)
{
	for (uint64_t i = start; i < start + size; i++) {
		add(sweep, kind, file, i, 0xff);
		add(sweep, kind, file, i, (uint8_t)(1u << (i * 5 % 8)));
	}
}

static void add_cut(struct sweep *sweep, uint64_t offset)
{
	add(sweep, CUT_AT_HEADER, DUMP, offset, 0);
	if (offset)
		add(sweep, CUT_AT_HEADER, DUMP, offset - 1, 0);
}

struct program_headers {
	uint64_t offset, size, count;
};

static struct program_headers program_headers(struct span bytes)
{
	return (struct program_headers){span_u64(bytes, 32), span_u16(bytes, 54), span_u16(bytes, 56)};
}

static void cut_notes(struct sweep *sweep, struct span bytes, uint64_t start, uint64_t size)
{
	for (uint64_t at = start; at + 12 <= start + size;) {
		uint64_t name = (span_u32(bytes, at) + 3u) & ~3u;
		uint64_t desc = (span_u32(bytes, at + 4) + 3u) & ~3u;

		add_cut(sweep, at);
		add_cut(sweep, at + 12);
		add_cut(sweep, at + 12 + name);
		at += 12 + name + desc;
	}
}

static bool is_minidump(struct span bytes)
{
	return bytes.size >= 4 && !memcmp(bytes.data, "MDMP", 4);
}

/* Where the memory of a minidump begins, behind its streams. */
static uint64_t minidump_head(struct span bytes)
{
	uint32_t directory = span_u32(bytes, 12);

	for (uint64_t i = 0; i < span_u32(bytes, 8); i++)
		if (span_u32(bytes, directory + 12 * i) == 9) /* Memory64ListStream */
			return span_u64(bytes, span_u32(bytes, directory + 12 * i + 8) + 8u);
	return bytes.size;
}

static void cut_minidump(struct sweep *sweep)
{
	struct span bytes = sweep->original[DUMP];
	uint32_t directory = span_u32(bytes, 12);

	for (uint64_t i = 0; i < span_u32(bytes, 8); i++) {
		uint64_t entry = directory + 12 * i;

		add_cut(sweep, entry);
		add_cut(sweep, span_u32(bytes, entry + 8));
		add_cut(sweep, (uint64_t)span_u32(bytes, entry + 8) + span_u32(bytes, entry + 4));
	}
	for (uint64_t at = 0; at < bytes.size; at += PAGE)
		add(sweep, CUT_AT_PAGE, DUMP, at, 0);
	sweep->last_promised = bytes.size;
}

static void cut_core(struct sweep *sweep)
{
	struct span bytes = sweep->original[DUMP];
	struct program_headers table = program_headers(bytes);

	for (uint64_t i = 0; i <= table.count; i++)
		add_cut(sweep, table.offset + i * table.size);
	add_cut(sweep, 0);
	add_cut(sweep, 16);
	add_cut(sweep, 64);
	for (uint64_t i = 0; i < table.count; i++) {
		uint64_t header = table.offset + i * table.size;
		uint64_t start = span_u64(bytes, header + 8), size = span_u64(bytes, header + 32);

		add_cut(sweep, start);
		add_cut(sweep, start + size);
		if (span_u32(bytes, header) == 4)
			cut_notes(sweep, bytes, start, size);
		if (size && start + size > sweep->last_promised)
			sweep->last_promised = start + size;
	}
	for (uint64_t at = 0; at < bytes.size; at += PAGE)
		add(sweep, CUT_AT_PAGE, DUMP, at, 0);
}

/* ELF header, program headers and notes of a file, as far as they lie in its first 64 KiB. */
static void flip_headers(struct sweep *sweep, enum file file)
{
	struct span bytes = span_slice(sweep->original[file], 0, HEADERS_LIMIT);
	struct program_headers table;
	uint32_t streams;

	if (!bytes.size)
		bytes = sweep->original[file];
	if (span_u16(bytes, 0) == 0x5a4d) { /* MZ */
		add_flips(sweep, FLIP_EXE, EXE, 0, PE_HEADERS);
		return;
	}
	if (is_minidump(bytes)) {
		streams = span_u32(bytes, 12) + 12 * span_u32(bytes, 8);
		add_flips(sweep, FLIP_HEADER, DUMP, 0, streams);
		add_flips(sweep, FLIP_NOTE, DUMP, streams, minidump_head(sweep->original[DUMP]) - streams);
		return;
	}
	table = program_headers(bytes);
	add_flips(sweep, file == EXE ? FLIP_EXE : FLIP_HEADER, file, 0, 64);
	add_flips(sweep, file == EXE ? FLIP_EXE : FLIP_HEADER, file, table.offset,
		  span_slice(bytes, table.offset, table.count * table.size).size);
	for (uint64_t i = 0; i < table.count; i++) {
		uint64_t header = table.offset + i * table.size, start = span_u64(bytes, header + 8);
		uint64_t size = span_u64(bytes, header + 32);

		if (span_u32(bytes, header) == 4 && start < bytes.size)
			add_flips(sweep, file == EXE ? FLIP_EXE : FLIP_NOTE, file, start,
				  size < bytes.size - start ? size : bytes.size - start);
	}
}

/* The dump's bytes at a run-time address. */
static void flip_memory(struct sweep *sweep, struct image *image, enum kind kind, uint64_t address, uint64_t size)
{
	const struct segment *segment = image_segment(image, address);
	uint64_t within = segment ? address - segment->address : 0;

	if (segment && within < segment->saved.size)
		add_flips(sweep, kind, DUMP, (uint64_t)(segment->saved.data - image->bytes.data) + within, size);
}

static void flip_section(struct sweep *sweep, const struct exe *exe, const char *name, uint64_t size)
{
	const struct section *section = exe_section(exe, name);

	if (section && section->bytes.size >= size)
		add_flips(sweep, FLIP_EXE, EXE, (uint64_t)(section->bytes.data - exe->bytes.data), size);
}

/* ---- what the findings rest on ---- */

/* Words of memory from an address on, if the dump holds them. */
static void flip_words(struct sweep *sweep, struct image *image, uint64_t address, uint64_t count)
{
	for (uint64_t at = address & ~UINT64_C(7); count; at += 8, count--) {
		const size_t before = sweep->damages.count;

		flip_memory(sweep, image, FLIP_PROOF, at, 8);
		for (size_t i = before; i < sweep->damages.count; i++)
			sweep->damages.items[i].address = at;
	}
}

/* The g, its M, and its stack from where it stood on. */
static void flip_goroutine(struct sweep *sweep, struct go_runtime *runtime, const struct goroutine *g)
{
	enum { STACK_WORDS = 256, M_WORDS = 64 };

	flip_words(sweep, runtime->image, g->address, runtime->layout->offset[LAYOUT_g_size] / 8);
	if (g->m)
		flip_words(sweep, runtime->image, g->m, M_WORDS);
	flip_words(sweep, runtime->image, g->sched_sp, STACK_WORDS);
}

static uint64_t number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) ? strtoull(json_string_value(value), NULL, 16) : (uint64_t)json_integer_value(value);
}

/* Every word that the findings cite, and the goroutines that they name; of a healthy process, the first ones. */
static void flip_proof(struct sweep *sweep, struct go_runtime *runtime)
{
	enum { HEALTHY_GOROUTINES = 4 };
	const json_t *finding, *evidence;
	size_t i, j;

	json_array_foreach(json_object_get(sweep->sound, "findings"), i, finding) {
		json_array_foreach(json_object_get(finding, "evidence"), j, evidence)
			flip_words(sweep, runtime->image, number_of(evidence, "address"), 1);
		for (size_t g = 0; g < runtime->goroutines.count; g++)
			if (runtime->goroutines.items[g].id == number_of(finding, "goroutine"))
				flip_goroutine(sweep, runtime, &runtime->goroutines.items[g]);
	}
	for (size_t g = 0; !i && g < runtime->goroutines.count && g < HEALTHY_GOROUTINES; g++)
		flip_goroutine(sweep, runtime, &runtime->goroutines.items[g]);
}

struct model {
	struct sweep *sweep;
	const char *dump, *exe;
};

/* Where Go's own tables are, from a sound analysis. */
static void flip_tables(void *context)
{
	struct model *model = context;
	struct arena *arena = model->sweep->arena;
	struct notes notes = {.arena = arena};
	const char *given[] = {model->exe, NULL};
	struct exe_search search = {.given = *model->exe == '-' ? NULL : given};
	struct exe_candidate found = {0};
	struct image *image;
	struct go_runtime *runtime;

	if (image_open(arena, &notes, model->dump, &(struct file_options){0}, &image) ||
	    locate_exe(image, &search, &found))
		return;
	runtime = go_runtime_load(image, &found);
	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];

		flip_memory(model->sweep, image, FLIP_MODULEDATA, module->address, MODULEDATA);
		flip_memory(model->sweep, image, FLIP_PCLNTAB, module->pclntab.address, PCLNTAB_HEADER);
	}
	if (model->sweep->sound && runtime->layout)
		flip_proof(model->sweep, runtime);
	if (!found.exe)
		return;
	flip_section(model->sweep, found.exe, ".gopclntab", PCLNTAB_HEADER);
	flip_section(model->sweep, found.exe, ".go.buildinfo", BUILDINFO);
}

/* Cuts first and longest first, so that a worker's copy only ever shrinks until the flips begin. */
static int by_order(const void *a, const void *b)
{
	const struct damage *x = a, *y = b;

	if (!x->mask != !y->mask)
		return x->mask ? 1 : -1;
	if (!x->mask && x->offset != y->offset)
		return x->offset < y->offset ? 1 : -1;
	return 0;
}

/* --- one run ------------------------------------------------------------------------------------- */

static void fill(struct sweep *sweep, enum file file)
{
	struct span bytes = sweep->original[file];
	int fd = sweep->descriptor[file];

	if (ftruncate(fd, (off_t)bytes.size))
		abort();
	for (size_t at = 0; at < bytes.size;) {
		ssize_t n = pwrite(fd, bytes.data + at, bytes.size - at, (off_t)at);

		if (n <= 0)
			abort();
		at += (size_t)n;
	}
}

static void put(struct sweep *sweep, const struct damage *damage, uint8_t mask)
{
	uint8_t byte = sweep->original[damage->file].data[damage->offset] ^ mask;

	if (pwrite(sweep->descriptor[damage->file], &byte, 1, (off_t)damage->offset) != 1)
		abort();
}

static void inflict(struct sweep *sweep, const struct damage *damage)
{
	if (!damage->mask) {
		sweep->cut = true;
		if (ftruncate(sweep->descriptor[DUMP], (off_t)damage->offset))
			abort();
		return;
	}
	if (sweep->cut)
		fill(sweep, DUMP);
	sweep->cut = false;
	put(sweep, damage, damage->mask);
}

/* A finding may leave out what it could not see; what it says must be true. */
static bool holds(const json_t *finding, const json_t *truth)
{
	static const char *const keys[] = {"goroutine", "function", "pc",        "observed",
					   "repaired",  "sp_error", "caller_pc", "caller_sp"};

	if (!json_equal(json_object_get(finding, "rule"), json_object_get(truth, "rule")))
		return false;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const json_t *said = json_object_get(finding, keys[i]), *want = json_object_get(truth, keys[i]);

		if (want && said && !json_is_null(said) && !json_equal(said, want))
			return false;
	}
	return true;
}

/* A finding that names the very word that was changed tells the truth. */
static bool is_named(const struct damage *damage, const json_t *finding)
{
	return damage->address && number_of(finding, "slot") == damage->address;
}

static bool is_true(const struct sweep *sweep, const struct damage *damage, const json_t *finding)
{
	static const char *const lists[] = {"also", "may"};
	const json_t *truth;
	size_t i;

	if (holds(finding, sweep->expect) || is_named(damage, finding))
		return true;
	json_array_foreach(json_object_get(sweep->sound, "findings"), i, truth)
		if (!strcmp(json_string_value(json_object_get(truth, "certainty")), "certain") && holds(finding, truth))
			return true;
	for (size_t list = 0; list < 2; list++)
		json_array_foreach(json_object_get(sweep->expect, lists[list]), i, truth)
			if (holds(finding, truth))
				return true;
	return false;
}

/* What is wrong with a report, or NULL. */
static const char *judge(const struct sweep *sweep, const struct damage *damage, const json_t *report)
{
	const json_t *truncated = json_object_get(json_object_get(report, "input"), "truncated"), *finding;
	size_t i;

	if (!report)
		return "the report is not JSON";
	json_array_foreach(json_object_get(report, "findings"), i, finding) {
		const char *certainty = json_string_value(json_object_get(finding, "certainty"));

		if (certainty && !strcmp(certainty, "certain") && !is_true(sweep, damage, finding))
			return json_string_value(json_object_get(finding, "title"));
	}
	if (!damage->mask && damage->offset < sweep->last_promised &&
	    (!json_is_true(truncated) || !json_array_size(json_object_get(report, "notes"))))
		return "nothing says that the dump is cut short";
	return NULL;
}

static void complain(struct sweep *sweep, const struct damage *damage, const char *what)
{
	size_t before = __atomic_fetch_add(&sweep->shared->tally[damage->kind].failed, 1, __ATOMIC_RELAXED);

	if (before < SHOWN_LIMIT)
		printf("# %s of %s at %#llx, mask %#x: %s\n", damage->mask ? "flip" : "cut",
		       damage->file == DUMP ? "dump" : "exe", (unsigned long long)damage->offset, damage->mask, what);
	fflush(stdout);
}

static void analyse(struct sweep *sweep, const struct damage *damage)
{
	char dump[64], exe[64], *text = NULL;
	const char *executables[] = {exe, NULL};
	struct ts_options options = {.executables = sweep->original[EXE].size ? executables : NULL, .format = TS_JSON};
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct ts_result result;

	snprintf(dump, sizeof dump, "/proc/self/fd/%d", sweep->descriptor[DUMP]);
	snprintf(exe, sizeof exe, "/proc/self/fd/%d", sweep->descriptor[EXE]);
	result = ts_analyze(dump, &options, out);
	fclose(out);
	if (result.outcome == TS_FAILED) {
		if (size || !result.error[0] || !result.error_code[0])
			complain(sweep, damage, "fails with output, or without a reason");
	} else {
		json_t *report = json_loadb(text, size, 0, NULL);
		const char *wrong = judge(sweep, damage, report);

		if (wrong)
			complain(sweep, damage, wrong);
		json_decref(report);
		__atomic_fetch_add(&sweep->shared->tally[damage->kind].analysed, 1, __ATOMIC_RELAXED);
	}
	free(text);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void one_run(struct sweep *sweep, const struct damage *damage)
{
	struct rusage usage;
	double start = now();

	inflict(sweep, damage);
	alarm(RUN_SECONDS);
	analyse(sweep, damage);
	alarm(0);
	if (damage->mask)
		put(sweep, damage, 0);
	if (now() - start > sweep->shared->slowest)
		sweep->shared->slowest = now() - start;
	getrusage(RUSAGE_SELF, &usage);
	if (usage.ru_maxrss > MEMORY_LIMIT_KIB)
		_exit(MEMORY_EXIT);
}

/* --- workers ------------------------------------------------------------------------------------- */

/* Worker number `worker` runs every workers-th damage from `first` on. */
static _Noreturn void work(struct sweep *sweep, size_t worker, size_t first)
{
	for (enum file file = 0; file < FILES; file++) {
		sweep->descriptor[file] = memfd_create("sweep", 0);
		if (sweep->descriptor[file] < 0)
			abort();
		fill(sweep, file);
	}
	for (size_t i = first; i < sweep->damages.count; i += sweep->workers) {
		const struct damage *damage = &sweep->damages.items[i];

		sweep->shared->at[worker] = i;
		__atomic_fetch_add(&sweep->shared->tally[damage->kind].runs, 1, __ATOMIC_RELAXED);
		one_run(sweep, damage);
	}
	fflush(stdout);
	_exit(0);
}

static pid_t start(struct sweep *sweep, size_t worker, size_t first)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		abort();
	if (!pid)
		work(sweep, worker, first);
	return pid;
}

static void say_death(struct sweep *sweep, const struct damage *damage, int status)
{
	char text[80];

	if (WIFEXITED(status) && WEXITSTATUS(status) == MEMORY_EXIT)
		snprintf(text, sizeof text, "more than %d MiB of memory", MEMORY_LIMIT_KIB >> 10);
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(text, sizeof text, "still running after %d s", RUN_SECONDS);
	else
		snprintf(text, sizeof text, "died, wait status %#x", (unsigned)status);
	complain(sweep, damage, text);
}

static void run_all(struct sweep *sweep)
{
	pid_t pids[WORKERS_LIMIT];
	size_t alive = sweep->workers;

	for (size_t i = 0; i < sweep->workers; i++)
		pids[i] = start(sweep, i, i);
	while (alive) {
		int status;
		pid_t pid = wait(&status);

		for (size_t i = 0; i < sweep->workers; i++) {
			if (pids[i] != pid)
				continue;
			alive--;
			if (WIFEXITED(status) && !WEXITSTATUS(status))
				continue;
			say_death(sweep, &sweep->damages.items[sweep->shared->at[i]], status);
			if (sweep->shared->at[i] + sweep->workers >= sweep->damages.count)
				continue;
			pids[i] = start(sweep, i, sweep->shared->at[i] + sweep->workers);
			alive++;
		}
	}
}

/* --- the whole ----------------------------------------------------------------------------------- */

static void take_every(struct sweep *sweep, size_t stride)
{
	size_t kept = 0, seen[KINDS] = {0};

	for (size_t i = 0; i < sweep->damages.count; i++) {
		struct damage damage = sweep->damages.items[i];

		if (damage.kind == CUT_AT_HEADER || seen[damage.kind]++ % stride == 0)
			sweep->damages.items[kept++] = damage;
	}
	sweep->damages.count = kept;
}

/* A number that the seed and a damage alone decide: SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t drawn(uint64_t seed, const struct damage *damage)
{
	uint64_t z = (seed << 8 ^ damage->mask) + 0x9e3779b97f4a7c15 * (damage->offset * FILES + damage->file + 1);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t draw_seed;

static int by_lot(const void *a, const void *b)
{
	const uint64_t x = drawn(draw_seed, a), y = drawn(draw_seed, b);

	return (x > y) - (x < y);
}

/* So many cuts and flips, the latter as evenly from all kinds as there are. */
static void draw(struct sweep *sweep, uint64_t seed, size_t cuts, size_t flips)
{
	size_t present[KINDS] = {0}, taken[KINDS] = {0}, kinds = 0, kept = 0;

	for (size_t i = 0; i < sweep->damages.count; i++)
		kinds += !present[sweep->damages.items[i].kind]++ && sweep->damages.items[i].mask;
	draw_seed = seed;
	qsort(sweep->damages.items, sweep->damages.count, sizeof *sweep->damages.items, by_lot);
	for (size_t i = 0; i < sweep->damages.count; i++) {
		const struct damage damage = sweep->damages.items[i];

		if (taken[damage.kind] < (damage.mask ? flips / kinds : cuts / 2)) {
			taken[damage.kind]++;
			sweep->damages.items[kept++] = damage;
		}
	}
	sweep->damages.count = kept;
}

/* The undamaged dump's report. */
static json_t *analyse_sound(const char *dump, const char *exe)
{
	const char *executables[] = {exe, NULL};
	struct ts_options options = {.executables = *exe == '-' ? NULL : executables, .format = TS_JSON};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *report;

	ts_analyze(dump, &options, out);
	fclose(out);
	report = json_loadb(text, size, 0, NULL);
	free(text);
	return report;
}

struct arguments {
	struct sweep *sweep;
	char **argv;
	bool drawn;
	bool ready;
};

static void prepare(void *context)
{
	struct arguments *arguments = context;
	struct sweep *sweep = arguments->sweep;
	struct model model = {sweep, arguments->argv[1], arguments->argv[2]};

	for (enum file file = 0; file < FILES; file++) {
		struct file_bytes bytes;

		if (file == EXE && *arguments->argv[2] == '-')
			continue;
		if (file_map(sweep->arena, arguments->argv[1 + file], NULL, &bytes))
			return;
		sweep->original[file] = bytes.bytes;
	}
	(is_minidump(sweep->original[DUMP]) ? cut_minidump : cut_core)(sweep);
	flip_headers(sweep, DUMP);
	if (sweep->original[EXE].size)
		flip_headers(sweep, EXE);
	if (arguments->drawn)
		sweep->sound = analyse_sound(arguments->argv[1], arguments->argv[2]);
	flip_tables(&model);
	if (arguments->drawn)
		draw(sweep, strtoul(arguments->argv[4], NULL, 10), strtoul(arguments->argv[5], NULL, 10),
		     strtoul(arguments->argv[6], NULL, 10));
	qsort(sweep->damages.items, sweep->damages.count, sizeof *sweep->damages.items, by_order);
	if (!arguments->drawn)
		take_every(sweep, strtoul(arguments->argv[4], NULL, 10));
	arguments->ready = true;
}

static int print_tap(const struct shared *shared, bool sampled)
{
	int failed = 0;

	for (int kind = 0; kind < KINDS; kind++) {
		const struct tally *tally = &shared->tally[kind];
		bool bad = tally->failed || !tally->runs;

		/* The text segment of a qemu core holds no pclntab; then the executable's is what counts. */
		if (!tally->runs && (kind == FLIP_PCLNTAB || sampled || kind == FLIP_PROOF))
			continue;
		printf("%sok %d - %s: %zu runs, %zu gave a report\n", bad ? "not " : "", kind + 1, kind_names[kind],
		       tally->runs, tally->analysed);
		failed += bad;
	}
	printf("# slowest run %.1f s\n", shared->slowest);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct sweep sweep = {.arena = arena_new((size_t)4 << 30)};
	struct arguments arguments = {.sweep = &sweep, .argv = argv, .drawn = argc == 7};
	int status;

	if (argc != 5 && argc != 7) {
		fprintf(stderr, "usage: sweep DUMP EXE EXPECT.json STRIDE | SEED CUTS FLIPS\n");
		return 2;
	}
	sweep.workers = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (sweep.workers > WORKERS_LIMIT)
		sweep.workers = WORKERS_LIMIT;
	sweep.expect = json_load_file(argv[3], 0, NULL);
	sweep.shared = mmap(NULL, sizeof *sweep.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!sweep.expect || sweep.shared == MAP_FAILED || !arena_run(sweep.arena, prepare, &arguments) ||
	    !arguments.ready) {
		fprintf(stderr, "sweep: cannot read %s, %s and %s\n", argv[1], argv[2], argv[3]);
		return 2;
	}
	run_all(&sweep);
	status = print_tap(sweep.shared, arguments.drawn);
	json_decref(sweep.expect);
	json_decref(sweep.sound);
	arena_free(sweep.arena);
	return status;
}
