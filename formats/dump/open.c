/* open.c: opens a dump of any format. A format is one file and one line in formats.def. */
#include "formats/dump/image.h"

#include "formats/dump/systems.h"

#include <string.h>

static const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "formats/dump/formats.def"
#undef FORMAT
};

/* There is one. */
static const struct sieve *sieve_of_formats(void)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (formats[i]->sieve)
			return formats[i]->sieve;
	return NULL;
}

static const struct err *load(struct image *image, const struct file_bytes *file, const struct sieve *sieve)
{
	image->bytes = file->bytes;
	image->size = file->size;
	image->sieved = file->sieved;
	image->compression = file->compression;
	image->truncated = file->cut_short;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (file->sieved ? formats[i]->sieve == sieve : formats[i]->probe(file->bytes)) {
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
	struct file_options reading = options ? *options : (struct file_options){0};
	struct file_bytes file;
	const struct err *err;

	reading.sieve = sieve_of_formats();
	image->arena = arena;
	image->notes = notes;
	image->progress = options ? options->progress : NULL;
	if (options)
		image->files = *options;
	image->files.progress = NULL;
	image->path = arena_strdup(arena, path);
	image->name = slash ? image->path + (slash + 1 - path) : image->path;
	err = file_map(arena, path, &reading, &file);
	if (err)
		return err; /* names the file already */
	if (file.cut_short)
		note_add(notes, "the compressed stream is damaged or cut short: %llu bytes could be decompressed",
			 (unsigned long long)file.size);
	err = load(image, &file, reading.sieve);
	if (err)
		return err_because(arena, err, "%s", path);
	*ret = image;
	return NULL;
}
