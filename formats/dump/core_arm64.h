/* core_arm64.h: for elf_core.c: notes and program headers that only cores of arm64 have. They fill the image's
 * code_signature, vector_bytes and tagged, and the last thread's tls and tag_control; what is absurd is left out. */
#ifndef FORMATS_DUMP_CORE_ARM64_H
#define FORMATS_DUMP_CORE_ARM64_H

#include "formats/exe/elf.h"
#include "formats/dump/image.h"

/* A note whose owner is LINUX. Register sets of a thread follow its NT_PRSTATUS. */
void arm64_note(struct image *image, const struct elf_note *note);

/* A program header of type PROGRAM_MEMORY_TAGS. */
void arm64_tags(struct image *image, const struct elf_program *program);

#endif
