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

/* What a memory fault tried to do, by its ExceptionInformation[0]. */
enum fault_access exception_access(uint64_t information);

#endif
