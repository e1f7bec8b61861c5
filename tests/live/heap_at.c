/* heap_at.c: what golang/heap says of addresses in a dump, for heap.py. Usage: heap_at EXECUTABLE DUMP <ADDRESSES
 * One line for each address read: kind start size state class noscan header [type] [specials…] */
#include "golang/heap/heap.h"
#include "golang/types.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUDGET = 1 << 30, SPECIALS = 64 };

struct job {
	struct arena *arena;
	const char *exe, *dump;
	int status;
};

static struct go_runtime *load(struct job *job)
{
	const char **given = arena_array(job->arena, 2, sizeof *given);
	struct exe_search search = {.given = given, .sysroot = "/nonexistent"};
	struct notes *notes = arena_alloc(job->arena, sizeof *notes);
	struct exe_candidate exe = {0};
	struct image *image;

	given[0] = job->exe;
	notes->arena = job->arena;
	if (image_open(job->arena, notes, job->dump, &(struct file_options){0}, &image) ||
	    locate_exe(image, &search, &exe))
		return NULL;
	return go_runtime_load(image, &exe);
}

static void print_specials(struct go_runtime *runtime, const struct heap_place *place)
{
	struct heap_special specials[SPECIALS];
	const size_t count = heap_specials(runtime, &place->span, specials, SPECIALS);

	for (size_t i = 0; i < count; i++)
		if (specials[i].object >= place->start && specials[i].object < place->start + place->size)
			printf(" %s", specials[i].name);
}

static void print_place(struct go_runtime *runtime, uint64_t address)
{
	static const char *const kinds[] = {"unknown", "outside", "unused", "free", "object", "tail", "stack", "manual",
					    "damaged"};
	static const char *const states[] = {"?", "free", "allocated"};
	struct heap_place place;
	const enum heap_kind kind = heap_find(runtime, address, &place);
	const char *type = place.type ? go_type_name(runtime, place.type) : NULL;

	printf("%s 0x%" PRIx64 " %" PRIu64 " %s %u %s %" PRIu64 " %s", kinds[kind], place.start, place.size,
	       states[place.state], place.span.size_class, place.span.noscan ? "noscan" : "scan", place.header,
	       type ? type : "-");
	print_specials(runtime, &place);
	printf("\n");
}

static void run(void *context)
{
	struct job *job = context;
	struct go_runtime *runtime = load(job);
	char line[64];

	if (!runtime || !heap_known(runtime)) {
		for (size_t i = 0; runtime && i < runtime->notes->count; i++)
			fprintf(stderr, "heap_at: %s\n", runtime->notes->items[i]);
		return;
	}
	while (fgets(line, sizeof line, stdin))
		print_place(runtime, strtoull(line, NULL, 0));
	job->status = 0;
}

int main(int argc, char **argv)
{
	struct job job = {.arena = arena_new(BUDGET), .exe = argc > 1 ? argv[1] : NULL, .dump = argc > 2 ? argv[2] : NULL,
			  .status = 1};

	if (argc != 3 || !job.arena) {
		fprintf(stderr, "usage: heap_at EXECUTABLE DUMP <ADDRESSES\n");
		return 2;
	}
	if (!arena_run(job.arena, run, &job))
		fprintf(stderr, "heap_at: out of memory\n");
	arena_free(job.arena);
	return job.status;
}
