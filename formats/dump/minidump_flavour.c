/* minidump_flavour.c: see minidump_flavour.h. Reference: MINIDUMP_TYPE of minidumpapiset.h. */
#include "formats/dump/minidump_flavour.h"

#include <inttypes.h>

/* MINIDUMP_TYPE, the flags of the header: what the writer was asked for. */
enum {
	WITH_DATA_SEGMENTS = 0x1,
	WITH_FULL_MEMORY = 0x2,
	WITH_INDIRECT_MEMORY = 0x40,
	WITH_PRIVATE_MEMORY = 0x200,
	MORE_MEMORY = WITH_DATA_SEGMENTS | WITH_FULL_MEMORY | WITH_INDIRECT_MEMORY | WITH_PRIVATE_MEMORY,
};

static bool is_stack(const struct image *image, const struct segment *saved)
{
	uint64_t sp;

	for (size_t i = 0; i < image->threads.count; i++)
		if (reg_get(&image->threads.items[i].registers, image->arch->sp, &sp) && sp - saved->address < saved->size)
			return true;
	return false;
}

/* Whether memory of the kind that a flag asks for is there: what a module or, beyond the stacks, the process wrote. Wine
 * takes all flags and writes stacks, with crumbs of what it read itself. There are no more stacks than threads. */
static bool has_memory_of(const struct image *image, const struct segment *saved, size_t count, uint64_t flag)
{
	enum { CRUMB = 64 };
	size_t stacks = 0;

	for (size_t i = 0; i < count; i++) {
		if (saved[i].size <= CRUMB || (flag == WITH_DATA_SEGMENTS) != !!image_mapping(image, saved[i].address))
			continue;
		if (stacks++ >= image->threads.count || !is_stack(image, &saved[i]))
			return true;
	}
	return false;
}

void minidump_note_flavour(struct image *image, uint64_t flags, const struct segment *saved, size_t count)
{
	static const struct {
		uint64_t flag;
		const char *name, *holds, *cost;
	} flavours[] = {
		{WITH_PRIVATE_MEMORY, "MiniDumpWithPrivateReadWriteMemory", "the memory that the process wrote",
		 "code is not saved: without the executable functions have no names"},
		{WITH_INDIRECT_MEMORY, "MiniDumpWithIndirectlyReferencedMemory", "stacks of threads and what they point to",
		 "most of the heap is not saved, and with it most goroutines that are parked"},
		{WITH_DATA_SEGMENTS, "MiniDumpWithDataSegs", "stacks of threads and the variables of modules",
		 "the heap is not saved: goroutines that are parked are not in this dump"},
		{0, "MiniDumpNormal", "stacks of threads only",
		 "the heap is not saved: goroutines that are parked are not in this dump"},
	};
	size_t i = 0;

	while (flavours[i].flag && !(flags & flavours[i].flag && has_memory_of(image, saved, count, flavours[i].flag)))
		i++;
	note_add(image->notes, "the dump holds %s (%s); %s; take it with MiniDumpWithFullMemory", flavours[i].holds,
		 flavours[i].name, flavours[i].cost);
	if (!flavours[i].flag && flags & MORE_MEMORY)
		note_add(image->notes, "more memory was asked for when the dump was taken (flags 0x%" PRIx64 "), and is not in it",
			 flags);
}
