/* minidump_stop.h: the exception that ended the process (minidumpapiset.h: MINIDUMP_EXCEPTION_STREAM). */
#ifndef FORMATS_DUMP_MINIDUMP_STOP_H
#define FORMATS_DUMP_MINIDUMP_STOP_H

#include "formats/dump/minidump_streams.h"

/* Fills the image's stop, and marks the thread that crashed; or says that the dump is a snapshot. The threads must have
 * been read. */
void minidump_find_stop(struct minidump *dump);

#endif
