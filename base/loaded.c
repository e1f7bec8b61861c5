/* loaded.c: see loaded.h. */
#include "base/loaded.h"

#ifndef TORNSTACK_STATIC

#include <dlfcn.h>
#include <string.h>

bool loaded_functions(const char *soname, const struct loaded_function *functions, size_t count)
{
	void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; handle && i < count; i++) {
		void *symbol = dlsym(handle, functions[i].name);

		if (!symbol)
			return false;
		memcpy(functions[i].at, &symbol, sizeof symbol);
	}
	return handle;
}

#endif
