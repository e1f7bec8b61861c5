/* spool.c: see spool.h. */
#include "formats/archive/spool.h"

#include "base/mapping.h"
#include "base/temporary.h"

#include <errno.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { HOLE = 4096, SPARED_PART = 8, LOOK_EVERY = 32 << 20 };

/* Of a large file system not more than this stays free. */
static const uint64_t most_spared = UINT64_C(1) << 30;

/* Bytes that are free for users, where the file is. */
static bool free_bytes(int descriptor, uint64_t *ret)
{
	struct statfs status;

	if (fstatfs(descriptor, &status))
		return false;
	*ret = (uint64_t)status.f_bavail * (uint64_t)status.f_bsize;
	return true;
}

static bool all_zero(const unsigned char *data, size_t size)
{
	return !size || (!data[0] && !memcmp(data, data + 1, size - 1));
}

static bool write_all(int descriptor, const unsigned char *data, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t written = pwrite(descriptor, data, size, (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		data += written;
		size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return true;
}

bool spool_write(int descriptor, const unsigned char *data, size_t size, uint64_t offset, uint64_t *written)
{
	size_t start = 0; /* of the bytes not yet written */
	size_t at = 0;

	while (at < size) {
		size_t step = HOLE - (size_t)((offset + at) % HOLE);

		if (step > size - at)
			step = size - at;
		if (all_zero(data + at, step)) {
			if (!write_all(descriptor, data + start, at - start, offset + start))
				return false;
			*written += at - start;
			start = at + step;
		}
		at += step;
	}
	*written += size - start;
	return write_all(descriptor, data + start, size - start, offset + start);
}

const struct err *spool_open(struct arena *arena, uint64_t max_size, struct spool *ret)
{
	uint64_t bytes;

	*ret = (struct spool){.descriptor = temporary_open(), .max_size = max_size};
	if (ret->descriptor < 0)
		return err_new(arena, ERR_IO, "no temporary file can be made (see TMPDIR): %s", strerror(errno));
	if (free_bytes(ret->descriptor, &bytes))
		ret->spared = bytes / SPARED_PART < most_spared ? bytes / SPARED_PART : most_spared;
	return NULL;
}

const struct err *spool_too_long(struct arena *arena, const struct spool *spool)
{
	return err_new(arena, ERR_LIMIT, "it holds more than %llu bytes; raise the limit with --max-size", (unsigned long long)spool->max_size);
}

/* Looks now and then: `before` bytes were written when it was last appended to. */
static bool leaves_room(const struct spool *spool, uint64_t before)
{
	uint64_t bytes;

	return before / LOOK_EVERY == spool->written / LOOK_EVERY || !free_bytes(spool->descriptor, &bytes) || bytes >= spool->spared;
}

const struct err *spool_append(struct arena *arena, struct spool *spool, const void *data, size_t size)
{
	const uint64_t before = spool->written;

	if (size > spool->max_size - spool->size)
		return spool_too_long(arena, spool);
	if (!spool_write(spool->descriptor, data, size, spool->size, &spool->written))
		return err_new(arena, ERR_IO, "writing its contents to a temporary file (see TMPDIR) failed: %s",
			       strerror(errno));
	if (!leaves_room(spool, before))
		return err_new(arena, ERR_LIMIT, "there is no room for its contents: they took %llu MiB, and the last %llu MiB of the file "
						 "system of TMPDIR stay free for others", (unsigned long long)(spool->written >> 20),
			       (unsigned long long)(spool->spared >> 20));
	spool->size += size;
	return NULL;
}

const struct err *spool_cut(struct arena *arena, struct spool *spool, uint64_t size)
{
	if (size < spool->size && ftruncate(spool->descriptor, (off_t)size))
		return err_new(arena, ERR_IO, "making a temporary file (see TMPDIR) shorter failed: %s", strerror(errno));
	spool->size = size < spool->size ? size : spool->size;
	return NULL;
}

const struct err *spool_map(struct arena *arena, struct spool *spool, struct span *ret)
{
	if (ftruncate(spool->descriptor, (off_t)spool->size)) /* what is written last may be a hole */
		return err_new(arena, ERR_IO, "extending a temporary file (see TMPDIR) failed: %s", strerror(errno));
	return mapping_new(arena, "a temporary file", spool->descriptor, spool->size, ret);
}

void spool_close(struct spool *spool)
{
	if (spool->descriptor >= 0)
		close(spool->descriptor);
	spool->descriptor = -1;
}
