/* libdwarf.h: libdwarf's headers, wherever they lie, and how a file is opened with it. For the two files that read DWARF
 * and run in a confined child: dwarf.c (structures) and cfi_table.c (unwind tables). */
#ifndef FORMATS_EXE_LIBDWARF_H
#define FORMATS_EXE_LIBDWARF_H

/* The build's -I decides; without one, where distributions put it: Debian 12 has /usr/include/libdwarf and no .pc file,
 * later ones libdwarf-0 or libdwarf-2. */
#if __has_include(<libdwarf.h>)
#include <dwarf.h>
#include <libdwarf.h>
#elif __has_include(<libdwarf-2/libdwarf.h>)
#include <libdwarf-2/dwarf.h>
#include <libdwarf-2/libdwarf.h>
#elif __has_include(<libdwarf-0/libdwarf.h>)
#include <libdwarf-0/dwarf.h>
#include <libdwarf-0/libdwarf.h>
#else
#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>
#endif

static inline int libdwarf_open(int fd, Dwarf_Debug *dbg, Dwarf_Error *error)
{
#ifdef DW_LIBDWARF_VERSION /* 0.1.0 (2021) and later */
	return dwarf_init_b(fd, DW_GROUPNUMBER_ANY, NULL, NULL, dbg, error);
#else
	return dwarf_init_b(fd, DW_DLC_READ, DW_GROUPNUMBER_ANY, NULL, NULL, dbg, error);
#endif
}

#endif
