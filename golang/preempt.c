/* preempt.c: asynchronous preemption (runtime/preempt.go). */
#include "golang/preempt.h"

#include <limits.h>
#include <string.h>

static const struct {
	enum target_os os;
	enum arch_id arch;
	int first_minor;
	enum injected_fp fp;
} injected_calls[] = {
#define INJECTED_CALL(os, arch, minor, fp) {os, arch, minor, fp},
#include "golang/preempt.def"
#undef INJECTED_CALL
};

enum { ANY_MINOR = INT_MAX };

static const struct {
	const char *prefix;
	int first_minor, last_minor;
} never_preempted[] = {
#define NEVER_PREEMPTED(prefix, first, last) {prefix, first, last},
#include "golang/preempt.def"
#undef NEVER_PREEMPTED
};

/* internal/abi/symtab.go; all values below UNSAFE mean that a sequence of instructions is run again. */
enum { UNSAFE_POINT_SAFE = -1, UNSAFE_POINT_UNSAFE = -2 };

enum injected_fp injected_call_fp(const struct go_runtime *runtime)
{
	const struct image *image = runtime->image;
	enum injected_fp fp = INJECTED_FP_NOWHERE;

	for (size_t i = 0; i < sizeof injected_calls / sizeof *injected_calls; i++)
		if (injected_calls[i].os == image->os && injected_calls[i].arch == image->arch->id &&
		    runtime->version.minor >= injected_calls[i].first_minor)
			fp = injected_calls[i].fp;
	return fp;
}

bool runtime_walks_frame_pointers(const struct go_runtime *runtime)
{
	static const struct {
		enum arch_id arch;
		int first_minor;
	} walks[] = {
#define FRAME_POINTER_WALKS(arch, minor) {arch, minor},
#include "golang/preempt.def"
#undef FRAME_POINTER_WALKS
	};

	for (size_t i = 0; i < sizeof walks / sizeof *walks; i++)
		if (walks[i].arch == runtime->image->arch->id &&
		    (!runtime->version.minor || runtime->version.minor >= walks[i].first_minor))
			return true;
	return false;
}

bool is_safe_point(const struct pc_info *info)
{
	return info->func &&
	       func_pcdata(&info->module->pclntab, info->func, PCDATA_UNSAFE_POINT, info->pc) == UNSAFE_POINT_SAFE;
}

/* Of a release that is not known, any row holds: what bears such a name is the runtime's. */
static bool is_never_preempted(const struct go_runtime *runtime, const char *name)
{
	int minor = runtime->version.minor;

	for (size_t i = 0; i < sizeof never_preempted / sizeof *never_preempted; i++)
		if (!strncmp(name, never_preempted[i].prefix, strlen(never_preempted[i].prefix)) &&
		    (!minor || (minor >= never_preempted[i].first_minor && minor <= never_preempted[i].last_minor)))
			return true;
	return false;
}

enum preemption preemption_at(const struct go_runtime *runtime, const struct pc_info *info)
{
	struct inline_frame frames[INLINE_LIMIT];
	const struct pclntab *table;
	int32_t unsafe;

	if (!info->func)
		return PREEMPTION_NO_FUNCTION;
	table = &info->module->pclntab;
	unsafe = func_pcdata(table, info->func, PCDATA_UNSAFE_POINT, info->pc);
	if (unsafe == UNSAFE_POINT_UNSAFE)
		return PREEMPTION_UNSAFE_POINT;
	if (info->func->flags & FUNC_ASM || !func_has_funcdata(table, info->func, FUNCDATA_LOCALS_POINTER_MAPS))
		return PREEMPTION_ASSEMBLY;
	func_inline_frames(table, info->func, info->pc, frames);
	if (frames[0].name && is_never_preempted(runtime, frames[0].name))
		return PREEMPTION_RUNTIME;
	return unsafe == UNSAFE_POINT_SAFE ? PREEMPTIBLE : PREEMPTION_RESUMES_EARLIER;
}

bool preemption_switched_off(const struct go_runtime *runtime)
{
	return runtime->godebug && strstr(runtime->godebug, "asyncpreemptoff=1");
}
