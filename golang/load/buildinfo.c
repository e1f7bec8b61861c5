/* buildinfo.c: the Go version of a program, stripped or not. Format: debug/buildinfo, Go 1.18 on: "\xff Go buildinf:" at
 * a 16-aligned address, pointer size, flags; with flag 2 two varint-prefixed strings at +32: version and module text. */
#include "golang/load/load.h"

#include <string.h>

enum { HEADER = 32, VERSION_LIMIT = 256, MODINFO_LIMIT = 1 << 20 };

static const char magic[] = "\xff Go buildinf:";

/* "path\t…\nmod\tPATH\tVERSION…" between two 16-byte sentinels (cmd/go/internal/modload). */
static const char *main_module(struct arena *arena, struct span text)
{
	size_t at = span_find(text, 0, "\nmod\t", 5);
	size_t start = at + 5;
	size_t end;

	if (at == SIZE_MAX)
		return NULL;
	for (end = start; end < text.size && text.data[end] != '\t' && text.data[end] != '\n'; end++)
		;
	return arena_strndup(arena, (const char *)text.data + start, end - start);
}

static bool take(struct go_runtime *runtime, struct span info)
{
	struct reader reader = reader_of(span_from(info, HEADER));
	struct span version, module;
	uint32_t length;

	if (!(span_u8(info, 15) & 2))
		return false;
	length = read_uvarint32(&reader);
	version = read_bytes(&reader, length);
	if (reader.failed || length > VERSION_LIMIT ||
	    !go_version_parse(runtime->arena, (const char *)version.data, version.size, &runtime->version))
		return false;
	length = read_uvarint32(&reader);
	module = read_bytes(&reader, length);
	if (reader.failed || length >= MODINFO_LIMIT)
		return true;
	runtime->build_info = module;
	runtime->main_module = main_module(runtime->arena, module);
	return true;
}

/* Of the record: header, version, module text. */
static uint64_t size_of(struct span info)
{
	struct reader reader = reader_of(span_from(info, HEADER));

	read_skip(&reader, read_uvarint32(&reader));
	read_skip(&reader, read_uvarint32(&reader));
	return HEADER + (reader.failed ? VERSION_LIMIT : reader.position);
}

/* `image`: whose memory it is; NULL: it is a file. */
static bool scan(struct go_runtime *runtime, struct image *image, struct span bytes, uint64_t address)
{
	for (size_t at = 0; (at = span_find(bytes, at, magic, sizeof magic - 1)) != SIZE_MAX; at++)
		if ((address + at) % 16 == 0 && take(runtime, span_from(bytes, at))) {
			if (image) {
				runtime->build_record = span_slice(bytes, at, size_of(span_from(bytes, at)));
				image_cite(image, address + at, runtime->build_record.size);
			}
			return true;
		}
	return false;
}

static void from_exe(struct go_runtime *runtime)
{
	const struct section *section = exe_section(runtime->exe, ".go.buildinfo");

	if (section && scan(runtime, NULL, section->bytes, section->address))
		return;
	for (size_t i = 0; i < runtime->exe->segments.count; i++) {
		const struct exe_segment *segment = &runtime->exe->segments.items[i];

		if ((segment->flags & SEGMENT_WRITE) && scan(runtime, NULL, segment->bytes, segment->address))
			return;
	}
}

/* The dump's own memory first: it cannot be of another build. The identity of the executable is known by now. */
void buildinfo_load(struct go_runtime *runtime)
{
	struct data_search search = {0};
	struct span bytes;
	uint64_t address;

	while ((bytes = image_data(runtime->image, &search, &address)).size)
		if (scan(runtime, runtime->image, bytes, address))
			return;
	if (runtime->exe && runtime->identity != IDENTITY_MISMATCH)
		from_exe(runtime);
}

/* ---- releases before 1.18 ---- */

/* Bytes of the process, else of the executable, where they are never written. */
static struct span bytes_at(struct go_runtime *runtime, uint64_t address, uint64_t size)
{
	struct span bytes = image_bytes(runtime->image, address, size);

	if (bytes.size < size && runtime->exe)
		bytes = exe_view(runtime->exe, address - runtime->bias, size);
	return bytes.size == size ? bytes : (struct span){0};
}

/* A Go string: address and length of its bytes, which a dump mostly leaves to the executable. False: there is none. */
static bool take_string(struct go_runtime *runtime, uint64_t address)
{
	struct span string = bytes_at(runtime, address, 16);
	uint64_t text = span_u64(string, 0), length = span_u64(string, 8);
	struct span bytes;

	if (!string.size || !length || length > VERSION_LIMIT)
		return false;
	bytes = bytes_at(runtime, text, length);
	if (bytes.size)
		return go_version_parse(runtime->arena, (const char *)bytes.data, bytes.size, &runtime->version);
	return image_segment(runtime->image, text) != NULL;
}

/* Flags without 2: the address of a string (debug/buildinfo, "Before Go 1.18"). */
static bool scan_old(struct go_runtime *runtime, struct image *image, struct span bytes, uint64_t address)
{
	for (size_t at = 0; (at = span_find(bytes, at, magic, sizeof magic - 1)) != SIZE_MAX; at++)
		if (span_u8(bytes, at + 14) == 8 && !(span_u8(bytes, at + 15) & 3) &&
		    take_string(runtime, span_u64(bytes, at + 16))) {
			if (image)
				image_cite(image, address + at, HEADER);
			return true;
		}
	return false;
}

bool old_version_load(struct go_runtime *runtime)
{
	const struct section *section = runtime->exe ? exe_section(runtime->exe, ".go.buildinfo") : NULL;
	struct data_search search = {0};
	struct span bytes;
	uint64_t address;

	if (section && scan_old(runtime, NULL, section->bytes, 0))
		return true;
	while ((bytes = image_data(runtime->image, &search, &address)).size)
		if (scan_old(runtime, runtime->image, bytes, address))
			return true;
	return false;
}

void build_version_load(struct go_runtime *runtime)
{
	uint64_t text, length;

	if (!runtime->globals.build_version || !image_u64(runtime->image, runtime->globals.build_version, &text) ||
	    !image_u64(runtime->image, runtime->globals.build_version + 8, &length) || length > VERSION_LIMIT)
		return;
	const char *version = image_string(runtime->image, text, length);

	if (version)
		go_version_parse(runtime->arena, version, length, &runtime->version);
}
