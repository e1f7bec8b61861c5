/* runtime.h: the model of a Go program in a dump: its functions, its goroutines and threads, found without symbols.
 * Loaded in steps, each of which may fail alone and leaves a note; what is missing is NULL, 0 or empty. */
#ifndef GOLANG_RUNTIME_H
#define GOLANG_RUNTIME_H

#include "base/word_map.h"
#include "formats/dump/image.h"
#include "formats/cpu/insn.h"
#include "formats/locator/locate.h"
#include "golang/layout.h"
#include "golang/pclntab.h"
#include "golang/presence.h"
#include "golang/version.h"

/* Is the executable the one that was running? design: docs/architecture.md, "Identity". */
enum identity { IDENTITY_NONE, IDENTITY_SAME, IDENTITY_EQUIVALENT, IDENTITY_UNVERIFIED, IDENTITY_MISMATCH };

enum layout_source { LAYOUT_SOURCE_NONE, LAYOUT_SOURCE_TABLE, LAYOUT_SOURCE_NEAREST, LAYOUT_SOURCE_DWARF };

/* One runtime.moduledata. Addresses are those at run time. */
struct go_module {
	uint64_t address;
	uint64_t text, etext, minpc, maxpc;
	uint64_t data_start, data_end; /* noptrdata … enoptrbss: the writable globals */
	uint64_t types, etypes, rodata, gofunc, next;
	struct pclntab pclntab; /* nfunc 0: not available */
	const struct exe *exe;  /* the file that holds it; NULL: none, memory speaks alone */
};

/* What the model needs of special functions, by name: func_roles.def. */
enum func_role {
	ROLE_NONE,
#define FUNC_ROLE(role, name) ROLE_##role,
#include "golang/func_roles.def"
#undef FUNC_ROLE
	ROLE_COUNT
};

/* Addresses of the runtime's global variables; 0 is unknown. */
struct go_globals {
	uint64_t allgs, allglen, allm, allp, print_backlog, print_backlog_index, panicking, build_version, argc, argv;
};

enum g_status { G_IDLE = 0, G_RUNNABLE = 1, G_RUNNING = 2, G_SYSCALL = 3, G_WAITING = 4, G_DEAD = 6, G_COPYSTACK = 8,
		G_PREEMPTED = 9, G_LEAKED = 10, G_DEADEXTRA = 11, G_SCAN = 0x1000 };

/* A million of them are kept: what few ask for is read from the dump when it is asked for. */
struct goroutine {
	uint64_t address; /* of its runtime.g */
	uint64_t id;
	uint16_t status;  /* enum g_status without G_SCAN */
	uint8_t wait_reason;
	bool scan : 1;
	bool preempt : 1, async_safe_point : 1, locked : 1;
	int32_t machine;  /* index in machines of the M it runs on (m.curg == g), -1: none */
	uint64_t stack_lo, stack_hi;
	uint64_t sched_pc, sched_sp, sched_lr, sched_bp;
	uint64_t syscall_pc, syscall_sp;
	uint64_t m; /* address of its runtime.m, 0: none */
	uint64_t gopc, parent_id, startpc;
	int64_t waitsince; /* nanotime of the GC cycle that first found it blocked, 0: unknown */
};

/* What a handler left in a g that it made call sigpanic: g.sig, g.sigcode0, g.sigcode1, g.sigpc (runtime/signal_ARCH.go
 * preparePanic; on Windows exceptionhandler). */
struct noted_fault {
	uint32_t sig; /* signal or code of the exception, 0: none */
	uint64_t code0, code1, pc;
};

/* Index of the goroutines by the address of their runtime.g, or by their id. */
struct goroutine_key {
	uint64_t key;
	size_t index;
};

struct machine { /* runtime.m */
	uint64_t address;
	int64_t id;
	int64_t procid;
	uint64_t g0, gsignal, curg;
	uint64_t g0_lo, g0_hi, gsignal_lo, gsignal_hi;
	uint64_t g0_sched_sp, g0_sched_pc;
	uint64_t vdso_pc, vdso_sp;
	int32_t dying, throwing, mallocing, locks;
	bool incgo;
	int32_t thread; /* index in image->threads, -1: none */
};

/* What is known of a pc, computed once per distinct pc. */
struct pc_info {
	uint64_t pc;
	bool exact;              /* looked up at pc itself, not at pc - 1 */
	const struct func *func; /* NULL: in no Go function */
	const struct go_module *module;
	enum func_role role;
	bool has_delta;
	int32_t delta;           /* pcsp: bytes from SP to the frame's top, return address of amd64 not counted */
	enum insn_flow call;     /* what precedes pc: FLOW_CALL, FLOW_INDIRECT_CALL, FLOW_NEXT for none */
	bool call_known;         /* `call` and `has_code` have been computed */
	bool has_code;           /* the bytes that a call before pc would take can be read */
	uint64_t call_target;
	const struct recorded_place *recorded; /* what a log says is there, for want of tables; NULL: none does */
};

struct pc_memo;
struct go_heap;
struct recorded_program;

enum { MISFITS_KEPT = 64 };

struct go_runtime {
	const struct err *trouble; /* this machine, not the dump, kept something from being read: no report may be made; NULL: none */
	struct arena *arena;
	struct image *image;
	struct notes *notes;
	struct decoder *decoder;
	struct exe *exe; /* NULL: none, or (EXE_MEMORY) the dump's own memory serves for it */
	enum exe_source exe_source;
	const char *build_id; /* of the executable, or of the program in the dump's memory; NULL: unknown */
	struct exe_search search; /* where files of the process are looked for */
	const char *looked; /* where no executable was: a list; NULL: nowhere */
	uint64_t bias;   /* run-time minus file addresses */
	enum identity identity;
	const char *identity_because; /* why it is not known to be the one that ran, or is none: a clause; NULL: nothing to say */
	bool named_otherwise; /* unverified, and its name is not the program's */
	const char *search_ended; /* after what the search of the dump's memory for modules ended early; NULL: it did not */
	enum go_presence presence;
	const char *presence_because; /* what shows it: a clause */
	bool tables_damaged; /* pclntab contradicts itself or the code: what rests on functions and frame sizes proves nothing */
	bool code_compared;  /* with what pclntab says of it (analyzer/instructions/code_fit.h) */
	struct go_version version;
	int least_minor, most_minor; /* of a log: it was printed by Go 1.least_minor to 1.most_minor; 0: no such bound is known */
	const char *main_module; /* module path of the main package; NULL: unknown */
	struct span build_record; /* what holds version and lines in the dump's memory; empty: they are of the executable */
	struct span build_info;  /* its lines: path, mod, dep, build (debug.BuildInfo.String); empty: unknown */
	const struct layout *layout; /* NULL: none */
	enum layout_source layout_source;
	VEC(struct go_module) modules;
	struct go_globals globals;
	VEC(struct goroutine) goroutines; /* live ones (not dead), ascending by id */
	VEC(struct goroutine) misfits; /* entries of runtime.allgs whose status or bounds are absurd: the first MISFITS_KEPT */
	struct goroutine_key *by_address; /* ascending; goroutines.count of them */
	VEC(struct machine) machines;
	size_t goroutines_listed;   /* entries of runtime.allgs that could be read, the dead ones among them */
	int64_t newest_time; /* of the runtime's clock (nanotime) that the dump holds, 0: none */
	bool goroutines_incomplete; /* the list was cut short or partly unreadable */
	bool machines_complete;     /* the list of Ms was read to its end */
	struct word_map threads_by_id; /* image->threads, the first of each id */
	size_t machines_unlisted;   /* that threads run on and runtime.allm does not have */
	VEC(const char *) fatal_lines; /* of printBacklog: the runtime's own last words, in order */
	const char *godebug;     /* value of GODEBUG in the environment; NULL: unset or unknown */
	const struct recorded_program *recorded; /* of a log (recorded.h): goroutines and their stacks are what it says; NULL: of a dump */
	struct pc_memo *memo;
	struct go_heap *heap; /* NULL: not asked for yet (golang/heap) */
	struct func *functions[ROLE_COUNT]; /* first function of each role; NULL: absent */
};

/* Loads the model. Never fails: what could not be had is said in notes. */
struct go_runtime *go_runtime_load(struct image *image, const struct exe_candidate *exe);

/* A model of the same program for another thread, on an arena of its own and with notes of its own: it shares what no longer
 * changes, and memoises for itself. Call it on the thread that made the first. */
struct go_runtime *go_runtime_share(const struct go_runtime *runtime, struct arena *arena, struct notes *notes);

/* Loads what an executable alone tells, of an image that image_of_exe made: version, modules, functions. False when it
 * holds no Go program that this version reads; what was loaded until then is in *ret. */
bool go_program_load(struct image *image, struct exe *exe, struct go_runtime **ret);

/* What is known of a pc. `exact`: look up pc itself (a context's pc), not pc - 1 (a return address). Never NULL. */
const struct pc_info *go_pc(struct go_runtime *runtime, uint64_t pc, bool exact);

/* As go_pc, with `call` filled in. */
const struct pc_info *go_return_address(struct go_runtime *runtime, uint64_t pc);

/* Name of a function as in pclntab, e.g. "main.(*T).M"; "?" when damaged. */
const char *go_func_name(const struct pc_info *info);

/* A field of a runtime structure in memory: g.sched.sp is go_field(runtime, g, LAYOUT_g_sched_sp, &value). Reads 8 bytes
 * (go_field32: 4, go_field8: 1). False when the release has no such field or the bytes are not there. */
bool go_field(struct go_runtime *runtime, uint64_t object, enum layout_field field, uint64_t *ret);
bool go_field32(struct go_runtime *runtime, uint64_t object, enum layout_field field, uint32_t *ret);
bool go_field8(struct go_runtime *runtime, uint64_t object, enum layout_field field, uint8_t *ret);

/* What follows "fatal error: " in a line that the runtime printed (runtime/panic.go fatalthrow); NULL: it announces none. `line`
 * may be NULL. */
#define GO_FATAL_ERROR "fatal error: "
const char *go_fatal_text(const char *line);

/* What is noted in the g at an address; false when it is not there. */
bool go_noted_fault(struct go_runtime *runtime, uint64_t g, struct noted_fault *ret);

/* The goroutine with that id, or whose runtime.g is at that address; NULL: none. */
const struct goroutine *goroutine_by_id(const struct go_runtime *runtime, uint64_t id);
struct goroutine *goroutine_by_address(const struct go_runtime *runtime, uint64_t address);

/* "Go 1.22 or later": of a log, which releases print such; NULL: it does not tell, or it is none. */
const char *go_releases_text(const struct go_runtime *runtime, struct arena *arena);

/* The text that the runtime prints for a status ("chan receive" for waiting ones), or NULL. */
const char *goroutine_wait_reason(const struct go_runtime *runtime, const struct goroutine *goroutine);
const char *goroutine_status_name(const struct goroutine *goroutine);

/* Whether the runtime started it for itself (isSystemGoroutine, runtime/traceback.go). */
bool goroutine_is_system(struct go_runtime *runtime, const struct goroutine *goroutine);

/* Whether it waits for something, in the scheduler or in the kernel. */
bool goroutine_blocked(const struct goroutine *goroutine);

enum { NANOTIME_SECOND = 1000000000 };

/* Whether no thread runs it: its own words say where it stands. */
bool goroutine_is_parked(const struct goroutine *goroutine);

/* For how long, by nanotime, a goroutine has been blocked at least; false when that is not known. */
bool goroutine_waited(const struct go_runtime *runtime, const struct goroutine *goroutine, int64_t *ret);

#endif
