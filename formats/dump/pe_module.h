/* pe_module.h: a Windows module as the dump's own memory holds it. */
#ifndef FORMATS_DUMP_PE_MODULE_H
#define FORMATS_DUMP_PE_MODULE_H

#include "formats/dump/image.h"
#include "formats/exe/pe.h"

/* The module at its run-time addresses, with what it exports for symbols; NULL: its headers, or the table by which its frames
 * are unwound, are not in the dump. */
const struct exe *pe_module_in_memory(struct image *image, const struct mapping *module);

#endif
