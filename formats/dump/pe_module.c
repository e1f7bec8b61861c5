/* pe_module.c: see pe_module.h. */
#include "formats/dump/pe_module.h"

static void add_section(struct image *image, struct exe *exe, struct span entry)
{
	struct exe_segment segment = {
		.address = exe->base + span_u32(entry, 12),
		.size = span_u32(entry, 8) ? span_u32(entry, 8) : span_u32(entry, 16),
		.flags = (uint8_t)(SEGMENT_READ | (span_u32(entry, 36) & PE_SECTION_CODE ? SEGMENT_EXEC : 0)),
	};

	segment.bytes = image_peek(image, segment.address, segment.size);
	vec_push(image->arena, &exe->segments, segment);
}

const struct exe *pe_module_in_memory(struct image *image, const struct mapping *module)
{
	enum { HEADERS = 4096 };
	struct exe *exe = arena_alloc(image->arena, sizeof *exe);
	struct span headers = image_view(image, module->start, HEADERS);
	struct pe_header header;
	uint32_t table;

	if (!headers.size || pe_header_read(image->arena, headers, &header) || header.arch != image->arch)
		return NULL;
	table = header.directories[PE_EXCEPTIONS].rva;
	if (!table || !image_view(image, module->start + table, 1).size)
		return NULL;
	*exe = (struct exe){.path = module->path, .name = module->path, .arch = image->arch, .base = module->start,
			    .image_size = header.image_size, .timestamp = header.timestamp};
	for (uint64_t i = 0; i < header.section_count && i < PE_SECTION_LIMIT; i++)
		add_section(image, exe, span_slice(headers, header.sections + i * PE_SECTION_SIZE, PE_SECTION_SIZE));
	exe_order_segments(exe);
	image_cite(image, module->start + header.directories[PE_EXPORTS].rva, header.directories[PE_EXPORTS].size);
	pe_exports_read(image->arena, exe, &header);
	return exe;
}
