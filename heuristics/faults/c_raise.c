/* c_raise.c: see c_raise.h. tgkill(process, thread, signal), tkill(thread, signal): the kernel delivers the signal within the call, and
 * changes no register but that of the result (and rcx, r11 on amd64). kill and rt_sigqueueinfo begin with the process and the signal. */
#include "heuristics/faults/c_raise.h"

#include "analyzer/last_words/fault_operand.h"
#include "analyzer/unwind/unwind.h"

#include <string.h>

bool is_raised_by_thread(const struct analysis *analysis, const struct sent_signal *sent, size_t *number)
{
	const struct image *image = analysis->image;
	const uint8_t *arguments = image->arch->system_call_arguments;
	const uint64_t id = (uint64_t)image->threads.items[sent->thread].id;
	uint64_t thread, signal;

	if (!sent->own || sent->code != SIGNAL_CODE_TKILL)
		return false;
	for (*number = 0; *number < 2; ++*number)
		if (register_at_stop(analysis, sent->thread, arguments[*number], &thread) && thread == id &&
		    register_at_stop(analysis, sent->thread, arguments[*number + 1], &signal) &&
		    (uint32_t)signal == (uint32_t)sent->signal->number)
			return true;
	return false;
}

static bool is_behind_system_call(const struct analysis *analysis, uint64_t pc)
{
	static const uint8_t amd64[] = {0x0f, 0x05}, arm64[] = {0x01, 0x00, 0x00, 0xd4};
	const bool links = analysis->image->arch->id == ARCH_ARM64;
	const size_t size = links ? sizeof arm64 : sizeof amd64;
	const struct span code = image_view(analysis->image, pc - size, size);

	return code.size >= size && !memcmp(code.data, links ? arm64 : amd64, size);
}

bool is_sent_by_thread(const struct analysis *analysis, size_t thread)
{
	const struct image *image = analysis->image;
	const uint8_t *arguments = image->arch->system_call_arguments;
	const struct context *stopped = &analysis->walks[thread].stopped;
	const uint64_t id = (uint64_t)image->threads.items[thread].id;
	uint64_t target, signal;

	if (!stopped->known || !is_behind_system_call(analysis, stopped->pc))
		return false;
	for (size_t i = 0; i < 2; i++)
		if (register_at_stop(analysis, thread, arguments[i + 1], &signal) && (uint32_t)signal == (uint32_t)image->stop.number &&
		    register_at_stop(analysis, thread, arguments[i], &target) &&
		    (target == id || (!i && (target == (uint64_t)image->pid || !target /* the result, or the group of processes */))))
			return true;
	return false;
}
