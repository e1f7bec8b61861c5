/* archive.h: files that may be compressed (zstd, lz4, xz, gzip: codec.h), mapped into memory. */
#ifndef FORMATS_ARCHIVE_ARCHIVE_H
#define FORMATS_ARCHIVE_ARCHIVE_H

#include "base/cancel.h"
#include "base/err.h"
#include "base/progress.h"
#include "base/span.h"

#include <sys/types.h>

struct spool;

/* Who knows what a stream is keeps of it what is needed, and not all. */
struct sieve {
	/* Whether this is such a stream, by how it begins (SIEVE_START bytes, or all). */
	bool (*accepts)(struct span start);
	/* Begins; what is kept is to be appended there. */
	void *(*open)(struct arena *arena, struct spool *kept);
	/* The next bytes, first at least those that it was asked about; and that there are no more. */
	const struct err *(*take)(void *state, struct span part);
	const struct err *(*end)(void *state);
};

enum { SIEVE_START = 4096 };

struct file_bytes {
	struct span bytes;
	uint64_t size;           /* of the file, decompressed: more than bytes has where a sieve took part of it */
	void *sieved;            /* the state of the sieve that bytes come from; NULL: they are the file */
	const char *compression; /* NULL: none */
	bool cut_short;          /* the compressed stream ended before its end; bytes holds what there was */
};

struct file_options {
	uint64_t max_size;               /* of what is decompressed, in bytes; 0: 64 GiB */
	unsigned crash;                  /* of a dump that is a log with several: which, from 1; 0: the last */
	struct cancel cancel;            /* polled while decompressing */
	unsigned patience;               /* seconds for what comes over a network; 0: 300 */
	unsigned workers;                /* threads; more than one: a large file is decompressed on one of its own; 0: one for each CPU */
	uint64_t thread_from;            /* bytes that make a compressed file a large one; 0: 8 MiB */
	const char *root;                /* the folder that stands for the root of paths below it (base/root.h); NULL: none does */
	const struct progress *progress; /* of decompressing; NULL: nobody waits */
	const uint8_t *names;            /* the key of pseudonyms (formats/pseudonym) that are taken back; NULL: none are */
	const struct sieve *sieve;       /* for what is not mapped as it is; NULL: all of it is kept */
};

/* Whether bytes begin as a compressed file that file_map decompresses. */
bool file_compressed(struct span start);

/* Maps a file read-only ("-": standard input), decompressed if need be into an unlinked sparse temporary file in
 * TMPDIR; at most max_size bytes. The mapping is released with the arena. A stream that breaks off gives
 * what could be read, with cut_short. options NULL: defaults. Errors: IO, BAD_DATA, LIMIT. */
const struct err *file_map(struct arena *arena, const char *path, const struct file_options *options, struct file_bytes *ret);

/* The first bytes of a file, at most `size`; how many there are, -1: errno says why they cannot be read. */
ssize_t file_start(int descriptor, void *start, size_t size);

#endif
