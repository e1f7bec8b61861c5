/* wakers.c: see wakers.h. */
#include "heuristics/hangs/wakers.h"

#include <string.h>

enum { FUNCTIONS_MOST = 4096, FUNCTION_BYTES = 64 << 10 };

static const struct {
	enum wait_kind kind;
	const char *name;
} wakers[] = {
#define WAKER(kind, name) {kind, name},
#include "heuristics/hangs/wakers.def"
#undef WAKER
};

static bool is_waker(const char *name, enum wait_kind kind)
{
	for (size_t i = 0; name && i < sizeof wakers / sizeof *wakers; i++)
		if (wakers[i].kind == kind && !strcmp(wakers[i].name, name))
			return true;
	return false;
}

/* "example.com/a/b." of "example.com/a/b.(*T).m". */
static size_t package_length(const char *function)
{
	const char *slash = strrchr(function, '/');
	const char *dot = strchr(slash ? slash : function, '.');

	return dot ? (size_t)(dot - function) + 1 : 0;
}

static bool is_call_of(struct analysis *analysis, const struct pclntab *table, const struct func *func, const struct insn *insn,
		       enum wait_kind kind)
{
	const struct pc_info *target = go_pc(analysis->runtime, insn->target, true);
	struct inline_frame frames[INLINE_LIMIT];
	size_t count;

	if (target->func && is_waker(go_func_name(target), kind))
		return true;
	count = func_inline_frames(table, func, insn->address, frames);
	for (size_t i = 0; i + 1 < count; i++)
		if (is_waker(frames[i].name, kind))
			return true;
	return false;
}

static bool calls(struct analysis *analysis, const struct pclntab *table, const struct func *func, enum wait_kind kind)
{
	const uint64_t size = func->end - func->entry;
	const struct span code = image_view(analysis->image, func->entry, size < FUNCTION_BYTES ? size : FUNCTION_BYTES);
	struct insn insn;

	for (size_t at = 0; at < code.size; at += insn.size) {
		if (!insn_decode(analysis->runtime->decoder, func->entry + at, span_from(code, at), &insn) || !insn.size)
			return false;
		if (insn.flow == FLOW_CALL && is_call_of(analysis, table, func, &insn, kind))
			return true;
	}
	return false;
}

static bool module_has(struct analysis *analysis, const struct pclntab *table, const char *prefix, size_t length, enum wait_kind kind)
{
	size_t left = FUNCTIONS_MOST;

	for (uint32_t i = 0; i < table->nfunc && left; i++) {
		struct func func;
		const char *name = pclntab_func(table, i, &func) ? pclntab_name(table, func.name) : NULL;

		if (!name || strncmp(name, prefix, length) != 0)
			continue;
		pclntab_cite(table, &func);
		left--;
		if (calls(analysis, table, &func, kind))
			return true;
	}
	return false;
}

bool wakers_exist(struct analysis *analysis, const char *function, enum wait_kind kind, bool narrow)
{
	const struct go_runtime *runtime = analysis->runtime;
	const size_t length = !function ? 0 : narrow ? strlen(function) : package_length(function);

	for (size_t i = 0; i < runtime->modules.count && length && runtime->decoder; i++)
		if (module_has(analysis, &runtime->modules.items[i].pclntab, function, length, kind))
			return true;
	return false;
}
