/* clock.c: when the dump was taken, by the runtime's own clock (nanotime, CLOCK_MONOTONIC), and how long goroutines had
 * been blocked by then. A dump does not hold the time, only readings that the runtime kept; the newest is the best.
 *
 * sysmon writes one into a P whenever it sees that the P has scheduled (sysmontick, runtime/proc.go retake), up to every
 * 20 us in a busy program; an idle one runs at the latest when a collection is forced, every 2 minutes. g.waitsince is
 * when the first garbage collection began that met the goroutine blocked (runtime/mgcmark.go markroot, work.tstart);
 * the scheduler clears it when it runs the goroutine (execute, Go 1.18 to 1.27). Both err to the same side: a goroutine
 * has waited longer than their difference. */
#include "golang/load.h"

enum { P_LIMIT = 1 << 16 };

static const uint64_t latest = UINT64_C(100) * 366 * 86400 * 1000000000; /* a clock that has run for 100 years does not */

static void take_reading(struct go_runtime *runtime, uint64_t reading)
{
	if (reading < latest && (int64_t)reading > runtime->newest_time)
		runtime->newest_time = (int64_t)reading;
}

/* Every P knows its place in runtime.allp: what does not is none. */
static void read_ps(struct go_runtime *runtime, uint64_t list, uint64_t count)
{
	uint64_t p, reading;
	uint32_t id;

	for (uint64_t i = 0; i < count && i < P_LIMIT; i++) {
		if (!image_u64(runtime->image, list + 8 * i, &p) || !go_field32(runtime, p, LAYOUT_p_id, &id) || id != i)
			return;
		if (go_field(runtime, p, LAYOUT_p_sysmontick_schedwhen, &reading))
			take_reading(runtime, reading);
		if (go_field(runtime, p, LAYOUT_p_sysmontick_syscallwhen, &reading))
			take_reading(runtime, reading);
	}
}

void clock_load(struct go_runtime *runtime)
{
	const uint64_t slice = runtime->globals.allp;
	uint64_t list, count;

	runtime->newest_time = 0;
	for (size_t i = 0; i < runtime->goroutines.count; i++)
		take_reading(runtime, (uint64_t)runtime->goroutines.items[i].waitsince);
	if (slice && image_u64(runtime->image, slice, &list) && image_u64(runtime->image, slice + 8, &count))
		read_ps(runtime, list, count);
}

bool goroutine_waited(const struct go_runtime *runtime, const struct goroutine *goroutine, int64_t *ret)
{
	if (goroutine->status != G_WAITING && goroutine->status != G_SYSCALL && goroutine->status != G_LEAKED)
		return false;
	*ret = runtime->newest_time - goroutine->waitsince;
	return goroutine->waitsince > 0 && *ret >= 0;
}
