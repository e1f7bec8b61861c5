/* module_files.c: Go modules that the main program does not hold: plugins (-buildmode=plugin) and shared libraries
 * (-buildmode=c-shared). moduledata is in the dump; tables and code lie in the file, which is believed only when it is
 * what ran. */
#include "formats/locator/mapped_file.h"
#include "golang/load/load.h"

struct question {
	struct image *image;
	const struct go_module *module; /* as the dump's memory describes it */
	struct go_module file;          /* as the file does, at file addresses */
};

/* Where the linker left moduledata to the relocations (lld does), the file does not show it; then memory must point at
 * the file's pclntab, and a build ID must say that it is the file. */
static bool fits_by_table(struct question *question, const struct placed_exe *placed)
{
	return module_table_in_exe(question->image, question->module, placed->exe, placed->bias,
				   &question->file.pclntab) &&
	       identity_judge(question->image, placed, NULL).identity == IDENTITY_SAME;
}

static bool fits(void *context, const struct mapped_file *candidate)
{
	struct question *question = context;
	struct placed_exe placed = {.exe = candidate->exe, .bias = candidate->bias, .build_id = candidate->build_id};
	enum identity identity;

	if (!module_in_exe(placed.exe, &question->file))
		return fits_by_table(question, &placed);
	if (question->file.address + placed.bias != question->module->address)
		return false;
	identity = identity_judge(question->image, &placed, &question->file).identity;
	return identity == IDENTITY_SAME || identity == IDENTITY_EQUIVALENT;
}

void module_from_library(struct go_runtime *runtime, struct go_module *module)
{
	struct question question = {.image = runtime->image, .module = module};
	struct mapped_file found;
	const char *name;

	if (mapped_file_find(runtime->image, &runtime->search, module->text, fits, &question, &found, &name)) {
		image_add_backing(runtime->image, found.exe, found.bias);
		module_take_functions(module, &question.file, found.exe, found.bias);
	} else if (!module->pclntab.nfunc) {
		note_add(runtime->notes, "%s was not found as it ran: Go functions in it have no names, and stacks end there",
			 name ? name : "a plugin or shared library");
	}
}
