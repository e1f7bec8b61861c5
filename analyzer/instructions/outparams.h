/* outparams.h: out-parameters of overlapped socket calls that lie on a goroutine's stack. Package internal/poll on Windows
 * hands a closure to execIO; the closure calls the API, which returns at once, and the kernel writes its results when the
 * operation completes. Whatever the closure passed by the address of a local variable is then written to a dead frame, or to
 * whoever owns that memory by then (golang/go#77975; internal/poll/fd_windows.go, Go 1.26.0).
 *
 * All of it is read from the program's own code: no distance is known beforehand. */
#ifndef ANALYZER_INSTRUCTIONS_OUTPARAMS_H
#define ANALYZER_INSTRUCTIONS_OUTPARAMS_H

#include "golang/runtime.h"

/* What a parameter is made to hold. */
enum outparam_stores {
	STORES_LENGTH, /* the size of a socket address */
	STORES_COUNT,  /* a number of bytes */
	STORES_FLAGS,
};

struct outparam {
	const char *closure;   /* name of the function that passes it */
	const char *api;       /* "WSARecvFrom" */
	const char *parameter; /* "lpFromlen" */
	enum outparam_stores stores;
	uint64_t call;         /* the return address of the API's call in the closure */
	int64_t below;         /* of its 4 bytes: so far below SP as execIO has it in its body */
};

/* A call of execIO: where it returns to, and in which function. */
struct io_call {
	uint64_t return_address;
	const char *method;
};

struct outparams {
	uint64_t frame; /* of execIO: from its SP to the slot of its return address */
	VEC(struct outparam) items;
	VEC(struct io_call) calls; /* ascending */
};

/* Reads the code of package internal/poll. Empty where no out-parameter lies on a stack, as in most releases. */
const struct outparams *outparams_find(struct go_runtime *runtime);

/* Whether Windows stores that as the length of a socket address: sizeof(sockaddr_in), sizeof(sockaddr_in6) of ws2def.h. */
bool outparam_is_address_length(uint64_t value);

/* The call of execIO that a word is the return address of; NULL: none. */
const struct io_call *io_call_at(const struct outparams *outparams, uint64_t word);

/* Whether the function that makes such a call made the closure of an out-parameter. */
bool outparam_of(const struct outparam *outparam, const struct io_call *call);

#endif
