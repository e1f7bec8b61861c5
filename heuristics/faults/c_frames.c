/* c_frames.c: see c_frames.h. */
#include "heuristics/faults/c_frames.h"
#include "heuristics/faults/c_reasons.h"
#include "heuristics/faults/c_return.h"

#include "base/prefix.h"
#include "formats/exe/demangle.h"
#include "formats/locator/paths.h"
#include "formats/unwind/libraries.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *function, *reason;
} deaths[] = {
#define C_DEATH(function, reason) {function, reason},
#include "heuristics/faults/c_deaths.def"
}, deaths_in[] = {
#define C_DEATH_IN(beginning, reason) {beginning, reason},
#include "heuristics/faults/c_deaths.def"
};

enum { NO_DEATH = sizeof deaths / sizeof *deaths + sizeof deaths_in / sizeof *deaths_in };

static const char *const runtimes[] = {
#define C_RUNTIME(prefix) prefix,
#include "heuristics/faults/c_runtimes.def"
};

static const char *const runtime_functions[] = {
#define C_RUNTIME_FUNCTION(prefix) prefix,
#include "heuristics/faults/c_runtimes.def"
};

static struct frame_line line_of(struct analysis *analysis, const struct c_frames *frames, size_t index)
{
	struct frame_line lines[INLINE_LIMIT];

	frame_lines(analysis->image, &frames->stack, index, lines);
	return lines[0];
}

bool c_module_is_runtime(const char *module)
{
	for (size_t i = 0; module && i < sizeof runtimes / sizeof *runtimes; i++)
		if (!strncasecmp(module, runtimes[i], strlen(runtimes[i])))
			return true;
	return false;
}

/* The function, or what a compiler made of parts or callers of it: "f.cold", "f.constprop.0". */
static bool is_of(const char *function, const char *name)
{
	const size_t length = strlen(name);

	return !strncmp(function, name, length) && (!function[length] || function[length] == '.');
}

/* A number of the table: of its first part, then of its second. */
static size_t death_of(struct arena *arena, const char *function)
{
	const size_t count = sizeof deaths / sizeof *deaths;
	const char *name;

	for (size_t i = 0; i < count; i++)
		if (is_of(function, deaths[i].function))
			return i;
	name = demangled(arena, function);
	for (size_t i = 0; i < sizeof deaths_in / sizeof *deaths_in; i++)
		if (!strncmp(name, deaths_in[i].function, strlen(deaths_in[i].function)))
			return count + i;
	return NO_DEATH;
}

bool c_function_is_death(struct arena *arena, const char *function)
{
	return death_of(arena, function) != NO_DEATH;
}

bool c_function_is_runtime(const char *function)
{
	return function && prefix_of(function, runtime_functions, sizeof runtime_functions / sizeof *runtime_functions);
}

/* Notes a function that ends processes; false: it is none. */
static bool note_death(struct arena *arena, struct c_frames *frames, const char *function)
{
	const size_t count = sizeof deaths / sizeof *deaths, number = function ? death_of(arena, function) : NO_DEATH;
	const char *reason;

	if (number == NO_DEATH)
		return false;
	reason = number < count ? deaths[number].reason : deaths_in[number - count].reason;
	frames->death = true;
	frames->reason = reason ? reason : frames->reason;
	return true;
}

/* Whether Go's functions may be there and only their table is missing: in a module without one; where the dump lacks even the modules
 * of a Go program, anywhere but in libraries of the system. */
static bool may_be_go(const struct analysis *analysis, uint64_t pc)
{
	const struct go_runtime *runtime = analysis->runtime;
	const struct mapping *mapping = image_mapping(analysis->image, pc);

	if (runtime->presence != PRESENCE_GO)
		return false;
	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];

		if (!module->pclntab.nfunc && pc >= module->text && pc < module->etext)
			return true;
	}
	return !runtime->modules.count && !(mapping && c_module_is_runtime(path_base_name(mapping->path)));
}

/* Whether a frame is of code that is not Go's. */
static bool is_c(struct analysis *analysis, const struct stack *stack, size_t index)
{
	const struct frame *frame = &stack->frames.items[index];
	const struct segment *segment = image_segment(analysis->image, frame->pc);

	if (frame->info->func || may_be_go(analysis, frame->pc) || frame->damage >= 0 || frame->how == HOW_REPAIRED ||
	    libraries_generated(analysis->image->libraries, frame->pc - !frame->exact))
		return false;
	return (segment && (segment->flags & SEGMENT_EXEC)) || image_mapping(analysis->image, frame->pc);
}

static void find_culprit(struct analysis *analysis, struct c_frames *frames)
{
	for (frames->culprit = frames->first; frames->culprit < frames->end; frames->culprit++) {
		const struct frame_line line = line_of(analysis, frames, frames->culprit);

		if (!is_c(analysis, &frames->stack, frames->culprit))
			continue; /* it jumped there, and no code is there */
		if (!note_death(analysis->arena, frames, line.function) && !c_module_is_runtime(line.module) && !c_function_is_runtime(line.function))
			return;
	}
}

bool is_call_of_c(enum func_role role)
{
	return role == ROLE_ASMCGOCALL || role == ROLE_STDCALL || role == ROLE_STDCALL_INTERNAL;
}

static bool is_called_by_go(const struct stack *stack, size_t index)
{
	return index < stack->frames.count && is_call_of_c(stack->frames.items[index].info->role);
}

/* Whether C on that thread jumped to where no code is by a RET, which leaves no frame to tell of it. */
static bool returned_from_c(struct analysis *analysis, size_t thread)
{
	const int32_t machine = analysis->thread_machine[thread];
	struct c_return ret;

	return (machine < 0 || analysis->runtime->machines.items[machine].incgo) && analysis->fault.thread == (int32_t)thread &&
	       c_return_find(analysis, &ret);
}

bool c_frames_find(struct analysis *analysis, size_t thread, uint64_t pc, struct c_frames *ret)
{
	const struct stack *stack = &ret->stack;
	size_t first;

	*ret = (struct c_frames){0};
	thread_stack(analysis, thread, &ret->stack);
	for (first = stack->frames.count; first > 0; first--)
		if (stack->frames.items[first - 1].pc == pc && stack->frames.items[first - 1].exact)
			break;
	if (!first--)
		return false;
	if (stack->frames.items[first].info->func || stack->frames.items[first].damage >= 0 || may_be_go(analysis, pc) ||
	    libraries_generated(analysis->image->libraries, pc))
		return false;
	ret->first = first;
	ret->end = first + 1;
	while (ret->end < stack->frames.count && is_c(analysis, stack, ret->end))
		ret->end++;
	ret->nowhere = !is_c(analysis, stack, first);
	if (ret->nowhere && ret->end == first + 1 && !is_called_by_go(stack, ret->end) && !returned_from_c(analysis, thread))
		return false;
	find_culprit(analysis, ret);
	return true;
}

uint64_t c_module_start(const struct image *image, const struct mapping *mapping)
{
	while (mapping > image->mappings.items && mapping->file_offset && !strcmp(mapping[-1].path, mapping->path))
		mapping--;
	return mapping->start;
}

const char *c_frame_function(struct analysis *analysis, const struct c_frames *frames, size_t index)
{
	return line_of(analysis, frames, index).function;
}

/* Where what was appended to a name begins. Names of Go have dots of their own. */
static size_t name_length(const char *name)
{
	static const char *const parts[] = {
#define NAME_PART(text) text,
#include "heuristics/faults/name_parts.def"
#undef NAME_PART
	};

	for (const char *dot = strchr(name, '.'); dot && dot != name; dot = strchr(dot + 1, '.')) {
		size_t digits = strspn(dot + 1, "0123456789");

		if ((digits && (!dot[1 + digits] || dot[1 + digits] == '.')) || prefix_of(dot, parts, sizeof parts / sizeof *parts))
			return (size_t)(dot - name);
	}
	return strlen(name);
}

/* Without what compilers append to parts and copies of a function ("measure.constprop.0"), and without cgo's decoration: a
 * static function is mostly inlined into the stub that cgo makes for it (cmd/cgo/out.go). */
static const char *plain_name(struct arena *arena, const char *name)
{
	static const char mark[] = "_Cfunc_";
	const char *demangled_name = demangled(arena, name);
	const char *plain = demangled_name == name ? arena_strndup(arena, name, name_length(name)) : demangled_name;
	const char *called = strncmp(plain, "_cgo_", 5) ? NULL : strstr(plain, mark);

	return called ? arena_printf(arena, "cgo's stub of %s", called + strlen(mark)) : plain;
}

const char *c_frame_text(struct analysis *analysis, const struct c_frames *frames, size_t index)
{
	const struct frame_line line = line_of(analysis, frames, index);
	const struct mapping *mapping = image_mapping(analysis->image, line.frame->pc);
	const char *function = line.function ? plain_name(analysis->arena, line.function) : NULL;

	if (index == frames->first && frames->nowhere)
		return arena_printf(analysis->arena, "0x%" PRIx64 ", where no code is", line.frame->pc);
	if (function)
		return line.module ? arena_printf(analysis->arena, "%s (%s)", function, line.module) : function;
	if (line.module && mapping)
		return arena_printf(analysis->arena, "%s+0x%" PRIx64, line.module,
				    line.frame->pc - c_module_start(analysis->image, mapping));
	return arena_printf(analysis->arena, "0x%" PRIx64, line.frame->pc);
}
