/* preempt.c: asynchronous preemption (runtime/preempt.go). */
#include "golang/preempt.h"

static const struct {
	enum arch_id arch;
	int first_minor;
	bool stores_fp;
} injected_calls[] = {
#define INJECTED_CALL(arch, minor, stores) {arch, minor, stores},
#include "golang/preempt.def"
#undef INJECTED_CALL
};

enum { UNSAFE_POINT_SAFE = -1 };

bool injected_call_stores_fp(const struct go_runtime *runtime)
{
	bool stores = false;

	for (size_t i = 0; i < sizeof injected_calls / sizeof *injected_calls; i++)
		if (injected_calls[i].arch == runtime->image->arch->id &&
		    runtime->version.minor >= injected_calls[i].first_minor)
			stores = injected_calls[i].stores_fp;
	return stores;
}

bool is_safe_point(const struct pc_info *info)
{
	return info->func &&
	       func_pcdata(&info->module->pclntab, info->func, PCDATA_UNSAFE_POINT, info->pc) == UNSAFE_POINT_SAFE;
}
