/* identity.c: whether an executable is the one that was running. A twin that was linked separately has the same code and
 * shifted data, and would give silent garbage; so only what the dump itself saved is believed. Three witnesses, from the
 * strongest: bytes of the program (build IDs, moduledata, code, tables), what the kernel noted when it started the program
 * (entry point, program headers), and names.
 *
 *   same        a build ID in the dump equals the file's (Go's PE files have their Go build ID in .text), and so does all else
 *   equivalent  no build ID in the dump; moduledata lies where the file says, all its words agree, and every saved byte of
 *               the read-only segments equals the file's
 *   mismatch    bytes contradict; or the kernel's notes do, and no bytes speak for the file
 *   unverified  the dump holds nothing to compare; or the witnesses contradict each other: a packed or edited program, changed
 *               code in the process, a damaged file */
#include "golang/load/load.h"

#include "formats/locator/paths.h"

#include <inttypes.h>
#include <string.h>

enum { NOTE_LIMIT = 1024, TABLE_HEADER = 72 /* runtime.pcHeader: has an address that is relocated */, CHANGES_PART = 64 };

/* What is compared of a file. */
struct witness {
	struct image *image;
	const struct placed_exe *file;
	enum agreement gnu_id, go_id, moduledata;
	struct comparison code, constants, tables;
	uint64_t code_size, tables_size; /* that there are to compare */
};

static enum agreement compare_gnu_build_id(const struct placed_exe *file)
{
	if (!file->build_id || !file->exe->build_id)
		return AGREE_NOTHING;
	return strcmp(file->build_id, file->exe->build_id) ? AGREE_DIFFERENT : AGREE_EQUAL;
}

/* Go's own build ID is a note as well; its address is the file's, so a difference of content is a difference of build. */
static enum agreement compare_go_build_id(struct image *image, const struct placed_exe *file)
{
	const struct section *note = exe_section(file->exe, ".note.go.buildid");

	if (!note || note->bytes.size > NOTE_LIMIT)
		return AGREE_NOTHING;
	return image_compare(image, note->bytes, note->address + file->bias);
}

/* The Windows loader fills in the addresses of imported functions. */
static bool is_import_table(const struct exe *exe, const struct exe_segment *segment)
{
	const struct section *imports = exe->windows ? exe_section(exe, ".idata") : NULL;

	return imports && imports->address == segment->address;
}

/* Segments that are never written: those whose bytes the dump saved must equal the file's, as relocated. The first page
 * holds the headers, which `strip` rewrites without changing what runs; it is left to the build IDs. */
static void compare_read_only(struct witness *witness)
{
	const struct placed_exe *file = witness->file;
	uint64_t header_end = file->exe->base + 4096;

	for (size_t i = 0; i < file->exe->segments.count; i++) {
		const struct exe_segment *segment = &file->exe->segments.items[i];
		uint64_t skip = segment->address < header_end ? header_end - segment->address : 0;
		bool is_code = segment->flags & SEGMENT_EXEC;
		struct span bytes;

		if (segment->flags & SEGMENT_WRITE || is_import_table(file->exe, segment))
			continue;
		bytes = span_from(exe_loaded_bytes(witness->image->arena, file->exe, segment, file->bias), skip);
		image_compare_bytes(witness->image, bytes, segment->address + skip + file->bias,
				    is_code ? &witness->code : &witness->constants);
		witness->code_size += is_code ? bytes.size : 0;
	}
}

/* The table of functions, wherever it lies: in a PIE that is memory which was written once, and so is mostly saved. */
static void compare_tables(struct witness *witness, const struct go_module *module)
{
	const struct pclntab *table = &module->pclntab;
	const struct span parts[] = {table->funcnames, table->cutab, table->filetab, table->pctab, table->functab};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		uint64_t offset = parts[i].size ? (uint64_t)(parts[i].data - table->bytes.data) : 0;

		if (offset < TABLE_HEADER)
			continue;
		image_compare_bytes(witness->image, parts[i], table->address + offset + witness->file->bias, &witness->tables);
		witness->tables_size += parts[i].size;
	}
}

/* Each word of moduledata is a length, equal in file and memory, or an address, which differs by the load bias. */
static enum agreement compare_moduledata(struct image *image, const struct placed_exe *file,
					 const struct go_module *module)
{
	uint64_t expected[MODULEDATA_WORDS];

	module_words(file->exe, module->address, expected);
	for (uint64_t i = 0; i < MODULEDATA_WORDS; i++) {
		uint64_t word;

		if (!image_u64(image, module->address + file->bias + 8 * i, &word))
			return AGREE_NOTHING;
		if (word != expected[i] && word != expected[i] + file->bias)
			return AGREE_DIFFERENT;
	}
	return AGREE_EQUAL;
}

static struct witness witness_of(struct image *image, const struct placed_exe *file, const struct go_module *module)
{
	struct witness witness = {.image = image, .file = file, .gnu_id = compare_gnu_build_id(file),
				  .go_id = compare_go_build_id(image, file)};

	if (module)
		witness.moduledata = compare_moduledata(image, file, module);
	if (witness.gnu_id == AGREE_DIFFERENT || witness.go_id == AGREE_DIFFERENT || witness.moduledata == AGREE_DIFFERENT)
		return witness;
	compare_read_only(&witness);
	if (module)
		compare_tables(&witness, module);
	return witness;
}

/* ---- what the dump notes of its program ---- */

/* A note that one side has, and the other, all of whose notes were seen, has not. */
static const char *one_sided_id(const struct program_record *program, const struct exe *exe)
{
	if (!program->notes_seen || !exe->notes_whole)
		return NULL;
	if (!program->build_id != !exe->build_id)
		return exe->build_id ? "it has a build-id, and the program that ran had none"
				     : "the program that ran had a build-id, and it has none";
	if (!program->go_build_id != !exe->go_build_id)
		return exe->go_build_id ? "it has a Go build ID, and the program that ran had none"
					: "the program that ran had a Go build ID, and it has none";
	return NULL;
}

/* What the kernel noted contradicts the file; NULL: nothing does. */
static const char *contradiction(const struct witness *witness)
{
	const struct program_record *program = witness->file->program;
	const struct exe *exe = witness->file->exe;
	struct arena *arena = witness->image->arena;
	uint64_t bias = witness->file->bias;

	if (!program)
		return NULL;
	if (program->entry_known && program->entry != exe->entry + bias)
		return arena_printf(arena, "the program that ran began at %#" PRIx64 ", and its entry point is %#" PRIx64,
				    program->entry, exe->entry + bias);
	if (program->headers_known && exe->headers && program->headers != exe->headers + bias)
		return arena_printf(arena, "the program headers of what ran were at %#" PRIx64 ", and its own are at %#" PRIx64,
				    program->headers, exe->headers + bias);
	if (program->headers_known && exe->header_count && program->header_count != exe->header_count)
		return arena_printf(arena, "the program that ran had %" PRIu64 " program headers, and it has %" PRIu64,
				    program->header_count, exe->header_count);
	return one_sided_id(program, exe);
}

/* Whether a segment lies in a mapping of the file, and there by its headers at another place of the file than by the kernel's list. */
static bool is_misplaced(const struct exe_segment *segment, uint64_t bias, const struct mapping *mapping)
{
	const uint64_t start = segment->address + bias, end = start + segment->bytes.size;

	return segment->bytes.size && start < mapping->end && end > mapping->start &&
	       segment->file_offset - start != mapping->file_offset - mapping->start;
}

/* strip(1) and its like leave these places alone. Headers that are damaged make code of what is none, which no build-id tells; NULL: no
 * mapping of the file that the dump lists contradicts it. */
static const char *misplacement(const struct witness *witness)
{
	enum { SEGMENTS = 64 }; /* a Go program has three to six */
	const struct placed_exe *file = witness->file;
	const struct mapping *first = file->program ? file->program->mapping : NULL;
	const size_t count = file->exe->segments.count < SEGMENTS ? file->exe->segments.count : SEGMENTS;

	for (size_t i = 0; first && witness->image->os == OS_LINUX && i < witness->image->mappings.count; i++) {
		const struct mapping *mapping = &witness->image->mappings.items[i];

		if (!mapping->path || strcmp(mapping->path, first->path))
			continue;
		for (size_t k = 0; k < count; k++)
			if (is_misplaced(&file->exe->segments.items[k], file->bias, mapping))
				return arena_printf(witness->image->arena, "its headers place at %#" PRIx64 " another part of it than the process "
						    "had there, so they are damaged", file->exe->segments.items[k].address + file->bias);
	}
	return NULL;
}

static bool is_name(const char *path, const char *name)
{
	return path && !strcmp(path_base_name(path), name);
}

/* Files are renamed and copied: names prove nothing, and are asked only when nothing else speaks. */
static const char *other_name(const struct witness *witness)
{
	const struct program_record *program = witness->file->program;
	const char *name = witness->file->exe->name;

	if (!program || (!program->path && !program->exec_name) || is_name(program->path, name) ||
	    is_name(program->exec_name, name))
		return NULL;
	return arena_printf(witness->image->arena, "nothing in the dump can be compared with it, and the program that ran was called %s",
			    path_base_name(program->path ? program->path : program->exec_name));
}

/* ---- judging ---- */

static struct identity_judgement judgement(enum identity identity, const char *because)
{
	return (struct identity_judgement){.identity = identity, .because = because};
}

static const char *bytes_differ(const struct witness *witness, const struct comparison *sum, const char *what)
{
	return arena_printf(witness->image->arena, "%" PRIu64 " of %" PRIu64 " bytes of %s that the dump saved differ, the first at %#" PRIx64,
			    sum->different, sum->compared, what, sum->first);
}

static const char *first_difference(const struct witness *witness)
{
	if (witness->tables.different)
		return bytes_differ(witness, &witness->tables, "its table of functions");
	if (witness->code.different)
		return bytes_differ(witness, &witness->code, "its code");
	return bytes_differ(witness, &witness->constants, "its constants");
}

/* Bytes differ. An equal build ID says that it is the same build all the same, if they are few. */
static struct identity_judgement judge_difference(const struct witness *witness, bool same_id)
{
	uint64_t compared = witness->code.compared + witness->constants.compared;
	uint64_t different = witness->code.different + witness->constants.different;
	struct identity_judgement ret = judgement(IDENTITY_MISMATCH, first_difference(witness));

	if (same_id && different <= compared / CHANGES_PART && witness->tables.different <= witness->tables.compared / CHANGES_PART) {
		ret.identity = IDENTITY_UNVERIFIED;
		ret.because = arena_printf(witness->image->arena, "its build ID is the one in the dump, but %s: the process's memory "
					   "or the file was changed", ret.because);
	}
	ret.tables_differ = witness->tables.different;
	return ret;
}

/* All of its code and functions is in the dump, byte for byte. */
static bool is_proved(const struct witness *witness)
{
	return witness->code_size && witness->code.compared == witness->code_size && witness->tables_size &&
	       witness->tables.compared == witness->tables_size;
}

static const char *different_id(const struct witness *witness)
{
	if (witness->gnu_id == AGREE_DIFFERENT)
		return arena_printf(witness->image->arena, "its build-id is %s, and the dump's program has %s",
				    witness->file->exe->build_id, witness->file->build_id);
	if (witness->go_id == AGREE_DIFFERENT)
		return "its Go build ID is not the one in the dump";
	return witness->moduledata == AGREE_DIFFERENT ? "the runtime's table of the program (moduledata) in the dump is not the one "
							"that it has" : NULL;
}

struct identity_judgement identity_judge(struct image *image, const struct placed_exe *file, const struct go_module *module)
{
	const struct witness witness = witness_of(image, file, module);
	const bool same_id = witness.gnu_id == AGREE_EQUAL || witness.go_id == AGREE_EQUAL;
	const bool fits = same_id || witness.moduledata == AGREE_EQUAL;
	const char *against = different_id(&witness);
	struct identity_judgement ret;

	if (against)
		return judgement(IDENTITY_MISMATCH, against);
	if (witness.code.different || witness.constants.different || witness.tables.different)
		return judge_difference(&witness, same_id);
	against = is_proved(&witness) ? NULL : misplacement(&witness);
	if (against) {
		ret = judgement(fits ? IDENTITY_UNVERIFIED : IDENTITY_MISMATCH, against);
		ret.misplaced = true;
		return ret;
	}
	against = is_proved(&witness) ? NULL : contradiction(&witness);
	if (against)
		return judgement(fits ? IDENTITY_UNVERIFIED : IDENTITY_MISMATCH, against);
	if (fits)
		return judgement(same_id ? IDENTITY_SAME : IDENTITY_EQUIVALENT, NULL);
	ret = judgement(IDENTITY_UNVERIFIED, other_name(&witness));
	ret.named_otherwise = ret.because != NULL;
	return ret;
}
