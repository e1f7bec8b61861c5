/* func_id.h: functions that a release marks as special, by a number that differs from release to release. */
#ifndef GOLANG_FUNC_ID_H
#define GOLANG_FUNC_ID_H

#include "golang/version.h"

#include <stdint.h>

/* Whether the compiler made a function with that func_id to call another: for a go or defer statement, a method value, a method
 * that is promoted or called through a pointer or an interface. False where the release is not known. */
bool func_id_is_wrapper(const struct go_version *version, uint8_t func_id);

#endif
