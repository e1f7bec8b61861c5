/* stack_map.c: see stack_map.h. */
#include "golang/stack_map.h"

enum {
	WORD = 8, BITS = 8,
	HEADER = 8,  /* runtime.stackmap: n, nbit */
	RECORD = 16, /* runtime.stackObjectRecord */
	FRAME_LEAST_ARM64 = 16, /* a smaller one has no variables (sys.StackAlign) */
	WORDS_MOST = 1 << 16, OBJECTS_MOST = 1 << 12,
};

/* Map number `which` of a list of them. */
static bool read_bits(const struct pclntab *table, struct span list, int32_t which, struct word_bits *ret)
{
	const uint32_t maps = span_u32(list, 0), count = span_u32(list, 4);
	const uint64_t bytes = (count + BITS - 1) / BITS;

	ret->count = count;
	pclntab_cite_data(table, span_slice(list, 0, HEADER));
	if (!count)
		return list.size >= HEADER;
	ret->bits = span_slice(list, HEADER + bytes * (uint64_t)which, bytes);
	pclntab_cite_data(table, ret->bits);
	return count <= WORDS_MOST && (uint32_t)which < maps && ret->bits.size;
}

static bool read_locals(const struct pclntab *table, const struct func *func, int32_t which, uint64_t size, uint64_t least,
			struct stack_map *ret)
{
	if (size <= least)
		return true;
	if (!func_has_funcdata(table, func, FUNCDATA_LOCALS_POINTER_MAPS) ||
	    !read_bits(table, func_funcdata(table, func, FUNCDATA_LOCALS_POINTER_MAPS), which, &ret->locals) ||
	    (uint64_t)ret->locals.count * WORD > size)
		return false;
	ret->locals.address = ret->top - (uint64_t)ret->locals.count * WORD;
	return true;
}

static bool read_objects(const struct pclntab *table, const struct func *func, struct stack_map *ret)
{
	struct span list;

	if (!func_has_funcdata(table, func, FUNCDATA_STACK_OBJECTS))
		return true;
	list = func_funcdata(table, func, FUNCDATA_STACK_OBJECTS);
	ret->object_count = span_u64(list, 0);
	ret->objects = span_slice(list, WORD, ret->object_count * RECORD);
	pclntab_cite_data(table, span_slice(list, 0, WORD));
	pclntab_cite_data(table, ret->objects);
	return ret->object_count && ret->object_count <= OBJECTS_MOST && ret->objects.size;
}

bool stack_map_read(const struct go_runtime *runtime, const struct pc_info *info, uint64_t sp, uint64_t frame_top,
		    struct stack_map *ret)
{
	const bool link_register = runtime->image->arch->link_register;
	const uint64_t least = link_register ? FRAME_LEAST_ARM64 : 0;
	const struct pclntab *table;
	int32_t which;

	*ret = (struct stack_map){0};
	if (!info->func || info->exact || info->func->flags & FUNC_ASM || frame_top < sp)
		return false;
	table = &info->module->pclntab;
	ret->base = frame_top + (link_register ? WORD : 0);
	ret->top = frame_top - (link_register ? 0 : WORD);
	if (ret->top > sp) /* above the variables lies the frame pointer */
		ret->top -= WORD;
	which = func_pcdata(table, info->func, PCDATA_STACK_MAP_INDEX, info->pc - 1);
	if (which < 0)
		which = 0; /* as the runtime does */
	ret->arguments.address = ret->base;
	return func_has_funcdata(table, info->func, FUNCDATA_ARGS_POINTER_MAPS) &&
	       read_bits(table, func_funcdata(table, info->func, FUNCDATA_ARGS_POINTER_MAPS), which, &ret->arguments) &&
	       read_locals(table, info->func, which, ret->top - sp, least, ret) && read_objects(table, info->func, ret);
}

bool word_bits_has(const struct word_bits *bits, uint32_t index)
{
	return index < bits->count && span_u8(bits->bits, index / BITS) >> index % BITS & 1;
}

uint64_t stack_map_object(const struct stack_map *map, uint64_t index, uint64_t *size)
{
	const int64_t offset = (int32_t)span_u32(map->objects, index * RECORD);

	*size = span_u32(map->objects, index * RECORD + 4);
	return (offset < 0 ? map->top : map->base) + (uint64_t)offset;
}
