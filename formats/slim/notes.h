/* notes.h: the notes of a core without what must not leave: values of registers that are not needed, vector registers, arguments,
 * paths of files. They keep their sizes. */
#ifndef FORMATS_SLIM_NOTES_H
#define FORMATS_SLIM_NOTES_H

#include "formats/exe/elf.h"
#include "formats/slim/layout.h"

/* Edits the notes of a plan whose image has a redaction. */
void notes_redact(struct layout_plan *plan, const struct elf_view *elf);

/* What stays of a path: the name, of a program or library; else how a file of data is called that is nobody's business. */
const char *path_redacted(const struct image *image, const char *path);

/* Whether a path is of the program, or of a plugin of its: its name is one that gets a pseudonym. */
bool path_is_named(const struct image *image, const char *path);

#endif
