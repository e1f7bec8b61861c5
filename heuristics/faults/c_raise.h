/* c_raise.h: a thread that sent itself a signal, as C's raise and abort do, where the names of functions do not tell. */
#ifndef HEURISTICS_FAULTS_C_RAISE_H
#define HEURISTICS_FAULTS_C_RAISE_H

#include "heuristics/ends/sent_signal.h"

/* Whether the registers with which the signal stopped its thread are still those of a system call (tgkill, tkill) that sent that signal to
 * that thread. *number: the position of the thread's id among the call's arguments. */
bool is_raised_by_thread(const struct analysis *analysis, const struct sent_signal *sent, size_t *number);

#endif
