/* func_id.c: see func_id.h. */
#include "golang/func_id.h"

static const struct {
	int minor;
	uint8_t id;
} wrappers[] = {
#define WRAPPER_ID(minor, id) {minor, id},
#include "golang/wrapper_ids.def"
#undef WRAPPER_ID
};

bool func_id_is_wrapper(const struct go_version *version, uint8_t func_id)
{
	uint8_t wrapper = 0;

	for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++)
		if (version->minor >= wrappers[i].minor)
			wrapper = wrappers[i].id;
	return wrapper && func_id == wrapper;
}
