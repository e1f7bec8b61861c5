/* func_role.c: see func_role.h. */
#include "golang/func_role.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Sorted by name before they are first asked: every function of the runtime is looked for. */
static struct role {
	enum func_role role;
	const char *name;
} roles[] = {
#define FUNC_ROLE(role, name) {ROLE_##role, name},
#include "golang/func_roles.def"
#undef FUNC_ROLE
};

enum { ROLES = sizeof roles / sizeof *roles };

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct role *)a)->name, ((const struct role *)b)->name);
}

static void sort(void)
{
	qsort(roles, ROLES, sizeof *roles, compare);
}

enum func_role func_role_of_name(const char *name)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct role *found, key = {ROLE_NONE, name};

	if (!name || (strncmp(name, "runtime.", 8) && strncmp(name, "internal/runtime/", 17)))
		return ROLE_NONE;
	pthread_once(&once, sort);
	found = bsearch(&key, roles, ROLES, sizeof *roles, compare);
	return found ? found->role : ROLE_NONE;
}
