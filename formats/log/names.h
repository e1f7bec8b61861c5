/* names.h: logs of which names left under pseudonyms (formats/pseudonym). Their first line says so, and by which key. */
#ifndef FORMATS_LOG_NAMES_H
#define FORMATS_LOG_NAMES_H

#include "formats/dump/image.h"
#include "formats/pseudonym/pseudonym.h"

enum { LOG_NAMES_LINE = 64 };

/* The first line, with its end. */
void log_names_line(uint64_t check, char ret[static LOG_NAMES_LINE]);

/* Gives the names in one line of the runtime's their pseudonyms, or takes them back. */
void log_names_put(struct pseudonyms *pseudonyms, uint8_t *line, size_t size);

/* The text of an image without that line, and with its names as they were where the image has the key. Errors: BAD_DATA: it is another one. */
const struct err *log_names_restore(struct image *image);

#endif
