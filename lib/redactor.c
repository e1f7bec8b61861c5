/* redactor.c: see redactor.h. */
#include "lib/redactor.h"

void redactor_structure(struct redactor *redactor, uint64_t address, uint64_t size)
{
	if (address && size <= UINT64_MAX - address)
		vec_push(redactor->image->arena, &redactor->redaction->structures, ((struct memory_range){address, address + size}));
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
