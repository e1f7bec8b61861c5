/* places.c: see places.h. */
#include "tests/hostile/harm/places.h"

#include "formats/archive/archive.h"
#include "golang/runtime.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGE = 4096,
	PE_HEADERS = 1024,
	HEADERS_LIMIT = 64 << 10,
	PCLNTAB_HEADER = 72,
	MODULEDATA = 640, /* no release's is larger */
	BUILDINFO = 64,
};

static void add(struct victim *victim, enum harm_kind kind, enum harmed_file file, uint64_t offset, uint8_t mask)
{
	if (offset < victim->original[file].size)
		vec_push(victim->arena, &victim->harms, (struct harm){kind, file, offset, mask, 0});
}

/* All bits of each byte, and one bit, another in each. */
static void add_flips(struct victim *victim, enum harm_kind kind, enum harmed_file file, uint64_t start, uint64_t size)
{
	for (uint64_t i = start; i < start + size; i++) {
		add(victim, kind, file, i, 0xff);
		add(victim, kind, file, i, (uint8_t)(1u << (i * 5 % 8)));
	}
}

static void add_cut(struct victim *victim, uint64_t offset)
{
	add(victim, CUT_AT_HEADER, DUMP, offset, 0);
	if (offset)
		add(victim, CUT_AT_HEADER, DUMP, offset - 1, 0);
}

struct program_headers {
	uint64_t offset, size, count;
};

static struct program_headers program_headers(struct span bytes)
{
	return (struct program_headers){span_u64(bytes, 32), span_u16(bytes, 54), span_u16(bytes, 56)};
}

static void cut_notes(struct victim *victim, struct span bytes, uint64_t start, uint64_t size)
{
	for (uint64_t at = start; at + 12 <= start + size;) {
		uint64_t name = (span_u32(bytes, at) + 3u) & ~3u;
		uint64_t desc = (span_u32(bytes, at + 4) + 3u) & ~3u;

		add_cut(victim, at);
		add_cut(victim, at + 12);
		add_cut(victim, at + 12 + name);
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

static void cut_minidump(struct victim *victim)
{
	struct span bytes = victim->original[DUMP];
	uint32_t directory = span_u32(bytes, 12);

	for (uint64_t i = 0; i < span_u32(bytes, 8); i++) {
		uint64_t entry = directory + 12 * i;

		add_cut(victim, entry);
		add_cut(victim, span_u32(bytes, entry + 8));
		add_cut(victim, (uint64_t)span_u32(bytes, entry + 8) + span_u32(bytes, entry + 4));
	}
	for (uint64_t at = 0; at < bytes.size; at += PAGE)
		add(victim, CUT_AT_PAGE, DUMP, at, 0);
	victim->last_promised = bytes.size;
}

static void cut_core(struct victim *victim)
{
	struct span bytes = victim->original[DUMP];
	struct program_headers table = program_headers(bytes);

	for (uint64_t i = 0; i <= table.count; i++)
		add_cut(victim, table.offset + i * table.size);
	add_cut(victim, 0);
	add_cut(victim, 16);
	add_cut(victim, 64);
	for (uint64_t i = 0; i < table.count; i++) {
		uint64_t header = table.offset + i * table.size;
		uint64_t start = span_u64(bytes, header + 8), size = span_u64(bytes, header + 32);

		add_cut(victim, start);
		add_cut(victim, start + size);
		if (span_u32(bytes, header) == 4)
			cut_notes(victim, bytes, start, size);
		if (size && start + size > victim->last_promised)
			victim->last_promised = start + size;
	}
	for (uint64_t at = 0; at < bytes.size; at += PAGE)
		add(victim, CUT_AT_PAGE, DUMP, at, 0);
}

/* ELF header, program headers and notes of a file, as far as they lie in its first 64 KiB. */
static void flip_headers(struct victim *victim, enum harmed_file file)
{
	struct span bytes = span_slice(victim->original[file], 0, HEADERS_LIMIT);
	struct program_headers table;
	uint32_t streams;

	if (!bytes.size)
		bytes = victim->original[file];
	if (span_u16(bytes, 0) == 0x5a4d) { /* MZ */
		add_flips(victim, FLIP_EXE, EXE, 0, PE_HEADERS);
		return;
	}
	if (is_minidump(bytes)) {
		streams = span_u32(bytes, 12) + 12 * span_u32(bytes, 8);
		add_flips(victim, FLIP_HEADER, DUMP, 0, streams);
		add_flips(victim, FLIP_NOTE, DUMP, streams, minidump_head(victim->original[DUMP]) - streams);
		return;
	}
	table = program_headers(bytes);
	add_flips(victim, file == EXE ? FLIP_EXE : FLIP_HEADER, file, 0, 64);
	add_flips(victim, file == EXE ? FLIP_EXE : FLIP_HEADER, file, table.offset,
		  span_slice(bytes, table.offset, table.count * table.size).size);
	for (uint64_t i = 0; i < table.count; i++) {
		uint64_t header = table.offset + i * table.size, start = span_u64(bytes, header + 8);
		uint64_t size = span_u64(bytes, header + 32);

		if (span_u32(bytes, header) == 4 && start < bytes.size)
			add_flips(victim, file == EXE ? FLIP_EXE : FLIP_NOTE, file, start,
				  size < bytes.size - start ? size : bytes.size - start);
	}
}

/* --- at run-time addresses ------------------------------------------------------------------------ */

/* The dump's bytes at an address. */
static void flip_memory(struct victim *victim, struct image *image, enum harm_kind kind, uint64_t address, uint64_t size)
{
	const struct segment *segment = image_segment(image, address);
	uint64_t within = segment ? address - segment->address : 0;

	if (segment && within < segment->saved.size)
		add_flips(victim, kind, DUMP, (uint64_t)(segment->saved.data - image->bytes.data) + within, size);
}

static void flip_section(struct victim *victim, const struct exe *exe, const char *name, uint64_t size)
{
	const struct section *section = exe_section(exe, name);

	if (section && section->bytes.size >= size)
		add_flips(victim, FLIP_EXE, EXE, (uint64_t)(section->bytes.data - exe->bytes.data), size);
}

/* ---- what the findings rest on ---- */

/* Words of memory from an address on, if the dump holds them. */
static void flip_words(struct victim *victim, struct image *image, uint64_t address, uint64_t count)
{
	for (uint64_t at = address & ~UINT64_C(7); count; at += 8, count--) {
		const size_t before = victim->harms.count;

		flip_memory(victim, image, FLIP_PROOF, at, 8);
		for (size_t i = before; i < victim->harms.count; i++)
			victim->harms.items[i].address = at;
	}
}

/* The g but for its number, by which findings name it; its M; and its stack from where it stood on. */
static void flip_goroutine(struct victim *victim, struct go_runtime *runtime, const struct goroutine *g)
{
	enum { STACK_WORDS = 256, M_WORDS = 64 };
	const uint64_t number = runtime->layout->offset[LAYOUT_g_goid];

	flip_words(victim, runtime->image, g->address, number / 8);
	flip_words(victim, runtime->image, g->address + number + 8, (runtime->layout->offset[LAYOUT_g_size] - number) / 8 - 1);
	if (g->m)
		flip_words(victim, runtime->image, g->m, M_WORDS);
	flip_words(victim, runtime->image, g->sched_sp, STACK_WORDS);
}

uint64_t number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) ? strtoull(json_string_value(value), NULL, 16) : (uint64_t)json_integer_value(value);
}

/* Every word that the findings cite, and the goroutines that they name; of a healthy process, the first ones. */
static void flip_proof(struct victim *victim, struct go_runtime *runtime, const json_t *sound)
{
	enum { HEALTHY_GOROUTINES = 4 };
	const json_t *finding, *evidence;
	size_t i, j;

	json_array_foreach(json_object_get(sound, "findings"), i, finding) {
		json_array_foreach(json_object_get(finding, "evidence"), j, evidence)
			flip_words(victim, runtime->image, number_of(evidence, "address"), 1);
		for (size_t g = 0; g < runtime->goroutines.count; g++)
			if (runtime->goroutines.items[g].id == number_of(finding, "goroutine"))
				flip_goroutine(victim, runtime, &runtime->goroutines.items[g]);
	}
	for (size_t g = 0; !i && g < runtime->goroutines.count && g < HEALTHY_GOROUTINES; g++)
		flip_goroutine(victim, runtime, &runtime->goroutines.items[g]);
}

/* Where Go's own tables are, from a sound analysis. */
static void flip_tables(struct victim *victim, const json_t *sound)
{
	struct notes notes = {.arena = victim->arena};
	const char *given[] = {victim->path[EXE], NULL};
	struct exe_search search = {.given = victim->original[EXE].size ? given : NULL};
	struct exe_candidate found = {0};
	struct image *image;
	struct go_runtime *runtime;

	if (image_open(victim->arena, &notes, victim->path[DUMP], &(struct file_options){0}, &image) ||
	    locate_exe(image, &search, &found))
		return;
	runtime = go_runtime_load(image, &found);
	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];

		flip_memory(victim, image, FLIP_MODULEDATA, module->address, MODULEDATA);
		flip_memory(victim, image, FLIP_PCLNTAB, module->pclntab.address, PCLNTAB_HEADER);
	}
	if (sound && runtime->layout)
		flip_proof(victim, runtime, sound);
	if (!found.exe)
		return;
	flip_section(victim, found.exe, ".gopclntab", PCLNTAB_HEADER);
	flip_section(victim, found.exe, ".go.buildinfo", BUILDINFO);
}

/* --- the whole ----------------------------------------------------------------------------------- */

bool victim_open(struct victim *victim)
{
	struct file_bytes bytes;

	for (enum harmed_file file = 0; file < HARMED_FILES; file++) {
		if (file == EXE && !strcmp(victim->path[EXE], "-"))
			continue;
		if (file_map(victim->arena, victim->path[file], NULL, &bytes))
			return false;
		victim->original[file] = bytes.bytes;
	}
	return true;
}

void harm_list(struct victim *victim, const json_t *sound)
{
	(is_minidump(victim->original[DUMP]) ? cut_minidump : cut_core)(victim);
	flip_headers(victim, DUMP);
	if (victim->original[EXE].size)
		flip_headers(victim, EXE);
	flip_tables(victim, sound);
}

static int by_order(const void *a, const void *b)
{
	const struct harm *x = a, *y = b;

	if (!x->mask != !y->mask)
		return x->mask ? 1 : -1;
	if (!x->mask && x->offset != y->offset)
		return x->offset < y->offset ? 1 : -1;
	return 0;
}

void harm_order(struct victim *victim)
{
	qsort(victim->harms.items, victim->harms.count, sizeof *victim->harms.items, by_order);
}

void harm_take_every(struct victim *victim, size_t stride)
{
	size_t kept = 0, seen[HARM_KINDS] = {0};

	for (size_t i = 0; i < victim->harms.count; i++) {
		struct harm harm = victim->harms.items[i];

		if (harm.kind == CUT_AT_HEADER || seen[harm.kind]++ % stride == 0)
			victim->harms.items[kept++] = harm;
	}
	victim->harms.count = kept;
}

/* A number that the seed and a damage alone decide: SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t drawn(uint64_t seed, const struct harm *harm)
{
	uint64_t z = (seed << 8 ^ harm->mask) + 0x9e3779b97f4a7c15 * (harm->offset * HARMED_FILES + harm->file + 1);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t draw_seed;

static int by_lot(const void *a, const void *b)
{
	const struct harm *one = a, *other = b;
	const uint64_t x = drawn(draw_seed, one), y = drawn(draw_seed, other);

	return x == y ? (int)other->kind - (int)one->kind : (x > y) - (x < y);
}

/* Several findings may rest on one word, and that may be one of a table. */
static bool is_same(const struct harm *one, const struct harm *other)
{
	return one->file == other->file && one->offset == other->offset && one->mask == other->mask;
}

bool harm_take(struct victim *victim, const struct harm *wanted)
{
	for (size_t i = 0; i < victim->harms.count; i++)
		if (is_same(&victim->harms.items[i], wanted)) {
			victim->harms.items[0] = victim->harms.items[i];
			victim->harms.count = 1;
			return true;
		}
	victim->harms.count = 0;
	add(victim, wanted->kind, wanted->file, wanted->offset, wanted->mask);
	return victim->harms.count;
}

static void keep_different(struct victim *victim)
{
	struct harm *items = victim->harms.items;
	size_t kept = 0;

	for (size_t i = 0; i < victim->harms.count; i++)
		if (!kept || !is_same(&items[i], &items[kept - 1]))
			items[kept++] = items[i];
	victim->harms.count = kept;
}

/* How many of each kind of flip make `flips`, where some kinds have less. */
static size_t share_of_each(const size_t present[HARM_KINDS], size_t flips)
{
	for (size_t share = 0;; share++) {
		size_t sum = 0, left = 0;

		for (enum harm_kind kind = FLIP_HEADER; kind < HARM_KINDS; kind++) {
			sum += present[kind] < share ? present[kind] : share;
			left += present[kind] > share;
		}
		if (sum >= flips || !left)
			return share;
	}
}

static void cut_at_points(struct victim *victim, size_t parts)
{
	const uint64_t size = victim->original[DUMP].size;

	for (size_t i = 1; i < parts; i++)
		add(victim, CUT_AT_POINT, DUMP, size / parts * i + size % parts * i / parts, 0);
}

void harm_draw(struct victim *victim, uint64_t seed, size_t cuts, size_t flips)
{
	size_t present[HARM_KINDS] = {0}, taken[HARM_KINDS] = {0}, kept = 0, share;

	draw_seed = seed;
	qsort(victim->harms.items, victim->harms.count, sizeof *victim->harms.items, by_lot);
	keep_different(victim);
	for (size_t i = 0; i < victim->harms.count; i++)
		present[victim->harms.items[i].kind]++;
	share = share_of_each(present, flips);
	for (size_t i = 0; i < victim->harms.count; i++) {
		const struct harm harm = victim->harms.items[i];

		if (taken[harm.kind] < (harm.mask ? share : cuts / 2)) {
			taken[harm.kind]++;
			victim->harms.items[kept++] = harm;
		}
	}
	victim->harms.count = kept;
	cut_at_points(victim, cuts);
}
