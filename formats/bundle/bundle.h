/* bundle.h: what is attached to a bug report: an archive (tar.h) of reports and what they were made of, a slim dump or a redacted log, behind
 * a manifest that tells the SHA-256 of each, as sha256sum -c reads it. */
#ifndef FORMATS_BUNDLE_BUNDLE_H
#define FORMATS_BUNDLE_BUNDLE_H

#include "formats/archive/tar.h"
#include "formats/dump/image.h"

#define BUNDLE_FOLDER "tornstack-bundle/"
#define BUNDLE_MANIFEST "MANIFEST"

/* What reports are made of has one of these names, by what it is (bundle_evidence). */
#define BUNDLE_CORE "slim.core"
#define BUNDLE_MINIDUMP "slim.dmp"
#define BUNDLE_LOG "crash.log"

/* The name of a slim dump or log among the members. */
const char *bundle_evidence(struct span bytes);

/* Writes members, whose names have no folder yet, behind the manifest. `remarks` are put into that, each line behind "# ". What `out` cannot
 * take is left for its ferror. Errors: LIMIT. */
const struct err *bundle_write(struct arena *arena, const struct tar_member *members, size_t count, const char *remarks, int64_t time,
			       FILE *out);

#endif
