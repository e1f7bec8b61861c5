/* gen_layout: prints the layout that the DWARF of a Go executable states, as the body of a row of golang/layouts (see
 * tools/layouts.sh, which adds releases and merges rows). Usage: gen_layout EXECUTABLE */
#include "golang/layout.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 112 };

struct job {
	struct arena *arena;
	const char *path;
	int status;
};

/* The structure that a field's id begins with. */
static size_t prefix(const char *id)
{
	return strcspn(id, "_");
}

/* One paragraph per structure. */
static void print_fields(const struct layout *layout)
{
	const char *previous = "";
	size_t column = 0;

	for (int field = 0; field < LAYOUT_FIELD_COUNT; field++) {
		const char *id = layout_field_name((enum layout_field)field);
		uint32_t offset = layout->offset[field];
		bool same = prefix(id) == prefix(previous) && !strncmp(id, previous, prefix(id));
		char text[128];
		size_t length;

		if (offset == LAYOUT_ABSENT)
			snprintf(text, sizeof text, "NO(%s)", id);
		else
			snprintf(text, sizeof text, "AT(%s, %u)", id, (unsigned)offset);
		length = strlen(text);
		if (!same || column + 1 + length > WIDTH) {
			printf("%s\t%s", field ? "\n" : "", text);
			column = length;
		} else {
			printf(" %s", text);
			column += 1 + length;
		}
		previous = id;
	}
	printf("\n");
}

static void run(void *context)
{
	struct job *job = context;
	struct exe *exe;
	struct layout *layout;
	const struct err *err = exe_open(job->arena, job->path, NULL, &exe);

	if (!err)
		err = layout_of_dwarf(job->arena, exe, &layout);
	if (err) {
		fprintf(stderr, "gen_layout: %s\n", err_describe(job->arena, err));
		return;
	}
	print_fields(layout);
	job->status = 0;
}

int main(int argc, char **argv)
{
	struct job job = {.path = argv[argc - 1], .status = 1};

	if (argc != 2) {
		fprintf(stderr, "usage: gen_layout EXECUTABLE\n");
		return 2;
	}
	job.arena = arena_new((size_t)1 << 30);
	if (!job.arena || !arena_run(job.arena, run, &job))
		fprintf(stderr, "gen_layout: out of memory\n");
	arena_free(job.arena);
	return job.status;
}
