/* clock.c: when the dump was taken, by the runtime's own clock (nanotime, CLOCK_MONOTONIC), and how long goroutines had
 * been blocked by then. A dump does not hold the time, only readings that the runtime kept; the newest is the best.
 *
 * sysmon writes one into a P whenever it sees that the P has scheduled (sysmontick, runtime/proc.go retake), up to every
 * 20 us in a busy program; in an idle one at the latest with the next forced collection, every 2 to 3 minutes.
 * g.waitsince is when the first garbage collection began that met the goroutine blocked (runtime/mgcmark.go markroot,
 * work.tstart); the scheduler clears it when it runs the goroutine (execute, Go 1.18 to 1.27; not when a system call
 * returns at once). Both err to the same side: a goroutine has waited longer than their difference. */
#include "golang/load/load.h"

enum { P_LIMIT = 1 << 16 };

/* No clock has run for 100 years. */
static const uint64_t latest = UINT64_C(100) * 366 * 86400 * NANOTIME_SECOND;

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

bool goroutine_blocked(const struct goroutine *goroutine)
{
	return goroutine->status == G_WAITING || goroutine->status == G_SYSCALL || goroutine->status == G_LEAKED;
}

bool goroutine_waited(const struct go_runtime *runtime, const struct goroutine *goroutine, int64_t *ret)
{
	if (!goroutine_blocked(goroutine) || goroutine->waitsince <= 0 || goroutine->waitsince > runtime->newest_time)
		return false;
	*ret = runtime->newest_time - goroutine->waitsince;
	return true;
}
