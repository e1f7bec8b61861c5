/* loaded.c: see loaded.h. */
#include "base/loaded.h"

#ifndef TORNSTACK_STATIC

#include "base/forking.h"

#include <dlfcn.h>
#include <string.h>

static bool load(const struct loaded_library *library)
{
	void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; handle && i < library->count; i++) {
		void *symbol = dlsym(handle, library->functions[i].name);

		if (!symbol)
			return false;
		memcpy(library->functions[i].at, &symbol, sizeof symbol);
	}
	return handle;
}

bool loaded_library(struct loaded_library *library)
{
	bool whole;

	forking_lock();
	if (library->state == LOADED_UNTRIED)
		library->state = load(library) ? LOADED_WHOLE : LOADED_NOT;
	whole = library->state == LOADED_WHOLE;
	forking_unlock();
	return whole;
}

#endif
