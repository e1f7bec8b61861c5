/* test_archive.c: compressed, cut short and oversized input. */
#include "base/mapping.h"
#include "formats/archive/archive.h"
#include "formats/archive/spool.h"

#include "tests/build/core_builder.h"
#include "tests/build/scratch.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 3 << 20 };

struct fixture {
	struct arena *arena;
	const char *folder;
	struct span data; /* SIZE bytes: noise, a long run of zeros, noise */
};

static int setup(void **state)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fixture *f = arena_alloc(arena, sizeof *f);
	uint8_t *data = arena_alloc(arena, SIZE);
	uint32_t seed = 1;

	for (size_t i = 0; i < SIZE; i++) {
		seed = seed * 1664525 + 1013904223;
		if (i < 1 << 20 || i >= (2 << 20) + 123)
			data[i] = (uint8_t)(seed >> 24);
	}
	f->arena = arena;
	f->folder = scratch_folder(arena);
	f->data = (struct span){data, SIZE};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	arena_free(((struct fixture *)*state)->arena);
	return 0;
}

static struct span compress(struct arena *arena, const char *filter, struct span data)
{
	size_t capacity = data.size < 64 << 20 ? data.size + (1 << 20) : 16 << 20;
	uint8_t *out = arena_alloc(arena, capacity);
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0;

	assert_int_equal(archive_write_add_filter_by_name(archive, filter), ARCHIVE_OK);
	/* Blocks of 64 KiB, as lz4 frames have by default: a block is the unit in which a cut stream is lost. */
	if (!strcmp(filter, "lz4"))
		assert_int_equal(archive_write_set_filter_option(archive, "lz4", "block-size", "4"), ARCHIVE_OK);
	archive_write_set_format_raw(archive);
	archive_write_set_bytes_per_block(archive, 1);
	assert_int_equal(archive_write_open_memory(archive, out, capacity, &used), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "data");
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, data.data, data.size), data.size);
	archive_write_close(archive);
	archive_write_free(archive);
	archive_entry_free(entry);
	return (struct span){out, used};
}

static const char *const filters[] = {"zstd", "lz4", "xz", "gzip"};

/* The data, which is the same in each test, is compressed once; the caller may damage what it gets. */
static struct span packed(struct fixture *f, size_t filter)
{
	static struct span once[4];
	uint8_t *copy;

	if (!once[filter].size) {
		const struct span made = compress(f->arena, filters[filter], f->data);

		copy = malloc(made.size);
		memcpy(copy, made.data, made.size);
		once[filter] = (struct span){copy, made.size};
	}
	copy = arena_alloc(f->arena, once[filter].size);
	memcpy(copy, once[filter].data, once[filter].size);
	return (struct span){copy, once[filter].size};
}

static void every_compression_is_known_by_its_bytes(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		struct span content = packed(f, i);
		const char *path = scratch_write(f->arena, f->folder, "noname", content);
		struct file_bytes file;

		assert_null(file_map(f->arena, path, NULL, &file));
		assert_string_equal(file.compression, filters[i]);
		assert_false(file.cut_short);
		assert_int_equal(file.bytes.size, SIZE);
		assert_memory_equal(file.bytes.data, f->data.data, SIZE);
	}
}

static struct span joined(struct arena *arena, struct span a, struct span b)
{
	uint8_t *bytes = arena_alloc(arena, a.size + b.size);

	memcpy(bytes, a.data, a.size);
	memcpy(bytes + a.size, b.data, b.size);
	return (struct span){bytes, a.size + b.size};
}

/* As `zstd <a >c; zstd <b >>c` makes them; a stream that ends with the first of them was not cut. */
static void streams_may_follow_one_another(void **state)
{
	struct fixture *f = *state;
	const struct span parts[] = {span_slice(f->data, 0, 1000), span_slice(f->data, 1000, 300000)};

	for (size_t i = 0; i < 4; i++) {
		struct span first = compress(f->arena, filters[i], parts[0]), second = compress(f->arena, filters[i], parts[1]);
		const char *path = scratch_write(f->arena, f->folder, "two", joined(f->arena, first, second));
		struct file_bytes file;

		assert_null(file_map(f->arena, path, NULL, &file));
		assert_false(file.cut_short);
		assert_int_equal(file.bytes.size, parts[0].size + parts[1].size);
		assert_memory_equal(file.bytes.data, f->data.data, file.bytes.size);
	}
}

/* gzip(1) ignores it, the others say that the file is damaged; what came before is good. */
static void what_follows_is_told_from_a_stream(void **state)
{
	struct fixture *f = *state;
	static const uint8_t other[64] = {'x'};

	for (size_t i = 0; i < 4; i++) {
		struct span stream = compress(f->arena, filters[i], span_slice(f->data, 0, 1000));
		const char *path = scratch_write(f->arena, f->folder, "tail", joined(f->arena, stream, (struct span){other, sizeof other}));
		struct file_bytes file;

		assert_null(file_map(f->arena, path, NULL, &file));
		assert_int_equal(file.cut_short, strcmp(filters[i], "gzip") != 0);
		assert_int_equal(file.bytes.size, 1000);
		assert_memory_equal(file.bytes.data, f->data.data, 1000);
	}
}

static void plain_files_are_mapped(void **state)
{
	struct fixture *f = *state;
	struct file_bytes file;

	assert_null(file_map(f->arena, scratch_write(f->arena, f->folder, "x.zst", f->data),
			     &(struct file_options){.max_size = 1}, &file));
	assert_null(file.compression);
	assert_int_equal(file.bytes.size, SIZE); /* a mapping costs nothing: max_size is about what is spooled */
	assert_memory_equal(file.bytes.data, f->data.data, SIZE);
	assert_null(file_map(f->arena, scratch_write(f->arena, f->folder, "empty", (struct span){0}), NULL, &file));
	assert_int_equal(file.bytes.size, 0);
}

static void a_broken_stream_gives_what_there_was(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		struct span whole = packed(f, i);
		const char *path = scratch_write(f->arena, f->folder, "cut", span_slice(whole, 0, whole.size * 3 / 4));
		struct file_bytes file;

		assert_null(file_map(f->arena, path, NULL, &file));
		assert_true(file.cut_short);
		assert_true(file.bytes.size > SIZE / 2 && file.bytes.size < SIZE);
		assert_memory_equal(file.bytes.data, f->data.data, file.bytes.size);
	}
}

static void any_cut_is_survived(void **state)
{
	struct fixture *f = *state;
	struct span small = span_slice(f->data, 0, 2000);

	for (size_t i = 0; i < 4; i++) {
		struct span whole = compress(f->arena, filters[i], small);

		for (size_t size = 0; size < whole.size; size += 37) {
			struct file_bytes file = {0};
			const char *path = scratch_write(f->arena, f->folder, "cut", span_slice(whole, 0, size));
			const struct err *err = file_map(f->arena, path, NULL, &file);

			assert_true(!err || err->code == ERR_BAD_DATA);
			if (!err && file.compression && file.bytes.size < small.size)
				assert_true(file.cut_short);
		}
	}
}

static void damage_is_an_error_or_cut_short(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		struct span whole = packed(f, i);
		uint8_t *bytes = (uint8_t *)(uintptr_t)whole.data;
		struct file_bytes file;
		const struct err *err;

		for (size_t at = whole.size / 2; at < whole.size / 2 + 64; at++)
			bytes[at] ^= 0x55;
		err = file_map(f->arena, scratch_write(f->arena, f->folder, "bad", whole), NULL, &file);
		assert_true(err ? err->code == ERR_BAD_DATA : file.bytes.size <= SIZE);
	}
}

/* 1 GiB of zeros: neither memory nor disk may hold it. */
static void zeros_become_holes(void **state)
{
	struct fixture *f = *state;
	const size_t size = (size_t)1 << 30;
	struct span zeros = {calloc(1, size), size};
	const char *path = scratch_write(f->arena, f->folder, "bomb", compress(f->arena, "zstd", zeros));
	size_t used = arena_used(f->arena);
	struct file_bytes file;
	const struct err *err;

	free((void *)(uintptr_t)zeros.data);
	assert_null(file_map(f->arena, path, NULL, &file));
	assert_int_equal(file.bytes.size, size);
	assert_int_equal(file.bytes.data[size - 1], 0);
	assert_true(arena_used(f->arena) - used < 4096);
	err = file_map(f->arena, path, &(struct file_options){.max_size = 1 << 20}, &file);
	assert_int_equal(err->code, ERR_LIMIT);
	assert_non_null(strstr(err_describe(f->arena, err), "--max-size"));
}

/* As if there were so much memory, whatever the machine has. */
static void open_spool(struct fixture *f, uint64_t budget, struct spool *spool)
{
	assert_null(spool_open(f->arena, (uint64_t)1 << 40, spool));
	spool->asked = true;
	spool->budget = budget;
}

enum { ZEROS = 64 << 20, BLOCK = 128 << 10, ODD = 12345, ROOM = 64 << 10 };

/* ODD bytes, zeros, ODD bytes, zeros: however they come, what is kept is about those that are not zero. */
static void fill_spool(struct fixture *f, struct spool *spool)
{
	const uint8_t *zeros = calloc(1, BLOCK);

	assert_null(spool_append(f->arena, spool, f->data.data, ODD));
	for (int i = 0; i < ZEROS / BLOCK; i++)
		assert_null(spool_append(f->arena, spool, zeros, BLOCK));
	assert_null(spool_append(f->arena, spool, f->data.data, ODD));
	assert_null(spool_append(f->arena, spool, zeros, BLOCK));
	free((void *)(uintptr_t)zeros);
}

static void check_filled(struct fixture *f, struct span all)
{
	assert_int_equal(all.size, ZEROS + BLOCK + 2 * ODD);
	assert_memory_equal(all.data, f->data.data, ODD);
	assert_int_equal(all.data[ODD], 0);
	assert_int_equal(all.data[ODD + ZEROS - 1], 0);
	assert_memory_equal(all.data + ODD + ZEROS, f->data.data, ODD);
	assert_int_equal(all.data[all.size - 1], 0);
}

static void a_spool_is_sparse(void **state)
{
	struct fixture *f = *state;
	struct spool spool;
	struct span all;
	struct stat status;

	open_spool(f, 0, &spool);
	fill_spool(f, &spool);
	assert_null(spool_map(f->arena, &spool, &all));
	assert_int_equal(fstat(spool.descriptor, &status), 0);
	assert_int_equal(status.st_size, all.size);
	assert_true(status.st_blocks > 0 && status.st_blocks * 512 <= ROOM);
	check_filled(f, all);
	mapping_release(&all);
	spool_close(&spool);
}

static void a_spool_in_memory_is_sparse(void **state)
{
	struct fixture *f = *state;
	struct spool spool;
	struct span all;

	open_spool(f, ROOM, &spool);
	fill_spool(f, &spool);
	assert_int_equal(spool.descriptor, -1);
	assert_int_equal(spool.written, 2 * ODD);
	assert_null(spool_map(f->arena, &spool, &all));
	check_filled(f, all);
	mapping_release(&all);
	spool_close(&spool);
}

/* The budget ends between two pieces, and within one. */
static void a_spool_moves_to_a_file(void **state)
{
	static const uint64_t budgets[] = {0, ODD, 2 * ODD - 1, 5000};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
		struct spool spool;
		struct span all;

		open_spool(f, budgets[i], &spool);
		fill_spool(f, &spool);
		assert_true(spool.descriptor >= 0);
		assert_null(spool.block.start);
		assert_int_equal(spool.written, 2 * ODD);
		assert_null(spool_map(f->arena, &spool, &all));
		check_filled(f, all);
		mapping_release(&all);
		spool_close(&spool);
	}
}

/* What is cut off does not come back as what follows, in memory or in a file; whole pages, and parts of them. */
static void a_spool_forgets_what_is_cut(void **state)
{
	enum { LARGE = 4 << 20, LEFT = 3 * 4096 + 5, AGAIN = 100 };
	struct fixture *f = *state;
	uint8_t *large = malloc(LARGE);

	memset(large, 0xaa, LARGE);
	for (int memory = 0; memory < 2; memory++) {
		struct spool spool;
		struct span all;

		open_spool(f, memory ? UINT64_MAX : 0, &spool);
		assert_null(spool_append(f->arena, &spool, large, LARGE));
		assert_null(spool_cut(f->arena, &spool, LEFT));
		memset(large, 0, LARGE);
		assert_null(spool_append(f->arena, &spool, large, LARGE / 2));
		memset(large, 0xaa, LARGE);
		assert_null(spool_append(f->arena, &spool, large, AGAIN));
		assert_int_equal(spool.descriptor < 0, memory);
		assert_null(spool_map(f->arena, &spool, &all));
		assert_int_equal(all.size, LEFT + LARGE / 2 + AGAIN);
		assert_memory_equal(all.data, large, LEFT);
		for (size_t at = LEFT; at < LEFT + LARGE / 2; at++)
			assert_int_equal(all.data[at], 0);
		assert_memory_equal(all.data + LEFT + LARGE / 2, large, AGAIN);
		mapping_release(&all);
		spool_close(&spool);
	}
	free(large);
}

struct seen {
	enum progress_phase phase;
	size_t calls;
	uint64_t done, total;
	bool backwards;
};

/* A zstd frame (RFC 8878 3.1.1) of blocks that are one byte, `count` times 128 KiB. */
static struct span frame_of_one_byte(struct arena *arena, uint8_t byte, size_t count)
{
	static const uint8_t head[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3}; /* a window of 2^(10 + 7) bytes */
	uint8_t *frame = arena_alloc(arena, sizeof head + 4 * count);

	memcpy(frame, head, sizeof head);
	for (size_t i = 0; i < count; i++) { /* last, RLE, size << 3 */
		const uint32_t block = (uint32_t)(i + 1 == count) | 1 << 1 | 1 << (17 + 3);

		memcpy(frame + sizeof head + 4 * i, (const uint8_t[]){(uint8_t)block, (uint8_t)(block >> 8), (uint8_t)(block >> 16), byte}, 4);
	}
	return (struct span){frame, sizeof head + 4 * count};
}

/* 8 KB that fill 275 MiB of a disk, or nothing of it. */
static void little_does_not_become_much(void **state)
{
	enum { COUNT = 2200 };
	struct fixture *f = *state;
	const char *full = scratch_write(f->arena, f->folder, "full.zst", frame_of_one_byte(f->arena, 0xff, COUNT));
	const char *zeros = scratch_write(f->arena, f->folder, "zeros.zst", frame_of_one_byte(f->arena, 0, COUNT));
	const struct err *err;
	struct file_bytes file;

	err = file_map(f->arena, full, NULL, &file);
	assert_non_null(err);
	assert_int_equal(err->code, ERR_LIMIT);
	assert_non_null(strstr(err_describe(f->arena, err), "--max-size"));
	assert_null(file_map(f->arena, full, &(struct file_options){.max_size = 1 << 29}, &file));
	assert_int_equal(file.bytes.size, (size_t)COUNT * BLOCK);
	assert_null(file_map(f->arena, zeros, NULL, &file));
	assert_int_equal(file.bytes.size, (size_t)COUNT * BLOCK);
}

/* What others write meanwhile counts as what it writes itself. */
static void a_spool_leaves_room(void **state)
{
	enum { PIECE = 1 << 20, LOOKS = 33 };
	struct fixture *f = *state;
	const struct err *err = NULL;
	struct spool spool;
	size_t blocks = 1;

	open_spool(f, 0, &spool);
	assert_null(spool_append(f->arena, &spool, f->data.data, PIECE));
	assert_true(spool.spared > 0 && spool.spared <= (uint64_t)1 << 30);
	spool.spared = UINT64_MAX;
	for (; !err && blocks < LOOKS; blocks++)
		err = spool_append(f->arena, &spool, f->data.data, PIECE);
	assert_int_equal(blocks, LOOKS - 1);
	assert_non_null(err);
	assert_int_equal(err->code, ERR_LIMIT);
	assert_non_null(strstr(err_describe(f->arena, err), "TMPDIR"));
	spool_close(&spool);
}

static void take_step(void *context, enum progress_phase phase, uint64_t done, uint64_t total)
{
	struct seen *seen = context;

	seen->phase = phase;
	seen->calls++;
	seen->backwards |= done < seen->done;
	seen->done = done;
	seen->total = total;
}

static void progress_is_that_of_the_compressed_file(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		struct span content = packed(f, i);
		const char *path = scratch_write(f->arena, f->folder, "p", content);
		struct seen seen = {0};
		const struct progress progress = {.report = take_step, .context = &seen};
		struct file_bytes file;

		assert_null(file_map(f->arena, path, &(struct file_options){.progress = &progress}, &file));
		assert_int_equal(seen.phase, PROGRESS_DECOMPRESSING);
		assert_true(seen.calls > 1);
		assert_false(seen.backwards);
		assert_int_equal(seen.total, content.size);
		assert_true(seen.done > content.size / 2 && seen.done <= content.size);
	}
}

static bool at_once(void *context)
{
	(void)context;
	return true;
}

static void decompression_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	const char *path = scratch_write(f->arena, f->folder, "c", packed(f, 1));
	struct file_bytes file = {0};

	assert_non_null(file_map(f->arena, path, &(struct file_options){.cancel.asked = at_once}, &file));
	assert_null(file.bytes.data);
}

struct steps_seen {
	uint64_t sum;
	atomic_size_t count; /* asked for by another thread */
	size_t most;         /* enough */
};

static void add_step(void *context, enum progress_phase phase, uint64_t done, uint64_t total)
{
	struct steps_seen *seen = context;

	seen->sum = seen->sum * 31 + done + (uint64_t)phase + total;
	seen->count++;
}

static void same_by_threads(struct fixture *f, const char *path, uint64_t max_size)
{
	const struct err *errors[2];
	struct file_bytes files[2] = {{.size = 0}};
	struct steps_seen seen[2] = {{.sum = 0}};

	for (unsigned i = 0; i < 2; i++) {
		const struct progress progress = {.report = add_step, .context = &seen[i]};

		errors[i] = file_map(f->arena, path, &(struct file_options){.workers = i + 1, .thread_from = 1, .max_size = max_size, .progress = &progress}, &files[i]);
	}
	assert_int_equal(seen[0].count, seen[1].count);
	assert_int_equal(seen[0].sum, seen[1].sum);
	assert_int_equal(!errors[0], !errors[1]);
	if (errors[0]) {
		assert_int_equal(errors[0]->code, errors[1]->code);
		assert_string_equal(err_describe(f->arena, errors[0]), err_describe(f->arena, errors[1]));
		return;
	}
	assert_int_equal(files[0].cut_short, files[1].cut_short);
	assert_int_equal(files[0].bytes.size, files[1].bytes.size);
	assert_memory_equal(files[0].bytes.data, files[1].bytes.data, files[0].bytes.size);
}

/* Whole, cut, damaged at the start and later, too long; how far it is, too, is told at the same places. */
static void threads_change_nothing(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++) {
		const struct span whole = packed(f, i);
		uint8_t *bytes = (uint8_t *)(uintptr_t)whole.data;
		const char *path = scratch_write(f->arena, f->folder, "same", whole);

		same_by_threads(f, path, 0);
		for (uint64_t most = 1; most < SIZE; most += SIZE / 5)
			same_by_threads(f, path, most);
		same_by_threads(f, scratch_write(f->arena, f->folder, "same", span_slice(whole, 0, whole.size / 2)), 0);
		bytes[whole.size / 2] ^= 0x55;
		same_by_threads(f, scratch_write(f->arena, f->folder, "same", whole), 0);
		memset(bytes + 6, 0xff, 64);
		same_by_threads(f, scratch_write(f->arena, f->folder, "same", whole), 0);
	}
}

static bool when_enough(void *context)
{
	const struct steps_seen *seen = context;

	return seen->count >= seen->most;
}

/* While the thread is ahead, or waits for room. */
static void a_thread_ahead_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	const char *path = scratch_write(f->arena, f->folder, "c", packed(f, 0));

	for (size_t most = 0; most < 8; most++) {
		struct steps_seen seen = {.most = most};
		const struct progress progress = {.report = add_step, .context = &seen};
		struct file_bytes file = {0};

		file_map(f->arena, path, &(struct file_options){.workers = 2, .thread_from = 1, .progress = &progress, .cancel = {when_enough, &seen}}, &file);
		assert_true(!file.bytes.data || file.bytes.size == SIZE);
	}
}

static void what_is_no_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct file_bytes file = {0};

	assert_int_equal(file_map(f->arena, "/nonexistent", NULL, &file)->code, ERR_IO);
	assert_int_equal(file_map(f->arena, "/", NULL, &file)->code, ERR_IO);
	assert_int_equal(file_map(f->arena, "/dev/zero", NULL, &file)->code, ERR_IO);
	assert_null(file.bytes.data);
}

/* ---- standard input ---- */

static void with_input(int descriptor, struct arena *arena, struct file_bytes *ret)
{
	int saved = dup(STDIN_FILENO);

	dup2(descriptor, STDIN_FILENO);
	close(descriptor);
	assert_null(file_map(arena, "-", NULL, ret));
	dup2(saved, STDIN_FILENO);
	close(saved);
}

/* The reading end of a pipe into which a child writes. */
static int pipe_with(struct span bytes, pid_t *ret_child)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	*ret_child = fork();
	assert_true(*ret_child >= 0);
	if (!*ret_child) {
		close(ends[0]);
		while (bytes.size) {
			ssize_t n = write(ends[1], bytes.data, bytes.size);

			if (n <= 0)
				_exit(1);
			bytes = span_from(bytes, (uint64_t)n);
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void check_pipe(struct fixture *f, struct span content, const char *compression)
{
	struct file_bytes file;
	pid_t child;

	with_input(pipe_with(content, &child), f->arena, &file);
	waitpid(child, NULL, 0);
	if (compression)
		assert_string_equal(file.compression, compression);
	else
		assert_null(file.compression);
	assert_int_equal(file.bytes.size, SIZE);
	assert_memory_equal(file.bytes.data, f->data.data, SIZE);
}

static void pipes_are_read(void **state)
{
	struct fixture *f = *state;
	struct file_bytes file;
	pid_t child;

	check_pipe(f, f->data, NULL);
	check_pipe(f, packed(f, 0), "zstd");
	check_pipe(f, packed(f, 2), "xz");
	with_input(pipe_with((struct span){0}, &child), f->arena, &file);
	waitpid(child, NULL, 0);
	assert_int_equal(file.bytes.size, 0);
}

static void redirected_files_are_read(void **state)
{
	struct fixture *f = *state;
	struct span content[] = {f->data, packed(f, 3)};

	for (size_t i = 0; i < 2; i++) {
		struct file_bytes file;
		const char *path = scratch_write(f->arena, f->folder, "in", content[i]);

		with_input(open(path, O_RDONLY), f->arena, &file);
		assert_int_equal(file.bytes.size, SIZE);
		assert_memory_equal(file.bytes.data, f->data.data, SIZE);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_compression_is_known_by_its_bytes),
		TEST(streams_may_follow_one_another),
		TEST(what_follows_is_told_from_a_stream),
		TEST(plain_files_are_mapped),
		TEST(a_broken_stream_gives_what_there_was),
		TEST(any_cut_is_survived),
		TEST(damage_is_an_error_or_cut_short),
		TEST(zeros_become_holes),
		TEST(a_spool_is_sparse),
		TEST(a_spool_in_memory_is_sparse),
		TEST(a_spool_moves_to_a_file),
		TEST(a_spool_forgets_what_is_cut),
		TEST(little_does_not_become_much),
		TEST(a_spool_leaves_room),
		TEST(progress_is_that_of_the_compressed_file),
		TEST(decompression_can_be_cancelled),
		TEST(threads_change_nothing),
		TEST(a_thread_ahead_can_be_cancelled),
		TEST(what_is_no_file_is_refused),
		TEST(pipes_are_read),
		TEST(redirected_files_are_read),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
