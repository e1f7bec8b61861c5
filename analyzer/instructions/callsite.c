/* callsite.c: a return address is believed when it lies in code, follows a CALL, and that CALL can reach the function that
 * is returning: a direct one when its target is that function (or an ABI wrapper of it: same name), an indirect one
 * possibly. runtime.goexit is entered by no call: newproc1 writes goexit+PCQuantum as the first return address. Nor is
 * runtime.systemstack_switch: systemstack and asmcgocall write it, from Go 1.20 on amd64 that plus 8, to g.sched.pc of a
 * goroutine that leaves for the system stack, and cgocallback copies it from there to its own frame
 * (gosave_systemstack_switch, cgocallback in asm_ARCH.s). */
#include "analyzer/instructions/callsite.h"

#include <string.h>

enum { SWITCH_OFFSET = 8 };

static const struct {
	const char *prefix;
	enum call_effect effect;
} call_effects[] = {
#define CALL_EFFECT(prefix, effect) {prefix, CALL_##effect},
#include "analyzer/instructions/call_effects.def"
#undef CALL_EFFECT
};

enum call_effect call_effect(const struct pc_info *callee)
{
	const char *name = callee->func ? go_func_name(callee) : "";

	for (size_t i = 0; i < sizeof call_effects / sizeof *call_effects; i++)
		if (!strncmp(name, call_effects[i].prefix, strlen(call_effects[i].prefix)))
			return call_effects[i].effect;
	return CALL_USUAL;
}

static bool is_goexit_return(const struct pc_info *info, uint8_t quantum)
{
	return info->role == ROLE_GOEXIT && info->pc == info->func->entry + quantum;
}

/* The linker may keep a name twice, once for the function and once for its ABI wrapper. */
static bool has_name_of(const struct pc_info *target, const struct func *callee)
{
	const struct pclntab *table = &target->module->pclntab;
	const char *name = pclntab_name(table, target->func->name);
	const char *other = pclntab_name(table, callee->name);

	return target->func->name == callee->name || (name && other && !strcmp(name, other));
}

static enum func_role role_of(struct go_runtime *runtime, const struct func *func)
{
	return func ? go_pc(runtime, func->entry, true)->role : ROLE_NONE;
}

/* What cgocallback returns to. */
static bool is_switch_return(struct go_runtime *runtime, const struct pc_info *info, const struct func *callee)
{
	return info->role == ROLE_SYSTEMSTACK_SWITCH && role_of(runtime, callee) == ROLE_CGOCALLBACK &&
	       (info->pc == info->func->entry || info->pc == info->func->entry + SWITCH_OFFSET);
}

static bool leaves_stack(enum func_role role)
{
	return role == ROLE_SYSTEMSTACK || role == ROLE_ASMCGOCALL;
}

bool callsite_reaches(struct go_runtime *runtime, uint64_t return_address, const struct func *callee)
{
	const struct pc_info *info = go_return_address(runtime, return_address);
	const struct pc_info *target;

	if (!info->func)
		return false;
	if (is_switch_return(runtime, info, callee) || is_goexit_return(info, runtime->image->arch->quantum))
		return true;
	if (info->call == FLOW_INDIRECT_CALL)
		return true;
	if (info->call != FLOW_CALL)
		return false;
	if (!callee || info->call_target == callee->entry)
		return true;
	target = go_pc(runtime, info->call_target, true);
	if (role_of(runtime, callee) == ROLE_SYSTEMSTACK_SWITCH)
		return leaves_stack(target->role);
	/* through an ABI wrapper, a PLT stub or a trampoline the direct target is another function */
	return !target->func || (target->func->entry == info->call_target && has_name_of(target, callee));
}
