/* owner.c: see owner.h. */
#include "heuristics/heap/owner.h"

#include "golang/heap/heap.h"
#include "heuristics/faults/address_place.h"

#include <inttypes.h>

/* Of the variables of Go code; those of C that the same executable holds lie between them, where another linker put them together. */
static bool is_variable(struct go_runtime *runtime, uint64_t address)
{
	static const enum layout_field ranges[][2] = {
		{LAYOUT_moduledata_noptrdata, LAYOUT_moduledata_enoptrdata}, {LAYOUT_moduledata_data, LAYOUT_moduledata_edata},
		{LAYOUT_moduledata_bss, LAYOUT_moduledata_ebss}, {LAYOUT_moduledata_noptrbss, LAYOUT_moduledata_enoptrbss},
	};

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];

		if (address < module->data_start || address >= module->data_end)
			continue;
		for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++) {
			uint64_t start, end;

			if (!go_field(runtime, module->address, ranges[k][0], &start) ||
			    !go_field(runtime, module->address, ranges[k][1], &end) || (address >= start && address < end))
				return true; /* what cannot be read is no reason to call it C's */
		}
	}
	return false;
}

static bool lies_between_variables(const struct go_runtime *runtime, uint64_t address)
{
	for (size_t i = 0; i < runtime->modules.count; i++)
		if (address >= runtime->modules.items[i].data_start && address < runtime->modules.items[i].data_end)
			return true;
	return false;
}

static bool is_stack(const struct go_runtime *runtime, uint64_t address)
{
	for (size_t i = 0; i < runtime->goroutines.count; i++)
		if (address >= runtime->goroutines.items[i].stack_lo && address < runtime->goroutines.items[i].stack_hi)
			return true;
	for (size_t i = 0; i < runtime->machines.count; i++) {
		const struct machine *m = &runtime->machines.items[i];

		if ((address >= m->g0_lo && address < m->g0_hi) || (address >= m->gsignal_lo && address < m->gsignal_hi))
			return true;
	}
	return false;
}

static const char *object_text(const struct diagnosis *diagnosis, uint64_t address, const struct heap_place *place)
{
	return arena_printf(diagnosis->arena, "%" PRIu64 " bytes from the start of the object at 0x%" PRIx64 " (%" PRIu64 " bytes%s)",
			    address - place->start, place->start, place->size, place->state == SLOT_FREE ? ", free" : "");
}

const char *heap_owner(const struct diagnosis *diagnosis, uint64_t address)
{
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	struct heap_place place;

	if (is_stack(runtime, address))
		return address_place(diagnosis, address, 0);
	switch (heap_find(runtime, address, &place)) {
	case HEAP_OBJECT:
		return object_text(diagnosis, address, &place);
	case HEAP_TAIL:
		return "behind the last object of a block, where the heap keeps what it knows of them";
	case HEAP_FREE:
		return "in pages of Go's heap that belong to nothing now";
	case HEAP_UNUSED:
		return "in address space of Go's heap that was never used";
	case HEAP_STACK:
		return "on a stack that no goroutine has now";
	case HEAP_MANUAL:
		return "in memory of the runtime's own, such as the collector's lists";
	case HEAP_DAMAGED:
		return "in a block of Go's heap whose own record contradicts itself";
	default:
		break;
	}
	if (is_variable(runtime, address))
		return "in a variable of the program";
	if (is_foreign_memory(diagnosis, address) && lies_between_variables(runtime, address))
		return "in a variable of C code, in the executable";
	if (is_foreign_memory(diagnosis, address))
		return "in memory that is neither of Go's heap nor one of its variables: C's, or a record of the runtime's own";
	return address_place(diagnosis, address, 0);
}

bool is_foreign_memory(const struct diagnosis *diagnosis, uint64_t address)
{
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	const struct segment *segment = image_segment(diagnosis->analysis->image, address);
	struct heap_place place;

	return segment && (segment->flags & SEGMENT_WRITE) && heap_find(runtime, address, &place) == HEAP_OUTSIDE &&
	       !is_variable(runtime, address) && !is_stack(runtime, address);
}
