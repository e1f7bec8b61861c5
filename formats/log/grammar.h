/* grammar.h: which line of the runtime's a text is. */
#ifndef FORMATS_LOG_GRAMMAR_H
#define FORMATS_LOG_GRAMMAR_H

#include "base/span.h"

enum log_kind {
	LOG_OTHER,    /* none that is known */
	LOG_BLANK,
	LOG_END,      /* says why the process ends: panic: … */
	LOG_SIGNAL,   /* … and how the system put it */
	LOG_STACK,    /* goroutine 7 [running]: */
	LOG_CALL,     /* main.f(0x1, …) */
	LOG_PLACE,    /* /src/main.go:12 +0x1d */
	LOG_CREATED,  /* created by main.main in goroutine 1 */
	LOG_WORDS,    /* of a stack, in hexadecimal: 0x000000c00009e6f8:  0x… */
	LOG_REGISTER, /* rax    0x0 */
	LOG_NOTE,     /* anything else that the runtime is known to print */
};

/* The kind of a text, white space around it aside. */
enum log_kind log_kind_of(struct span text);

/* Whether a text, which may go on with anything, begins as only the runtime's lines begin: it shows where the text of its line
 * begins. */
bool log_mark_begins(struct span text);

/* Whether a text without white space around it has the form of one of these lines. */
bool log_is_stack(struct span text);
bool log_is_call(struct span text);
bool log_is_place(struct span text);

/* Whether it begins with a time, as lines of loggers do and none of the runtime's. */
bool log_is_dated(struct span text);

/* Without white space at its ends, no-break spaces included. */
struct span log_trim(struct span text);

#endif
