/* locate.c: where the executable of a dump may lie, and which of the candidates fits.
 *
 * What the dump knows of its program: AT_PHDR, AT_ENTRY and AT_EXECFN of the auxiliary vector (Linux
 * <uapi/linux/auxvec.h>), the mapped files, and the program's first page, which Linux saves by default (bit 4 of
 * core(5) coredump_filter: ELF headers) and which holds the program headers and usually the build-id notes. */
#include "formats/locator/locate.h"

#include "formats/locator/debuginfod.h"
#include "formats/exe/elf.h"
#include "formats/locator/paths.h"

#include <string.h>
#include <strings.h>

enum { AT_PHDR = 3, AT_ENTRY = 9, AT_EXECFN = 31 };

enum { PAGE = 4096, FIRST_BYTES = 1 << 16, PATH_LIMIT = 4096 };

/* What the dump says about its main program. */
struct program {
	const char *path;      /* as mapped; NULL: unknown */
	const char *exec_name; /* AT_EXECFN; NULL: unknown */
	const struct mapping *mapping; /* of its file, the lowest one; NULL: unknown */
	const char *build_id;
	const char *go_build_id;
	uint64_t entry;
	bool entry_known;
};

struct search {
	struct image *image;
	struct program program;
	const char *sysroot;
	bool tells_paths;
	struct exe_candidate best;
};

/* ---- the main program in the dump ---- */

static bool elf_at(struct image *image, uint64_t address)
{
	return elf_magic(image_view(image, address, 4));
}

/* The run-time address of the program's first page. AT_PHDR lies in it, behind the ELF header. */
static bool find_first_page(struct image *image, const struct mapping *mapping, uint64_t *ret)
{
	uint64_t headers;

	if (image_auxv(image, AT_PHDR, &headers) && elf_at(image, headers & ~(uint64_t)(PAGE - 1))) {
		*ret = headers & ~(uint64_t)(PAGE - 1);
		return true;
	}
	if (!mapping || mapping->file_offset || !elf_at(image, mapping->start))
		return false;
	*ret = mapping->start;
	return true;
}

static const struct mapping *lowest_of_file(const struct image *image, const struct mapping *of)
{
	for (size_t i = 0; i < image->mappings.count; i++)
		if (!strcmp(image->mappings.items[i].path, of->path))
			return &image->mappings.items[i];
	return of;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	size_t size = strlen(end);

	return length >= size && !strcasecmp(text + length - size, end);
}

/* For dumps without an auxiliary vector. A shared library begins as a position independent executable does; its name
 * tells. */
static bool looks_like_program(const struct image *image, const struct mapping *mapping)
{
	const char *name = path_base_name(mapping->path);

	if (mapping->file_offset)
		return false;
	if (image->os == OS_WINDOWS)
		return ends_with(name, ".exe");
	return *mapping->path == '/' && !strstr(name, ".so") && strncmp(name, "ld-", 3) != 0;
}

static const struct mapping *main_mapping(struct image *image)
{
	static const uint64_t entries[] = {AT_PHDR, AT_ENTRY};
	const struct mapping *mapping;
	uint64_t address;

	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		if (!image_auxv(image, entries[i], &address))
			continue;
		mapping = image_mapping(image, address);
		if (mapping)
			return lowest_of_file(image, mapping);
	}
	for (size_t i = 0; i < image->mappings.count; i++)
		if (looks_like_program(image, &image->mappings.items[i]))
			return &image->mappings.items[i];
	return NULL;
}

static const char *string_at(struct image *image, uint64_t address)
{
	struct span view = image_view(image, address, PATH_LIMIT);
	const char *text = span_string(view, 0, PATH_LIMIT);

	return text && *text ? arena_strdup(image->arena, text) : NULL;
}

/* The first page is the beginning of an ELF file: it is read as one. */
static const struct exe *program_in_memory(struct image *image, const struct mapping *mapping)
{
	struct exe *exe;
	uint64_t page;

	if (!find_first_page(image, mapping, &page))
		return NULL;
	return exe_from_bytes(image->arena, "the program in memory", image_view(image, page, FIRST_BYTES), &exe) ? NULL
														 : exe;
}

static struct program find_program(struct image *image)
{
	struct program program = {.mapping = main_mapping(image)};
	const struct exe *memory = program_in_memory(image, program.mapping);
	uint64_t name;

	if (program.mapping)
		program.path = path_without_deleted(image->arena, program.mapping->path);
	if (image_auxv(image, AT_EXECFN, &name))
		program.exec_name = string_at(image, name);
	program.entry_known = image_auxv(image, AT_ENTRY, &program.entry);
	if (program.mapping)
		program.build_id = program.mapping->build_id;
	if (memory) {
		program.build_id = memory->build_id;
		program.go_build_id = memory->go_build_id;
	}
	return program;
}

const char *locate_build_id_in_memory(struct image *image)
{
	const struct mapping *mapping = main_mapping(image);
	const struct exe *exe = program_in_memory(image, mapping);

	return exe ? exe->build_id : mapping ? mapping->build_id : NULL;
}

/* ---- bias ---- */

/* The file address at which a file offset is mapped; offset 0 of a PE image, which no section holds, is its base. */
static bool address_of_offset(const struct exe *exe, uint64_t offset, uint64_t *ret)
{
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *segment = &exe->segments.items[i];
		uint64_t head = segment->file_offset % PAGE; /* mappings begin at pages, segments need not */

		if (offset - (segment->file_offset - head) < segment->bytes.size + head) {
			*ret = segment->address - segment->file_offset + offset;
			return true;
		}
	}
	*ret = exe->base;
	return !offset;
}

static void find_bias(const struct program *program, struct exe_candidate *candidate)
{
	const struct exe *exe = candidate->exe;
	uint64_t address;

	candidate->bias_known = true;
	if (!exe->position_independent)
		candidate->bias = 0;
	else if (program->entry_known)
		candidate->bias = program->entry - exe->entry;
	else if (program->mapping && address_of_offset(exe, program->mapping->file_offset, &address))
		candidate->bias = program->mapping->start - address;
	else
		candidate->bias_known = false;
}

/* ---- candidates ---- */

/* Windows lists a module with the size and the timestamp that its header states. */
static bool is_other_module(const struct search *search, const struct exe *exe)
{
	const struct mapping *mapping = search->program.mapping;

	return search->image->os == OS_WINDOWS && mapping &&
	       (exe->image_size != mapping->end - mapping->start ||
		(mapping->timestamp && exe->timestamp != mapping->timestamp));
}

/* Whether an executable can be the dump's program. Certainty is golang/identity's business; this only spares it the
 * ones that cannot be. *ret_proved: a build-id says so. */
static const char *misfit(const struct search *search, const struct exe *exe, bool *ret_proved)
{
	const struct program *program = &search->program;
	bool both = program->build_id && exe->build_id;
	bool both_go = program->go_build_id && exe->go_build_id;

	*ret_proved = false;
	if (exe->arch != search->image->arch)
		return "it is for another CPU";
	if (both && strcmp(program->build_id, exe->build_id))
		return "its build-id is not the one in the dump";
	if (both_go && strcmp(program->go_build_id, exe->go_build_id))
		return "its Go build ID is not the one in the dump";
	if (is_other_module(search, exe))
		return "its size or timestamp is not the one in the dump";
	*ret_proved = both || both_go;
	if (*ret_proved || !program->entry_known)
		return NULL;
	if (exe->position_independent ? (program->entry - exe->entry) % PAGE != 0 : program->entry != exe->entry)
		return "its entry point is not where the dump's program began";
	return NULL;
}

/* The output of objcopy --only-keep-debug has the program's headers but not its bytes. */
static bool debug_only(const struct exe *exe)
{
	const struct section *text = exe_section(exe, ".text");

	return text && !text->bytes.size;
}

static void accept(struct search *search, struct exe *exe, enum exe_source source)
{
	search->best.exe = exe;
	search->best.source = source;
	find_bias(&search->program, &search->best);
}

static const struct err *check_given(const struct search *search, const struct exe *exe)
{
	struct arena *arena = search->image->arena;

	if (exe->arch != search->image->arch)
		return err_new(arena, ERR_OTHER_CPU, "%s: it is for %s, the dump is of %s", exe->path,
			       exe->arch->name, search->image->arch->name);
	if (debug_only(exe))
		return err_new(arena, ERR_UNSUPPORTED, "%s: it holds debug information only; give the program itself",
			       exe->path);
	return NULL;
}

/* All given files are opened, so that a mistyped one is reported; one that a build-id proves wins over one that merely
 * fits, and that over the first, whose mismatch is then judged and said by golang/identity. */
static const struct err *try_given(struct search *search, const char *const *given)
{
	int best_rank = -1;

	for (; *given; given++) {
		struct exe *exe;
		bool proved;
		int rank;
		const struct err *err = exe_open(search->image->arena, *given, &search->image->files, &exe);

		if (!err)
			err = check_given(search, exe);
		if (err)
			return err;
		rank = misfit(search, exe, &proved) ? 0 : proved ? 2 : 1;
		if (rank > best_rank) {
			accept(search, exe, EXE_GIVEN);
			best_rank = rank;
		}
	}
	return NULL;
}

/* Whether why a file is not used may be told. The dump's words led to a found one, and may be chosen to learn what is on this
 * machine: of the user's own folders only executables are spoken of, of other places nothing. */
static bool may_tell(const struct search *search, enum exe_source source, bool own_folder, bool executable)
{
	return search->tells_paths || source == EXE_DEBUGINFOD || (own_folder && executable);
}

static void try_exe(struct search *search, const char *path, const char *name, enum exe_source source, bool own_folder)
{
	struct notes *notes = search->image->notes;
	struct exe *exe;
	const struct err *err = exe_open(search->image->arena, path, &search->image->files, &exe);
	const char *reason;
	bool proved;

	if (err) {
		if (may_tell(search, source, own_folder, false))
			note_add(notes, "not used as the executable: %s", err_describe(search->image->arena, err));
		return;
	}
	reason = misfit(search, exe, &proved);
	if (!reason && debug_only(exe))
		reason = "it holds debug information only";
	if (!reason && source == EXE_DEBUGINFOD && !proved)
		reason = "it does not have the build-id that was asked for";
	if (!reason)
		accept(search, exe, source);
	else if (may_tell(search, source, own_folder, true))
		note_add(notes, "not used as the executable: %s: %s", name, reason);
}

static void try_found(struct search *search, const char *path, bool own_folder)
{
	if (!search->best.exe && path && path_is_file(path))
		try_exe(search, path, path, EXE_FOUND, own_folder);
}

static void try_folder(struct search *search, const char *folder, const char *name)
{
	if (!name || !*name)
		return;
	for (size_t i = 0; i < PATH_SUFFIXES; i++)
		try_found(search, arena_printf(search->image->arena, "%s/%s%s", folder, name, path_suffixes[i]), true);
}

/* The program's names, best first. */
static void try_names(struct search *search, const char *folder)
{
	const struct program *program = &search->program;

	try_folder(search, folder, path_base_name(program->path));
	try_folder(search, folder, path_base_name(program->exec_name));
	try_folder(search, folder, path_base_name(search->image->program));
}

static void try_build_id(struct search *search, const char *folder)
{
	const char *id = search->program.build_id;
	struct arena *arena = search->image->arena;

	if (!id)
		return;
	try_found(search, path_of_build_id(arena, folder, id, ""), true);
	try_found(search, path_of_build_id(arena, folder, id, ".debug"), true);
}

static const char *from_root(const struct search *search, const char *path)
{
	return search->sysroot ? arena_printf(search->image->arena, "%s%s", search->sysroot, path) : path;
}

static void try_paths(struct search *search)
{
	const struct program *program = &search->program;

	if (program->path && *program->path == '/')
		try_found(search, from_root(search, program->path), false);
	/* A relative AT_EXECFN counts from a folder that nobody knows any more. */
	if (program->exec_name && *program->exec_name == '/')
		try_found(search, from_root(search, program->exec_name), false);
}

/* The executable, stripped or not, has all that is needed; debug information, which debuginfod serves apart, adds nothing.
 * The file in the cache is called "executable": the program's own name is kept. */
static void try_debuginfod(struct search *search, const struct file_options *options)
{
	struct arena *arena = search->image->arena;
	const struct program *program = &search->program;
	const struct err *err;
	const char *path;

	if (search->best.exe || !debuginfod_enabled())
		return;
	if (!program->build_id) {
		note_add(search->image->notes, "debuginfod was not asked for the executable: the dump does not hold its GNU "
					       "build-id (Go's own linker makes one from Go 1.24 on)");
		return;
	}
	err = debuginfod_fetch(arena, program->build_id, options, &path);
	if (err) {
		note_add(search->image->notes, "no executable from debuginfod: %s", err_describe(arena, err));
		return;
	}
	try_exe(search, path, "what debuginfod has for its build-id", EXE_DEBUGINFOD, false);
	if (search->best.exe && program->path)
		search->best.exe->name = path_base_name(program->path);
}

const struct err *locate_exe(struct image *image, const struct exe_search *search, struct exe_candidate *ret)
{
	struct search state = {.image = image, .program = find_program(image), .sysroot = search->sysroot,
			       .tells_paths = search->tells_paths,
			       .best = {.source = EXE_NONE}};
	const struct err *err;

	if (search->given && *search->given) {
		err = try_given(&state, search->given);
		if (err)
			return err;
	} else {
		try_paths(&state);
		if (strcmp(image->path, "-")) {
			const char *folder = path_folder(image->arena, image->path);

			try_names(&state, folder);
			try_folder(&state, folder, "exe");
		}
		if (search->symbols_dir) {
			try_build_id(&state, search->symbols_dir);
			try_names(&state, search->symbols_dir);
		}
		try_debuginfod(&state, search->options);
	}
	*ret = state.best;
	ret->search = *search;
	return NULL;
}
