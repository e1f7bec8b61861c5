/* key_file.h: the key of pseudonyms, which stays with whoever made it: a line of hexadecimal digits in a file that nobody else may read. */
#ifndef CLI_KEY_FILE_H
#define CLI_KEY_FILE_H

#include "lib/tornstack.h"

/* Reads a key; where there is no such file, with `make`, one is made. Complains and returns false on failure. */
bool key_file_read(const char *path, bool make, unsigned char ret[static TS_KEY]);

#endif
