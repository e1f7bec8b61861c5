/* batch.h: many executables at once: files, folders, archives. What is found does not depend on the number of
 * workers. */
#ifndef SCAN_BATCH_H
#define SCAN_BATCH_H

#include "base/cancel.h"
#include "scan/scan.h"

struct scan_options {
	unsigned workers;        /* threads; 0: one for each CPU */
	uint64_t max_size;       /* of a decompressed file in bytes; 0: 4 GiB */
	bool isolated;           /* each file is read in a child process that can open nothing else (base/isolation.h) */
	struct cancel cancel;    /* polled between files and while decompressing */
	/* Called, by one thread at a time, when one of `total` files is done; NULL: never. */
	void (*progress)(void *context, size_t done, size_t total, const char *path);
	void *context;
};

/* A file that was to be looked at and could not be. */
struct scan_failure {
	const char *path;
	const char *code, *text;
	bool given; /* it was named, not found in a folder or archive */
};

struct scan_batch {
	VEC(struct scanned) binaries;      /* in the order of the paths; in folders, of names */
	VEC(struct scan_failure) failures; /* as well */
	const char *exposed; /* files were not isolated, or not as well as they should be: why; NULL: they were, or were not to be */
	size_t others; /* found in folders and archives: executables without Go code, or of another CPU or kind */
};

/* Scans executables, those in archives (formats/archive/members.h), and all in folders, symbolic links in these
 * apart. Paths end with NULL. The result lives as long as the arena. */
struct scan_batch *scan_paths(struct arena *arena, const char *const *paths, const struct scan_options *options);

#endif
