/* target.h: which system and CPU a dump is of. */
#ifndef REPORT_TARGET_H
#define REPORT_TARGET_H

#include "formats/dump/image.h"

/* As GOOS and GOARCH; NULL: a log that does not show it. */
const char *target_os(const struct image *image);
const char *target_arch(const struct image *image);

#endif
