/* system.c: see system.h. */
#include "formats/dump/system.h"

#include "formats/exe/elf.h"

#include <ctype.h>
#include <string.h>

enum { AT_PAGESZ = 6, AT_PLATFORM = 15, AT_HWCAP = 16, AT_HWCAP2 = 26, AT_SYSINFO_EHDR = 33 }; /* uapi/linux/auxvec.h */
enum { VDSO_LIMIT = 1 << 16, NOTE_VERSION = 0, PLATFORM_LIMIT = 16 };

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

const char *system_name(struct image *image)
{
	const uint32_t release = image->os == OS_LINUX ? system_release(image) : 0;

	if (image->os == OS_WINDOWS && image->windows_build)
		return arena_printf(image->arena, "Windows %u.%u.%u", image->windows_major, image->windows_minor, image->windows_build);
	return release ? arena_printf(image->arena, "Linux %u.%u.%u", release >> 16, release >> 8 & 0xff, release & 0xff) : NULL;
}

/* Letters, digits and underscores. */
static const char *platform_at(struct image *image, uint64_t address)
{
	struct span bytes = image_view(image, address, PLATFORM_LIMIT);
	size_t length = 0;

	while (length < bytes.size && (isalnum(bytes.data[length]) || bytes.data[length] == '_'))
		length++;
	return length && length < bytes.size && !bytes.data[length] ? arena_strndup(image->arena, (const char *)bytes.data, length) : NULL;
}

struct processors system_processors(struct image *image)
{
	struct processors ret = {.count = image->processors.count,
				 .has_model = image->os == OS_WINDOWS && image->processors.count,
				 .level = image->processors.level,
				 .model = image->processors.revision >> 8,
				 .stepping = image->processors.revision & 0xff};
	uint64_t platform;

	ret.has_capabilities = image_auxv(image, AT_HWCAP, &ret.capabilities);
	if (!image_auxv(image, AT_HWCAP2, &ret.capabilities2))
		ret.capabilities2 = 0;
	if (!image_auxv(image, AT_PAGESZ, &ret.page_size))
		ret.page_size = 0;
	if (image_auxv(image, AT_PLATFORM, &platform))
		ret.platform = platform_at(image, platform);
	return ret;
}

static const struct {
	enum arch_id arch;
	unsigned bit;
	const char *name;
} capabilities[] = {
#define CPU_CAPABILITY(arch, bit, name) {arch, bit, name},
#include "formats/dump/cpu_capabilities.def"
#undef CPU_CAPABILITY
};

const char *capability_name(const struct arch *arch, unsigned bit)
{
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		if (capabilities[i].arch == arch->id && capabilities[i].bit == bit)
			return capabilities[i].name;
	return NULL;
}
