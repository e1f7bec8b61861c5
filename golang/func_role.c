/* func_role.c: see func_role.h. */
#include "golang/func_role.h"

#include <string.h>

static const struct {
	enum func_role role;
	const char *name;
} roles[] = {
#define FUNC_ROLE(role, name) {ROLE_##role, name},
#include "golang/func_roles.def"
#undef FUNC_ROLE
};

enum func_role func_role_of_name(const char *name)
{
	if (!name || (strncmp(name, "runtime.", 8) && strncmp(name, "internal/runtime/", 17)))
		return ROLE_NONE;
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (!strcmp(name, roles[i].name))
			return roles[i].role;
	return ROLE_NONE;
}
