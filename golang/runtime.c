/* runtime.c: what is asked of a loaded runtime: fields of its structures, goroutines by id and address. */
#include "golang/runtime.h"

#include "golang/pc_memo.h"
#include "golang/recorded.h"
#include "golang/wait_reasons.h"

#include <string.h>

static bool has_field(struct go_runtime *runtime, uint64_t object, enum layout_field field, uint64_t size)
{
	if (!runtime->layout || runtime->layout->offset[field] == LAYOUT_ABSENT)
		return false;
	if (runtime->image->kept)
		image_cite_field(runtime->image, object + runtime->layout->offset[field], size);
	return true;
}

bool go_field(struct go_runtime *runtime, uint64_t object, enum layout_field field, uint64_t *ret)
{
	return has_field(runtime, object, field, sizeof *ret) && image_u64(runtime->image, object + runtime->layout->offset[field], ret);
}

bool go_field32(struct go_runtime *runtime, uint64_t object, enum layout_field field, uint32_t *ret)
{
	return has_field(runtime, object, field, sizeof *ret) && image_u32(runtime->image, object + runtime->layout->offset[field], ret);
}

bool go_field8(struct go_runtime *runtime, uint64_t object, enum layout_field field, uint8_t *ret)
{
	return has_field(runtime, object, field, sizeof *ret) && image_u8(runtime->image, object + runtime->layout->offset[field], ret);
}

bool go_noted_fault(struct go_runtime *runtime, uint64_t g, struct noted_fault *ret)
{
	return go_field32(runtime, g, LAYOUT_g_sig, &ret->sig) && go_field(runtime, g, LAYOUT_g_sigcode0, &ret->code0) &&
	       go_field(runtime, g, LAYOUT_g_sigcode1, &ret->code1) && go_field(runtime, g, LAYOUT_g_sigpc, &ret->pc);
}

const char *go_fatal_text(const char *line)
{
	const size_t length = sizeof GO_FATAL_ERROR - 1;

	return line && !strncmp(line, GO_FATAL_ERROR, length) ? line + length : NULL;
}

struct go_runtime *go_runtime_share(const struct go_runtime *runtime, struct arena *arena, struct notes *notes)
{
	struct go_runtime *ret = arena_alloc(arena, sizeof *ret);
	struct image *image = arena_alloc(arena, sizeof *image);

	*image = *runtime->image; /* with a cache of lookups of its own */
	image->arena = arena;
	image->notes = notes;
	*ret = *runtime;
	ret->arena = arena;
	ret->image = image;
	ret->notes = notes;
	if (ret->decoder)
		ret->decoder = decoder_new(arena, image->arch);
	pc_memo_new(ret);
	return ret;
}

const struct goroutine *goroutine_by_id(const struct go_runtime *runtime, uint64_t id)
{
	struct goroutine key = {.id = id};
	size_t low = 0;
	size_t high = runtime->goroutines.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (runtime->goroutines.items[middle].id < key.id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < runtime->goroutines.count && runtime->goroutines.items[low].id == id ? &runtime->goroutines.items[low]
											   : NULL;
}

struct goroutine *goroutine_by_address(const struct go_runtime *runtime, uint64_t address)
{
	const struct goroutine_key *keys = runtime->by_address;
	size_t low = 0;
	size_t high = runtime->goroutines.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (keys[middle].key < address)
			low = middle + 1;
		else
			high = middle;
	}
	return address && low < runtime->goroutines.count && keys[low].key == address ? &runtime->goroutines.items[keys[low].index] : NULL;
}

const char *go_releases_text(const struct go_runtime *runtime, struct arena *arena)
{
	const int least = runtime->least_minor, most = runtime->most_minor;

	if (!least && !most)
		return NULL;
	if (least == most)
		return arena_printf(arena, "Go 1.%d", least);
	if (!most)
		return arena_printf(arena, "Go 1.%d or later", least);
	return least ? arena_printf(arena, "Go 1.%d to 1.%d", least, most) : arena_printf(arena, "Go 1.%d or earlier", most);
}

const char *goroutine_wait_reason(const struct go_runtime *runtime, const struct goroutine *goroutine)
{
	if (goroutine->status != G_WAITING && goroutine->status != G_LEAKED)
		return NULL;
	if (runtime->recorded)
		return runtime->recorded->record->states.items[goroutine->wait_reason];
	return wait_reason_text(runtime->version.minor, goroutine->wait_reason);
}

const char *goroutine_status_name(const struct goroutine *goroutine)
{
	const char *name = g_status_name(goroutine->status);

	return name ? name : "unknown";
}

bool goroutine_is_system(struct go_runtime *runtime, const struct goroutine *goroutine)
{
	const struct pc_info *info = goroutine->startpc ? go_pc(runtime, goroutine->startpc, true) : NULL;
	const char *name = info && info->func ? go_func_name(info) : "";

	return !strncmp(name, "runtime.", 8) && strcmp(name, "runtime.main") != 0 && strcmp(name, "runtime.corostart") != 0 &&
	       strcmp(name, "runtime.handleAsyncEvent") != 0;
}

bool goroutine_is_parked(const struct goroutine *goroutine)
{
	return !goroutine->m && !goroutine->scan &&
	       (goroutine->status == G_RUNNABLE || goroutine->status == G_WAITING || goroutine->status == G_PREEMPTED ||
		goroutine->status == G_LEAKED);
}
