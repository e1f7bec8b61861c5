/* slim.c: see slim.h. A slim dump is read as the file that it was made from: what is left of that is put where it was (record.h), and
 * the format's own reader does not notice; reads of what is not left find that it is not saved. */
#include "formats/slim/slim.h"

#include "formats/exe/elf.h"
#include "formats/slim/nearby.h"
#include "formats/slim/record.h"
#include "formats/slim/renames.h"

#include <stdint.h>

#define DEFAULT_MAX_SIZE (UINT64_C(64) << 30)

const struct err *slim_begin(struct image *image)
{
	const struct err *err;

	if (image->slim)
		return err_new(image->arena, ERR_UNSUPPORTED, "it is slim already");
	err = kept_begin(image, true);
	if (!err)
		for (size_t i = 0; i < image->notes->count; i++)
			vec_push(image->arena, &image->kept->notes, arena_strdup(image->arena, image->notes->items[i]));
	return err;
}

void slim_keep_for_debuggers(struct image *image)
{
	enum { STACK = 16 << 10, THREADS = 1024, AT_SYSINFO_EHDR = 33, VDSO = 16 << 10 };
	uint64_t address;

	for (size_t i = 0; i < image->threads.count && i < THREADS; i++)
		if (reg_get(&image->threads.items[i].registers, image->arch->sp, &address))
			image_view(image, address, STACK);
	if (image_auxv(image, AT_SYSINFO_EHDR, &address))
		image_view(image, address, VDSO);
}

const struct err *slim_write(struct image *image, FILE *out)
{
	renames_find(image);
	nearby_find(image);
	return image->os == OS_WINDOWS ? slim_write_minidump(image, out) : slim_write_core(image, out);
}

/* ---- reading ---- */

static bool probe(struct span bytes)
{
	return slim_record_find(bytes).size != 0;
}

static const struct err *load(struct image *image)
{
	const struct span file = image->bytes;
	const struct format *format = elf_magic(file) ? &format_elf_core : &format_minidump;
	struct slim_record record;
	const struct err *err;

	if (!slim_record_read(slim_record_find(file), &record))
		return err_new(image->arena, ERR_BAD_DATA, "it is a slim dump that is damaged, or of a newer release of tornstack");
	err = slim_unfold(image->arena, file, &record, image->files.max_size ? image->files.max_size : DEFAULT_MAX_SIZE, &image->bytes);
	if (err)
		return err;
	if (record.flags & SLIM_RENAMED)
		err = renames_restore(image, record.renames, file.size);
	if (err)
		return err;
	image->format = format->name;
	err = format->load(image);
	return err ? err : slim_record_apply(image, &record);
}

const struct format format_slim = {.name = "slim", .probe = probe, .load = load, .sieve = NULL};
