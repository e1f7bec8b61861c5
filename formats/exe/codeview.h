/* codeview.h: how a Windows linker names a build: the CodeView record of an image, which minidumps copy. */
#ifndef FORMATS_EXE_CODEVIEW_H
#define FORMATS_EXE_CODEVIEW_H

#include "base/arena.h"
#include "base/span.h"

/* GUID and age of a record, lower-case hex, as in the paths of symbol servers; NULL when it is none (CV_INFO_PDB70: "RSDS",
 * GUID, age, path of the PDB). */
const char *codeview_id(struct arena *arena, struct span record);

#endif
