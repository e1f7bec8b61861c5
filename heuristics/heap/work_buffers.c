/* work_buffers.c: see work_buffers.h. */
#include "heuristics/heap/work_buffers.h"

#include "heuristics/damage/word_shape.h"
#include "heuristics/heap/places.h"

#include <inttypes.h>

enum { WORD = 8, P_LIMIT = 1 << 16, SHOWN = 2 };

/* A count that is one too small, or was taken down below 0, shows as a huge one. */
static bool count_is_wrong(const struct go_runtime *runtime, uint64_t buffer, uint64_t *place, uint64_t *count, uint64_t *room)
{
	const struct layout *layout = runtime->layout;

	*place = buffer + layout->offset[LAYOUT_workbuf_nobj];
	*room = (layout->offset[LAYOUT_workbuf_size] - layout->offset[LAYOUT_workbuf_obj]) / WORD;
	return image_u64(runtime->image, *place, count) && *count > *room;
}

static bool buffer_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t processor, uint64_t buffer)
{
	uint64_t place, count, room;
	const char *shape;

	if (!buffer || !count_is_wrong(diagnosis->analysis->runtime, buffer, &place, &count, &room))
		return false;
	shape = word_shape(diagnosis, count, WORD);
	evidence_word(diagnosis, finding, WEIGHT_STRONG, false, place, NULL,
		      "the list at 0x%" PRIx64 " in the hands of processor %" PRIu64 " has room for %" PRIu64
		      " entries, and this is its count of them (workbuf.nobj)%s%s", buffer, processor, room, shape ? ": " : "",
		      shape ? shape : "");
	heap_run_evidence(diagnosis, finding, place);
	return true;
}

static bool has_fields(const struct go_runtime *runtime)
{
	static const enum layout_field fields[] = {LAYOUT_p_gcw, LAYOUT_gcWork_wbuf1, LAYOUT_gcWork_wbuf2, LAYOUT_workbuf_nobj,
						   LAYOUT_workbuf_obj, LAYOUT_workbuf_size};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (!runtime->layout || runtime->layout->offset[fields[i]] == LAYOUT_ABSENT)
			return false;
	return runtime->layout->offset[LAYOUT_workbuf_size] > runtime->layout->offset[LAYOUT_workbuf_obj];
}

void work_buffer_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	static const enum layout_field hands[] = {LAYOUT_gcWork_wbuf1, LAYOUT_gcWork_wbuf2};
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	uint64_t list, count, p, buffer;
	uint32_t id;
	size_t shown = 0;

	if (!has_fields(runtime) || !runtime->globals.allp || !image_u64(runtime->image, runtime->globals.allp, &list) ||
	    !image_u64(runtime->image, runtime->globals.allp + WORD, &count))
		return;
	for (uint64_t i = 0; i < count && i < P_LIMIT; i++) {
		if (!image_u64(runtime->image, list + WORD * i, &p) || !go_field32(runtime, p, LAYOUT_p_id, &id) || id != i)
			return;
		for (size_t k = 0; k < sizeof hands / sizeof *hands && shown < SHOWN; k++)
			if (go_field(runtime, p + runtime->layout->offset[LAYOUT_p_gcw], hands[k], &buffer))
				shown += buffer_evidence(diagnosis, finding, i, buffer);
	}
}
