/* image.h: a dumped process, whatever file it came from: memory, threads, modules, the reason it stopped. Everything
 * above this header is ignorant of dump formats.
 *
 * Memory is never made up. Each address is OK (bytes present), NOT_SAVED (it was mapped; the dump leaves its bytes out),
 * TRUNCATED (the bytes lie beyond the end of a dump that was cut short), or UNMAPPED. */
#ifndef FORMATS_DUMP_IMAGE_H
#define FORMATS_DUMP_IMAGE_H

#include "base/err.h"
#include "base/span.h"
#include "base/vec.h"
#include "formats/cpu/arch.h"
#include "formats/archive/archive.h"
#include "formats/exe/exe.h"

enum mem_state { MEM_OK, MEM_UNMAPPED, MEM_NOT_SAVED, MEM_TRUNCATED };

enum target_os { OS_LINUX, OS_WINDOWS };

struct segment {
	uint64_t address;
	uint64_t size;     /* in memory */
	struct span saved; /* the first saved.size bytes of it; a view of the dump */
	uint64_t promised; /* bytes the dump's header says are saved; > saved.size when it was cut short */
	uint8_t flags;     /* SEGMENT_* */
	uint64_t first_word; /* number of its first word (kept.h) */
	uint64_t position;   /* of an executable's bytes that stand for its own: where they would lie in the dump's file; 0: it has its own */
};

/* A file that was mapped into the process; of a Windows dump, a whole module. */
struct mapping {
	uint64_t start, end;
	uint64_t file_offset; /* bytes */
	const char *path;
	const char *build_id; /* as struct exe has it: CodeView GUID and age; NULL: none, or not of a module */
	uint32_t timestamp;   /* of a module's link, as its header says (Go: 0); 0: unknown */
};

struct thread {
	int64_t id;
	const char *name; /* NULL: unknown */
	struct registers registers;
	uint64_t teb;   /* Windows: address of its thread environment block; 0: unknown */
	uint64_t start; /* Windows: the function that it was made to run; 0: unknown */
	uint64_t tag_control; /* PR_SET_TAGGED_ADDR_CTRL of prctl(2): which faults of memory tags it is told of (arm64) */
	int signal;   /* pr_cursig: the signal it was stopped by, 0 none */
	bool crashed; /* the dump blames this thread */
};

enum { TAG_CHECK_SYNCHRONOUS = 2, TAG_CHECK_ASYNCHRONOUS = 4 }; /* bits of tag_control */

/* Memory with tags (arm64's MTE): 4 bits for each 16 bytes, the first in the lower half of the first byte. */
struct tagged_memory {
	uint64_t address, size;
	struct span tags;
};

enum fault_access { ACCESS_UNKNOWN, ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* Why the process stopped. */
struct stop {
	bool known;
	int32_t number;     /* signal number, or exception code (a NTSTATUS: mostly negative) */
	const char *name;   /* "SIGABRT", or "EXCEPTION_ACCESS_VIOLATION"; of a fail-fast its code, "FAST_FAIL_FATAL_APP_EXIT" */
	const char *meaning; /* what that says: a clause; NULL: nothing more */
	bool fault;         /* the CPU raised it at an instruction, as far as the record tells */
	enum fault_access access; /* of a memory fault, where the record tells (exceptions) */
	int code;           /* si_code; meaningful if has_code */
	bool has_code;
	uint64_t address;   /* fault address */
	bool has_address;
	int64_t thread;     /* 0: unknown */
	int64_t sender_pid; /* who sent the signal, 0: unknown, or out of the process's sight (another PID namespace) */
	uint32_t sender_uid; /* … and for which user; meaningful if has_code and the code is 0 or less */
};

struct libraries;
struct log_record;
struct log_crashes;
struct kept;
struct live_record;

struct image {
	struct arena *arena;
	struct notes *notes;
	const struct progress *progress; /* of the analysis; NULL: nobody waits */
	struct file_options files; /* for other files that the analysis opens: the limits of the dump */
	const char *name;        /* file name without its folder; "-" for standard input */
	const char *path;        /* as given */
	const char *format;      /* "elf-core", "minidump" or "log" */
	const char *compression; /* "zstd", "lz4", "xz", "gzip"; NULL: none */
	struct span bytes;       /* the whole dump, decompressed; of a log that came as a stream what was kept of it */
	uint64_t size;           /* of the whole dump, decompressed */
	void *sieved;            /* the state of the format's sieve that bytes come from; NULL: they are the dump */
	bool truncated;
	const struct arch *arch;
	enum target_os os;
	uint32_t windows_build; /* 0: unknown, or not Windows */
	uint32_t windows_major, windows_minor;
	struct {
		uint32_t count; /* 0: not told (Linux) */
		uint16_t level, revision; /* MINIDUMP_SYSTEM_INFO */
	} processors;

	VEC(struct segment) segments; /* ascending, not overlapping (segments.h) */
	VEC(struct segment) backing;  /* read-only bytes of executables, at their run-time addresses; ascending */
	VEC(struct mapping) mappings;
	VEC(struct tagged_memory) tagged;
	uint64_t code_signature; /* bits of a return address that hold its signature (arm64's PAC); 0: not told */
	uint64_t vector_bytes;   /* length of SVE's vectors; 0: not told */
	VEC(struct thread) threads;
	struct stop stop;
	bool snapshot;       /* the dump's own record says that neither a signal nor an exception ended the process */
	int64_t pid;         /* 0: unknown */
	int64_t parent_pid;  /* 0: unknown, or out of sight */
	const char *command; /* psargs; NULL: unknown */
	const char *program; /* pr_fname, at most 15 characters; NULL: unknown */
	VEC(struct auxv_entry) auxv;
	const struct live_record *live; /* how it was copied from a live process (live_record.h); NULL: it was not, or by others */
	const struct log_record *record; /* what a log tells (formats/log/record.h); NULL: it is a dump */
	const struct log_crashes *crashes; /* … and which others it holds (formats/log/crashes.h); NULL: it is a dump */
	struct {
		const char *build_id, *name; /* NULL: unknown */
	} said;              /* of the program's file, by the words of a log: by them it is looked for, and nothing else */
	struct libraries *libraries; /* code that is not Go's (libraries.h); NULL: not looked for */

	unsigned workers;    /* threads that may share long work; 0: one for each CPU */
	size_t last_segment, before_last; /* cache of the lookup: a goroutine's structure and its stack lie in different ones */
	struct kept *kept;   /* words that were read, or those that a slim dump has (kept.h); NULL: nobody asks, all */
	bool slim;           /* it is what tornstack slim left of another */
	uint64_t adopted;    /* bytes of segments that have a position (struct segment) */
	bool bundled;        /* it lay in a bundle, with reports of it: what it needs of other files is in it, or was not told */
	const char *altered; /* why that bundle is not as it was made; NULL: it is */
	bool redacted;       /* … and what was not needed is not even in the words that are there */
	uint64_t copied;     /* bytes that image_bytes copied: memory in several pieces is not much more than the dump has */
};

struct auxv_entry {
	uint64_t type, value;
};

/* Opens a dump of any format in formats.def, mapped read-only; path "-" is standard input. Compressed input is
 * decompressed into an unlinked sparse temporary file. options NULL: defaults. *ret lives on the arena. Errors: IO,
 * BAD_DATA (it contradicts its format), NO_DUMP, CUT_SHORT (nothing usable is left of it), OTHER_CPU, OTHER_SYSTEM, NO_PROCESS,
 * UNSUPPORTED (other dumps that are not read), LIMIT. */
const struct err *image_open(struct arena *arena, struct notes *notes, const char *path,
			     const struct file_options *options, struct image **ret);

/* Copies n bytes at an address; crosses segments. Not-saved bytes of read-only file mappings come from `backing`.
 * buf is written only on MEM_OK. */
enum mem_state image_read(struct image *image, uint64_t address, void *buf, size_t n);

/* A number at an address; false unless MEM_OK. */
bool image_u64(struct image *image, uint64_t address, uint64_t *ret);
bool image_u32(struct image *image, uint64_t address, uint32_t *ret);
bool image_u8(struct image *image, uint64_t address, uint8_t *ret);

/* Tells the CPU that the bytes in [address, address + size) will soon be read, as far as the dump saved them. */
void image_prefetch(const struct image *image, uint64_t address, uint64_t size);

/* A view of up to `size` bytes at an address without copying: what lies contiguously in one segment; empty if none. */
struct span image_view(struct image *image, uint64_t address, uint64_t size);

/* As image_view, for searches: what is only looked at, and told as read by image_cite where it is what was looked for. In a slim
 * dump all words that its own analysis neither read nor cited are 0. The other functions for searches are image_next, image_data
 * and image_each_writable. */
struct span image_peek(struct image *image, uint64_t address, uint64_t size);

/* As image_cite, of a field of a structure that is known to be the runtime's. */
void image_cite_field(struct image *image, uint64_t address, uint64_t size);

/* As image_cite, of a text that was read for what it says, by the one thread that tells of panics and types. What is more than
 * KEPT_TEXTS_MOST is not cited. */
enum cited_text {
	CITED_TYPE_NAME, /* of a type, or of the package that declares one: with what stands before it (golang/types.c) */
	CITED_MESSAGE,   /* a string of the program's, in the value of a panic */
};
void image_cite_text(struct image *image, enum cited_text kind, uint64_t address, uint64_t size);

/* These bytes of what was searched have a part in what is found. */
void image_cite(struct image *image, uint64_t address, uint64_t size);

/* All bytes of [address, address + size): a view where they lie in one segment, else a copy; empty when some are missing. */
struct span image_bytes(struct image *image, uint64_t address, uint64_t size);

/* Whether the dump saved all of them. */
bool image_holds(struct image *image, uint64_t address, uint64_t size);

/* The first bytes that the dump itself saved in [*address, end); *address becomes where they start. Empty: there are none.
 * For scans: nothing that is absent costs a step. */
struct span image_next(struct image *image, uint64_t *address, uint64_t end);

/* Gives `visit` what the dump itself saved of memory that the process might write, segment by segment. False: that is more than
 * `most` bytes, or visit returned false; then what is left is not visited. */
bool image_each_writable(struct image *image, uint64_t most, bool (*visit)(void *context, uint64_t address, struct span bytes),
			 void *context);

/* Whether the dump has all memory that the process might write, but for shared files, and was not cut short: then what is nowhere in
 * it was nowhere in the process. */
bool image_is_whole(const struct image *image);

/* A search for data of programs and libraries; starts as {0}. */
struct data_search {
	size_t next;    /* index of the next segment */
	bool unmapped;  /* what belongs to mapped files has been given */
	uint64_t given; /* bytes: of mapped files, or then of the rest */
	bool ended_early;
};

/* The next piece of writable memory that the dump saved and that may be such data, and its address; empty: there is no more.
 * Never a segment of over 256 MB. First what belongs to mapped files, then the rest: up to 1 GB of it. Of a heap, which may
 * be of any size, and holes in the dump's file, no more is read. Segments of mapped files that claim more bytes than the
 * dump has, which only overlapping ones can, end the search. `ended_early` says that one of the two bounds was met. */
struct span image_data(const struct image *image, struct data_search *search, uint64_t *ret_address);

/* A string of exactly n bytes on the arena, or NULL when it cannot be read. n is limited to 64 KiB. */
const char *image_string(struct image *image, uint64_t address, uint64_t n);

/* Compares bytes of a file with what the dump itself saved of them at an address. */
enum agreement { AGREE_NOTHING /* saved */, AGREE_EQUAL, AGREE_DIFFERENT };
enum agreement image_compare(struct image *image, struct span file, uint64_t address);

/* The same, counted, added to what `sum` already has: sums of bytes, and the first address at which they differ. */
struct comparison {
	uint64_t compared, different, first;
};
void image_compare_bytes(struct image *image, struct span file, uint64_t address, struct comparison *sum);

/* The dump's segment that contains an address, or NULL. */
const struct segment *image_segment(struct image *image, uint64_t address);

/* The file mapped at an address, or NULL. */
const struct mapping *image_mapping(const struct image *image, uint64_t address);

/* The tag of the memory at an address; false: the dump has none for it. */
bool image_memory_tag(const struct image *image, uint64_t address, uint8_t *ret);

/* The value of an auxiliary vector entry (AT_*, Linux uapi/linux/auxvec.h); false when absent. */
bool image_auxv(const struct image *image, uint64_t type, uint64_t *ret);

/* Serves the read-only segments of an executable for addresses that the dump did not save: called once the executable's
 * identity is settled. `bias` is run-time address minus file address. Writable segments are never served: their bytes
 * have changed since. */
void image_add_backing(struct image *image, const struct exe *exe, uint64_t bias);

/* One dump format. */
struct format {
	const char *name;
	bool (*probe)(struct span bytes);
	/* Fills an image whose arena, notes, name and bytes are set. */
	const struct err *(*load)(struct image *image);
	const struct sieve *sieve; /* of what comes as a stream; NULL: all of it is needed */
};

extern const struct format format_elf_core;
extern const struct format format_minidump;
extern const struct format format_log; /* formats/log */
extern const struct format format_slim; /* formats/slim */
extern const struct format format_bundle; /* formats/bundle */

#endif
