/* c_raise.h: a thread that sent itself a signal, as C's raise and abort do, where the names of functions do not tell. */
#ifndef HEURISTICS_FAULTS_C_RAISE_H
#define HEURISTICS_FAULTS_C_RAISE_H

#include "heuristics/ends/sent_signal.h"

/* Whether the registers with which the signal stopped its thread are still those of a system call (tgkill, tkill) that sent that signal to
 * that thread. *number: the position of the thread's id among the call's arguments. */
bool is_raised_by_thread(const struct analysis *analysis, const struct sent_signal *sent, size_t *number);

/* Whether the stopped thread is where a system call returns, and its registers are still the arguments of one that sends the signal that
 * stopped it (kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo). False: another thread sent it, it was sent earlier and was blocked
 * until now, or that is not known. */
bool is_sent_by_thread(const struct analysis *analysis, size_t thread);

#endif
