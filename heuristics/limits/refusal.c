/* refusal.c: how a process meets the end of a resource (resources.def): the runtime throws; a panic has the error of a system
 * call; runtime/cgo, which starts threads by pthread_create, prints and aborts (runtime/cgo/gcc_linux.c fatalf). */
#include "heuristics/faults/c_frames.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/limits/resource_limit.h"
#include "heuristics/ends/sent_signal.h"

#include "analyzer/last_words/fault_operand.h"
#include "analyzer/unwind/unwind.h"
#include "golang/recorded.h"

#include <ctype.h>
#include <string.h>

#define CGO_PREFIX "runtime/cgo: "
#define FAILURE "pthread_create failed: "

enum { MAPPINGS_AROUND = 32 /* some are made or gone between the refusal and the dump */,
       DEAD_STACK = 16 * 1024 /* of C: twice glibc's buffer for a stream that has none (stdio-common/vfprintf-internal.c) */ };

enum resource_id {
#define RESOURCE(id, refused, users, raise, bound) RESOURCE_##id,
#include "heuristics/limits/resources.def"
	RESOURCE_NONE
};

static const struct resource resources[] = {
#define RESOURCE(id, refused, users, raise, bound) {refused, users, raise, bound},
#include "heuristics/limits/resources.def"
};

enum refusal_source { SOURCE_RUNTIME, SOURCE_MAPPED_OUT, SOURCE_MAPPED_OUT_PANIC, SOURCE_PANIC, SOURCE_CGO };

static const struct {
	enum refusal_source source;
	const char *text, *detail;
	enum resource_id resource;
} refusals[] = {
#define REFUSAL(source, text, detail, id) {SOURCE_##source, text, detail, RESOURCE_##id},
#include "heuristics/limits/resources.def"
};

static const struct resource *resource_of(enum resource_id id)
{
	return id == RESOURCE_NONE ? NULL : &resources[id];
}

static const size_t map_limits[] = {
#define MAP_LIMIT(count) count,
#include "heuristics/limits/resources.def"
};

/* Types of errors of this process's own system calls: a text alone may be what another process said. */
static const char *const call_errors[] = {"*fs.PathError",   "*os.PathError",  "*os.SyscallError", "*net.OpError",
					  "*os.LinkError",   "*exec.Error",    "syscall.Errno"};

size_t mapping_count(const struct analysis *analysis)
{
	return analysis->image->segments.count;
}

static bool has_all_mappings(const struct analysis *analysis)
{
	const size_t count = mapping_count(analysis);

	for (size_t i = 0; i < sizeof map_limits / sizeof *map_limits; i++)
		if (count + MAPPINGS_AROUND >= map_limits[i] && count <= map_limits[i] + MAPPINGS_AROUND)
			return true;
	return false;
}

static bool is_of_panic(enum refusal_source source)
{
	return source == SOURCE_MAPPED_OUT_PANIC || source == SOURCE_PANIC;
}

static bool is_of_runtime(enum refusal_source source)
{
	return source == SOURCE_RUNTIME || source == SOURCE_MAPPED_OUT;
}

static bool was_printed(const struct go_runtime *runtime, const char *detail)
{
	for (size_t i = 0; i < runtime->fatal_lines.count; i++)
		if (strstr(runtime->fatal_lines.items[i], detail))
			return true;
	return false;
}

static const struct resource *by_runtime(const struct analysis *analysis, const char *error)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		if (!is_of_runtime(refusals[i].source) || strcmp(error, refusals[i].text) != 0)
			continue;
		if (refusals[i].source == SOURCE_MAPPED_OUT && !has_all_mappings(analysis))
			continue;
		if (!refusals[i].detail || was_printed(analysis->runtime, refusals[i].detail))
			return resource_of(refusals[i].resource);
	}
	return NULL;
}

/* A text of errors in a value, as words of their own: a string whose length is wrong runs on into other strings. */
static bool has_words(const char *value, const char *text)
{
	const size_t length = strlen(text);

	for (const char *at = strstr(value, text); at; at = strstr(at + 1, text))
		if ((at == value || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
			return true;
	return false;
}

static const struct resource *by_panic(const struct analysis *analysis, const char *value)
{
	for (size_t i = 0; value && i < sizeof refusals / sizeof *refusals; i++)
		if (is_of_panic(refusals[i].source) && has_words(value, refusals[i].text) &&
		    strstr(value, refusals[i].detail) && (refusals[i].source == SOURCE_PANIC || has_all_mappings(analysis)))
			return resource_of(refusals[i].resource);
	return NULL;
}

static bool is_call_error(const char *type)
{
	for (size_t i = 0; type && i < sizeof call_errors / sizeof *call_errors; i++)
		if (!strcmp(type, call_errors[i]))
			return true;
	return false;
}

static bool find_panic(const struct analysis *analysis, struct refusal *ret)
{
	const struct panic_value *panic = analysis->messages.panicked ? oldest_panic(&analysis->messages) : NULL;

	if (!panic)
		return false;
	ret->said = panic->says ? panic->says : panic->text;
	ret->resource = by_panic(analysis, ret->said);
	ret->typed = is_call_error(panic->type) || is_call_error(panic->origin);
	ret->panicked = true;
	return ret->resource != NULL;
}

/* What fprintf left of its text on the part of the stack that is free again: fatalf's words, as runtime/cgo prints them. */
static const char *printed_words(struct analysis *analysis, uint64_t sp, uint64_t *at)
{
	const struct span stack = image_view(analysis->image, sp - DEAD_STACK, DEAD_STACK);
	const uint8_t *found = stack.size ? memmem(stack.data, stack.size, FAILURE, strlen(FAILURE)) : NULL;
	size_t length = 0;

	if (!found)
		return NULL;
	*at = sp - DEAD_STACK + (uint64_t)(found - stack.data);
	while (found + length < stack.data + stack.size && isprint(found[length]))
		length++;
	return arena_printf(analysis->arena, CGO_PREFIX "%.*s", (int)length, (const char *)found);
}

/* C code that ends the process where the runtime was to start a thread: nothing but fatalf does that. */
static bool stands_in_fatalf(struct analysis *analysis, size_t thread)
{
	const struct context *stopped = &analysis->walks[thread].stopped;
	struct c_frames frames;

	if (!stopped->known || !c_frames_find(analysis, thread, stopped->pc, &frames) || !frames.death)
		return false;
	return frames.end < frames.stack.frames.count && find_role(&frames.stack, ROLE_NEWM1) != SIZE_MAX &&
	       find_role(&frames.stack, ROLE_ASMCGOCALL) == frames.end;
}

/* The last that runtime/cgo said of it in a log; NULL: nothing. */
static const char *logged_words(const struct log_record *record)
{
	const char *words = NULL;

	for (size_t i = 0; i < record->words.count; i++)
		if (!strncmp(record->words.items[i], CGO_PREFIX FAILURE, strlen(CGO_PREFIX FAILURE)))
			words = record->words.items[i];
	return words;
}

bool pthread_failure_find(struct analysis *analysis, size_t *thread, const char **words, uint64_t *at)
{
	struct sent_signal sent;
	uint64_t sp;

	if (!sent_signal_find(analysis, &sent) || !sent.own)
		return false;
	*thread = sent.thread;
	*at = 0;
	if (analysis->runtime->recorded) {
		*words = logged_words(analysis->runtime->recorded->record);
		return *words != NULL;
	}
	*words = register_at_stop(analysis, sent.thread, analysis->image->arch->sp, &sp) ? printed_words(analysis, sp, at) : NULL;
	return stands_in_fatalf(analysis, sent.thread);
}

static const struct resource *by_cgo(const char *line)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].source == SOURCE_CGO && !strncmp(line, refusals[i].text, strlen(refusals[i].text)))
			return resource_of(refusals[i].resource);
	return NULL;
}

static bool find_pthread(struct analysis *analysis, struct refusal *ret)
{
	if (!pthread_failure_find(analysis, &ret->thread, &ret->said, &ret->said_at))
		return false;
	ret->resource = ret->said ? by_cgo(ret->said) : &resources[RESOURCE_THREADS];
	ret->by_c = true;
	return ret->resource != NULL;
}

bool refusal_find(struct analysis *analysis, struct refusal *ret)
{
	const char *line = analysis->messages.line, *text = go_fatal_text(line);

	*ret = (struct refusal){0};
	if (analysis->dying_thread < 0)
		return false;
	ret->thread = (size_t)analysis->dying_thread;
	if (!line)
		return find_pthread(analysis, ret);
	if (!text)
		return find_panic(analysis, ret);
	ret->said = line;
	ret->resource = by_runtime(analysis, text);
	return ret->resource != NULL;
}
