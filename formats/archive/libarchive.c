/* libarchive.c: see libarchive.h. */
#include "formats/archive/libarchive.h"

#include "base/loaded.h"

/* That of every libarchive 3. */
#define SONAME "libarchive.so.13"

#ifdef TORNSTACK_STATIC /* a static program has no loader: it is linked with the library */
const struct libarchive *libarchive(void)
{
	static const struct libarchive library = {
#define FUNCTION(name) .name = archive_##name,
		LIBARCHIVE(FUNCTION)
#undef FUNCTION
	};

	return &library;
}
#else
const struct libarchive *libarchive(void)
{
	static struct libarchive library;
	static const struct loaded_function functions[] = {
#define FUNCTION(name) {"archive_" #name, &library.name},
		LIBARCHIVE(FUNCTION)
#undef FUNCTION
	};
	static struct loaded_library loaded = {SONAME, functions, sizeof functions / sizeof *functions, LOADED_UNTRIED};

	return loaded_library(&loaded) ? &library : NULL;
}
#endif
