/* quantity.h: times as every report writes them. Texts live on the arena. */
#ifndef REPORT_QUANTITY_H
#define REPORT_QUANTITY_H

#include "base/count.h"

/* "45s", "2m10s", "3h5m", "8d2h": whole seconds and the two largest units of them */
const char *duration_text(struct arena *arena, int64_t nanoseconds);

#endif
