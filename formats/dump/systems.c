/* systems.c: see systems.h. What is told apart is a table, systems.def; but for Mach-O, whose header says more. */
#include "formats/dump/systems.h"

#include "formats/cpu/cpu_names.h"

#include <string.h>

enum { PROBE_TEXT = 512 };

/* Mach-O (mach-o/loader.h): magic, cputype, cpusubtype, filetype. Fat files begin as Java's classes do: a count of CPUs and a
 * version of the language, which is 45 and more. */
enum { MACHO_CPU = 4, MACHO_TYPE = 12, MACHO_CORE = 4, FAT_CPUS_LIMIT = 45 };

struct numbered {
	uint32_t number;
	struct other_system system;
};

static const struct numbered osabis[] = {
#define SYSTEM_OSABI(number, code, text) {number, {code, text}},
#include "formats/dump/systems.def"
};

static const struct numbered platforms[] = {
#define SYSTEM_PLATFORM(number, code, text) {number, {code, text}},
#include "formats/dump/systems.def"
};

static const struct {
	const char *owner;
	uint32_t type; /* 0: any */
	struct other_system system;
} notes[] = {
#define SYSTEM_NOTE(owner, type, code, text) {owner, type, {code, text}},
#include "formats/dump/systems.def"
};

static const struct {
	uint16_t offset;
	uint16_t size;
	const char *bytes;
	struct other_system system;
} magics[] = {
#define FILE_MAGIC(offset, bytes, code, text) {offset, sizeof(bytes) - 1, bytes, {code, text}},
#include "formats/dump/systems.def"
};

static const struct other_system *by_number(const struct numbered *rows, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].number == number)
			return &rows[i].system;
	return NULL;
}

const struct other_system *system_of_osabi(uint8_t osabi)
{
	return by_number(osabis, sizeof osabis / sizeof *osabis, osabi);
}

const struct other_system *system_of_platform(uint32_t platform)
{
	return by_number(platforms, sizeof platforms / sizeof *platforms, platform);
}

const struct other_system *system_of_note(const char *owner, uint32_t type)
{
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		const size_t length = strlen(notes[i].owner);

		if (!strncmp(owner, notes[i].owner, length) && (!owner[length] || owner[length] == '@') &&
		    (!notes[i].type || notes[i].type == type))
			return &notes[i].system;
	}
	return NULL;
}

const struct err *system_error(struct arena *arena, const struct other_system *system, const char *cpu)
{
	const bool advised = strchr(system->text, ':') || system->code != ERR_OTHER_SYSTEM;

	return err_new(arena, system->code, "it is %s%s%s%s", system->text, cpu ? "; its CPU is " : "", cpu ? cpu : "",
		       advised ? "" : ". ELF cores of Linux and minidumps of Windows are read");
}

/* Mostly printable: a log, a traceback, a script. */
static bool looks_like_text(struct span bytes)
{
	size_t size = bytes.size < PROBE_TEXT ? bytes.size : PROBE_TEXT;

	for (size_t i = 0; i < size; i++)
		if (bytes.data[i] < ' ' && !strchr("\t\n\r\f\033", bytes.data[i]))
			return false;
	return size && !memchr(bytes.data, 0, size);
}

static const struct other_system *system_of_magic(struct span bytes)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		struct span head = span_slice(bytes, magics[i].offset, magics[i].size);

		if (head.size == magics[i].size && !memcmp(head.data, magics[i].bytes, head.size))
			return &magics[i].system;
	}
	return NULL;
}

static uint32_t swapped(uint32_t word, bool swap)
{
	return swap ? __builtin_bswap32(word) : word;
}

/* NULL: it is no Mach-O file. */
static const struct err *macho(struct arena *arena, struct span bytes)
{
	const uint32_t magic = span_u32(bytes, 0);
	const bool big = magic == 0xcefaedfe || magic == 0xcffaedfe; /* of the other byte order than this reader's */
	const bool thin = big || magic == 0xfeedface || magic == 0xfeedfacf;
	const bool fat = magic == 0xbebafeca && swapped(span_u32(bytes, 4), true) < FAT_CPUS_LIMIT;
	const char *cpu;

	if (fat)
		return err_new(arena, ERR_NO_DUMP, "it is an executable of macOS for several CPUs, not a dump");
	if (!thin)
		return NULL;
	cpu = cpu_name_of_macho(arena, swapped(span_u32(bytes, MACHO_CPU), big));
	if (swapped(span_u32(bytes, MACHO_TYPE), big) == MACHO_CORE)
		return err_new(arena, ERR_OTHER_SYSTEM, "it is a core of macOS (Mach-O); its CPU is %s. ELF cores of Linux and "
			       "minidumps of Windows are read", cpu);
	return err_new(arena, ERR_NO_DUMP, "it is an executable or library of macOS (Mach-O) for %s, not a dump", cpu);
}

const struct err *only_text(struct arena *arena)
{
	return err_new(arena, ERR_NO_DUMP, "it is text, not a dump, and holds neither a crash nor stacks that Go printed");
}

const struct err *not_a_dump(struct arena *arena, struct span bytes, bool cut_short)
{
	const struct other_system *system = system_of_magic(bytes);
	const struct err *error = system ? system_error(arena, system, NULL) : macho(arena, bytes);

	if (error)
		return error;
	if (!bytes.size && cut_short)
		return err_new(arena, ERR_CUT_SHORT, "its compressed data breaks off before the first byte of the dump");
	if (!bytes.size)
		return err_new(arena, ERR_NO_DUMP, "it is empty");
	if (looks_like_text(bytes))
		return only_text(arena);
	return err_new(arena, ERR_NO_DUMP, "it is not a dump: its first bytes are %02x %02x %02x %02x", span_u8(bytes, 0),
		       span_u8(bytes, 1), span_u8(bytes, 2), span_u8(bytes, 3));
}
