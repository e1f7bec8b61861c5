/* report_file.h: a report on its way to its reader. It waits until it is whole, so that a failure leaves nothing behind; one
 * that is longer than REPORT_FILE_WAITS is passed on as it is made, and takes no more memory or space than that. */
#ifndef LIB_REPORT_FILE_H
#define LIB_REPORT_FILE_H

#include "base/err.h"

#include <stdio.h>

enum { REPORT_FILE_WAITS = 4 << 20 }; /* bytes */

struct report_file {
	FILE *stream; /* write the report here; closed with the arena. An error of it is one of `out` */
	FILE *out;
	char *waiting;
	size_t size; /* of what waits */
	bool passing;
	bool *begun; /* becomes true with passing; NULL: nobody asks */
};

/* `out` belongs to the caller, and outlives the arena. */
const struct err *report_file_open(struct arena *arena, FILE *out, struct report_file **ret);

/* The report is whole: passes on what still waits. What `out` could not take is for its owner's ferror. */
void report_file_finish(struct report_file *file);

#endif
