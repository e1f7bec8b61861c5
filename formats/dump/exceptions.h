/* exceptions.h: Windows exception codes, by number (winnt.h, ntstatus.h). */
#ifndef FORMATS_DUMP_EXCEPTIONS_H
#define FORMATS_DUMP_EXCEPTIONS_H

#include "formats/dump/image.h"

struct exception_name {
	uint32_t code;
	const char *name;
	bool fault;    /* raised by the CPU at an instruction */
	bool address;  /* ExceptionInformation is {access, address} */
	bool snapshot; /* asked for by a debugger or a library: the process did not crash of it */
};

/* The row of an exception code, or NULL. */
const struct exception_name *exception_by_code(uint32_t code);

/* The name of an exception or, of any other NTSTATUS, of the status (ntstatus.def); NULL: it has none. */
const char *exception_name_of(uint32_t code);

enum { EXCEPTION_FAIL_FAST = (int)0xc0000409u }; /* STATUS_STACK_BUFFER_OVERRUN: __fastfail, whose code is its first parameter */

struct fail_fast {
	uint32_t code;
	const char *name;    /* "FAST_FAIL_FATAL_APP_EXIT" */
	const char *meaning; /* a clause */
};

/* The row of a fail-fast code, or NULL. */
const struct fail_fast *fail_fast_by_code(uint64_t code);

/* What a memory fault tried to do, by its ExceptionInformation[0]. */
enum fault_access exception_access(uint64_t information);

#endif
