/* cpu_names.h: what CPUs are called, also those that are not read, by the number that each format has for them. */
#ifndef FORMATS_CPU_CPU_NAMES_H
#define FORMATS_CPU_CPU_NAMES_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* An ELF file's e_machine with its EI_CLASS and EI_DATA: "mips64le", "x32"; a number without a name is "CPU 9999". As GOARCH
 * where Go has one. */
const char *cpu_name_of_elf(struct arena *arena, uint16_t machine, bool wide, bool big_endian);

/* A PE file's Machine (IMAGE_FILE_MACHINE_*), or a minidump's ProcessorArchitecture (PROCESSOR_ARCHITECTURE_*, and those that
 * breakpad adds). */
const char *cpu_name_of_pe(struct arena *arena, uint16_t machine);
const char *cpu_name_of_nt(struct arena *arena, uint16_t processor);

/* A Mach-O file's cputype. */
const char *cpu_name_of_macho(struct arena *arena, uint32_t type);

#endif
