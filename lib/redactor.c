/* redactor.c: see redactor.h. */
#include "lib/redactor.h"

#include "formats/dump/kept.h"

#include <string.h>

void redactor_structure(struct redactor *redactor, uint64_t address, uint64_t size)
{
	const uint64_t end = (address + size) & ~(uint64_t)(KEPT_WORD - 1);
	uint64_t at = (address + KEPT_WORD - 1) & ~(uint64_t)(KEPT_WORD - 1);

	if (!address || size > UINT64_MAX - address)
		return;
	for (uint64_t next; at < end; at = next) {
		const struct segment *segment = image_segment(redactor->image, at);
		const uint64_t offset = segment ? at - segment->address : 0;

		if (!segment)
			return;
		next = segment->size - offset < end - at ? segment->address + segment->size : end;
		if (offset < segment->saved.size)
			kept_mark(redactor->image->kept->fields, segment, offset,
				  next - at < segment->saved.size - offset ? next - at : segment->saved.size - offset);
	}
}

void redactor_text(struct redactor *redactor, uint64_t address, uint64_t size)
{
	if (size)
		vec_push(redactor->image->arena, &redactor->redaction->texts, ((struct memory_range){address, address + size}));
}

void redactor_erase(struct redactor *redactor, uint64_t address, uint64_t size)
{
	if (size)
		vec_push(redactor->image->arena, &redactor->redaction->erased, ((struct memory_range){address, address + size}));
}

void redactor_name(struct redactor *redactor, uint64_t address, uint64_t size, uint64_t kind)
{
	if (size)
		vec_push(redactor->image->arena, &redactor->redaction->names, ((struct named_text){address, size, kind}));
}

bool redactor_address(const struct redactor *redactor, const uint8_t *bytes, uint64_t *ret)
{
	for (size_t i = 0; i < redactor->image->segments.count; i++) {
		const struct segment *segment = &redactor->image->segments.items[i];
		const uintptr_t offset = (uintptr_t)bytes - (uintptr_t)segment->saved.data;

		if (offset < segment->saved.size) {
			*ret = segment->address + offset;
			return true;
		}
	}
	return false;
}

bool redactor_is_read(const struct redactor *redactor, uint64_t address, uint64_t size)
{
	const struct segment *segment = image_segment(redactor->image, address);
	const uint64_t offset = segment ? address - segment->address : 0;

	return segment && size && offset < segment->saved.size && size <= segment->saved.size - offset &&
	       kept_any(redactor->image->kept, kept_number(segment, offset), kept_number(segment, offset + size - 1) + 1);
}

bool redactor_may_keep(struct redactor *redactor, const char *text)
{
	for (size_t i = 0; i < redactor->asked.count; i++)
		if (!strcmp(redactor->asked.items[i], text))
			return true;
	if (!redactor->options->keeps || !redactor->options->keeps(redactor->options->context, text))
		return false;
	vec_push(redactor->image->arena, &redactor->asked, arena_strdup(redactor->image->arena, text));
	return true;
}
