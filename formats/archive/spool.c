/* spool.c: see spool.h. */
#include "formats/archive/spool.h"

#include "base/mapping.h"
#include "base/room.h"
#include "base/temporary.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { HOLE = 4096, SPARED_PART = 8, LOOK_EVERY = 32 << 20 };

#define LIMIT(name, value, why) static const uint64_t limit_##name = (value);
#include "formats/archive/spool_limits.def"
#undef LIMIT

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

/* The next bytes from *at on that are no hole, by pages of the file; *at is behind them. Empty: there are no more. */
static struct span next_filled(struct span bytes, uint64_t offset, size_t *at)
{
	size_t start = *at; /* of what is no hole */

	while (*at < bytes.size) {
		const size_t rest = bytes.size - *at, page = HOLE - (size_t)((offset + *at) % HOLE), step = page < rest ? page : rest;
		const bool hole = all_zero(bytes.data + *at, step);

		if (hole && start < *at)
			break;
		*at += step;
		if (hole)
			start = *at;
	}
	return (struct span){bytes.data + start, *at - start};
}

bool spool_write(int descriptor, const unsigned char *data, size_t size, uint64_t offset, uint64_t *written)
{
	const struct span bytes = {data, size};
	struct span part;

	for (size_t at = 0; (part = next_filled(bytes, offset, &at)).size;) {
		if (!write_all(descriptor, part.data, part.size, offset + (uint64_t)(part.data - data)))
			return false;
		*written += part.size;
	}
	return true;
}

/* ---- in memory ---- */

/* Asks what the machine has when more is needed than may be taken unasked. */
static bool has_budget(struct spool *spool, size_t more)
{
	if (spool->written + more > spool->budget && !spool->asked) {
		const uint64_t room = room_of_memory() / limit_ROOM_PART;

		spool->asked = true;
		spool->budget = room < limit_MOST ? room : limit_MOST;
	}
	return spool->written + more <= spool->budget;
}

/* False: it does not fit, or not all; what was written of it may be written again. */
static bool keep_in_memory(struct spool *spool, struct span bytes)
{
	const uint64_t before = spool->written;
	struct span part;

	for (size_t at = 0; (part = next_filled(bytes, spool->size, &at)).size;) {
		if (!has_budget(spool, part.size) || !block_write(&spool->block, part, spool->size + (uint64_t)(part.data - bytes.data))) {
			spool->written = before;
			return false;
		}
		spool->written += part.size;
	}
	return true;
}

/* ---- in a file ---- */

static const struct err *not_written(struct arena *arena)
{
	return err_new(arena, ERR_IO, "writing its contents to a temporary file (see TMPDIR) failed: %s", strerror(errno));
}

static const struct err *no_room(struct arena *arena, const struct spool *spool)
{
	return err_new(arena, ERR_LIMIT, "there is no room for its contents: they took %llu MiB, and the last %llu MiB of the file "
					 "system of TMPDIR stay free for others", (unsigned long long)(spool->written >> 20),
		       (unsigned long long)(spool->spared >> 20));
}

/* There must be room for what was written so far. */
static const struct err *open_file(struct arena *arena, struct spool *spool)
{
	uint64_t bytes;

	spool->descriptor = temporary_open();
	if (spool->descriptor < 0)
		return err_new(arena, ERR_IO, "no temporary file can be made (see TMPDIR): %s", strerror(errno));
	if (!free_bytes(spool->descriptor, &bytes))
		return NULL;
	spool->spared = bytes / SPARED_PART < most_spared ? bytes / SPARED_PART : most_spared;
	return bytes - spool->spared < spool->written ? no_room(arena, spool) : NULL;
}

/* What memory does not hold any more goes on in a file, with all before it. */
static const struct err *move_to_file(struct arena *arena, struct spool *spool)
{
	const struct err *err = open_file(arena, spool);
	struct span all = {0};
	uint64_t again = 0;

	if (!err && !block_take(&spool->block, spool->size, &all))
		return not_written(arena);
	if (!err && !spool_write(spool->descriptor, all.data, all.size, 0, &again))
		err = not_written(arena);
	if (all.size)
		munmap((void *)(uintptr_t)all.data, all.size);
	return err;
}

const struct err *spool_open(struct arena *arena, uint64_t max_size, struct spool *ret)
{
	*ret = (struct spool){.descriptor = -1, .max_size = max_size, .budget = limit_UNASKED};
	return block_reserve(&ret->block, max_size) ? NULL : open_file(arena, ret);
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
	const struct err *err;

	if (size > spool->max_size - spool->size)
		return spool_too_long(arena, spool);
	if (spool->block.start && keep_in_memory(spool, (struct span){data, size})) {
		spool->size += size;
		return NULL;
	}
	err = spool->block.start ? move_to_file(arena, spool) : NULL;
	if (err)
		return err;
	if (!spool_write(spool->descriptor, data, size, spool->size, &spool->written))
		return not_written(arena);
	if (!leaves_room(spool, before))
		return no_room(arena, spool);
	spool->size += size;
	return NULL;
}

const struct err *spool_cut(struct arena *arena, struct spool *spool, uint64_t size)
{
	if (size < spool->size && (spool->block.start ? !block_cut(&spool->block, size) : ftruncate(spool->descriptor, (off_t)size)))
		return err_new(arena, ERR_IO, "making a temporary file (see TMPDIR) shorter failed: %s", strerror(errno));
	spool->size = size < spool->size ? size : spool->size;
	return NULL;
}

const struct err *spool_map(struct arena *arena, struct spool *spool, struct span *ret)
{
	if (spool->block.start)
		return block_take(&spool->block, spool->size, ret) ? NULL : err_new(arena, ERR_LIMIT, "no memory for what it holds");
	if (ftruncate(spool->descriptor, (off_t)spool->size)) /* what is written last may be a hole */
		return err_new(arena, ERR_IO, "extending a temporary file (see TMPDIR) failed: %s", strerror(errno));
	return mapping_new(arena, "a temporary file", spool->descriptor, spool->size, ret);
}

void spool_close(struct spool *spool)
{
	block_release(&spool->block);
	if (spool->descriptor >= 0)
		close(spool->descriptor);
	spool->descriptor = -1;
}
