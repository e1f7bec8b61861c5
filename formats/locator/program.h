/* program.h: what a dump says of its main program, before any file is looked at: the auxiliary vector (Linux
 * <uapi/linux/auxvec.h>), the mapped files, and the program's first page, which Linux saves by default (bit 4 of core(5)
 * coredump_filter: ELF headers) and which holds the program headers and usually the build-id notes. */
#ifndef FORMATS_LOCATOR_PROGRAM_H
#define FORMATS_LOCATOR_PROGRAM_H

#include "formats/dump/image.h"

/* Texts are on the image's arena or views of it; NULL: unknown. */
struct program_record {
	const char *path;       /* as mapped, without what marks a deleted file */
	const char *exec_name;  /* AT_EXECFN: as it was started, maybe relative; /dev/fd/N of fexecve(3) */
	const struct mapping *mapping; /* of its file, the lowest one */
	const char *build_id;    /* as exe->build_id: the GNU build-id in its memory, or the CodeView record of a minidump's module */
	const char *go_build_id; /* in its memory */
	bool notes_seen;         /* its notes were there to be read: where an ID is NULL, it has none */
	bool entry_known, headers_known;
	uint64_t entry;          /* AT_ENTRY, at run time */
	uint64_t headers, header_count; /* AT_PHDR, AT_PHNUM */
};

struct program_record program_of_image(struct image *image);

#endif
