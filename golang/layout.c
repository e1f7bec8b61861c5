/* layout.c: finds the row of a release. */
#include "golang/layout.h"

#include <string.h>

struct row {
	int minor, first, last; /* Go 1.minor.first to 1.minor.last */
	struct layout layout;
};

/* A table is `LAYOUT_ROW(minor, first, last, AT(field, offset)… NO(field)…)`, ascending. */
#define LAYOUT_ROW(minor_, first_, last_, ...) {minor_, first_, last_, {{__VA_ARGS__}}},
#define AT(id, offset_) [LAYOUT_##id] = (offset_),
#define NO(id) [LAYOUT_##id] = LAYOUT_ABSENT,

static const struct row linux_amd64[] = {
#include "golang/layouts/linux_amd64.inc"
};

static const struct row linux_arm64[] = {
#include "golang/layouts/linux_arm64.inc"
};

static const struct row windows_amd64[] = {
#include "golang/layouts/windows_amd64.inc"
};

static const struct row windows_arm64[] = {
#include "golang/layouts/windows_arm64.inc"
};

#undef LAYOUT_ROW
#undef AT
#undef NO

/* Every row gives every field, so that a field new in layout_fields.def cannot silently be 0 in an old row. */
#define LAYOUT_ROW(minor_, first_, last_, ...)                                                                         \
	_Static_assert(0 __VA_ARGS__ == LAYOUT_FIELD_COUNT, "Go 1." #minor_ "." #first_ ": run tools/layouts.sh");
#define AT(id, offset_) +1
#define NO(id) +1
#include "golang/layouts/linux_amd64.inc"
#include "golang/layouts/linux_arm64.inc"
#include "golang/layouts/windows_amd64.inc"
#include "golang/layouts/windows_arm64.inc"
#undef LAYOUT_ROW
#undef AT
#undef NO

static const struct {
	enum target_os os;
	enum arch_id arch;
	const struct row *rows;
	size_t count;
} tables[] = {
	{OS_LINUX, ARCH_AMD64, linux_amd64, sizeof linux_amd64 / sizeof *linux_amd64},
	{OS_LINUX, ARCH_ARM64, linux_arm64, sizeof linux_arm64 / sizeof *linux_arm64},
	{OS_WINDOWS, ARCH_AMD64, windows_amd64, sizeof windows_amd64 / sizeof *windows_amd64},
	{OS_WINDOWS, ARCH_ARM64, windows_arm64, sizeof windows_arm64 / sizeof *windows_arm64},
};

/* The last row that does not begin after 1.minor.patch. */
static const struct row *row_before(const struct row *rows, size_t count, int minor, int patch)
{
	const struct row *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (rows[i].minor < minor || (rows[i].minor == minor && rows[i].first <= patch))
			found = &rows[i];
	return found;
}

/* A release that could not be built stands between two of its minor that agree in every field: so does it. */
static bool between_equals(const struct row *row, const struct row *end)
{
	const struct row *next = row + 1;

	return next < end && next->minor == row->minor && !memcmp(&row->layout, &next->layout, sizeof row->layout);
}

const struct layout *layout_find(enum target_os os, enum arch_id arch, int minor, int patch, bool *exact)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		const struct row *row;

		if (tables[i].os != os || tables[i].arch != arch)
			continue;
		row = row_before(tables[i].rows, tables[i].count, minor, patch);
		if (!row)
			return NULL;
		*exact = row->minor == minor &&
			 (patch <= row->last || between_equals(row, tables[i].rows + tables[i].count));
		return &row->layout;
	}
	return NULL;
}

const struct layout *layout_of_version(enum target_os os, enum arch_id arch, const struct go_version *version,
				       bool *exact)
{
	const struct layout *layout = layout_find(os, arch, version->minor, version->patch, exact);

	if (layout && !version->exact)
		*exact = false;
	return layout;
}
