/* system_calls.h: Linux system calls by number (system_calls.def). */
#ifndef FORMATS_CPU_SYSTEM_CALLS_H
#define FORMATS_CPU_SYSTEM_CALLS_H

#include "formats/cpu/arch.h"

/* The name of a system call of that CPU ("mlock"); NULL: the table has none of that number. */
const char *system_call_name(const struct arch *arch, uint32_t number);

#endif
