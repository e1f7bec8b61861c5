/* bundle.c: see bundle.h. A bundle is read as what its reports were made of; the others are held against the manifest. */
#include "formats/bundle/bundle.h"

#include "formats/archive/digest.h"
#include "formats/exe/elf.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS = DIGEST_TEXT - 1, BLANKS = 2, NAME_MOST = 64, MEMBERS_MOST = 32 };

const char *bundle_evidence(struct span bytes)
{
	enum { MDMP = 0x504d444d };

	return elf_magic(bytes) ? BUNDLE_CORE : span_u32(bytes, 0) == MDMP ? BUNDLE_MINIDUMP : BUNDLE_LOG;
}

/* ---- writing ---- */

static void write_remarks(const char *remarks, FILE *out)
{
	for (const char *line = remarks, *end; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		fprintf(out, "# %.*s\n", (int)(end - line), line);
	}
}

static struct span manifest_of(struct arena *arena, const struct tar_member *members, size_t count, const char *remarks)
{
	char *text = NULL, digest[DIGEST_TEXT];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct span ret = {0};

	if (!out)
		return ret;
	write_remarks(remarks, out);
	for (size_t i = 0; i < count; i++) {
		digest_text(members[i].bytes, digest);
		fprintf(out, "%s  %s\n", digest, members[i].name);
	}
	if (!fclose(out))
		ret = (struct span){(const uint8_t *)arena_strndup(arena, text, size), size};
	free(text);
	return ret;
}

const struct err *bundle_write(struct arena *arena, const struct tar_member *members, size_t count, const char *remarks, int64_t time,
			       FILE *out)
{
	struct tar_member *all = arena_array(arena, count + 1, sizeof *all);

	all[0] = (struct tar_member){BUNDLE_FOLDER BUNDLE_MANIFEST, manifest_of(arena, members, count, remarks)};
	if (!all[0].bytes.size)
		return err_new(arena, ERR_LIMIT, "no memory");
	for (size_t i = 0; i < count; i++)
		all[i + 1] = (struct tar_member){arena_printf(arena, "%s%s", BUNDLE_FOLDER, members[i].name), members[i].bytes};
	return tar_write(arena, all, count + 1, time, out);
}

/* ---- reading ---- */

struct listed {
	char digest[DIGEST_TEXT];
	const char *name;
	bool found;
};

struct reading {
	struct image *image;
	VEC(struct listed) listed;
	struct span evidence;
	const char *name; /* of the evidence; NULL: there is none yet */
	VEC(const char *) troubles;
};

static bool probe(struct span bytes)
{
	return tar_begins(bytes, BUNDLE_FOLDER BUNDLE_MANIFEST);
}

/* "0123…cdef  report.txt"; what is no such line is a remark. */
static void read_line(struct reading *reading, const char *line, size_t size)
{
	struct listed listed = {.name = ""};

	if (size <= DIGITS + BLANKS || size > DIGITS + BLANKS + NAME_MOST || *line == '#' || reading->listed.count == MEMBERS_MOST)
		return;
	memcpy(listed.digest, line, DIGITS);
	listed.name = arena_strndup(reading->image->arena, line + DIGITS + BLANKS, size - DIGITS - BLANKS);
	vec_push(reading->image->arena, &reading->listed, listed);
}

static void read_manifest(struct reading *reading, struct span text)
{
	for (size_t at = 0; at < text.size;) {
		const char *line = (const char *)text.data + at;
		const char *end = memchr(line, '\n', text.size - at);
		const size_t size = end ? (size_t)(end - line) : text.size - at;

		read_line(reading, line, size);
		at += size + 1;
	}
}

static void complain(struct reading *reading, const char *text)
{
	vec_push(reading->image->arena, &reading->troubles, text);
}

static struct listed *listed_as(struct reading *reading, const char *name)
{
	for (size_t i = 0; i < reading->listed.count; i++)
		if (!strcmp(reading->listed.items[i].name, name))
			return &reading->listed.items[i];
	return NULL;
}

static void check_digest(struct reading *reading, const char *name, struct span member)
{
	struct listed *listed = listed_as(reading, name);
	char digest[DIGEST_TEXT];

	if (!listed || listed->found) {
		complain(reading, arena_printf(reading->image->arena, "the bundle has a member that its manifest does not name: %s", name));
		return;
	}
	listed->found = true;
	digest_text(member, digest);
	if (strcmp(digest, listed->digest) != 0)
		complain(reading, arena_printf(reading->image->arena, "%s in the bundle was changed: its SHA-256 is not that of the manifest", name));
}

static bool is_evidence(const char *name)
{
	return !strcmp(name, BUNDLE_CORE) || !strcmp(name, BUNDLE_MINIDUMP) || !strcmp(name, BUNDLE_LOG);
}

static void take_member(void *context, const char *path, struct span member)
{
	struct reading *reading = context;
	const char *slash = strrchr(path, '/');
	const char *name = arena_strndup(reading->image->arena, slash ? slash + 1 : path, strnlen(slash ? slash + 1 : path, NAME_MOST));

	if (!strcmp(name, BUNDLE_MANIFEST)) {
		read_manifest(reading, member);
		return;
	}
	check_digest(reading, name, member);
	if (is_evidence(name) && !reading->name) {
		reading->evidence = member;
		reading->name = name;
	}
}

static void note_missing(struct reading *reading)
{
	for (size_t i = 0; i < reading->listed.count; i++)
		if (!reading->listed.items[i].found)
			complain(reading, arena_printf(reading->image->arena, "the bundle lacks a member that its manifest names: %s",
						       reading->listed.items[i].name));
}

/* Before all else that is said, and by itself. */
static void tell(struct reading *reading)
{
	struct image *image = reading->image;

	for (size_t i = reading->troubles.count; i-- > 0;)
		note_lead(image->notes, "%s", reading->troubles.items[i]);
	if (reading->troubles.count)
		image->altered = reading->troubles.items[0];
}

static const struct err *load(struct image *image)
{
	struct reading reading = {.image = image};
	const struct err *err = tar_each(image->arena, image->bytes, take_member, &reading);
	const struct format *format = reading.name && !strcmp(reading.name, BUNDLE_LOG) ? &format_log : &format_slim;

	if (err && !reading.name)
		return err;
	if (!reading.name || !format->probe(reading.evidence))
		return err_new(image->arena, ERR_BAD_DATA, "the bundle holds neither a slim dump nor a log");
	if (err)
		complain(&reading, err->text);
	note_missing(&reading);
	image->name = reading.name;
	image->bytes = reading.evidence;
	image->size = reading.evidence.size;
	image->compression = NULL;
	image->bundled = true;
	image->format = format->name;
	err = format->load(image);
	tell(&reading); /* a slim dump has notes of its own */
	return err;
}

const struct format format_bundle = {.name = "bundle", .probe = probe, .load = load, .sieve = NULL};
