/* panic_value.c: a panic's value as runtime.printpanicval prints it (runtime/error.go), from its type descriptor
 * (internal/abi/type.go: Type; name encoding: internal/abi.Name). */
#include "analyzer/last_words.h"

#include <inttypes.h>
#include <stdio.h>

enum kind { /* internal/abi/type.go */
	KIND_BOOL = 1, KIND_INT, KIND_INT8, KIND_INT16, KIND_INT32, KIND_INT64, KIND_UINT, KIND_UINT8, KIND_UINT16, KIND_UINT32,
	KIND_UINT64, KIND_UINTPTR, KIND_FLOAT32, KIND_FLOAT64, KIND_STRING = 24, KIND_MASK = 31,
};

enum { TFLAG_EXTRA_STAR = 2, NAME_LIMIT = 1024, TEXT_LIMIT = 4096 };

/* The name that a type descriptor refers to: an offset from moduledata.types of {flags, varint length, bytes}. */
static const char *type_name(struct analysis *analysis, uint64_t type)
{
	struct go_runtime *runtime = analysis->runtime;
	struct reader reader;
	struct span text;
	uint32_t offset;
	uint8_t flags = 0;
	bool star;

	if (!runtime->modules.count || !go_field32(runtime, type, LAYOUT_type_str, &offset))
		return NULL;
	go_field8(runtime, type, LAYOUT_type_tflag, &flags);
	star = flags & TFLAG_EXTRA_STAR;
	reader = reader_of(image_view(analysis->image, runtime->modules.items[0].types + offset, NAME_LIMIT));
	read_u8(&reader);
	text = read_bytes(&reader, read_uvarint32(&reader));
	if (reader.failed || text.size <= star)
		return NULL;
	return arena_strndup(analysis->arena, (const char *)text.data + star, text.size - star);
}

static bool read_sized(struct analysis *analysis, uint64_t address, size_t size, uint64_t *ret)
{
	uint8_t bytes[8] = {0};

	if (image_read(analysis->image, address, bytes, size) != MEM_OK)
		return false;
	*ret = span_u64((struct span){bytes, sizeof bytes}, 0);
	return true;
}

static const char *signed_text(struct analysis *analysis, uint64_t value, size_t size)
{
	unsigned shift = 64 - 8 * (unsigned)size;

	return arena_printf(analysis->arena, "%" PRId64, (int64_t)(value << shift) >> shift);
}

/* Numbers and booleans by kind; NULL for other kinds, or when the bytes are not there. */
static const char *scalar_text(struct analysis *analysis, uint8_t kind, uint64_t data)
{
	static const uint8_t sizes[] = {[KIND_BOOL] = 1, [KIND_INT] = 8, [KIND_INT8] = 1, [KIND_INT16] = 2, [KIND_INT32] = 4,
					[KIND_INT64] = 8, [KIND_UINT] = 8, [KIND_UINT8] = 1, [KIND_UINT16] = 2,
					[KIND_UINT32] = 4, [KIND_UINT64] = 8, [KIND_UINTPTR] = 8};
	uint64_t value;

	if (kind >= sizeof sizes || !sizes[kind] || !read_sized(analysis, data, sizes[kind], &value))
		return NULL;
	if (kind == KIND_BOOL)
		return value ? "true" : "false";
	if (kind <= KIND_INT64)
		return signed_text(analysis, value, sizes[kind]);
	return arena_printf(analysis->arena, "%" PRIu64, value);
}

static const char *string_text(struct analysis *analysis, uint64_t data)
{
	uint64_t text, length;

	if (!image_u64(analysis->image, data, &text) || !image_u64(analysis->image, data + 8, &length))
		return NULL;
	if (!length)
		return "";
	return image_string(analysis->image, text, length < TEXT_LIMIT ? length : TEXT_LIMIT);
}

/* Whether a type is a predeclared one: its name has no package. */
static bool predeclared(const char *name)
{
	for (; name && *name; name++)
		if (*name == '.')
			return false;
	return name != NULL;
}

void panic_value_read(struct analysis *analysis, uint64_t type, uint64_t data, struct panic_value *ret)
{
	const char *value;
	uint8_t kind;

	if (!type) {
		ret->text = "nil";
		return;
	}
	ret->type = type_name(analysis, type);
	if (!go_field8(analysis->runtime, type, LAYOUT_type_kind, &kind))
		return;
	kind &= KIND_MASK;
	value = kind == KIND_STRING ? string_text(analysis, data) : scalar_text(analysis, kind, data);
	if (!value && ret->type)
		ret->text = arena_printf(analysis->arena, "(%s) 0x%" PRIx64, ret->type, data);
	else if (!value || predeclared(ret->type) || !ret->type)
		ret->text = value;
	else
		ret->text = arena_printf(analysis->arena, kind == KIND_STRING ? "%s(\"%s\")" : "%s(%s)", ret->type, value);
}
