/* address_place.c: see address_place.h. */
#include "heuristics/faults/address_place.h"

#include "base/count.h"
#include "base/size.h"
#include "formats/locator/paths.h"

#include <inttypes.h>

enum {
	FIRST_PAGE = 0x1000,    /* below it nothing can be mapped (vm.mmap_min_addr, runtime/signal_unix.go sigpanic) */
	FRAME_REACH = 1 << 20,  /* a frame that large may be accessed before anything else of it */
	RED_ZONE = 256,
	NEAR = 1 << 16,
	FAR = 1 << 30,
};

/* What an address is that no process has, so that nobody can have mapped it; NULL: a process may have it. */
static const char *beyond(const struct arch *arch, uint64_t address)
{
	if (!arch_forms(arch, address))
		return "none that the CPU can form: its upper bits are neither all 0 nor all 1";
	return arch_untagged(arch, address) >> arch->address_bits ? "the kernel's, which no process may access" : NULL;
}

/* ---- stacks ---- */

static bool is_writable(const struct diagnosis *diagnosis, uint64_t address)
{
	const struct segment *segment = image_segment(diagnosis->analysis->image, address);

	return segment && (segment->flags & SEGMENT_WRITE);
}

bool is_past_stack(const struct diagnosis *diagnosis, uint64_t address, uint64_t sp)
{
	return sp && address < sp + RED_ZONE && sp - address < FRAME_REACH && !is_writable(diagnosis, address);
}

/* Which part of a goroutine's stack: a frame's, or what frames that have returned left behind. */
static const char *frame_text(const struct diagnosis *diagnosis, size_t index, uint64_t address)
{
	struct stack stack = {0};

	goroutine_stack(diagnosis->analysis, index, &stack);
	if (!stack.frames.count)
		return "";
	if (address < stack.frames.items[0].sp)
		return ", below its SP: in what frames that returned left behind";
	for (size_t i = 0; i < stack.frames.count; i++) {
		const struct frame *frame = &stack.frames.items[i];

		if (address >= frame->sp && address < frame->fp && frame->info->func)
			return arena_printf(diagnosis->arena, ", in the frame of %s", go_func_name(frame->info));
	}
	return "";
}

static const char *machine_stack(const struct diagnosis *diagnosis, uint64_t address)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	for (size_t i = 0; i < runtime->machines.count; i++) {
		const struct machine *m = &runtime->machines.items[i];

		if (address >= m->gsignal_lo && address < m->gsignal_hi)
			return arena_printf(diagnosis->arena, "on the signal stack of M%" PRId64, m->id);
		if (address >= m->g0_lo && address < m->g0_hi)
			return arena_printf(diagnosis->arena, "on the system stack of M%" PRId64, m->id);
	}
	return NULL;
}

/* Whose stack an address lies on; NULL: nobody's. */
static const char *stack_owner(const struct diagnosis *diagnosis, uint64_t address)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[i];

		if (address >= g->stack_lo && address < g->stack_hi)
			return arena_printf(diagnosis->arena, "on the stack of goroutine %" PRIu64 "%s", g->id,
					    frame_text(diagnosis, i, address));
	}
	return machine_stack(diagnosis, address);
}

/* The stack of a thread that Go does not know of: it lies where the thread's SP does. */
static const char *thread_owner(const struct diagnosis *diagnosis, const struct segment *segment)
{
	const struct image *image = diagnosis->analysis->image;
	uint64_t sp;

	for (size_t i = 0; segment && i < image->threads.count; i++)
		if (reg_get(&image->threads.items[i].registers, image->arch->sp, &sp) && sp >= segment->address &&
		    sp - segment->address < segment->size)
			return arena_printf(diagnosis->arena, "in the memory that the stack of thread %" PRId64 " lies in",
					    image->threads.items[i].id);
	return NULL;
}

/* ---- modules, files, other memory ---- */

static const char *module_data(const struct diagnosis *diagnosis, uint64_t address)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];
		const struct mapping *mapping = image_mapping(diagnosis->analysis->image, module->text);

		if (address >= module->data_start && address < module->data_end)
			return arena_printf(diagnosis->arena, "in the global variables of %s, at offset 0x%" PRIx64,
					    mapping && mapping->path ? path_base_name(mapping->path) : "the program",
					    address - module->data_start);
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

bool module_reaches(const struct go_module *module, const struct segment *segment)
{
	return segment->address < module->data_end && segment->address + segment->size > module->text && module->text < module->data_end;
}

static bool is_of_module(const struct go_runtime *runtime, const struct segment *segment)
{
	for (size_t i = 0; i < runtime->modules.count; i++)
		if (module_reaches(&runtime->modules.items[i], segment))
			return true;
	return false;
}

const char *segment_name(const struct diagnosis *diagnosis, const struct segment *segment)
{
	const struct mapping *mapping = image_mapping(diagnosis->analysis->image, segment->address);

	return mapping && mapping->path ? path_base_name(mapping->path)
	       : is_of_module(diagnosis->analysis->runtime, segment) ? "the program"
	       : segment->flags	      ? "memory without a file"
				      : "reserved address space";
}

bool hole_at(struct image *image, uint64_t address, struct hole *ret)
{
	*ret = (struct hole){.end = UINT64_MAX};
	if (!image->segments.count || image_segment(image, address))
		return false;
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];

		if (segment->address > address) {
			ret->above = segment;
			ret->end = segment->address;
			break;
		}
		ret->below = segment;
		ret->start = segment->address + segment->size;
	}
	return true;
}

/* "980 KiB below libc.so.6"; empty when the neighbour is too far to have to do with it. */
static const char *neighbour(const struct diagnosis *diagnosis, uint64_t bytes, const char *side, const struct segment *segment)
{
	if (!segment || bytes > FAR)
		return "";
	return arena_printf(diagnosis->arena, ", %s %s %s", size_text(diagnosis->arena, bytes), side, segment_name(diagnosis, segment));
}

/* Nothing is mapped there; perhaps something ends just before. */
static const char *unmapped(const struct diagnosis *diagnosis, uint64_t address)
{
	struct image *image = diagnosis->analysis->image;
	const struct segment *below;
	struct hole hole;

	if (!hole_at(image, address, &hole))
		return "in memory of which the dump says nothing";
	below = hole.below;
	if (below && (below->flags & SEGMENT_WRITE) && address - hole.start < NEAR)
		return arena_printf(diagnosis->arena, "mapped nowhere, %s past the end of writable memory",
				    counted_text(diagnosis->arena, address - hole.start, "byte"));
	if (image->os == OS_WINDOWS)
		return "in no memory that the dump has";
	return arena_printf(diagnosis->arena, "mapped nowhere%s%s",
			    neighbour(diagnosis, address - hole.start, "above", below),
			    neighbour(diagnosis, hole.end - address, "below", hole.above));
}

/* Of an address that may be a process's and lies beside no SP. */
static const char *place_of(const struct diagnosis *diagnosis, uint64_t address)
{
	struct image *image = diagnosis->analysis->image;
	const struct segment *segment = image_segment(image, address);
	const struct mapping *mapping = image_mapping(image, address);
	const char *place = stack_owner(diagnosis, address);

	if (!place)
		place = heap_place_text(diagnosis, address);
	if (!place)
		place = module_data(diagnosis, address);
	if (!place && mapping && mapping->path)
		place = arena_printf(diagnosis->arena, "in the file %s, mapped from 0x%" PRIx64 "%s%s",
				     path_base_name(mapping->path), mapping->start, segment ? ", " : "",
				     segment ? kind_of(segment) : "");
	if (!place)
		place = thread_owner(diagnosis, segment);
	return place ? place : segment ? kind_of(segment) : unmapped(diagnosis, address);
}

const char *address_place(const struct diagnosis *diagnosis, uint64_t address, uint64_t sp)
{
	const struct arch *arch = diagnosis->analysis->image->arch;
	const char *out = beyond(arch, address);

	if (address < FIRST_PAGE)
		return "nil, or an offset from it";
	if (out)
		return out;
	if (is_past_stack(diagnosis, address, sp))
		return "beside SP, where its stack has ended";
	return place_of(diagnosis, arch_untagged(arch, address));
}
