/* c_message.h: what glibc printed before it ended the process: a failed assertion, a damaged heap, an overwritten frame. It keeps that
 * for whoever reads the core: __abort_msg leads to a struct abort_msg_s (glibc 2.4 to 2.42, include/stdlib.h; sysdeps/posix/libc_fatal.c,
 * assert/assert.c). */
#ifndef HEURISTICS_FAULTS_C_MESSAGE_H
#define HEURISTICS_FAULTS_C_MESSAGE_H

#include "heuristics/faults/c_words.h"

#include "analyzer/analysis.h"

struct c_message {
	struct c_words words; /* on the analysis' arena; the reason may be NULL */
	uint64_t slot;        /* __abort_msg: the word that leads to it */
};

/* In a core. False: glibc is not there, kept nothing, or its data has more than one word that could be it. */
bool c_message_find(struct analysis *analysis, struct c_message *ret);

#endif
