/* cancel.h: whether somebody has had enough, polled in long steps. */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <stdbool.h>
#include <stddef.h>

struct cancel {
	bool (*asked)(void *context); /* by any thread of the analysis; NULL: nobody ever will */
	void *context;
};

static inline bool cancelled(const struct cancel *cancel)
{
	return cancel->asked && cancel->asked(cancel->context);
}

#endif
