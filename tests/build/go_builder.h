/* go_builder.h: makes a synthetic Go program and a dump of it in memory: machine code, pclntab of either layout,
 * moduledata, build information, goroutines, Ms and stacks, placed by the layout row of a chosen release. What it makes is
 * sound; tests that want damage patch it with go_put. Everything lives on the arena. */
#ifndef TESTS_BUILD_GO_BUILDER_H
#define TESTS_BUILD_GO_BUILDER_H

#include "golang/runtime.h"

/* Where its parts lie. */
#define GO_BASE UINT64_C(0x400000) /* one page that stands for the file's header */
#define GO_TEXT UINT64_C(0x401000)
#define GO_RODATA UINT64_C(0x500000) /* pclntab */
#define GO_FUNCDATA UINT64_C(0x580000)
#define GO_DATA UINT64_C(0x600000) /* build information, moduledata, runtime variables */
#define GO_MODULEDATA (GO_DATA + 0x200)
#define GO_ALLGS (GO_DATA + 0x800)
#define GO_ALLM (GO_DATA + 0x820)
#define GO_BACKLOG_INDEX (GO_DATA + 0x828)
#define GO_BACKLOG (GO_DATA + 0x900)
#define GO_DATA_SIZE UINT64_C(0x1000)
#define GO_HEAP UINT64_C(0xc000000000) /* the array behind allgs, then g and m structures */
#define GO_STACKS UINT64_C(0xc000400000)

enum { GO_STRETCHES = 24, GO_GOROUTINES = 64 };

/* A value from code offset `from` on, to the next stretch or the function's end; from 0 in a later one ends the list. */
struct go_stretch {
	uint32_t from;
	int32_t value;
};

struct go_inline {
	const char *name;
	uint8_t func_id;
	uint32_t parent_pc; /* offset in the function */
};

struct go_function {
	const char *name;
	const uint8_t *code;
	size_t size;
	struct go_stretch pcsp[GO_STRETCHES], file[GO_STRETCHES], line[GO_STRETCHES];
	struct go_stretch unsafe_points[GO_STRETCHES]; /* none: first value 0 */
	struct go_stretch inlined[GO_STRETCHES];       /* none: inline_count 0 */
	const struct go_inline *inlines;
	size_t inline_count;
	uint8_t func_id, flags;
	uint32_t after_call; /* offset of the instruction behind its call; 0: calls nothing */
	uint64_t entry;      /* given by go_add */
};

struct go_memory {
	uint64_t address;
	size_t size;
	uint8_t *bytes;
};

struct go_builder {
	struct arena *arena;
	const struct arch *arch;
	int minor, patch;
	struct image *image;
	const struct layout *layout;
	const char *const *files; /* by file number; NULL: one, "/src/main.go" */
	size_t file_count;
	VEC(struct go_function) functions;
	VEC(uint8_t) text;
	VEC(struct go_memory) memory;
	size_t goroutines;
	uint64_t next; /* free heap */
	uint64_t last_m;
};

/* A program of Go 1.minor.patch for linux; minor below 20 has the 1.18 layout of pclntab. */
struct go_builder *go_new(struct arena *arena, const struct arch *arch, int minor, int patch);

/* Adds a function at the next 16-aligned address and returns its number. */
size_t go_add(struct go_builder *builder, const struct go_function *function);

/* A function with an ordinary frame of that many bytes (a pcsp value, at most 0xff0) that makes one call. */
size_t go_add_frame(struct go_builder *builder, const char *name, uint32_t bytes, uint8_t flags);

/* runtime.goexit: calls once, no frame, TOPFRAME. */
size_t go_add_goexit(struct go_builder *builder);

/* runtime.mcall, which a function calls whose goroutine is parked. */
size_t go_add_mcall(struct go_builder *builder);

/* Writes the target of the call or branch instruction at an offset of a function: a BL or B, or a CALL or JMP rel32. */
void go_call(struct go_builder *builder, size_t from, uint32_t offset, size_t to);

/* Writes the target of an amd64 instruction's operand relative to the pc, of 4 bytes, which ends where the instruction does. */
void go_refer(struct go_builder *builder, size_t function, uint32_t end, uint64_t target);

/* Makes the one call of `from` call `to`. */
void go_link(struct go_builder *builder, size_t from, size_t to);

uint64_t go_entry(const struct go_builder *builder, size_t function);
uint64_t go_return_pc(const struct go_builder *builder, size_t function);

/* The tables. */
struct span go_pclntab(struct go_builder *builder);
struct span go_funcdata(struct go_builder *builder);

/* Memory of the dump, zeroed. */
void go_memory(struct go_builder *builder, uint64_t address, uint64_t size, uint8_t flags);
void go_write(struct go_builder *builder, uint64_t address, const void *bytes, size_t size);
void go_put(struct go_builder *builder, uint64_t address, uint64_t value);
uint64_t go_get(const struct go_builder *builder, uint64_t address);

/* A runtime.g with the fields of *g, and its address; listed: an element of allgs. */
uint64_t go_goroutine(struct go_builder *builder, const struct goroutine *g, bool listed);
/* Writes it into the g at an address. */
void go_note_fault(struct go_builder *builder, uint64_t g, const struct noted_fault *fault);
/* A runtime.m, and its address. It names its g0, gsignal (made, where *m has none) and curg, and they name it. */
uint64_t go_machine(struct go_builder *builder, const struct machine *m);
/* What the runtime printed last. */
void go_print(struct go_builder *builder, const char *text);

/* The executable, and the dump's data segment that goes with it. Call once all functions are added and linked. */
struct exe *go_exe(struct go_builder *builder);

/* Loads the whole model from executable and dump, and sets the variables that no code here names. */
struct go_runtime *go_load(struct go_builder *builder);

/* A stack under construction, outermost frame first. */
struct go_stack {
	struct go_builder *builder;
	uint64_t lo, hi;
	uint64_t sp, fp, pc; /* where the innermost function stands: just behind its call */
	uint64_t slot;       /* where the last return address was written */
};

struct go_stack go_stack_new(struct go_builder *builder, uint64_t lo, uint64_t size, size_t goexit);
/* The innermost function calls another, which stands behind its own call. */
void go_push(struct go_stack *stack, size_t function);
/* A signal interrupts the innermost function at pc with sp, fp as in *stack and injects a call (sigctxt.pushCall). */
void go_inject(struct go_stack *stack, uint64_t pc, uint64_t lr, size_t function);

#endif
