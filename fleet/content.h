/* content.h: which bytes a file has. */
#ifndef FLEET_CONTENT_H
#define FLEET_CONTENT_H

#include <stdbool.h>

enum { CONTENT_DIGITS = 64 };

/* SHA-256 (FIPS 180-4) of the bytes of an open file, from its beginning, in hexadecimal digits. Holes of a sparse file are hashed as the zeros that they
 * read as. False: errno says why it cannot be read. */
bool content_hash(int descriptor, char ret[static CONTENT_DIGITS + 1]);

#endif
