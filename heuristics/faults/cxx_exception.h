/* cxx_exception.h: the exception that a C++ program ended of, as libstdc++ and libc++abi keep it. */
#ifndef HEURISTICS_FAULTS_CXX_EXCEPTION_H
#define HEURISTICS_FAULTS_CXX_EXCEPTION_H

#include "heuristics/faults/c_frames.h"

struct cxx_exception {
	uint64_t header; /* of its _Unwind_Exception */
	const char *type; /* "std::runtime_error"; NULL: the dump does not have the name */
	const char *what; /* of a std::runtime_error, std::logic_error or what derives from them: its text; NULL: none, or not kept */
};

/* By the frames of C from which the process was ended: one of their words leads to the exception that is being thrown (Itanium C++ ABI:
 * Exception Handling, 2.2.1; libstdc++ unwind-cxx.h). Texts are on the analysis' arena. False: there is none. */
bool cxx_exception_find(struct analysis *analysis, const struct c_frames *frames, struct cxx_exception *ret);

/* "the exception of C++ was of type std::runtime_error, and says: \"no such model\"": of one with a type or a text, on the arena. */
const char *cxx_exception_text(struct arena *arena, const struct cxx_exception *exception);

#endif
