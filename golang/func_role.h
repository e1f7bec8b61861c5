/* func_role.h: which functions the model treats specially (func_roles.def). */
#ifndef GOLANG_FUNC_ROLE_H
#define GOLANG_FUNC_ROLE_H

#include "golang/runtime.h"

/* The role of a function by its name; ROLE_NONE for ordinary ones. */
enum func_role func_role_of_name(const char *name);

#endif
