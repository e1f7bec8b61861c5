/* version.h: what a Go toolchain calls itself (runtime.Version, debug.BuildInfo.GoVersion). */
#ifndef GOLANG_VERSION_H
#define GOLANG_VERSION_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct go_version {
	const char *text; /* all of it, e.g. "go1.26.8 X:nodwarf5"; NULL: unknown */
	int minor, patch; /* 1.minor.patch; minor 0: the text does not tell (a "devel +hash" build) */
	bool exact; /* that very release: not rc, beta, devel or a vendor's branch, and no experiment that may alter
	                   * runtime structures */
	bool prerelease; /* on the way to that release: devel, rc, beta */
	bool vendor;     /* somebody's build of it: "go1.24.4-vendor", "go1.24.13 (Red Hat …)" */
};

/* Parses "go1.26.8", "go1.18", "go1.27rc1", "go1.26.8 X:nodwarf5", "go1.22.5-vendor", "devel go1.27-hash date"; the
 * text need not end in NUL. False when it is not a Go version. */
bool go_version_parse(struct arena *arena, const char *text, size_t size, struct go_version *ret);

#endif
