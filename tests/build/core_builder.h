/* core_builder.h: makes synthetic ELF files in memory: cores by default, and small executables (`type`). Addresses may
 * be named by labels, and labels used before they are placed. What the builder writes is sound; tests that want damage
 * change the public header fields, use raw notes and segments, or patch the finished bytes. */
#ifndef TESTS_BUILD_CORE_BUILDER_H
#define TESTS_BUILD_CORE_BUILDER_H

#include "base/vec.h"
#include "formats/cpu/arch.h"
#include "formats/dump/image.h"

/* Each becomes one program header. */
struct core_segment {
	uint32_t type;        /* p_type; PT_LOAD unless changed */
	uint32_t flags;       /* SEGMENT_* */
	uint64_t address;
	uint64_t memory_size;
	uint64_t saved;       /* p_filesz; memory_size unless lowered */
	uint8_t *bytes;       /* memory_size bytes, zeroed; those up to `saved` go into the file */
};

struct core_label {
	const char *name;
	uint64_t address;
};

struct core_fixup {
	const char *label;
	uint64_t address; /* where the label's address is to be written */
};

struct core_builder {
	struct arena *arena;
	const struct arch *arch;
	uint16_t type;       /* e_type: 4, a core */
	uint16_t machine;    /* e_machine, from arch */
	uint8_t word_class;  /* EI_CLASS: 2, 64-bit */
	uint8_t byte_order;  /* EI_DATA: 1, little-endian */
	uint8_t osabi;       /* EI_OSABI: 0 */
	uint64_t entry;
	uint64_t page;       /* file alignment of segments: 4096 */
	bool extended_count; /* PN_XNUM even for few segments; with 65,535 and more it is always used */
	VEC(struct core_segment) segments;
	VEC(uint8_t) notes;
	VEC(struct core_label) labels;
	VEC(struct core_fixup) fixups;
};

/* Lives on the arena, as all that is handed to it or comes from it. */
struct core_builder *core_new(struct arena *arena, const struct arch *arch);

/* A segment of zeros, saved whole. The result is valid until the next one is added. */
struct core_segment *core_add_segment(struct core_builder *builder, uint64_t address, uint64_t size, uint32_t flags);

/* Writes bytes at an address of a segment added before; it must hold them. */
void core_put(struct core_builder *builder, uint64_t address, const void *data, size_t size);
void core_put_u64(struct core_builder *builder, uint64_t address, uint64_t value);

/* Names an address; core_finish writes it wherever core_put_label asked for it. */
void core_label(struct core_builder *builder, const char *name, uint64_t address);
void core_put_label(struct core_builder *builder, uint64_t address, const char *label);

/* The address of a label placed before; the test fails when there is none. */
uint64_t core_address(const struct core_builder *builder, const char *label);

/* Notes, in the order of the calls (Linux: thread, process, siginfo, auxv, files, other threads). */
void core_add_note(struct core_builder *builder, const char *owner, uint32_t type, const void *desc, size_t size);
void core_add_thread(struct core_builder *builder, int32_t id, int16_t signal, const struct registers *registers);
void core_add_process(struct core_builder *builder, int32_t pid, const char *program, const char *command);
void core_add_siginfo(struct core_builder *builder, int32_t number, int32_t code, uint64_t address_or_pid);
void core_add_auxv(struct core_builder *builder, const struct auxv_entry *entries, size_t count);
void core_add_files(struct core_builder *builder, const struct mapping *mappings, size_t count);

/* The file, laid out as Linux does: header, program headers (the first one for the notes, if any), notes, segments. */
struct span core_finish(struct core_builder *builder);

#endif
