/* isolated.c: see isolated.h. */
#include "scan/isolated.h"

#include "base/isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCAN_PART = ISOLATION_TOLD, SCAN_END };

enum { RECORD_LIMIT = 256 << 20 /* bytes */, TEXT = 512 };

struct telling {
	const struct isolated_input *input;
	char *bytes; /* in malloc'd memory: what came so far */
	size_t size, capacity;
	bool lost;   /* there was more than that */
};

/* ---- the child ---- */

static ssize_t tell(void *cookie, const char *bytes, size_t size)
{
	(void)cookie;
	for (size_t done = 0; done < size;) {
		const size_t part = size - done < BROKER_BYTES ? size - done : BROKER_BYTES;

		if (!broker_tell(SCAN_PART, bytes + done, part))
			return 0;
		done += part;
	}
	return (ssize_t)size;
}

static void read_and_tell(void *context)
{
	static char buffer[BROKER_BYTES];
	const cookie_io_functions_t functions = {.write = tell};
	const struct isolated_input *input = ((const struct telling *)context)->input;
	FILE *out = fopencookie(NULL, "w", functions);

	if (!out)
		return;
	setvbuf(out, buffer, _IOFBF, sizeof buffer);
	input->read(input->reader, input->archive);
	record_write(input->result, out);
	if (!fflush(out))
		broker_tell(SCAN_END, "", 0);
}

/* ---- the parent ---- */

static int open_input(void *context, const char *path)
{
	if (!strcmp(path, ((const struct telling *)context)->input->path))
		return open(path, O_RDONLY | O_CLOEXEC);
	errno = EACCES;
	return -1;
}

static bool no_file(void *context, const char *path)
{
	(void)context, (void)path;
	return false;
}

static bool make_room(struct telling *telling, size_t size)
{
	const size_t wanted = telling->size + size;
	char *larger;

	if (wanted <= telling->capacity)
		return true;
	larger = wanted <= RECORD_LIMIT ? realloc(telling->bytes, 2 * wanted) : NULL;
	if (!larger)
		return false;
	telling->bytes = larger;
	telling->capacity = 2 * wanted;
	return true;
}

static bool told(void *context, const struct broker_message *message)
{
	struct telling *telling = context;

	if (message->kind != SCAN_PART)
		return message->kind == SCAN_END;
	telling->lost |= !make_room(telling, message->size);
	if (!telling->lost) {
		memcpy(telling->bytes + telling->size, message->data, message->size);
		telling->size += message->size;
	}
	return telling->lost;
}

static void release(void *telling)
{
	free(((struct telling *)telling)->bytes);
}

static struct isolation_result run(struct telling *telling)
{
	const struct isolated_input *input = telling->input;
	struct stat status;
	const struct isolation isolation = {
		.size = stat(input->path, &status) ? 0 : (uint64_t)status.st_size,
		.file_size = input->max_size,
		.body = read_and_tell,
		.open = open_input,
		.is_file = no_file,
		.told = told,
		.cancel = input->cancel,
		.context = telling,
	};

	return isolation_run(&isolation);
}

/* False: the bytes are no record. */
static bool take(struct arena *arena, struct telling *telling)
{
	const bool whole = record_read(arena, (struct span){(const uint8_t *)telling->bytes, telling->size}, telling->input->result);

	release(telling);
	telling->bytes = NULL;
	return whole;
}

enum input_end isolated_read(struct arena *arena, const struct isolated_input *input, const char **code, const char **text)
{
	struct telling *telling = arena_alloc(arena, sizeof *telling);
	char *said = arena_alloc(arena, TEXT);
	struct isolation_result how;
	bool limit = false;

	telling->input = input;
	arena_defer(arena, release, telling); /* should memory end in between */
	how = run(telling);
	if (how.end == ISOLATION_NONE)
		return INPUT_NO_CHILD;
	if (*how.exposed)
		input->result->exposed = arena_strdup(arena, how.exposed);
	if (how.end == ISOLATION_CANCELLED)
		return INPUT_READ;
	if (how.end != ISOLATION_DONE)
		limit = isolation_describe(&how, "the scan", "reading it", said, TEXT);
	else if (telling->lost)
		limit = snprintf(said, TEXT, "what was found in it takes over %d MiB", RECORD_LIMIT >> 20) > 0;
	else if (take(arena, telling))
		return INPUT_READ;
	else
		snprintf(said, TEXT, "the scan crashed: what it told makes no sense");
	*code = err_code_name(limit ? ERR_LIMIT : ERR_CRASHED);
	*text = said;
	return INPUT_LOST;
}
