/* presence.h: whether there is a Go program in the dump at all, and whose Go. It is asked before anything else of Go is looked
 * for: what is no Go program is not judged by Go's rules. */
#ifndef GOLANG_PRESENCE_H
#define GOLANG_PRESENCE_H

#include <stdbool.h>

enum go_presence {
	PRESENCE_GO,      /* built by Go's own toolchain, 1.18 or later, or of a release that is not known */
	PRESENCE_OLD_GO,  /* … before 1.18: its tables are not read */
	PRESENCE_GCCGO,
	PRESENCE_TINYGO,
	PRESENCE_NONE,    /* all that would show a Go program was looked at, and shows none */
	PRESENCE_UNKNOWN, /* nothing of Go was found, and what would show it is not there to be looked at */
};

struct go_runtime;

/* Judges once executable, identity and modules are known; fills presence, presence_because and, for releases before 1.18,
 * version. */
void presence_judge(struct go_runtime *runtime);

/* Whether executable or libraries say that another toolchain built it: then nothing of Go's runtime need be looked for in memory,
 * which may be large. Asked of what has no table of Go functions, once executable and identity are known; sets the same. */
bool presence_of_another(struct go_runtime *runtime);

#endif
