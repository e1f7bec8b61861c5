/* build.h: how the program was built, and the machine that it ran on. Strings hold text of the dump as it is: formats escape. */
#ifndef REPORT_CONTENT_BUILD_H
#define REPORT_CONTENT_BUILD_H

#include "golang/runtime.h"

/* A line of what `go version -m` prints: "mod", path, version, sum; "build", key, value. */
enum { BUILD_FIELDS = 4 };

struct build_line {
	const char *kind;                 /* "path", "mod", "dep", "=>", "build" */
	const char *fields[BUILD_FIELDS]; /* what follows it; NULL after the last. Of "build": key, value */
};

struct build_lines {
	VEC(struct build_line) items;
};

/* The build information of the program (debug.BuildInfo); empty: the dump has none. Values of settings are masked unless `unmasked`
 * (report/mask.h). */
void build_list(struct arena *arena, const struct go_runtime *runtime, bool unmasked, struct build_lines *ret);

/* A line as `go version -m` prints it, without its leading tab; there, `separator` is a tab. */
const char *build_line_text(struct arena *arena, const struct build_line *line, const char *separator);

/* The value of a setting; NULL: there is none. */
const char *build_setting(const struct build_lines *lines, const char *key);

/* The machine: "Linux 6.1.0", and "8 CPUs, family 6 …" or "x86_64, pages of 4,096 bytes, capabilities …". NULL: not known. */
const char *machine_system(struct image *image);
const char *machine_processors(struct arena *arena, struct image *image);

/* Names of the bits of AT_HWCAP that have one, with blanks between them. */
const char *capabilities_text(struct arena *arena, const struct arch *arch, uint64_t bits);

#endif
