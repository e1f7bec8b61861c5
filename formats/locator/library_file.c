/* library_file.c: see library_file.h. A library of another build has the same functions at other addresses: its tables
 * would give silent garbage, so a file that nothing speaks for is not used.
 *
 * What the dump has of a library: Linux saves its first page (core(5), coredump_filter bit 4), which usually holds the
 * build-id. qemu-user and old cores do not; but all cores hold what was written, and the loader wrote an address into
 * every word of .data.rel.ro and of the arrays of constructors that has a relocation (gABI chapter 5; DT_RELR of the
 * generic ABI). These words are never written again, and are different in another build. */
#include "formats/locator/library_file.h"

#include "base/files.h"
#include "formats/locator/candidates.h"
#include "formats/locator/paths.h"

#include <string.h>

enum { PAGE = 4096, HEAD_BYTES = 1 << 16, ELF_HEADER = 64, RELOCATION = 24, WORD = 8, RELR_WORDS = 63 };

static const char *const relocated_sections[] = {".data.rel.ro", ".init_array", ".fini_array"};

struct finder {
	struct image *image;
	const struct library_trace *trace;
	const struct exe *head; /* the first page in the dump's memory; NULL: not there */
	const struct exe *found;
	uint64_t bias;
	const struct err *err; /* why the first file that was there is not used */
};

/* ---- proof ---- */

/* A word that the loader relocated: the file's address plus the bias. */
static enum agreement compare_word(const struct finder *finder, uint64_t address, uint64_t value)
{
	uint64_t word;

	if (!image_u64(finder->image, address + finder->bias, &word))
		return AGREE_NOTHING;
	return word == value + finder->bias ? AGREE_EQUAL : AGREE_DIFFERENT;
}

static enum agreement both(enum agreement a, enum agreement b)
{
	return a > b ? a : b; /* one difference outweighs all else, any agreement outweighs nothing */
}

static bool in_section(const struct section *section, uint64_t address)
{
	return address >= section->address && address - section->address < section->bytes.size;
}

/* Elf64_Rela: offset, info (its low half: the type), addend. */
static enum agreement compare_rela(const struct finder *finder, const struct exe *exe, const struct section *section)
{
	const struct section *table = exe_section(exe, ".rela.dyn");
	enum agreement result = AGREE_NOTHING;

	for (uint64_t at = 0; table && at + RELOCATION <= table->bytes.size; at += RELOCATION) {
		uint64_t address = span_u64(table->bytes, at);

		if (span_u32(table->bytes, at + 8) == exe->arch->relocation_relative && in_section(section, address))
			result = both(result, compare_word(finder, address, span_u64(table->bytes, at + 16)));
	}
	return result;
}

static enum agreement compare_relr_word(const struct finder *finder, const struct section *section, uint64_t address)
{
	if (!in_section(section, address))
		return AGREE_NOTHING;
	return compare_word(finder, address, span_u64(section->bytes, address - section->address));
}

/* Elf64_Relr: an even entry is an address, an odd one is a bitmap of the 63 words after the last. */
static enum agreement compare_relr(const struct finder *finder, const struct exe *exe, const struct section *section)
{
	const struct section *table = exe_section(exe, ".relr.dyn");
	enum agreement result = AGREE_NOTHING;
	uint64_t next = 0;

	for (uint64_t at = 0; table && at + WORD <= table->bytes.size; at += WORD) {
		uint64_t entry = span_u64(table->bytes, at);

		if (!(entry & 1)) {
			result = both(result, compare_relr_word(finder, section, entry));
			next = entry + WORD;
			continue;
		}
		for (uint64_t i = 0; i < RELR_WORDS; i++)
			if (entry >> (i + 1) & 1)
				result = both(result, compare_relr_word(finder, section, next + i * WORD));
		next += RELR_WORDS * WORD;
	}
	return result;
}

/* The ELF header is left out: strip changes it. */
static enum agreement compare_read_only(const struct finder *finder, const struct exe *exe)
{
	enum agreement result = AGREE_NOTHING;

	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *segment = &exe->segments.items[i];
		uint64_t skip = segment->file_offset < ELF_HEADER ? ELF_HEADER - segment->file_offset : 0;

		if (!(segment->flags & SEGMENT_WRITE))
			result = both(result, image_compare(finder->image, span_from(segment->bytes, skip),
							    segment->address + skip + finder->bias));
	}
	return result;
}

/* Windows lists of every module when it was linked and how large it is, and what its CodeView record names. Go, and who
 * links reproducibly, leaves the time out. */
static enum agreement compare_module(const struct mapping *module, const struct exe *exe)
{
	bool sized = exe->image_size == module->end - module->start;

	if (!sized || module->timestamp != exe->timestamp ||
	    (module->build_id && exe->build_id && strcmp(module->build_id, exe->build_id)))
		return AGREE_DIFFERENT;
	return module->timestamp || (module->build_id && exe->build_id) ? AGREE_EQUAL : AGREE_NOTHING;
}

static enum agreement compare(const struct finder *finder, const struct exe *exe)
{
	enum agreement result;

	if (finder->image->os == OS_WINDOWS)
		return compare_module(image_mapping(finder->image, finder->trace->first), exe);
	if (finder->head && finder->head->build_id && exe->build_id)
		return strcmp(finder->head->build_id, exe->build_id) ? AGREE_DIFFERENT : AGREE_EQUAL;
	result = compare_read_only(finder, exe);
	for (size_t i = 0; i < sizeof relocated_sections / sizeof *relocated_sections; i++) {
		const struct section *section = exe_section(exe, relocated_sections[i]);

		if (section)
			result = both(result, both(compare_rela(finder, exe, section),
						   compare_relr(finder, exe, section)));
	}
	return result;
}

/* ---- candidates ---- */

static const struct err *judge(struct finder *finder, const struct exe *exe)
{
	struct arena *arena = finder->image->arena;
	const struct section *text = exe_section(exe, ".text");

	if (exe->arch != finder->image->arch || !exe->segments.count)
		return err_new(arena, ERR_UNSUPPORTED, "it is for another CPU");
	if (text && !text->bytes.size)
		return err_new(arena, ERR_UNSUPPORTED, "it holds debug information only");
	finder->bias = finder->trace->first_known ? finder->trace->first - (exe->base & ~(uint64_t)(PAGE - 1))
						  : finder->trace->bias;
	switch (compare(finder, exe)) {
	case AGREE_EQUAL:
		return NULL;
	case AGREE_DIFFERENT:
		return err_new(arena, ERR_BAD_DATA, "it is another build than the one that was mapped");
	case AGREE_NOTHING:
		break;
	}
	return err_new(arena, ERR_NOT_SAVED, "the dump holds nothing that tells whether it is the one that was mapped");
}

static bool take(void *context, const char *path)
{
	struct finder *finder = context;
	const struct err *err;
	struct exe *exe;

	err = exe_open(finder->image->arena, path, &finder->image->files, &exe);
	if (!err)
		err = judge(finder, exe);
	if (!err)
		finder->found = exe;
	else if (!finder->err)
		finder->err = err;
	return !err;
}

static const struct exe *read_head(struct image *image, const struct library_trace *trace)
{
	struct exe *head;

	if (!trace->first_known)
		return NULL;
	return exe_from_bytes(image->arena, "in memory", image_view(image, trace->first, HEAD_BYTES), &head) ? NULL : head;
}

const struct err *library_file_find(struct image *image, const struct library_search *search,
				    const struct library_trace *trace, const struct exe **ret, uint64_t *bias)
{
	struct arena *arena = image->arena;
	struct finder finder = {.image = image, .trace = trace, .head = read_head(image, trace)};
	const struct file_query query = {.path = trace->path, .build_id = finder.head ? finder.head->build_id : NULL,
					 .sysroot = search->sysroot, .dump = image->path, .symbols_dir = search->symbols_dir};

	candidates_offer(arena, &query, take, &finder);
	if (!finder.found)
		return finder.err ? finder.err : err_new(arena, ERR_ABSENT, "there is no such file");
	*ret = finder.found;
	*bias = finder.bias;
	return NULL;
}

/* ---- symbols ---- */

static const struct exe *symbols_in(struct image *image, const char *folder, const struct exe *exe)
{
	const char *path = path_of_build_id(image->arena, folder, exe->build_id, ".debug");
	struct exe *symbols;

	if (!path || !file_is_regular(image->files.root, path) || exe_open(image->arena, path, &image->files, &symbols))
		return NULL;
	return symbols->has_symbols && symbols->arch == exe->arch && symbols->build_id &&
			       !strcmp(symbols->build_id, exe->build_id)
		       ? symbols
		       : NULL;
}

const struct exe *library_file_symbols(struct image *image, const struct library_search *search, const struct exe *exe)
{
	const char *root = search->sysroot ? search->sysroot : "";
	const struct exe *symbols = NULL;

	if (!exe->build_id)
		return NULL;
	if (search->symbols_dir)
		symbols = symbols_in(image, search->symbols_dir, exe);
	return symbols ? symbols : symbols_in(image, arena_printf(image->arena, "%s/usr/lib/debug", root), exe);
}
