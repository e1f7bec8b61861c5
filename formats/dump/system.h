/* system.h: which release of its system a dumped process ran on. */
#ifndef FORMATS_DUMP_SYSTEM_H
#define FORMATS_DUMP_SYSTEM_H

#include "formats/dump/image.h"

/* Of Linux, LINUX_VERSION_CODE of the kernel (major << 16 | minor << 8 | patch, which ends at 255): the note "Linux" of the
 * vdso (arch/x86/entry/vdso/vdso-note.S, arch/arm64/kernel/vdso/note.S), where the dump holds it. Distributions keep the
 * number of the release that they started from. Of Windows, its build (MINIDUMP_SYSTEM_INFO). 0: unknown. */
uint32_t system_release(struct image *image);

#endif
