/* test_timeout.h: the panic by which package testing ends tests that take longer than -timeout (testing.go startAlarm), and the tests that
 * were running then. */
#ifndef HEURISTICS_ENDS_TEST_TIMEOUT_H
#define HEURISTICS_ENDS_TEST_TIMEOUT_H

#include "heuristics/detector.h"

struct test_timeout {
	const char *after;   /* "10m0s" */
	const char *running; /* "TestHangs (1s), TestOther/sub (0s)", as the panic lists them (Go 1.20 and later); NULL: it does not */
};

/* Whether the panic that ended the process is such a one. */
bool test_timeout_of(struct arena *arena, const struct messages *messages, struct test_timeout *ret);

/* Evidence of the goroutines that run tests, and where each stands; the title of the finding. */
void test_timeout_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct test_timeout *timeout);

#endif
