/* digest.c: see digest.h. */
#include "formats/archive/digest.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/hmac.h>
#include <nettle/sha2.h>
#include <sys/types.h>
#include <unistd.h>

static void finish(struct sha256_ctx *context, char ret[static DIGEST_TEXT])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(context, sizeof digest, digest);
	base16_encode_update(ret, sizeof digest, digest);
	ret[DIGEST_TEXT - 1] = 0;
}

void digest_text(struct span bytes, char ret[static DIGEST_TEXT])
{
	struct sha256_ctx context;

	sha256_init(&context);
	if (bytes.size)
		sha256_update(&context, bytes.size, bytes.data);
	finish(&context, ret);
}

void digest_lines(bool (*next)(void *context, struct span *ret), void *context, char ret[static DIGEST_TEXT])
{
	struct sha256_ctx digest;
	struct span line;

	sha256_init(&digest);
	while (next(context, &line)) {
		if (line.size)
			sha256_update(&digest, line.size, line.data);
		sha256_update(&digest, 1, (const uint8_t *)"\n");
	}
	finish(&digest, ret);
}

bool digest_file(int descriptor, char ret[static DIGEST_TEXT])
{
	enum { BLOCK = 1 << 16 };
	uint8_t bytes[BLOCK];
	struct sha256_ctx context;
	ssize_t size;

	sha256_init(&context);
	for (off_t at = 0; (size = pread(descriptor, bytes, sizeof bytes, at)) != 0;) {
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return false;
		sha256_update(&context, (size_t)size, bytes);
		at += size;
	}
	finish(&context, ret);
	return true;
}

void digest_keyed(const uint8_t key[static DIGEST_BYTES], struct span bytes, uint8_t ret[static DIGEST_BYTES])
{
	struct hmac_sha256_ctx context;

	hmac_sha256_set_key(&context, DIGEST_BYTES, key);
	hmac_sha256_update(&context, bytes.size, bytes.data);
	hmac_sha256_digest(&context, DIGEST_BYTES, ret);
}
