/* chunks.c: see chunks.h. */
#include "tests/fuzz/chunks.h"

static struct span take(struct reader *reader, size_t size)
{
	const size_t left = reader->failed ? 0 : reader->span.size - reader->position;

	return left ? read_bytes(reader, size < left ? size : left) : (struct span){0};
}

struct span chunk_u8(struct reader *reader)
{
	return take(reader, read_u8(reader));
}

struct span chunk_u16(struct reader *reader)
{
	return take(reader, read_u16(reader));
}

struct span chunk_rest(struct reader *reader)
{
	return take(reader, SIZE_MAX);
}
