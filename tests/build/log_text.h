/* log_text.h: logs as texts of tests, and what is said of them. */
#ifndef TESTS_BUILD_LOG_TEXT_H
#define TESTS_BUILD_LOG_TEXT_H

#include "heuristics/finding.h"

/* Logs of damaged return addresses, written by hand after runtime/traceback.go (of unwinder.next what is said of an unexpected return pc),
 * signal_windows.go (winthrow) and signal_unix.go: torn, and a RET took it; smashed, and met by a walk; torn, and a fault. */
extern const char log_landed[], log_met[], log_faulted[];

/* A text with one word changed, wherever it stands in it. Aborts where it does not: a near miss that misses nothing is none. */
const char *log_with(struct arena *arena, const char *text, const char *old, const char *changed);

/* The analysis of a log, with the executable that go_exe made, or without one (NULL). */
struct analysis *log_analysis(struct arena *arena, const char *text, struct exe *exe);

/* The first evidence of a finding whose text holds `part`; NULL. */
const struct evidence *log_evidence(const struct finding *finding, const char *part);

#endif
