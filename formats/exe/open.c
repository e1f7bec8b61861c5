/* open.c: opens an executable of whatever format. A format is one file and one line in exe_formats.def. */
#include "formats/exe/exe.h"

#include "formats/archive/archive.h"

#include <string.h>

static const struct exe_format *const formats[] = {
#define EXE_FORMAT(name) &exe_format_##name,
#include "formats/exe/exe_formats.def"
#undef EXE_FORMAT
};

static const char *const suffixes[] = {".zst", ".lz4", ".xz", ".gz"};

/* The last part of a path; a suffix of compression goes if the file was compressed. */
static const char *base_name(struct arena *arena, const char *path, bool compressed)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strlen(name);

	for (size_t i = 0; compressed && i < sizeof suffixes / sizeof *suffixes; i++) {
		size_t suffix = strlen(suffixes[i]);

		if (length > suffix && !strcmp(name + length - suffix, suffixes[i]))
			return arena_strndup(arena, name, length - suffix);
	}
	return arena_strdup(arena, name);
}

const struct err *exe_from_bytes(struct arena *arena, const char *path, struct span bytes, struct exe **ret)
{
	struct exe *exe = arena_alloc(arena, sizeof *exe);

	exe->path = arena_strdup(arena, path);
	exe->name = base_name(arena, path, false);
	exe->bytes = bytes;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		const struct err *err;

		if (!formats[i]->probe(bytes))
			continue;
		exe->format = formats[i]->name;
		err = formats[i]->load(arena, exe);
		if (err)
			return err_because(arena, err, "%s", path);
		*ret = exe;
		return NULL;
	}
	return err_new(arena, ERR_BAD_DATA, bytes.size ? "%s: it is not an executable" : "%s: it is empty", path);
}

const struct err *exe_open(struct arena *arena, const char *path, const struct file_options *options, struct exe **ret)
{
	struct file_bytes file;
	struct exe *exe;
	const struct err *err = file_map(arena, path, options, &file);

	if (!err)
		err = exe_from_bytes(arena, path, file.bytes, &exe);
	if (err)
		return err;
	exe->name = base_name(arena, path, file.compression != NULL);
	*ret = exe;
	return NULL;
}
