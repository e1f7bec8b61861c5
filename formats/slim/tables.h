/* tables.h: code and tables of the executable in the dump itself, as if they had been saved (as by coredump_filter 0x7f, core(5)): who reads
 * the slim dump needs no executable. */
#ifndef FORMATS_SLIM_TABLES_H
#define FORMATS_SLIM_TABLES_H

#include "formats/exe/elf.h"
#include "formats/slim/layout.h"

/* Gives segments that could not be written, and that the dump did not save or leaves out, the bytes of the executable that was running;
 * `bias` is run-time address minus file address. They get places behind the end of the dump. Before slim_begin. False: there was
 * nothing to give, or the dump is one whose headers cannot say so (it was cut short, or is a minidump of 4 GB). */
bool tables_adopt(struct image *image, const struct exe *exe, uint64_t bias);

/* How large the dump would be with them, and with headers or lists that say so. */
uint64_t tables_end(const struct image *image);

/* The program headers of that core, as a piece without a position in the new file; size 0: nothing was adopted, the old ones hold. Has the
 * old file's header lead to them. */
struct piece tables_headers(struct layout_plan *plan, const struct elf_view *elf);

/* The same of a minidump: its list of memory, and behind that its directory. */
struct piece tables_lists(struct layout_plan *plan);

#endif
