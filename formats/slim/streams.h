/* streams.h: the streams of a minidump without what must not leave: values of registers that are not needed, vector registers,
 * comments, names of threads, paths of files. They keep their sizes. */
#ifndef FORMATS_SLIM_STREAMS_H
#define FORMATS_SLIM_STREAMS_H

#include "formats/slim/layout.h"

/* Whether a stream of this type stays. */
bool stream_is_needed(uint32_t type);

/* Edits the streams of a plan whose image has a redaction. */
void streams_redact(struct layout_plan *plan);

#endif
