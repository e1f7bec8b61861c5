/* open.c: opens a dump of any format. A format is one file and one line in formats.def. */
#include "formats/dump/image.h"

#include "formats/dump/systems.h"

#include <string.h>

static const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "formats/dump/formats.def"
#undef FORMAT
};

static const struct err *load(struct image *image, const struct file_bytes *file)
{
	image->bytes = file->bytes;
	image->compression = file->compression;
	image->truncated = file->cut_short;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (formats[i]->probe(file->bytes)) {
			image->format = formats[i]->name;
			return formats[i]->load(image);
		}
	return not_a_dump(image->arena, file->bytes, file->cut_short);
}

const struct err *image_open(struct arena *arena, struct notes *notes, const char *path,
			     const struct file_options *options, struct image **ret)
{
	struct image *image = arena_alloc(arena, sizeof *image);
	const char *slash = strrchr(path, '/');
	struct file_bytes file;
	const struct err *err;

	image->arena = arena;
	image->notes = notes;
	image->progress = options ? options->progress : NULL;
	if (options)
		image->files = *options;
	image->files.progress = NULL;
	image->path = arena_strdup(arena, path);
	image->name = slash ? image->path + (slash + 1 - path) : image->path;
	err = file_map(arena, path, options, &file);
	if (err)
		return err; /* names the file already */
	if (file.cut_short)
		note_add(notes, "the compressed stream is damaged or cut short: %zu bytes could be decompressed",
			 file.bytes.size);
	err = load(image, &file);
	if (err)
		return err_because(arena, err, "%s", path);
	*ret = image;
	return NULL;
}
