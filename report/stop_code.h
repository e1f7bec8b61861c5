/* stop_code.h: the name of a signal's code, such as SI_TKILL or SEGV_MAPERR. */
#ifndef REPORT_STOP_CODE_H
#define REPORT_STOP_CODE_H

#include "formats/dump/image.h"

/* A code without a name here is its number; NULL: the dump tells none. */
const char *stop_code_text(struct arena *arena, const struct image *image);

#endif
