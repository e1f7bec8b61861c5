/* core.h: the copy of a process that runs, as an ELF core: so it is read by whoever reads cores. References: as of
 * formats/dump/elf_core.c. */
#ifndef FORMATS_LIVE_CORE_H
#define FORMATS_LIVE_CORE_H

#include "formats/dump/live_record.h"
#include "formats/live/memory.h"
#include "formats/live/process.h"
#include "formats/live/threads.h"

/* Makes a core of the file of `memory`: headers in its first page and behind its end, a segment for each run of copied pages and, as
 * not saved, for what lies between. `threads` may be empty. What was copied must not change any more. Errors: IO. */
const struct err *live_core_write(struct arena *arena, const struct live_process *process, const struct live_maps *maps,
				  const struct live_threads *threads, const struct live_memory *memory, const struct live_record *record);

#endif
