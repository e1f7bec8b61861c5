/* block.c: see block.h. The addresses cannot be touched at first, since private memory that can be written counts against RLIMIT_DATA and, where memory is
 * not overcommitted, against what there is, whether it is there or not. */
#include "formats/archive/block.h"

#include "base/slices.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STEP = 32 << 20 /* made writable at once */, EMPTIED_LEAST = 64 << 20 /* that a thread is worth */ };

static size_t up(uint64_t offset, size_t unit)
{
	return (size_t)(offset + unit - 1) / unit * unit;
}

bool block_reserve(struct block *block, uint64_t most)
{
	const size_t size = most < SIZE_MAX / 4 ? up(most + 1, STEP) : 0;
	void *const mapped = size ? mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) : MAP_FAILED;

	*block = (struct block){0};
	if (mapped == MAP_FAILED)
		return false;
	block->start = mapped;
	block->reserved = size;
	madvise(mapped, size, MADV_NOHUGEPAGE); /* where all memory is huge, a page here and there would take far more than is counted */
	return true;
}

/* Whole pages among bytes that are about to be written are given by the kernel at once, and not each for a fault. Old kernels cannot. */
static void populate(struct block *block, size_t size, uint64_t offset)
{
#ifdef MADV_POPULATE_WRITE
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), from = up(offset, page), to = (size_t)(offset + size) / page * page;

	if (to > from + page)
		madvise(block->start + from, to - from, MADV_POPULATE_WRITE);
#endif
}

bool block_write(struct block *block, struct span bytes, uint64_t offset)
{
	const size_t end = up(offset + bytes.size, STEP);

	if (end > block->open) {
		if (mprotect(block->start + block->open, end - block->open, PROT_READ | PROT_WRITE))
			return false;
		block->open = end;
	}
	populate(block, bytes.size, offset);
	memcpy(block->start + offset, bytes.data, bytes.size);
	return true;
}

bool block_cut(struct block *block, uint64_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = up(size, page);

	if (size >= block->open)
		return true;
	memset(block->start + size, 0, whole - (size_t)size);
	return !madvise(block->start + whole, block->open - whole, MADV_DONTNEED);
}

bool block_take(struct block *block, uint64_t size, struct span *ret)
{
	const size_t whole = up(size, (size_t)sysconf(_SC_PAGESIZE));

	*ret = (struct span){0};
	if (size) {
		if (mprotect(block->start, whole, PROT_READ))
			return false;
		munmap(block->start + whole, block->reserved - whole);
		*ret = (struct span){block->start, (size_t)size};
		*block = (struct block){0};
	}
	block_release(block);
	return true;
}

void block_release(struct block *block)
{
	if (block->start)
		munmap(block->start, block->reserved);
	*block = (struct block){0};
}

/* Whole pages that begin in the slice: no two slices have the same. */
static void empty_slice(void *context, size_t slice, size_t from, size_t to)
{
	const struct span *bytes = context;
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), first = up(from, page), end = up(to, page);

	(void)slice;
	madvise((void *)(uintptr_t)(bytes->data + first), end - first, MADV_DONTNEED);
}

void block_empty(struct span bytes, unsigned workers)
{
	const size_t slices = slices_count(workers, bytes.size, EMPTIED_LEAST);

	if (slices > 1)
		slices_run(slices, bytes.size, empty_slice, &bytes);
}
