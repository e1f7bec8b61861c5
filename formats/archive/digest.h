/* digest.h: SHA-256 (FIPS 180-4), and by it keyed digests (HMAC, RFC 2104), by nettle. */
#ifndef FORMATS_ARCHIVE_DIGEST_H
#define FORMATS_ARCHIVE_DIGEST_H

#include "base/span.h"

enum { DIGEST_TEXT = 65, DIGEST_BYTES = 32 };

/* In lower-case hexadecimal digits, as sha256sum prints it. */
void digest_text(struct span bytes, char ret[static DIGEST_TEXT]);

/* Of texts, each with a line end behind it, as `next` hands them over until it says that there are no more. */
void digest_lines(bool (*next)(void *context, struct span *ret), void *context, char ret[static DIGEST_TEXT]);

/* Of the bytes of an open file, from its beginning; holes of a sparse file are the zeros that they read as. False: errno says why it cannot be
 * read. */
bool digest_file(int descriptor, char ret[static DIGEST_TEXT]);

/* Of bytes, under a key. */
void digest_keyed(const uint8_t key[static DIGEST_BYTES], struct span bytes, uint8_t ret[static DIGEST_BYTES]);

#endif
