/* fuzz.h: what the targets of the fuzzer share. A target is one file of targets/ with LLVMFuzzerTestOneInput and, where it needs
 * them, LLVMFuzzerInitialize and LLVMFuzzerCustomMutator (https://llvm.org/docs/LibFuzzer.html). `make fuzz` links it with
 * libFuzzer, everything else with replay.c, which gives it files. An input is a find when a sanitizer or fuzz_find ends the
 * process. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/arena.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* What an input may cost: bytes of the arena, and CPU time, sanitizers included. */
struct fuzz_limits {
	size_t bytes;
	double seconds;
};

/* Runs the body on an arena of its own; to cost more than the limits is a find. Answers 0, as LLVMFuzzerTestOneInput does. */
int fuzz_run(const uint8_t *data, size_t size, struct fuzz_limits limits, void (*body)(struct arena *arena, struct span input));

/* CPU time of this process. */
double fuzz_seconds(void);

/* Says what is wrong, and ends the process. */
_Noreturn void fuzz_find(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A find unless the condition holds. */
#define FUZZ_HOLDS(condition) ((condition) ? (void)0 : fuzz_find("%s:%d: not so: %s", __FILE__, __LINE__, #condition))

#endif
