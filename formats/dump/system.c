/* system.c: see system.h. */
#include "formats/dump/system.h"

#include "formats/exe/elf.h"

#include <string.h>

enum { AT_SYSINFO_EHDR = 33, VDSO_LIMIT = 1 << 16, NOTE_VERSION = 0 };

static bool take_release(void *context, const struct elf_note *note)
{
	uint32_t *release = context;

	if (strcmp(note->owner, "Linux") != 0 || note->type != NOTE_VERSION || note->desc.size != sizeof *release)
		return true;
	*release = span_u32(note->desc, 0);
	return false;
}

static uint32_t linux_release(struct image *image)
{
	struct elf_view view;
	uint32_t release = 0;
	uint64_t address;

	if (!image_auxv(image, AT_SYSINFO_EHDR, &address) ||
	    elf_view_open(image->arena, image_view(image, address, VDSO_LIMIT), &view))
		return 0;
	for (uint64_t i = 0; i < view.program_count && !release; i++) {
		struct elf_program program = elf_view_program(&view, i);

		if (program.type == PROGRAM_NOTE)
			elf_view_notes(&view, program.offset, program.file_size, program.alignment, take_release, &release);
	}
	return release;
}

uint32_t system_release(struct image *image)
{
	return image->os == OS_WINDOWS ? image->windows_build : linux_release(image);
}
