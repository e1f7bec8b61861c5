/* inputs.c: see inputs.h. */
#include "fleet/inputs.h"

#include "fleet/texts.h"
#include "report/json/reader.h"
#include "scan/inputs.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { RECORD_MOST = 1 << 16, NANOSECONDS = 1000000000, MICROSECONDS = 1000000 };

/* What `tornstack handle` keeps of a crash (cli/crash_folder.h); the first that is there is analysed. */
static const char *const dumps[] = {".slim.zst", ".core"};
static const char *const beside[] = {".record.json", ".json", ".txt"};

struct finding_inputs {
	struct arena *arena;
	struct inputs_found *found;
	VEC(const char *) names; /* ended by NULL */
	struct texts crashes;    /* values: struct crash, by the name that its files have in common */
};

struct crash {
	bool dumps[sizeof dumps / sizeof *dumps]; /* which there are */
	int64_t seen;
	const char *host;
};

/* ---- names ---- */

static void add_pattern(struct finding_inputs *finding, const char *name)
{
	struct stat status;
	glob_t matches;

	if (lstat(name, &status) && strpbrk(name, "*?[") && !glob(name, GLOB_NOSORT, NULL, &matches)) {
		for (size_t i = 0; i < matches.gl_pathc; i++)
			vec_push(finding->arena, &finding->names, arena_strdup(finding->arena, matches.gl_pathv[i]));
		globfree(&matches);
	} else {
		vec_push(finding->arena, &finding->names, name);
	}
}

static void add_list(struct finding_inputs *finding, FILE *list)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t size;

	while ((size = getline(&line, &room, list)) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (*line)
			vec_push(finding->arena, &finding->names, arena_strdup(finding->arena, line));
	}
	free(line);
}

/* ---- what belongs to one crash ---- */

static const char *stem_of(struct arena *arena, const char *path, const char *ending)
{
	const size_t size = strlen(path), end = strlen(ending);

	return size > end && !strcmp(path + size - end, ending) ? arena_strndup(arena, path, size - end) : NULL;
}

static void read_record(struct arena *arena, const char *path, struct crash *crash)
{
	char text[RECORD_MOST];
	FILE *file = fopen(path, "re");
	const size_t size = file ? fread(text, 1, sizeof text, file) : 0;
	const json_t *record = reader_object(arena, text, size);
	const char *when = reader_text(record, "COREDUMP_TIMESTAMP", 64), *host = reader_text(record, "COREDUMP_HOSTNAME", 256);

	if (file)
		fclose(file);
	crash->seen = when ? strtoll(when, NULL, 10) / MICROSECONDS : 0;
	crash->host = host ? arena_strdup(arena, host) : NULL;
}

static void note_records(struct finding_inputs *finding, const struct scan_inputs *files)
{
	for (size_t i = 0; i < files->items.count; i++) {
		const char *stem = stem_of(finding->arena, files->items.items[i].path, beside[0]);
		struct text_slot *slot = stem ? texts_slot(&finding->crashes, stem) : NULL;

		if (slot && !slot->value) {
			slot->value = arena_alloc(finding->arena, sizeof(struct crash));
			read_record(finding->arena, files->items.items[i].path, slot->value);
		}
	}
}

static struct crash *crash_named(struct finding_inputs *finding, const char *stem)
{
	return finding->crashes.count && stem ? texts_slot(&finding->crashes, stem)->value : NULL;
}

/* The crash that a file is the dump of, and which of its dumps; NULL: of none that has a record. */
static struct crash *crash_of(struct finding_inputs *finding, const char *path, size_t *which)
{
	for (*which = 0; *which < sizeof dumps / sizeof *dumps; ++*which) {
		struct crash *crash = crash_named(finding, stem_of(finding->arena, path, dumps[*which]));

		if (crash)
			return crash;
	}
	return NULL;
}

static void note_dumps(struct finding_inputs *finding, const struct scan_inputs *files)
{
	size_t which;

	for (size_t i = 0; i < files->items.count; i++) {
		struct crash *crash = crash_of(finding, files->items.items[i].path, &which);

		if (crash)
			crash->dumps[which] = true;
	}
}

/* What lies beside a dump that is kept, and says the same. */
static bool is_beside(struct finding_inputs *finding, const char *path)
{
	size_t which;
	const struct crash *crash = crash_of(finding, path, &which);

	for (size_t i = 0; crash && i < which; i++)
		if (crash->dumps[i])
			return true;
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
		if (crash_named(finding, stem_of(finding->arena, path, beside[i])))
			return true;
	return false;
}

/* ---- files ---- */

/* systemd-coredump(8): "user.coredump.*". */
static const char *attribute(struct arena *arena, const char *path, const char *name)
{
	char text[256];
	const ssize_t size = lgetxattr(path, name, text, sizeof text - 1);

	return size > 0 ? arena_strndup(arena, text, (size_t)size) : NULL;
}

static void add_file(struct finding_inputs *finding, const struct scan_input *file)
{
	struct arena *arena = finding->arena;
	struct input input = {.path = file->path, .given = file->given, .error = file->error};
	const struct crash *crash;
	const char *when;
	struct stat status;
	size_t which;

	if (!input.error && stat(file->path, &status))
		input.error = arena_strdup(arena, strerror(errno));
	if (!input.error) {
		input.size = (uint64_t)status.st_size;
		input.modified = (int64_t)status.st_mtim.tv_sec * NANOSECONDS + status.st_mtim.tv_nsec;
		input.seen = status.st_mtim.tv_sec;
		when = attribute(arena, file->path, "user.coredump.timestamp");
		input.seen = when && *when ? strtoll(when, NULL, 10) / MICROSECONDS : input.seen;
		input.host = attribute(arena, file->path, "user.coredump.hostname");
	}
	crash = crash_of(finding, file->path, &which);
	if (crash && crash->seen)
		input.seen = crash->seen;
	if (crash && crash->host)
		input.host = crash->host;
	vec_push(arena, &finding->found->items, input);
}

static bool is_hidden(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash ? slash[1] : *path) == '.';
}

static void note_folders(struct finding_inputs *finding)
{
	struct stat status;

	for (size_t i = 0; i < finding->names.count; i++)
		if (!stat(finding->names.items[i], &status) && S_ISDIR(status.st_mode))
			vec_push(finding->arena, &finding->found->folders, finding->names.items[i]);
}

void fleet_inputs(struct arena *arena, const char *const *paths, FILE *list, struct inputs_found *ret)
{
	struct finding_inputs finding = {.arena = arena, .found = ret};
	struct scan_inputs files = {0};

	finding.crashes.arena = arena;
	for (; *paths; paths++)
		if (strcmp(*paths, "-") != 0)
			add_pattern(&finding, *paths);
		else
			add_list(&finding, list);
	note_folders(&finding);
	vec_push(arena, &finding.names, NULL);
	inputs_find(arena, finding.names.items, &files);
	note_records(&finding, &files);
	note_dumps(&finding, &files);
	for (size_t i = 0; i < files.items.count; i++) {
		const struct scan_input *file = &files.items.items[i];

		if (file->given || (!is_hidden(file->path) && !is_beside(&finding, file->path)))
			add_file(&finding, file);
	}
}
