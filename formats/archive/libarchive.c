/* libarchive.c: see libarchive.h. */
#include "formats/archive/libarchive.h"

#include "base/loaded.h"

#include <pthread.h>
#include <stdbool.h>

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
	const struct loaded_function functions[] = {
#define FUNCTION(name) {"archive_" #name, &library.name},
		LIBARCHIVE(FUNCTION)
#undef FUNCTION
	};

	complete = loaded_functions(SONAME, functions, sizeof functions / sizeof *functions);
}
#endif

const struct libarchive *libarchive(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return complete ? &library : NULL;
}
