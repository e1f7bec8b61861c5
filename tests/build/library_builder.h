/* library_builder.h: a small shared library with unwind tables, symbols, a build-id and a relocated word. */
#ifndef TESTS_BUILD_LIBRARY_BUILDER_H
#define TESTS_BUILD_LIBRARY_BUILDER_H

#include "base/arena.h"
#include "base/span.h"
#include "formats/cpu/arch.h"

enum { /* file addresses; the file's offsets are the same */
	LIBRARY_TABLES = 0x400,
	LIBRARY_TABLES_SIZE = 0x400,
	LIBRARY_CODE = 0x1000,
	LIBRARY_FRAME = 0x1000,   /* "framed" (size 0x100): amd64's push %rbp; mov %rsp,%rbp, then its body from +4 on */
	LIBRARY_STUB = 0x1100,    /* no symbol: a PLT, its CFA by expression */
	LIBRARY_SIGNAL = 0x1200,  /* "restore" (no size): a signal trampoline, registers by expression */
	LIBRARY_START = 0x1300,   /* "start" (size 0x10): the outermost frame */
	LIBRARY_BARE = 0x1400,    /* "bare" (size 0x20): no table */
	LIBRARY_CODE_END = 0x2000,
	LIBRARY_RELOCATED = 0x3000, /* a word that the loader relocates, to LIBRARY_CODE + 8 */
	LIBRARY_END = 0x3100,
};

/* An amd64 library; build_id: 20 bytes, NULL for none. `code` fills its code, so that two builds differ. */
struct span library_build(struct arena *arena, const char *build_id, uint8_t code);

#endif
