/* redactor.h: what the parts of redacting share: what they found, and where it goes. */
#ifndef LIB_REDACTOR_H
#define LIB_REDACTOR_H

#include "formats/slim/redaction.h"
#include "golang/runtime.h"
#include "heuristics/finding.h"

struct redactor {
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	struct image *image;
	struct redaction *redaction;
};

/* [address, address + size): fields of the runtime's structures; texts that may stay; bytes that lose their letters. */
void redactor_structure(struct redactor *redactor, uint64_t address, uint64_t size);
void redactor_text(struct redactor *redactor, uint64_t address, uint64_t size);
void redactor_erase(struct redactor *redactor, uint64_t address, uint64_t size);

/* redaction_texts.c: names of functions and source files, build information, last words. Text that was taken for an address is known. */
void redactor_add_texts(struct redactor *redactor);

#endif
