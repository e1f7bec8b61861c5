/* system.h: which release of its system a dumped process ran on. */
#ifndef FORMATS_DUMP_SYSTEM_H
#define FORMATS_DUMP_SYSTEM_H

#include "formats/dump/image.h"

/* Of Linux, LINUX_VERSION_CODE of the kernel (major << 16 | minor << 8 | patch, which ends at 255): the note "Linux" of the
 * vdso (arch/x86/entry/vdso/vdso-note.S, arch/arm64/kernel/vdso/note.S), where the dump holds it. Distributions keep the
 * number of the release that they started from. Of Windows, its build (MINIDUMP_SYSTEM_INFO). 0: unknown. */
uint32_t system_release(struct image *image);

/* "Linux 6.1.0", "Windows 10.0.26100"; NULL: unknown. */
const char *system_name(struct image *image);

/* The machine's CPUs, as the system told the process or the dump of them. */
struct processors {
	uint32_t count;              /* 0: not told (Linux) */
	bool has_model;              /* MINIDUMP_SYSTEM_INFO: ProcessorLevel, and the two halves of ProcessorRevision */
	uint32_t level, model, stepping;
	const char *platform;        /* AT_PLATFORM of Linux, "x86_64"; NULL: not told */
	bool has_capabilities;       /* AT_HWCAP, AT_HWCAP2; the latter is 0 where it is not told */
	uint64_t capabilities, capabilities2;
	uint64_t page_size;          /* bytes; 0: not told */
};

struct processors system_processors(struct image *image);

/* What a bit of AT_HWCAP stands for, as /proc/cpuinfo calls it; NULL: no name is known (cpu_capabilities.def). */
const char *capability_name(const struct arch *arch, unsigned bit);

#endif
