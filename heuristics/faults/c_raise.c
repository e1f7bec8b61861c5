/* c_raise.c: see c_raise.h. tgkill(process, thread, signal), tkill(thread, signal): the kernel delivers the signal within the call, and
 * changes no register but that of the result (and rcx, r11 on amd64). */
#include "heuristics/faults/c_raise.h"

#include "analyzer/last_words/fault_operand.h"

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
