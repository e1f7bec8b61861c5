/* minidump_builder.h: makes synthetic Windows minidumps in memory. What it writes is sound; tests that want damage change
 * the public fields, add raw streams, or patch the finished bytes, whose places minidump_stream tells. */
#ifndef TESTS_BUILD_MINIDUMP_BUILDER_H
#define TESTS_BUILD_MINIDUMP_BUILDER_H

#include "base/vec.h"
#include "formats/cpu/arch.h"

struct minidump_bytes {
	uint8_t *items;
	size_t count, capacity;
};

struct minidump_range {
	uint64_t address, size;
	uint8_t *bytes;
};

enum { MINIDUMP_STREAMS = 32, MINIDUMP_TYPES = 32 };

struct minidump_builder {
	struct arena *arena;
	const struct arch *arch;
	uint64_t flags;       /* MINIDUMP_TYPE */
	uint16_t processor;   /* ProcessorArchitecture, from arch */
	uint32_t platform;    /* PlatformId: 2 */
	uint32_t entry_count; /* NumberOfStreams; 0: as many as there are */
	bool memory64;        /* the memory in a Memory64List (default), or in a MemoryList */
	bool aligned;         /* list entries begin at 8 bytes instead of 4 */
	VEC(struct minidump_range) ranges;
	struct minidump_bytes file;                  /* from the end of the directory on */
	struct minidump_bytes lists[MINIDUMP_TYPES]; /* entries of list streams, by type */
	uint32_t place[MINIDUMP_TYPES];              /* of streams in the finished file; 0: none */
};

struct minidump_builder *minidump_new(struct arena *arena, const struct arch *arch);

/* Zeroed memory that is saved, and words in it. */
void minidump_add_memory(struct minidump_builder *builder, uint64_t address, uint64_t size);
void minidump_put_u64(struct minidump_builder *builder, uint64_t address, uint64_t value);

/* Registers NULL: a thread without a context. The stack is described by the thread only, when size is not 0. */
void minidump_add_thread(struct minidump_builder *builder, uint32_t id, uint64_t teb, const struct registers *registers);
void minidump_add_thread_stack(struct minidump_builder *builder, uint32_t id, uint64_t address, uint32_t size, uint8_t fill);
void minidump_add_thread_name(struct minidump_builder *builder, uint32_t id, const char *name);
void minidump_add_thread_info(struct minidump_builder *builder, uint32_t id, uint32_t flags, uint64_t start);

/* `age` 0: no CodeView record; else its GUID's bytes are 0, 1, 2… 15. */
void minidump_add_module(struct minidump_builder *builder, uint64_t base, uint32_t size, const char *path,
			 uint32_t timestamp, uint32_t age);
void minidump_add_unloaded(struct minidump_builder *builder, uint64_t base, uint32_t size, const char *path);
void minidump_add_region(struct minidump_builder *builder, uint64_t base, uint64_t size, uint32_t state,
			 uint32_t protection);
void minidump_add_exception(struct minidump_builder *builder, uint32_t thread, uint32_t code, const uint64_t *information,
			    uint32_t count, const struct registers *registers);
void minidump_add_pid(struct minidump_builder *builder, uint32_t pid);
void minidump_add_comment(struct minidump_builder *builder, const char *text);
void minidump_add_stream(struct minidump_builder *builder, uint32_t type, const void *data, size_t size);

/* The file; once. */
struct span minidump_finish(struct minidump_builder *builder);

#endif
