/* locate.c: where the executable of a dump may lie, and which of the candidates fits. */
#include "formats/locator/locate.h"

#include "base/files.h"
#include "formats/locator/debuginfod.h"
#include "formats/locator/paths.h"
#include "formats/locator/program.h"

#include <string.h>

enum { PAGE = 4096 };

enum { LOOKED_LIMIT = 6, REJECTED_LIMIT = 64 };

struct search {
	struct image *image;
	struct program_record program;
	const char *sysroot;
	bool tells_paths;
	const char *const *rejected;
	struct exe_candidate best;
	size_t looked; /* places that are in best.looked */
};

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

static void find_bias(const struct program_record *program, struct exe_candidate *candidate)
{
	const struct exe *exe = candidate->exe;
	uint64_t address;

	candidate->bias_known = true;
	if (!exe->position_independent)
		candidate->bias = 0;
	else if (program->entry_known && (program->entry - exe->entry) % PAGE == 0)
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
	const struct program_record *program = &search->program;
	bool both = program->build_id && exe->build_id;
	bool both_go = program->go_build_id && exe->go_build_id;

	*ret_proved = false;
	if (exe->arch != search->image->arch && !search->image->record)
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

	if (exe->arch != search->image->arch && !search->image->record)
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
	struct file_options options = search->image->files;
	int best_rank = -1;

	options.root = NULL;
	for (; *given; given++) {
		struct exe *exe;
		bool proved;
		int rank;
		const struct err *err = exe_open(search->image->arena, *given, &options, &exe);

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
	if (!reason) {
		accept(search, exe, source);
		search->best.may_tell = may_tell(search, source, own_folder, true);
	} else if (may_tell(search, source, own_folder, true)) {
		note_add(notes, "not used as the executable: %s: %s", name, reason);
	}
}

static bool is_rejected(const struct search *search, const char *path)
{
	for (size_t i = 0; search->rejected && search->rejected[i] && i < REJECTED_LIMIT; i++)
		if (!strcmp(search->rejected[i], path))
			return true;
	return false;
}

static void try_found(struct search *search, const char *path, bool own_folder)
{
	if (!search->best.exe && path && !is_rejected(search, path) && file_is_regular(search->sysroot, path))
		try_exe(search, path, path, EXE_FOUND, own_folder);
}

/* For people who wonder why it was not found. */
static void looked_at(struct search *search, const char *place)
{
	struct exe_candidate *best = &search->best;

	if (best->exe || ++search->looked > LOOKED_LIMIT)
		return;
	best->looked = best->looked ? arena_printf(search->image->arena, "%s, %s", best->looked, place) : place;
}

static void try_folder(struct search *search, const char *folder, const char *name)
{
	const char *paths[PATH_SUFFIXES];

	if (!name || !*name)
		return;
	path_with_suffixes(search->image->arena, folder, name, paths);
	for (size_t at = 0; !search->best.exe && at < PATH_SUFFIXES; at++) {
		at += file_first(search->sysroot, paths + at, PATH_SUFFIXES - at);
		if (at < PATH_SUFFIXES && !is_rejected(search, paths[at]))
			try_exe(search, paths[at], paths[at], EXE_FOUND, true);
	}
	looked_at(search, arena_printf(search->image->arena, "%s/%s", folder, name));
}

/* The program's names, best first, each once. */
static void try_names(struct search *search, const char *folder)
{
	const struct program_record *program = &search->program;
	const char *const names[] = {path_base_name(program->path), path_base_name(program->exec_name),
				     path_base_name(search->image->program)};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= names[i] && names[k] && !strcmp(names[i], names[k]);
		if (!again)
			try_folder(search, folder, names[i]);
	}
}

static void try_build_id(struct search *search, const char *folder)
{
	const char *id = search->program.build_id;
	struct arena *arena = search->image->arena;

	if (!id)
		return;
	try_found(search, path_of_build_id(arena, folder, id, ""), true);
	try_found(search, path_of_build_id(arena, folder, id, ".debug"), true);
	if (path_of_build_id(arena, folder, id, ""))
		looked_at(search, path_of_build_id(arena, folder, id, ""));
}

static const char *from_root(const struct search *search, const char *path)
{
	return search->sysroot ? arena_printf(search->image->arena, "%s%s", search->sysroot, path) : path;
}

static void try_path(struct search *search, const char *path)
{
	if (!path || *path != '/') /* a relative AT_EXECFN counts from a folder that nobody knows any more */
		return;
	path = from_root(search, path);
	try_found(search, path, false);
	looked_at(search, path);
}

static void try_paths(struct search *search)
{
	const struct program_record *program = &search->program;

	try_path(search, program->path);
	if (!program->path || !program->exec_name || strcmp(program->path, program->exec_name))
		try_path(search, program->exec_name);
}

/* The executable, stripped or not, has all that is needed; debug information, which debuginfod serves apart, adds nothing.
 * The file in the cache is called "executable": the program's own name is kept. */
static void try_debuginfod(struct search *search, const struct file_options *options)
{
	struct arena *arena = search->image->arena;
	const struct program_record *program = &search->program;
	const struct err *err;
	const char *path;

	if (search->best.exe || !debuginfod_enabled() || search->image->os == OS_WINDOWS) /* its servers know ELF's only */
		return;
	if (!program->build_id && search->image->record)
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
	if (is_rejected(search, path))
		return;
	try_exe(search, path, "what debuginfod has for its build-id", EXE_DEBUGINFOD, false);
	if (search->best.exe && (program->path || search->image->record))
		search->best.exe->name = path_base_name(program->path ? program->path : program->exec_name);
}

static void find(struct search *state, const struct exe_search *search)
{
	struct image *image = state->image;

	if (!image->record)
		try_paths(state);
	if (strcmp(image->path, "-") && !image->record) { /* what lies beside a log is not asked: nothing would tell why it is used */
		const char *folder = path_folder(image->arena, image->path);

		try_names(state, folder);
		try_folder(state, folder, "exe");
	}
	if (search->symbols_dir) {
		try_build_id(state, search->symbols_dir);
		try_names(state, search->symbols_dir);
	}
	try_debuginfod(state, search->options);
}

static struct search search_new(struct image *image, const struct exe_search *search)
{
	return (struct search){.image = image, .program = program_of_image(image), .sysroot = search->sysroot,
			       .rejected = search->rejected, .tells_paths = search->tells_paths, .best = {.source = EXE_NONE, .search = *search}};
}

const struct err *locate_exe(struct image *image, const struct exe_search *search, struct exe_candidate *ret)
{
	struct search state = search_new(image, search);
	const struct err *err = NULL;

	if (search->given && *search->given)
		err = try_given(&state, search->given);
	else
		find(&state, search);
	if (!err)
		*ret = state.best;
	return err;
}

void locate_other_exe(struct image *image, const struct exe_search *search, struct exe_candidate *ret)
{
	struct search state = search_new(image, search);

	for (const char *const *given = search->given; given && *given; given++)
		if (!state.best.exe && !is_rejected(&state, *given))
			try_exe(&state, *given, *given, EXE_GIVEN, true);
	find(&state, search);
	*ret = state.best;
}
