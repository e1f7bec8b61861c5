/* content.c: the only file that knows nettle. */
#include "fleet/content.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

bool content_hash(int descriptor, char ret[static CONTENT_DIGITS + 1])
{
	enum { BLOCK = 1 << 16 };
	uint8_t bytes[BLOCK], digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx state;
	ssize_t size;

	sha256_init(&state);
	for (off_t at = 0; (size = pread(descriptor, bytes, sizeof bytes, at)) != 0;) {
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return false;
		sha256_update(&state, (size_t)size, bytes);
		at += size;
	}
	sha256_digest(&state, sizeof digest, digest);
	base16_encode_update(ret, sizeof digest, digest);
	ret[CONTENT_DIGITS] = 0;
	return true;
}
