/* core.c: see core.h. */
#include "formats/live/core.h"

#include "formats/exe/exe.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#ifndef NT_ARM_PAC_MASK
#define NT_ARM_PAC_MASK 0x406
#endif

/* Offsets in struct elf_prstatus and struct elf_prpsinfo of 64-bit Linux (<linux/elfcore.h>). */
enum { STATUS_REGISTERS = 112, INFO_SIZE = 136, INFO_STATE_NAME = 1, INFO_UID = 16, INFO_PID = 24, INFO_PPID = 28, INFO_NAME = 40,
       INFO_NAME_SIZE = 16, INFO_ARGS = 56, INFO_ARGS_SIZE = 80, ALIGNMENT = 4, STATUS_MOST = 512 };

struct bytes {
	uint8_t *items;
	size_t count, capacity;
};

static void put(struct arena *arena, struct bytes *bytes, const void *data, size_t size)
{
	const size_t needed = bytes->count + size;

	if (needed > bytes->capacity) {
		uint8_t *more = arena_alloc(arena, bytes->capacity = needed * 2);

		if (bytes->count)
			memcpy(more, bytes->items, bytes->count);
		bytes->items = more;
	}
	if (size)
		memcpy(bytes->items + bytes->count, data, size);
	bytes->count += size;
}

static void pad(struct arena *arena, struct bytes *bytes)
{
	static const uint8_t zeros[ALIGNMENT];

	put(arena, bytes, zeros, (ALIGNMENT - bytes->count % ALIGNMENT) % ALIGNMENT);
}

static void put_note(struct arena *arena, struct bytes *notes, const char *owner, uint32_t type, const void *desc, size_t size)
{
	const Elf64_Nhdr header = {.n_namesz = (uint32_t)strlen(owner) + 1, .n_descsz = (uint32_t)size, .n_type = type};

	put(arena, notes, &header, sizeof header);
	put(arena, notes, owner, header.n_namesz);
	pad(arena, notes);
	put(arena, notes, desc, size);
	pad(arena, notes);
}

/* ---- notes ---- */

static void put_thread(struct arena *arena, struct bytes *notes, const struct arch *arch, const struct live_thread *thread)
{
	uint8_t status[STATUS_MOST] = {0};
	const int32_t id = (int32_t)thread->own_id;
	const size_t room = arch->prstatus.size - STATUS_REGISTERS;
	const size_t registers = thread->register_bytes < room ? thread->register_bytes : room;

	memcpy(status + arch->prstatus_tid, &id, sizeof id);
	memcpy(status + STATUS_REGISTERS, thread->registers, registers);
	put_note(arena, notes, "CORE", NT_PRSTATUS, status, registers ? arch->prstatus.size : STATUS_REGISTERS);
	if (thread->has_thread_pointer)
		put_note(arena, notes, "LINUX", NT_ARM_TLS, &thread->thread_pointer, sizeof thread->thread_pointer);
	if (thread->has_pac_mask)
		put_note(arena, notes, "LINUX", NT_ARM_PAC_MASK, thread->pac_mask, sizeof thread->pac_mask);
}

static void put_info(struct arena *arena, struct bytes *notes, const struct live_process *process)
{
	uint8_t info[INFO_SIZE] = {0};
	const int32_t pid = (int32_t)process->own_pid, parent = (int32_t)process->parent_pid;

	info[INFO_STATE_NAME] = 'R';
	memcpy(info + INFO_UID, &process->uid, sizeof process->uid);
	memcpy(info + INFO_PID, &pid, sizeof pid);
	memcpy(info + INFO_PPID, &parent, sizeof parent);
	memcpy(info + INFO_NAME, process->name, strnlen(process->name, INFO_NAME_SIZE - 1));
	if (process->command)
		memcpy(info + INFO_ARGS, process->command, strnlen(process->command, INFO_ARGS_SIZE - 1));
	put_note(arena, notes, "CORE", NT_PRPSINFO, info, sizeof info);
}

static bool is_file(const struct live_region *region)
{
	return region->path && *region->path == '/';
}

/* long count; long unit; count times {start, end, offset in units}; the names. */
static void put_files(struct arena *arena, struct bytes *notes, const struct live_maps *maps)
{
	struct bytes desc = {0};
	uint64_t head[2] = {0, 1};

	for (size_t i = 0; i < maps->count; i++)
		head[0] += is_file(&maps->items[i]);
	put(arena, &desc, head, sizeof head);
	for (size_t i = 0; i < maps->count; i++) {
		const uint64_t entry[] = {maps->items[i].start, maps->items[i].end, maps->items[i].offset};

		if (is_file(&maps->items[i]))
			put(arena, &desc, entry, sizeof entry);
	}
	for (size_t i = 0; i < maps->count; i++)
		if (is_file(&maps->items[i]))
			put(arena, &desc, maps->items[i].path, strlen(maps->items[i].path) + 1);
	put_note(arena, notes, "CORE", NT_FILE, desc.items, desc.count);
}

static struct bytes notes_of(struct arena *arena, const struct live_process *process, const struct live_maps *maps,
			     const struct live_threads *threads, const struct live_record *record)
{
	const uint64_t words[] = {record->pause, record->pid, record->copied, record->swapped, record->heap_whole, record->stubborn};
	struct bytes notes = {0};

	put_info(arena, &notes, process);
	put_note(arena, &notes, LIVE_OWNER, LIVE_NOTE, words, sizeof words);
	for (size_t i = 0; i < threads->count; i++)
		put_thread(arena, &notes, process->arch, &threads->items[i]);
	put_note(arena, &notes, "CORE", NT_AUXV, process->auxv.data, process->auxv.size);
	put_files(arena, &notes, maps);
	return notes;
}

/* ---- segments ---- */

static void put_segment(struct arena *arena, struct bytes *headers, const struct live_region *region, uint64_t start, uint64_t end,
			uint64_t offset, uint64_t saved)
{
	const Elf64_Phdr header = {
		.p_type = PT_LOAD,
		.p_flags = (region->flags & SEGMENT_READ ? PF_R : 0) | (region->flags & SEGMENT_WRITE ? PF_W : 0) |
			   (region->flags & SEGMENT_EXEC ? PF_X : 0),
		.p_offset = offset, .p_vaddr = start, .p_filesz = saved, .p_memsz = end - start, .p_align = live_page(),
	};

	if (start < end)
		put(arena, headers, &header, sizeof header);
}

static void put_region(struct arena *arena, struct bytes *headers, const struct live_region *region, const struct live_memory *memory)
{
	uint64_t at = region->start, start = at, offset = 0, saved = 0;

	for (;;) { /* a run, and the gap behind it, are one segment */
		uint64_t next = at, next_offset;
		const uint64_t size = live_memory_next(memory, &next, region->end, &next_offset);

		put_segment(arena, headers, region, start, size ? next : region->end, offset, saved);
		if (!size)
			return;
		start = next;
		saved = size;
		offset = next_offset;
		at = next + size;
	}
}

/* ---- the file ---- */

static bool write_at(int file, const void *data, size_t size, uint64_t offset)
{
	for (size_t done = 0; done < size;) {
		const ssize_t got = pwrite(file, (const char *)data + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

static Elf64_Ehdr header_of(const struct arch *arch, uint64_t programs, uint64_t count, uint64_t section)
{
	const bool many = count >= PN_XNUM; /* then the count is in section header 0 */

	return (Elf64_Ehdr){
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_CORE, .e_machine = arch->elf_machine, .e_version = EV_CURRENT, .e_phoff = programs,
		.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = many ? PN_XNUM : (Elf64_Half)count,
		.e_shoff = many ? section : 0, .e_shentsize = many ? sizeof(Elf64_Shdr) : 0, .e_shnum = many ? 1 : 0,
	};
}

const struct err *live_core_write(struct arena *arena, const struct live_process *process, const struct live_maps *maps,
				  const struct live_threads *threads, const struct live_memory *memory, const struct live_record *record)
{
	const int file = live_memory_file(memory);
	const struct bytes notes = notes_of(arena, process, maps, threads, record);
	const uint64_t at = live_memory_end(memory), programs = (at + notes.count + 7) / 8 * 8;
	const Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = at, .p_filesz = notes.count, .p_align = ALIGNMENT};
	struct bytes headers = {0};
	uint64_t count;
	Elf64_Ehdr header;
	Elf64_Shdr section = {.sh_type = SHT_NULL};

	put(arena, &headers, &note, sizeof note);
	for (size_t i = 0; i < maps->count; i++)
		put_region(arena, &headers, &maps->items[i], memory);
	count = headers.count / sizeof(Elf64_Phdr);
	section.sh_info = (uint32_t)count;
	section.sh_size = 1;
	header = header_of(process->arch, programs, count, programs + headers.count);
	if (!write_at(file, &header, sizeof header, 0) || !write_at(file, notes.items, notes.count, at) ||
	    !write_at(file, headers.items, headers.count, programs) ||
	    !write_at(file, &section, sizeof section, programs + headers.count))
		return err_new(arena, ERR_IO, "the copy of process %" PRId64 " cannot be written: %s", process->pid, strerror(errno));
	return NULL;
}
