/* address_place.c: see address_place.h. */
#include "heuristics/faults/address_place.h"

#include "formats/locator/paths.h"

#include <inttypes.h>

enum {
	FIRST_PAGE = 0x1000,    /* below it nothing can be mapped (vm.mmap_min_addr, runtime/signal_unix.go sigpanic) */
	FRAME_REACH = 1 << 20,  /* a frame that large may be accessed before anything else of it */
	RED_ZONE = 256,
	NEAR = 1 << 16,
};

static bool is_writable(const struct diagnosis *diagnosis, uint64_t address)
{
	const struct segment *segment = image_segment(diagnosis->analysis->image, address);

	return segment && (segment->flags & SEGMENT_WRITE);
}

bool is_past_stack(const struct diagnosis *diagnosis, uint64_t address, uint64_t sp)
{
	return sp && address < sp + RED_ZONE && sp - address < FRAME_REACH && !is_writable(diagnosis, address);
}

/* Whose stack an address lies on; NULL: nobody's. */
static const char *stack_owner(const struct diagnosis *diagnosis, uint64_t address)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[i];

		if (address >= g->stack_lo && address < g->stack_hi)
			return arena_printf(diagnosis->arena, "on the stack of goroutine %" PRIu64, g->id);
	}
	for (size_t i = 0; i < runtime->machines.count; i++) {
		const struct machine *m = &runtime->machines.items[i];

		if (address >= m->gsignal_lo && address < m->gsignal_hi)
			return arena_printf(diagnosis->arena, "on the signal stack of M%" PRId64, m->id);
		if (address >= m->g0_lo && address < m->g0_hi)
			return arena_printf(diagnosis->arena, "on the system stack of M%" PRId64, m->id);
	}
	return NULL;
}

/* Of a segment that holds the address. */
static const char *kind_of(const struct segment *segment)
{
	if (!(segment->flags & (SEGMENT_READ | SEGMENT_WRITE | SEGMENT_EXEC)))
		return "in a guard page, or in address space that is only reserved: no access is allowed";
	if (segment->flags & SEGMENT_WRITE)
		return segment->flags & SEGMENT_EXEC ? "in memory that may be written and executed"
						     : "in writable memory, not executable";
	return segment->flags & SEGMENT_EXEC ? "in code, which cannot be written" : "in memory that may only be read";
}

/* Nothing is mapped there; perhaps something ends just before. */
static const char *unmapped(const struct diagnosis *diagnosis, uint64_t address)
{
	const struct image *image = diagnosis->analysis->image;
	const struct segment *below = NULL;

	for (size_t i = 0; i < image->segments.count && image->segments.items[i].address <= address; i++)
		below = &image->segments.items[i];
	if (!image->segments.count)
		return "in memory of which the dump says nothing";
	if (below && (below->flags & SEGMENT_WRITE) && address - (below->address + below->size) < NEAR)
		return arena_printf(diagnosis->arena, "mapped nowhere, %" PRIu64 " bytes past the end of writable memory",
				    address - (below->address + below->size));
	return image->os == OS_WINDOWS ? "in no memory that the dump has" : "mapped nowhere";
}

const char *address_place(const struct diagnosis *diagnosis, uint64_t address, uint64_t sp)
{
	struct image *image = diagnosis->analysis->image;
	const struct segment *segment = image_segment(image, address);
	const struct mapping *mapping = image_mapping(image, address);
	const char *owner;

	if (address < FIRST_PAGE)
		return "nil, or an offset from it";
	if (!arch_forms(image->arch, address))
		return "none that the CPU can form: its upper bits are neither all 0 nor all 1";
	if (is_past_stack(diagnosis, address, sp))
		return "beside SP, where its stack has ended";
	owner = stack_owner(diagnosis, address);
	if (owner)
		return owner;
	if (mapping && mapping->path)
		return arena_printf(diagnosis->arena, "in the file %s, mapped from 0x%" PRIx64 "%s%s",
				    path_base_name(mapping->path),
				    mapping->start, segment ? ", " : "", segment ? kind_of(segment) : "");
	return segment ? kind_of(segment) : unmapped(diagnosis, address);
}
