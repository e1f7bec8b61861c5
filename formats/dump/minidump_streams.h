/* minidump_streams.h: a minidump as a file: a directory of streams, and the lists and strings in them (minidumpapiset.h:
 * MINIDUMP_HEADER, MINIDUMP_DIRECTORY, MINIDUMP_LOCATION_DESCRIPTOR, MINIDUMP_STRING). Offsets and counts are untrusted:
 * what the file does not hold is left out. */
#ifndef FORMATS_DUMP_MINIDUMP_STREAMS_H
#define FORMATS_DUMP_MINIDUMP_STREAMS_H

#include "base/word_map.h"
#include "formats/dump/image.h"

enum stream_type {
	STREAM_THREADS = 3,
	STREAM_MODULES = 4,
	STREAM_MEMORY = 5,
	STREAM_EXCEPTION = 6,
	STREAM_SYSTEM = 7,
	STREAM_THREADS_EX = 8,
	STREAM_MEMORY64 = 9,
	STREAM_COMMENT_A = 10,
	STREAM_COMMENT_W = 11,
	STREAM_UNLOADED = 14,
	STREAM_MISC = 15,
	STREAM_MEMORY_INFO = 16,
	STREAM_THREAD_INFO = 17,
	STREAM_THREAD_NAMES = 24,
	STREAM_TYPES
};

enum { MODULE_LIMIT = 1 << 14 }; /* loaded ones, and unloaded; the rest is left out with a note */

/* A minidump while it is read into an image. */
struct minidump {
	struct image *image;
	struct span streams[STREAM_TYPES]; /* the first of each type; as much of it as the file holds */
	uint64_t flags;
	uint64_t end; /* of the last byte that the file promises */
	size_t lost;  /* ranges of memory, or parts of them, beyond the end of the file */
	VEC(struct segment) saved, existed;
	struct word_map threads; /* by id, the first of each */
	uint64_t names;          /* bytes of names that were read: entries may share them */
};

struct minidump_list {
	struct span entries;
	size_t count, size;
};

/* Finds the streams, and `flags`. */
void minidump_read_directory(struct minidump *dump);

/* Notes that the file ought to hold bytes: `end`. */
void minidump_promise(struct minidump *dump, uint64_t start, uint64_t size);

/* As many of the bytes at an offset as the file holds. */
struct span minidump_bytes(const struct minidump *dump, uint64_t start, uint64_t size);

/* The bytes that a MINIDUMP_LOCATION_DESCRIPTOR in a record leads to. */
struct span minidump_location(struct minidump *dump, struct span record, uint64_t offset);

/* A MINIDUMP_STRING, as UTF-8 on the image's arena. NULL when it is empty or not there. */
const char *minidump_string(struct minidump *dump, uint64_t rva);

struct span minidump_list_entry(const struct minidump_list *list, size_t index);

/* At most as many entries as the bytes can hold, and as `limit`; a note says of `what` there ought to be more. */
struct minidump_list minidump_list_bounded(struct minidump *dump, const char *what, struct span entries, uint64_t count,
					   size_t size, size_t limit);

/* The list of a stream: a 32-bit count, then entries. */
struct minidump_list minidump_list_of(struct minidump *dump, enum stream_type type, const char *what, size_t size,
				      size_t limit);

/* The list of a stream whose header states its own size and that of an entry; `smallest`: what must be in an entry. */
struct minidump_list minidump_list_with_header(struct minidump *dump, enum stream_type type, const char *what,
					       size_t smallest, size_t limit);

#endif
