/* libarchive.c: see libarchive.h. */
#include "formats/archive/libarchive.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* That of every libarchive 3. */
#define SONAME "libarchive.so.13"

static struct libarchive library;
static bool complete;

#ifdef TORNSTACK_STATIC /* a static program has no loader: it is linked with the library */
static void load(void)
{
#define FUNCTION(name) library.name = archive_##name;
	LIBARCHIVE(FUNCTION)
#undef FUNCTION
	complete = true;
}
#else
static void load(void)
{
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	void *symbol;

	if (!handle)
		return;
#define FUNCTION(name)                                                                                                 \
	symbol = dlsym(handle, "archive_" #name);                                                                      \
	if (!symbol)                                                                                                   \
		return;                                                                                                \
	memcpy(&library.name, &symbol, sizeof symbol);
	LIBARCHIVE(FUNCTION)
#undef FUNCTION
	complete = true;
}
#endif

const struct libarchive *libarchive(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return complete ? &library : NULL;
}
