/* moduledata.c: a small Go program whose own tables and variables are changed: moduledata, build information, the lists of
 * goroutines and Ms, pclntab, code. Input: a byte of which program, then edits of eleven bytes each: where (the dump's data, heap,
 * or a segment of the executable), an offset, a word. */
#include "golang/load/load.h"
#include "heuristics/finding.h"
#include "tests/build/go_scene.h"
#include "tests/fuzz/fuzz.h"

enum { EDITS = 16, ARM64 = 1, NO_EXE = 2, RELEASES = 10, OLDEST = 18, IN_DUMP = 2, HEAP_USED = 0x4000 };

struct program {
	struct go_builder *builder;
	struct exe *exe;
};

static struct program program_new(struct arena *arena, uint8_t how)
{
	const struct scene_options options = {.arch = how & ARM64 ? &arch_arm64 : &arch_amd64,
					      .minor = OLDEST + (how >> 2) % RELEASES};
	struct go_scene scene = scene_new(arena, &options);

	scene_add_walker(&scene, "fatal error: unexpected signal\n");
	return (struct program){scene.builder, go_exe(scene.builder)};
}

/* Places of which there are many are taken modulo what there is. */
static void apply(const struct program *program, uint8_t where, uint16_t offset, uint64_t word)
{
	const struct exe_segment *segments = program->exe->segments.items;
	const size_t count = program->exe->segments.count;

	if (where % (count + IN_DUMP) == 0)
		go_put(program->builder, GO_DATA + offset % (GO_DATA_SIZE - 8), word);
	else if (where % (count + IN_DUMP) == 1)
		go_put(program->builder, GO_HEAP + offset % HEAP_USED, word);
	else if (segments[where % (count + IN_DUMP) - IN_DUMP].bytes.size > sizeof word) {
		const struct span bytes = segments[where % (count + IN_DUMP) - IN_DUMP].bytes;

		memcpy((uint8_t *)(uintptr_t)bytes.data + offset % (bytes.size - sizeof word), &word, sizeof word);
	}
}

/* The executable's segments as memory of the dump. */
static void load_into_dump(const struct program *program)
{
	for (size_t i = 0; i < program->exe->segments.count; i++) {
		const struct exe_segment *segment = &program->exe->segments.items[i];

		if (segment->address == GO_DATA)
			continue;
		go_memory(program->builder, segment->address, segment->bytes.size, segment->flags);
		go_write(program->builder, segment->address, segment->bytes.data, segment->bytes.size);
	}
}

/* What no code of this program leads to. */
static void load_unnamed(struct go_runtime *runtime)
{
	if (!runtime->layout)
		return;
	runtime->globals.allm = GO_ALLM;
	runtime->globals.print_backlog = GO_BACKLOG;
	runtime->globals.print_backlog_index = GO_BACKLOG_INDEX;
	runtime->machines.count = runtime->fatal_lines.count = 0;
	machines_load(runtime);
	backlog_load(runtime);
}

static void run(struct arena *arena, struct span input)
{
	struct reader reader = reader_of(input);
	const uint8_t how = read_u8(&reader);
	struct program program;
	struct exe_candidate candidate = {.source = EXE_NONE};
	struct go_runtime *runtime;

	if (reader.failed)
		return;
	program = program_new(arena, how);
	program.builder->image->workers = 1;
	for (int i = 0; i < EDITS; i++) {
		const uint8_t where = read_u8(&reader);
		const uint16_t offset = read_u16(&reader);
		const uint64_t word = read_u64(&reader);

		if (!reader.failed)
			apply(&program, where, offset, word);
	}
	if (how & NO_EXE)
		load_into_dump(&program);
	else
		candidate = (struct exe_candidate){.exe = program.exe, .source = EXE_GIVEN, .bias_known = true};
	runtime = go_runtime_load(program.builder->image, &candidate);
	load_unnamed(runtime);
	diagnose(analyze(runtime));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){128 << 20, 5}, run);
}
