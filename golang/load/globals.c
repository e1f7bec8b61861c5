/* globals.c: the runtime's variables, from the code that uses them. Compilers address a global relative to the pc
 * (amd64) or in two halves, ADRP and a second instruction (arm64), so a function of known purpose gives its variables
 * away. The rules agree with the symbol tables of Go 1.18 to 1.27 on both CPUs, also of PIE, -race, cgo and -N -l
 * builds. */
#include "golang/load/globals.h"

#include "golang/code_refs.h"

#include <stddef.h>
#include <string.h>

enum {
	COUNT_LIMIT = 1 << 24,
	ARGUMENT_LIMIT = 1 << 20,
	BACKLOG_SIZE = 512,
	VERSION_LIMIT = 256
};

/* ---- rules ---- */

/* What functions refer to, to writable globals only; each is read once. */
struct reading {
	struct go_runtime *runtime;
	struct code_refs refs[ROLE_COUNT];
	bool read[ROLE_COUNT];
};

struct finder {
	struct go_runtime *runtime;
	struct reading *reading;
	const struct code_refs *refs; /* of the rule's function */
};

static bool is_global(const struct go_runtime *runtime, uint64_t address)
{
	for (size_t i = 0; i < runtime->modules.count; i++)
		if (address >= runtime->modules.items[i].data_start && address < runtime->modules.items[i].data_end)
			return true;
	return false;
}

/* The references of a function to the writable globals of the program. */
static const struct code_refs *global_refs(struct reading *reading, enum func_role role)
{
	struct go_runtime *runtime = reading->runtime;
	struct code_refs all, *writable = &reading->refs[role];

	if (reading->read[role] || !runtime->functions[role])
		return writable;
	reading->read[role] = true;
	code_refs_of(runtime, runtime->functions[role], &all);
	for (size_t i = 0; i < all.count; i++)
		if (all.items[i].kind != REF_CALL && is_global(runtime, all.items[i].address))
			vec_push(runtime->arena, writable, all.items[i]);
	return writable;
}

static bool refers(const struct code_refs *refs, uint64_t address)
{
	for (size_t i = 0; i < refs->count; i++)
		if (refs->items[i].address == address)
			return true;
	return false;
}

static bool refers_as(const struct code_refs *refs, uint64_t address, enum ref_kind kind, uint8_t size)
{
	for (size_t i = 0; i < refs->count; i++)
		if (refs->items[i].address == address && refs->items[i].kind == kind && refs->items[i].size == size)
			return true;
	return false;
}

/* The one address that `fits`; 0 when there is none, or a choice. */
static uint64_t the_only(const struct finder *finder, bool (*fits)(const struct finder *finder, uint64_t address))
{
	uint64_t found = 0;

	for (size_t i = 0; i < finder->refs->count; i++) {
		uint64_t address = finder->refs->items[i].address;

		if (address == found || !fits(finder, address))
			continue;
		if (found)
			return 0;
		found = address;
	}
	return found;
}

/* allgadd appends to a slice: length and capacity are loaded. (allgptr may lie behind it; its address is taken.) */
static bool is_slice(const struct finder *finder, uint64_t address)
{
	return refers_as(finder->refs, address + 8, REF_LOAD, 8) && refers_as(finder->refs, address + 16, REF_LOAD, 8);
}

static uint64_t find_allgs(const struct finder *finder)
{
	return the_only(finder, is_slice);
}

/* allgadd: lock(&allglock), append to allgs, store allgptr, store allglen, unlock(&allglock). */
static uint64_t find_allglen(const struct finder *finder)
{
	uint64_t allgs = finder->runtime->globals.allgs;
	uint64_t lock = finder->refs->count ? finder->refs->items[0].address : 0;

	for (size_t i = finder->refs->count; allgs && i-- > 0;) {
		uint64_t address = finder->refs->items[i].address;

		if (address != lock && (address < allgs || address > allgs + 16))
			return address;
	}
	return 0;
}

/* preemptall ranges over a slice: pointer and length are loaded. */
static bool is_list(const struct finder *finder, uint64_t address)
{
	return refers_as(finder->refs, address, REF_LOAD, 8) && refers_as(finder->refs, address + 8, REF_LOAD, 8);
}

static uint64_t find_allp(const struct finder *finder)
{
	return the_only(finder, is_list);
}

/* mcommoninit pushes on the list (mp.alllink = allm; store allm), mexit unlinks from it. */
static bool is_list_of_ms(const struct finder *finder, uint64_t address)
{
	const struct code_refs *exit = global_refs(finder->reading, ROLE_MEXIT);

	return refers_as(finder->refs, address, REF_LOAD, 8) &&
	       (refers_as(finder->refs, address, REF_STORE, 8) || refers_as(finder->refs, address, REF_ADDRESS, 0)) &&
	       refers(exit, address);
}

static uint64_t find_allm(const struct finder *finder)
{
	return the_only(finder, is_list_of_ms);
}

static bool is_loaded32(const struct finder *finder, uint64_t address)
{
	return refers_as(finder->refs, address, REF_LOAD, 4);
}

/* recordForPanic: if panicking == 0, copy to printBacklog[printBacklogIndex:]. Without optimisation the load is a call
 * (Go 1.20 on) that gets the address, the first reference of all; the next is to the index. */
static uint64_t find_panicking(const struct finder *finder)
{
	const struct code_refs *refs = finder->refs;
	uint64_t loaded = the_only(finder, is_loaded32);
	bool passed = refs->count > 1 && refs->items[0].kind == REF_ADDRESS && refs->items[1].kind == REF_LOAD &&
		      refs->items[1].size == 8;

	for (size_t i = 0; i < refs->count; i++)
		passed = passed && !is_loaded32(finder, refs->items[i].address);
	return passed ? refs->items[0].address : loaded;
}

static bool is_accessed64(const struct finder *finder, uint64_t address)
{
	return refers_as(finder->refs, address, REF_LOAD, 8) || refers_as(finder->refs, address, REF_STORE, 8);
}

static uint64_t find_backlog_index(const struct finder *finder)
{
	return the_only(finder, is_accessed64);
}

/* What recordForPanic takes the address of, but for what it loads, and debuglock (of printlock, which may be inlined).
 */
static bool is_backlog(const struct finder *finder, uint64_t address)
{
	const struct go_globals *globals = &finder->runtime->globals;
	const struct code_refs *lock = global_refs(finder->reading, ROLE_PRINTLOCK);
	const struct code_refs *unlock = global_refs(finder->reading, ROLE_PRINTUNLOCK);

	return refers_as(finder->refs, address, REF_ADDRESS, 0) && address != globals->panicking &&
	       address != globals->print_backlog_index && !refers(lock, address) && !refers(unlock, address);
}

static uint64_t find_backlog(const struct finder *finder)
{
	return finder->runtime->globals.panicking ? the_only(finder, is_backlog) : 0;
}

/* Other strings are only looked at: one beside it is the build's information, with its flags. */
static bool is_version_string(const struct finder *finder, uint64_t address)
{
	struct image *image = finder->runtime->image;
	uint64_t text, length;
	struct span start;

	if (!image_u64(image, address, &text) || !image_u64(image, address + 8, &length) || length < 3 ||
	    length > VERSION_LIMIT)
		return false;
	start = image_peek(image, text, length);
	if ((!span_begins(start, "go1") && !span_begins(start, "devel")) || !image_string(image, text, length))
		return false;
	image_cite_field(image, text, length);
	return true;
}

/* schedinit tests the length of buildVersion, so its reference may be to the second word. */
static uint64_t find_build_version(const struct finder *finder)
{
	uint64_t found = 0;

	for (size_t i = 0; i < finder->refs->count; i++)
		for (uint64_t back = 0; back <= 8; back += 8) {
			uint64_t address = finder->refs->items[i].address - back;

			if (address == found || !is_version_string(finder, address))
				continue;
			if (found)
				return 0;
			found = address;
		}
	return found;
}

static bool is_stored32(const struct finder *finder, uint64_t address)
{
	return refers_as(finder->refs, address, REF_STORE, 4);
}

static bool is_stored64(const struct finder *finder, uint64_t address)
{
	return refers_as(finder->refs, address, REF_STORE, 8);
}

static bool is_taken(const struct finder *finder, uint64_t address)
{
	return refers_as(finder->refs, address, REF_ADDRESS, 0);
}

/* args(c, v): argc = c; argv = v. */
static uint64_t find_argc(const struct finder *finder)
{
	return the_only(finder, is_stored32);
}

static uint64_t find_argv(const struct finder *finder)
{
	uint64_t stored = the_only(finder, is_stored64);

	return stored ? stored : the_only(finder, is_taken);
}

/* ---- shapes: what the memory at an answer must look like, where the dump has it ---- */

static bool fits_slice(struct image *image, uint64_t address)
{
	uint64_t list, count, capacity;

	return !image_u64(image, address, &list) || !image_u64(image, address + 8, &count) ||
	       !image_u64(image, address + 16, &capacity) ||
	       (list % 8 == 0 && count <= capacity && capacity <= COUNT_LIMIT && (list || !count));
}

static bool fits_count(struct image *image, uint64_t address)
{
	uint64_t count;

	return !image_u64(image, address, &count) || count <= COUNT_LIMIT;
}

static bool fits_pointer(struct image *image, uint64_t address)
{
	uint64_t pointer;

	return !image_u64(image, address, &pointer) || (pointer % 8 == 0 && (pointer == 0 || pointer >= 0x1000));
}

static bool fits_index(struct image *image, uint64_t address)
{
	uint64_t index;

	return !image_u64(image, address, &index) || index <= BACKLOG_SIZE;
}

static bool fits_argc(struct image *image, uint64_t address)
{
	uint32_t count;

	return !image_u32(image, address, &count) || count <= ARGUMENT_LIMIT;
}

static bool fits_any(struct image *image, uint64_t address)
{
	(void)image;
	(void)address;
	return true;
}

/* ---- the table; later rules use the answers of earlier ones ---- */

static const struct rule {
	const char *name;
	size_t field; /* of struct go_globals */
	enum func_role role;
	const char *function;
	uint64_t (*find)(const struct finder *finder);
	bool (*fits)(struct image *image, uint64_t address);
	const char *cost; /* what is lost without it */
} rules[] = {
#define GLOBAL(name, field, role, function, find, fits, cost)                                                          \
	{                                                                                                              \
		name, offsetof(struct go_globals, field), ROLE_##role, function, find, fits, cost                      \
	}
	GLOBAL("allgs", allgs, ALLGADD, "allgadd", find_allgs, fits_slice, "goroutines are looked for by shape"),
	GLOBAL("allglen", allglen, ALLGADD, "allgadd", find_allglen, fits_count,
	       "the length of allgs is not confirmed"),
	GLOBAL("allm", allm, MCOMMONINIT, "mcommoninit", find_allm, fits_pointer,
	       "threads are not matched to goroutines"),
	GLOBAL("allp", allp, PREEMPTALL, "preemptall", find_allp, fits_slice,
	       "when the dump was taken is known less well, and so are waiting times"),
	GLOBAL("panicking", panicking, RECORD_FOR_PANIC, "recordForPanic", find_panicking, fits_any,
	       "whether the program was panicking is not known from it"),
	GLOBAL("printBacklogIndex", print_backlog_index, RECORD_FOR_PANIC, "recordForPanic", find_backlog_index,
	       fits_index, "the runtime's last messages cannot be read"),
	GLOBAL("printBacklog", print_backlog, RECORD_FOR_PANIC, "recordForPanic", find_backlog, fits_any,
	       "the runtime's last messages cannot be read"),
	GLOBAL("buildVersion", build_version, SCHEDINIT, "schedinit", find_build_version, fits_any,
	       "the Go version is not confirmed by it"),
	GLOBAL("argc", argc, ARGS, "args", find_argc, fits_argc, "the environment cannot be read"),
	GLOBAL("argv", argv, ARGS, "args", find_argv, fits_pointer, "the environment cannot be read"),
#undef GLOBAL
};

static void apply(struct reading *reading, const struct rule *rule)
{
	struct go_runtime *runtime = reading->runtime;
	uint64_t address = rule->find(&(struct finder){runtime, reading, global_refs(reading, rule->role)});

	if (address && rule->fits(runtime->image, address))
		memcpy((char *)&runtime->globals + rule->field, &address, sizeof address);
	else
		note_add(runtime->notes, "runtime.%s was not found from the code of runtime.%s: %s", rule->name,
			 rule->function, rule->cost);
}

/* Whether any code that the rules read is there: without the executable, a Linux core has none. */
static bool has_code(struct go_runtime *runtime)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct func *func = runtime->functions[rules[i].role];

		if (func && image_view(runtime->image, func->entry, func->end - func->entry).size)
			return true;
	}
	return false;
}

void globals_find(struct go_runtime *runtime)
{
	struct reading reading = {.runtime = runtime};

	if (!has_code(runtime)) {
		note_add(runtime->notes, "no code of the runtime can be read, so its variables are not found from it");
		return;
	}
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].role != ROLE_ARGS || runtime->image->os != OS_WINDOWS) /* where programs get no vector */
			apply(&reading, &rules[i]);
}
