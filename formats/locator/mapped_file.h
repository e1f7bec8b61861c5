/* mapped_file.h: the file behind a mapping of the process that is not its main program: a shared library, a plugin. */
#ifndef FORMATS_LOCATOR_MAPPED_FILE_H
#define FORMATS_LOCATOR_MAPPED_FILE_H

#include "formats/locator/locate.h"

struct mapped_file {
	struct exe *exe;
	uint64_t bias;        /* run-time minus file addresses */
	const char *build_id; /* that the dump's own memory holds for the mapping, lower-case hex; NULL: none */
};

/* Opens the candidates of candidates.h until one `fits`. False when none does; *name is then the file name that the dump has for
 * the address, or NULL. */
bool mapped_file_find(struct image *image, const struct exe_search *search, uint64_t address,
		      bool (*fits)(void *context, const struct mapped_file *candidate), void *context,
		      struct mapped_file *ret, const char **name);

#endif
