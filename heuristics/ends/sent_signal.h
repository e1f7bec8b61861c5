/* sent_signal.h: the signal that ended the process, where a process or the kernel sent it; not one that an instruction
 * raised, and not the one by which Go's runtime ends itself. */
#ifndef HEURISTICS_ENDS_SENT_SIGNAL_H
#define HEURISTICS_ENDS_SENT_SIGNAL_H

#include "heuristics/detector.h"

#include "formats/dump/signals.h"

struct sent_signal {
	size_t thread; /* that it was delivered to, index in image->threads */
	const struct signal_name *signal;
	int code;      /* si_code: 0 or less, or SIGNAL_CODE_KERNEL */
	int64_t sender; /* pid; 0: out of the process's sight, or no process (signal_code_source), or untold */
	bool untold;   /* who sent it is not said: by a log */
	uint32_t user; /* of the sender; meaningful if a process sent it */
	bool own;      /* the process sent it itself */
	uint64_t siginfo; /* its address, 0: from the dump's own record */
};

/* False: the process did not end so, or the dump does not tell. */
bool sent_signal_find(const struct analysis *analysis, struct sent_signal *ret);

#endif
