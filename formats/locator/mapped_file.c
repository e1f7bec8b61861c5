/* mapped_file.c: see mapped_file.h. The dynamic linker maps the segments of a library one after the other, the first one,
 * with the ELF header, lowest; Linux saves that header's page (bit 4 of core(5) coredump_filter). */
#include "formats/locator/mapped_file.h"

#include "formats/locator/candidates.h"
#include "formats/locator/paths.h"

#include <string.h>

enum { PAGE = 4096, FIRST_BYTES = 1 << 16 };

struct search {
	struct image *image;
	const struct mapping *mapping;
	const char *build_id;
	bool (*fits)(void *context, const struct mapped_file *candidate);
	void *context;
	struct mapped_file found;
};

/* The lowest of the neighbouring mappings of the same file. */
static const struct mapping *lowest_neighbour(const struct image *image, const struct mapping *mapping)
{
	while (mapping > image->mappings.items && !strcmp(mapping[-1].path, mapping->path) &&
	       mapping[-1].file_offset <= mapping->file_offset)
		mapping--;
	return mapping;
}

static const char *build_id_in_memory(struct image *image, const struct mapping *mapping)
{
	struct exe *exe;

	if (mapping->file_offset ||
	    exe_from_bytes(image->arena, mapping->path, image_view(image, mapping->start, FIRST_BYTES), &exe))
		return NULL;
	return exe->build_id;
}

/* Where the file's addresses lie in the process, from the page of the file that is mapped. */
static bool find_bias(const struct exe *exe, const struct mapping *mapping, uint64_t *ret)
{
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *segment = &exe->segments.items[i];
		uint64_t head = segment->file_offset % PAGE; /* mappings begin at pages, segments need not */

		if (mapping->file_offset - (segment->file_offset - head) < segment->bytes.size + head) {
			*ret = mapping->start - (segment->address - segment->file_offset + mapping->file_offset);
			return true;
		}
	}
	return false;
}

static bool offer(struct search *search, struct exe *exe)
{
	struct mapped_file candidate = {.exe = exe, .build_id = search->build_id};

	if (exe->arch != search->image->arch || !find_bias(exe, search->mapping, &candidate.bias) ||
	    !search->fits(search->context, &candidate))
		return false;
	search->found = candidate;
	return true;
}

static bool take(void *context, const char *path)
{
	struct search *search = context;
	struct exe *exe;

	return !exe_open(search->image->arena, path, &search->image->files, &exe) && offer(search, exe);
}

bool mapped_file_find(struct image *image, const struct exe_search *search, uint64_t address,
		      bool (*fits)(void *context, const struct mapped_file *candidate), void *context,
		      struct mapped_file *ret, const char **name)
{
	const struct mapping *mapping = image_mapping(image, address);
	struct search state = {.image = image, .fits = fits, .context = context};
	struct file_query query = {.given = search->given, .sysroot = search->sysroot, .dump = image->path,
				   .symbols_dir = search->symbols_dir};

	*name = NULL;
	if (!mapping)
		return false;
	state.mapping = lowest_neighbour(image, mapping);
	state.build_id = build_id_in_memory(image, state.mapping);
	query.path = mapping->path;
	query.build_id = state.build_id;
	*name = path_base_name(path_without_deleted(image->arena, mapping->path));
	if (!candidates_offer(image->arena, &query, take, &state))
		return false;
	*ret = state.found;
	return true;
}
