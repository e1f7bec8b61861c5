/* fixture.c: see fixture.h. */
#include "tests/fuzz/fixture.h"

#include "formats/locator/locate.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUDGET ((size_t)1 << 30)
enum { PAGE = 4096, WORD = 8, RUNS = 3 };

static const char *const names[] = {
#define FIXTURE(name) name,
#include "tests/fuzz/fixtures.def"
#undef FIXTURE
};

enum { COUNT = sizeof names / sizeof *names };

static struct fixture fixtures[COUNT];

size_t fixture_named(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return SIZE_MAX;
}

/* ---- the copies ---- */

static void put(int descriptor, const void *bytes, size_t size, uint64_t offset)
{
	if (pwrite(descriptor, bytes, size, (off_t)offset) != (ssize_t)size)
		abort();
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return !size || (!bytes[0] && !memcmp(bytes, bytes + 1, size - 1));
}

/* Pages of zeros stay holes. */
static int copy_of(struct span bytes)
{
	const int descriptor = memfd_create("fixture", MFD_CLOEXEC);

	if (descriptor < 0 || ftruncate(descriptor, (off_t)bytes.size))
		abort();
	for (size_t at = 0; at < bytes.size; at += PAGE) {
		const size_t size = bytes.size - at < PAGE ? bytes.size - at : PAGE;

		if (!is_zero(bytes.data + at, size))
			put(descriptor, bytes.data + at, size, at);
	}
	return descriptor;
}

void fixture_write(const struct fixture *fixture, enum file file, uint64_t offset, uint64_t word)
{
	uint8_t bytes[WORD];

	for (unsigned i = 0; i < WORD; i++)
		bytes[i] = (uint8_t)(word >> 8 * i);
	if (span_has(fixture->original[file], offset, WORD))
		put(fixture->descriptor[file], bytes, WORD, offset);
}

void fixture_restore(const struct fixture *fixture, enum file file, uint64_t offset)
{
	fixture_write(fixture, file, offset, span_u64(fixture->original[file], offset));
}

struct fixture_report fixture_analyze(const struct fixture *fixture, const struct ts_options *how)
{
	char dump[64], exe[64];
	const char *executables[] = {exe, NULL};
	struct fixture_report report = {0};
	struct ts_options options = *how;
	FILE *out = open_memstream(&report.text, &report.size);

	snprintf(dump, sizeof dump, "/proc/self/fd/%d", fixture->descriptor[DUMP]);
	snprintf(exe, sizeof exe, "/proc/self/fd/%d", fixture->descriptor[EXE]);
	options.executables = fixture->original[EXE].size ? executables : NULL;
	options.sysroot = "/nonexistent"; /* whatever is on this machine */
	options.workers = 1;
	report.result = ts_analyze(dump, &options, out);
	fclose(out);
	return report;
}

/* ---- opening ---- */

static struct span contents(struct fixture *fixture, const char *cases, const char *file)
{
	struct file_bytes bytes = {0};
	const struct err *err = file_map(fixture->arena, arena_printf(fixture->arena, "%s/%s/%s", cases, fixture->name, file), NULL, &bytes);

	if (err && err->code != ERR_IO)
		fuzz_find("%s", err_describe(fixture->arena, err));
	return bytes.bytes;
}

static void find_places(struct fixture *fixture)
{
	struct notes *notes = arena_alloc(fixture->arena, sizeof *notes);
	const char *exe = arena_printf(fixture->arena, "/proc/self/fd/%d", fixture->descriptor[EXE]);
	const char *given[] = {exe, NULL};
	const struct exe_search search = {.given = fixture->original[EXE].size ? given : NULL, .sysroot = "/nonexistent"};
	struct exe_candidate found = {0};
	const char *dump = arena_printf(fixture->arena, "/proc/self/fd/%d", fixture->descriptor[DUMP]);

	notes->arena = fixture->arena;
	if (image_open(fixture->arena, notes, dump, NULL, &fixture->image) || locate_exe(fixture->image, &search, &found))
		fuzz_find("%s cannot be opened", fixture->name);
	places_find(go_runtime_load(fixture->image, &found), fixture->arena, found.exe ? found.exe->bytes : (struct span){0},
		    &fixture->places);
}

static void find_sound(struct fixture *fixture)
{
	const struct ts_options options = {.format = TS_JSON, .goroutines = TS_GOROUTINES_ALL};

	for (int i = 0; i < RUNS; i++) {
		const double start = fuzz_seconds();
		struct fixture_report report = fixture_analyze(fixture, &options);

		fixture->seconds = fuzz_seconds() - start;
		json_decref(fixture->truth.sound);
		fixture->truth.sound = json_loadb(report.text, report.size, 0, NULL);
		free(report.text);
	}
}

static void open_fixture(void *context)
{
	struct fixture *fixture = context;
	const char *cases = getenv("CASES") ? getenv("CASES") : "fixtures/cases";

	fixture->original[DUMP] = contents(fixture, cases, "dump.zst");
	fixture->original[EXE] = contents(fixture, cases, "exe.zst");
	if (!fixture->original[DUMP].size)
		fuzz_find("no case %s in %s", fixture->name, cases);
	for (enum file file = DUMP; file < FILES; file++)
		fixture->descriptor[file] = copy_of(fixture->original[file]);
	fixture->truth.expect = json_load_file(arena_printf(fixture->arena, "%s/%s/expect.json", cases, fixture->name), 0, NULL);
	find_places(fixture);
	find_sound(fixture);
	if (!fixture->truth.sound || !fixture->truth.expect)
		fuzz_find("nothing is said of %s", fixture->name);
}

struct fixture *fixture_open(size_t index)
{
	struct fixture *fixture = index < COUNT ? &fixtures[index] : NULL;

	if (!fixture || fixture->arena)
		return fixture;
	fixture->name = names[index];
	fixture->arena = arena_new(BUDGET);
	if (!arena_run(fixture->arena, open_fixture, fixture))
		fuzz_find("%s needs too much memory", fixture->name);
	return fixture;
}
