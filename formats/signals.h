/* signals.h: Linux signals, by number (asm-generic/signal.h; the same on amd64 and arm64). */
#ifndef FORMATS_SIGNALS_H
#define FORMATS_SIGNALS_H

#include <stdbool.h>

struct signal_name {
	int number;
	const char *name;
	bool dumps; /* its default action writes a core */
	bool fault; /* raised by the CPU; with the kernel's positive codes si_addr is meaningful */
};

/* The row of a signal, or NULL. */
const struct signal_name *signal_by_number(int number);

#endif
