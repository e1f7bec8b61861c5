/* redactor.h: what the parts of redacting share: what they found, and where it goes. */
#ifndef LIB_REDACTOR_H
#define LIB_REDACTOR_H

#include "formats/slim/redaction.h"
#include "golang/runtime.h"
#include "heuristics/finding.h"
#include "lib/tornstack.h"

struct redactor {
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	struct image *image;
	struct redaction *redaction;
	const struct ts_options *options;
	VEC(const char *) asked; /* texts of panics that may stay */
};

/* [address, address + size): fields of the runtime's structures, as far as they are whole words; texts that may stay; bytes that lose their letters. */
void redactor_structure(struct redactor *redactor, uint64_t address, uint64_t size);
void redactor_text(struct redactor *redactor, uint64_t address, uint64_t size);
void redactor_erase(struct redactor *redactor, uint64_t address, uint64_t size);

/* redaction_texts.c: names of functions and source files, build information, last words. Text that was taken for an address is known. */
void redactor_add_texts(struct redactor *redactor);

/* Where bytes of the dump lay in memory; false: they are no memory of it. */
bool redactor_address(const struct redactor *redactor, const uint8_t *bytes, uint64_t *ret);

/* Whether any word of [address, address + size) was read. */
bool redactor_is_read(const struct redactor *redactor, uint64_t address, uint64_t size);

/* Whether a text of the program's may stay: its owner is asked, of each once. */
bool redactor_may_keep(struct redactor *redactor, const char *text);

/* redaction_messages.c: values of panics. */
void redactor_add_messages(struct redactor *redactor);

/* A name in memory, by what it is (struct rename). */
void redactor_name(struct redactor *redactor, uint64_t address, uint64_t size, uint64_t kind);

/* redaction_symbols.c: where there are names of functions in C. */
void redactor_name_symbols(struct redactor *redactor);

/* redaction_names.c: where there are names that get pseudonyms. */
void redactor_add_names(struct redactor *redactor);

/* The names of a ring of bytes, as many of them behind its beginning as `first` is the oldest. */
void redactor_name_ring(struct redactor *redactor, uint64_t ring, uint64_t size, uint64_t first);

#endif
