/* layout.h: where the fields of the runtime's structures lie in each Go release. Facts about releases are data: rows in
 * golang/layouts, each made from the DWARF of binaries that the very releases built (tools/layouts.sh). */
#ifndef GOLANG_LAYOUT_H
#define GOLANG_LAYOUT_H

#include "base/err.h"
#include "base/span.h"
#include "formats/cpu/arch.h"
#include "formats/exe/exe.h"
#include "formats/dump/image.h"
#include "golang/version.h"

/* LAYOUT_g_sched_sp, LAYOUT_m_size, …: the ids of layout_fields.def. */
enum layout_field {
#define LAYOUT_FIELD(id, type, path) LAYOUT_##id,
#define LAYOUT_SIZE(id, type) LAYOUT_##id,
#include "golang/layout_fields.def"
#undef LAYOUT_FIELD
#undef LAYOUT_SIZE
	LAYOUT_FIELD_COUNT
};

enum { LAYOUT_ABSENT = INT32_MAX }; /* the release has no such field (or its DWARF does not show it) */

struct layout {
	uint32_t offset[LAYOUT_FIELD_COUNT]; /* bytes from the start of the structure; sizes in bytes */
};

/* A field in the bytes of a whole structure; 0: the release has none. */
static inline uint64_t layout_u64(const struct layout *layout, struct span structure, enum layout_field field)
{
	return layout->offset[field] == LAYOUT_ABSENT ? 0 : span_u64(structure, layout->offset[field]);
}

static inline uint8_t layout_u8(const struct layout *layout, struct span structure, enum layout_field field)
{
	return layout->offset[field] == LAYOUT_ABSENT ? 0 : span_u8(structure, layout->offset[field]);
}

/* The row of Go 1.minor.patch, *exact set; also for a patch that could not be built, between two of its minor: what those agree
 * in. Where no row is known to hold for that very patch: the row of the nearest older release, *exact cleared. NULL when there is
 * none (before Go 1.18, or a target without tables). */
const struct layout *layout_find(enum target_os os, enum arch_id arch, int minor, int patch, bool *exact);

/* As layout_find; never exact for a version that is not (release candidates, development builds). */
const struct layout *layout_of_version(enum target_os os, enum arch_id arch, const struct go_version *version,
				       bool *exact);

/* The layout that the DWARF of an executable states. ERR_ABSENT when it does not have runtime.g; else as
 * dwarf_resolve. */
const struct err *layout_of_dwarf(struct arena *arena, const struct exe *exe, struct layout **ret);

/* The id of a field, as in layout_fields.def, e.g. "g_sched_sp". */
const char *layout_field_name(enum layout_field field);

#endif
