/* scan.h: what executables show before they crash. No process is needed and nothing is run: code and Go's own
 * tables say where a stop would tear a stack, and what the kernel is told to write to one. */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include "base/err.h"
#include "base/span.h"
#include "base/vec.h"
#include "golang/known_bugs.h"

/* How bad it is, as SARIF grades results. ERROR: it does damage in programs that run as they are built, and --exit-code
 * counts it. WARNING: it misleads tools, or is likely to do damage. NOTE: worth knowing. */
enum scan_level { SCAN_NOTE, SCAN_WARNING, SCAN_ERROR };

/* One finding about one executable. Members that do not apply are NULL, 0 or false. */
struct scan_finding {
	const struct scan_rule *rule;
	enum scan_level level;
	const char *message;  /* one sentence */
	const char *fix;      /* what to do */
	const char *function; /* as in pclntab */
	const char *package;  /* import path of its package */
	const char *module;   /* "path version" of the package's module; NULL: the standard library, or unknown */
	bool has_pc;
	uint64_t pc;      /* file address */
	const char *file; /* of the instruction */
	int32_t line;
	bool is_place;     /* split-sp and split-fp: what follows is meaningful */
	int64_t error;     /* bytes by which SP (split-fp: the frame pointer) is above where the tables say */
	const char *where; /* "prologue", "epilogue" or "body" */
	int64_t frame;     /* size of the function's frame, bytes */
	bool leaf, preemptible;
	const char *reason;          /* why it is preemptible or not; known-bug: what the bug is */
	const char *api, *parameter; /* overlapped-io */
	int64_t below;               /* overlapped-io: bytes from execIO's SP down to the variable */
	unsigned stored;             /* asm-frame: bytes that the instruction stores; 0: another rule */
	bool callers;                /* asm-frame: over its caller's return address, else its own */
	int64_t offset, return_offset; /* asm-frame: where it stores, and where the return address lies, from SP */
	const struct known_bug *bug; /* the bug that it is an instance of, or (known-bug) the bug itself */
};

/* One executable. */
struct scanned {
	const char *path;   /* as found: of a file in archives, theirs come before it */
	const char *format; /* "elf" or "pe"; NULL: not opened */
	const char *os, *arch;
	const char *go_version, *main_module, *build_id;
	bool is_go;
	size_t functions; /* in Go's tables */
	/* Of these: in assembly that sets SP to another stack, as runtime.systemstack does. Go's tables do not follow
	 * them, and neither does the scan. */
	size_t switching;
	size_t exposed;                    /* findings of level ERROR */
	const char *error_code, *error;    /* why it could not be read */
	VEC(struct scan_finding) findings; /* in the order of rules.def, then by pc */
	VEC(const char *) unchecked;       /* what could not be looked at, and why */
};

/* Scans an executable whose bytes stay valid meanwhile. Its results lie on `results`; all else is gone when it
 * returns. An executable that cannot be read is a result, too: its error is set. `cut_short`: the bytes are not
 * all. Call inside arena_run of `results`. */
void scan_bytes(struct arena *results, const char *path, struct span bytes, bool cut_short, struct scanned *ret);

/* Whether bytes begin as an executable that scan_bytes can read. */
bool scan_wants(struct span start);

const char *scan_level_name(enum scan_level level); /* "note", "warning", "error" */

#endif
