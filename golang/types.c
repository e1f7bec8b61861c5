/* types.c: see types.h. Names are {flags, varint length, bytes} at offsets from moduledata.types (internal/abi.Name); the
 * package of a type stands in the record of its methods (abi.UncommonType), just behind the descriptor of its kind. */
#include "golang/types.h"

#include <string.h>

enum { TFLAG_UNCOMMON = 1, TFLAG_EXTRA_STAR = 2, NAME_LIMIT = 1024 };

static const struct go_module *module_of_type(const struct go_runtime *runtime, uint64_t type)
{
	for (size_t i = 0; i < runtime->modules.count; i++)
		if (type >= runtime->modules.items[i].types && type < runtime->modules.items[i].etypes)
			return &runtime->modules.items[i];
	return NULL;
}

bool go_type_is(const struct go_runtime *runtime, uint64_t type)
{
	return !(type % sizeof(uint64_t)) && module_of_type(runtime, type);
}

static struct span name_at(struct go_runtime *runtime, const struct go_module *module, uint32_t offset)
{
	const struct span bytes = image_peek(runtime->image, module->types + offset, NAME_LIMIT);
	struct reader reader = reader_of(bytes);
	struct span text;

	read_u8(&reader);
	text = read_bytes(&reader, read_uvarint32(&reader));
	if (reader.failed)
		return (struct span){0};
	image_cite_text(runtime->image, CITED_TYPE_NAME, module->types + offset, (uint64_t)(text.data - bytes.data) + text.size);
	return text;
}

const char *go_type_name(struct go_runtime *runtime, uint64_t type)
{
	const struct go_module *module = module_of_type(runtime, type);
	struct span text;
	uint32_t offset;
	uint8_t flags = 0;
	bool star;

	if (!module || !go_field32(runtime, type, LAYOUT_type_str, &offset))
		return NULL;
	go_field8(runtime, type, LAYOUT_type_tflag, &flags);
	star = flags & TFLAG_EXTRA_STAR;
	text = name_at(runtime, module, offset);
	return text.size > star ? arena_strndup(runtime->arena, (const char *)text.data + star, text.size - star) : NULL;
}

uint8_t go_type_kind(struct go_runtime *runtime, uint64_t type)
{
	uint8_t kind = 0;

	go_field8(runtime, type, LAYOUT_type_kind, &kind);
	return kind & KIND_MASK;
}

/* How much longer than abi.Type the descriptor of a kind is, for those that error values have. */
static uint64_t kind_extra(uint8_t kind)
{
	switch (kind) {
	case KIND_POINTER: /* Elem */
	case KIND_SLICE:
		return 8;
	case KIND_STRUCT: /* PkgPath, Fields */
		return 32;
	default: /* numbers and strings */
		return 0;
	}
}

const char *go_type_package(struct go_runtime *runtime, uint64_t type)
{
	const struct go_module *module = module_of_type(runtime, type);
	uint8_t flags = 0;
	uint32_t offset;
	struct span text;

	if (!module || !runtime->layout || !go_field8(runtime, type, LAYOUT_type_tflag, &flags) || !(flags & TFLAG_UNCOMMON) ||
	    !image_u32(runtime->image,
		       type + runtime->layout->offset[LAYOUT_type_size] + kind_extra(go_type_kind(runtime, type)), &offset))
		return NULL;
	text = name_at(runtime, module, offset);
	return text.size ? arena_strndup(runtime->arena, (const char *)text.data, text.size) : NULL;
}

bool go_type_name_is_predeclared(const char *name)
{
	for (; name && *name; name++)
		if (*name == '.')
			return false;
	return name != NULL;
}

/* What the runtime says in its own words, of numbers and names of types, is nobody's secret. The rest is the program's. */
static const char *cite(struct image *image, uint64_t address, const char *text)
{
	static const char own[] = "runtime error: ";

	if (text && !strncmp(text, own, sizeof own - 1))
		image_cite_field(image, address, strlen(text));
	else if (text)
		image_cite_text(image, CITED_MESSAGE, address, strlen(text));
	return text;
}

const char *go_string_at(struct go_runtime *runtime, uint64_t address, uint64_t limit, bool *cut)
{
	uint64_t text, length;

	if (!image_u64(runtime->image, address, &text) || !image_u64(runtime->image, address + 8, &length))
		return NULL;
	if (!length)
		return "";
	if (length <= limit)
		return cite(runtime->image, text, image_string(runtime->image, text, length));
	if (!cut)
		return NULL;
	*cut = true;
	return cite(runtime->image, text, image_string(runtime->image, text, limit));
}
