/* systems.h: what a file is that is no dump of a process of Linux or Windows: other systems, kernels, other formats. Each in
 * one sentence that says what it is and what to give instead, and with a code of its own (base/err.h). */
#ifndef FORMATS_DUMP_SYSTEMS_H
#define FORMATS_DUMP_SYSTEMS_H

#include "base/err.h"
#include "base/span.h"

/* A row of systems.def. */
struct other_system {
	enum err_code code;
	const char *text; /* completes "it is …" */
};

/* The system that an ELF core's EI_OSABI names; NULL: Linux, or none. */
const struct other_system *system_of_osabi(uint8_t osabi);

/* The system, or the writer of whole machines' memory, to which a note of an ELF core belongs, by its owner and type; NULL:
 * Linux, or not known. */
const struct other_system *system_of_note(const char *owner, uint32_t type);

/* The system of a minidump's PlatformId; NULL: Windows NT, or not known. */
const struct other_system *system_of_platform(uint32_t platform);

/* "it is …", with the system's code. `cpu`: its name, NULL if it is not known. */
const struct err *system_error(struct arena *arena, const struct other_system *system, const char *cpu);

/* Why a log is none that is of use. Why bytes that no format of formats.def knows are no dump: by what they begin with. `cut_short`: decompression broke off. */
const struct err *only_text(struct arena *arena);
const struct err *not_a_dump(struct arena *arena, struct span bytes, bool cut_short);

#endif
