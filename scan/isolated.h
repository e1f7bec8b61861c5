/* isolated.h: one input of a scan, read in a child process (base/isolation.h): what crashes there costs this input only. */
#ifndef SCAN_ISOLATED_H
#define SCAN_ISOLATED_H

#include "scan/record.h"

struct isolated_input {
	const char *path; /* the only file that the child is given */
	bool archive;
	void (*read)(void *reader, bool archive); /* fills *result, in the child */
	void *reader;
	struct input_result *result;
	uint64_t max_size; /* of a decompressed file in bytes; 0: default */
	struct cancel cancel;
};

enum input_end {
	INPUT_READ,     /* *result is what the child found; cancelled: it is empty */
	INPUT_LOST,     /* *code and *text, on the arena, say why */
	INPUT_NO_CHILD, /* none could be made: nothing is done */
};

/* Call inside arena_run. */
enum input_end isolated_read(struct arena *arena, const struct isolated_input *input, const char **code, const char **text);

#endif
