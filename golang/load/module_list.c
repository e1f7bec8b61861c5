/* module_list.c: what a module needs once layout and memory are known, and the modules after the first. */
#include "golang/load/load.h"

#include "base/steps.h"

enum {
	MODULE_LIMIT = 1024, /* compilers that run in the process register one for each function */
	TEXTSECT_LIMIT = 256, /* 4 GB of code in sections of 16 MB; each lookup goes over them */
	WORDS_LIMIT = 96, /* of moduledata: more than any release has */
};

/* runtime.textsect: {vaddr, end, baseaddr}; one entry, or none, is the ordinary contiguous text. */
static bool follows(const struct pclntab *table, const struct text_section *section)
{
	size_t count = table->sections.count;

	if (section->end < section->start)
		return false;
	return count ? section->start >= table->sections.items[count - 1].end
		     : !section->start && section->base == table->text;
}

static void read_text_sections(struct go_runtime *runtime, struct go_module *module)
{
	uint64_t slice, count;

	module->pclntab.sections.count = 0;
	if (!go_field(runtime, module->address, LAYOUT_moduledata_textsectmap, &slice) ||
	    !image_u64(runtime->image, module->address + runtime->layout->offset[LAYOUT_moduledata_textsectmap] + 8,
		       &count) ||
	    count < 2 || count > TEXTSECT_LIMIT)
		return;
	for (uint64_t i = 0; i < count; i++) {
		struct text_section section;

		if (!image_u64(runtime->image, slice + 24 * i, &section.start) ||
		    !image_u64(runtime->image, slice + 24 * i + 8, &section.end) ||
		    !image_u64(runtime->image, slice + 24 * i + 16, &section.base) ||
		    !follows(&module->pclntab, &section)) {
			module->pclntab.sections.count = 0;
			return;
		}
		vec_push(runtime->arena, &module->pclntab.sections, section);
	}
}

static bool try_gofunc(struct image *image, struct go_module *module, uint64_t address)
{
	size_t good, bad;

	module->gofunc = address;
	module->pclntab.gofunc_image = image;
	module->pclntab.gofunc_address = address;
	module->pclntab.gofunc = image_peek(image, address, PCLNTAB_LIMIT);
	if (!module->pclntab.gofunc.size)
		return false;
	pclntab_sample_trees(&module->pclntab, &good, &bad);
	return good > bad;
}

/* moduledata.gofunc has moved between releases, and through a wrong one calls would silently not be inlined: it is
 * believed when functions have their trees of inlined calls there, and else looked for among moduledata's words. */
static void find_gofunc(struct image *image, struct go_module *module)
{
	uint64_t stated = module->gofunc;
	uint64_t word;

	if (!module->pclntab.nfunc || (stated && try_gofunc(image, module, stated)))
		return;
	for (uint64_t i = MODULEDATA_WORDS; i < WORDS_LIMIT; i++)
		if (image_u64(image, module->address + 8 * i, &word) && try_gofunc(image, module, word))
			return;
	module->gofunc = stated;
	module->pclntab.gofunc_image = image;
	module->pclntab.gofunc_address = stated;
	module->pclntab.gofunc = image_peek(image, stated, PCLNTAB_LIMIT);
}

static void complete(struct go_runtime *runtime, struct go_module *module)
{
	go_field(runtime, module->address, LAYOUT_moduledata_types, &module->types);
	go_field(runtime, module->address, LAYOUT_moduledata_etypes, &module->etypes);
	go_field(runtime, module->address, LAYOUT_moduledata_rodata, &module->rodata);
	go_field(runtime, module->address, LAYOUT_moduledata_gofunc, &module->gofunc);
	go_field(runtime, module->address, LAYOUT_moduledata_next, &module->next);
	find_gofunc(runtime->image, module);
	read_text_sections(runtime, module);
}

/* What a module that the process made needs: it has no types and one text, and what it says of itself is all there is. */
static void complete_registered(struct go_runtime *runtime, struct go_module *module)
{
	go_field(runtime, module->address, LAYOUT_moduledata_gofunc, &module->gofunc);
	go_field(runtime, module->address, LAYOUT_moduledata_next, &module->next);
	module->pclntab.gofunc_image = runtime->image;
	module->pclntab.gofunc_address = module->gofunc;
	module->pclntab.gofunc = image_peek(runtime->image, module->gofunc, PCLNTAB_LIMIT);
}

/* Whether it claims code of one that is known: modules of a process share none. */
static bool is_claimed(const struct go_runtime *runtime, const struct go_module *module)
{
	for (size_t i = 0; i < runtime->modules.count; i++)
		if (module->minpc < runtime->modules.items[i].maxpc && runtime->modules.items[i].minpc < module->maxpc)
			return true;
	return false;
}

static bool add_next(struct go_runtime *runtime, uint64_t next)
{
	struct go_module module;

	if (module_read(runtime->image, next, &module)) {
		if (is_claimed(runtime, &module))
			return false;
		pclntab_in_memory(runtime->image, &module);
		module_from_library(runtime, &module);
		complete(runtime, &module);
	} else if (module_registered(runtime->image, next, &module) && !is_claimed(runtime, &module)) {
		complete_registered(runtime, &module);
	} else {
		return false;
	}
	vec_push(runtime->arena, &runtime->modules, module);
	return true;
}

void modules_complete(struct go_runtime *runtime)
{
	if (!runtime->modules.count)
		return;
	for (size_t i = 0; i < runtime->modules.count; i++)
		complete(runtime, &runtime->modules.items[i]);
	while (runtime->modules.count < MODULE_LIMIT) {
		uint64_t next = runtime->modules.items[runtime->modules.count - 1].next;

		for (size_t i = 0; i < runtime->modules.count; i++)
			if (runtime->modules.items[i].address == next)
				next = 0;
		if (!next || !add_next(runtime, next))
			return;
		if (!steps_spare()) {
			note_add(runtime->notes, "the list of modules takes too long to read: only the first %zu are known",
				 runtime->modules.count);
			return;
		}
	}
}
