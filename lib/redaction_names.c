/* redaction_names.c: see redactor.h: names of functions, source files, types and modules. */
#include "lib/redactor.h"

#include "formats/dump/kept.h"
#include "formats/pseudonym/word.h"
#include "golang/packages.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 8, NAME_MOST = 1 << 14, SHARED_MOST = 64 };

struct naming {
	struct redactor *redactor;
	VEC(const char *) shared; /* names that packages of the program have in common with some of Go's own library */
};

void redactor_name_ring(struct redactor *redactor, uint64_t ring, uint64_t size, uint64_t first)
{
	redactor_name(redactor, ring, size, NAME_TEXT | RENAME_RING | first << RENAME_RING_SHIFT);
}

/* ---- tables of functions ---- */

/* Each text of a table of which a word was read, also by who read its neighbour. */
static void each_read(struct redactor *redactor, struct span table,
		      void (*found)(struct redactor *redactor, uint64_t address, const char *text, const char *root), const char *root)
{
	uint64_t address;

	if (!table.size || !redactor_address(redactor, table.data, &address))
		return;
	for (size_t at = 0; at < table.size;) {
		const char *text = span_string(table, at, NAME_MOST);

		if (!text)
			return;
		if (*text && redactor_is_read(redactor, address + at, strlen(text)))
			found(redactor, address + at, text, root);
		at += strlen(text) + 1;
	}
}

static void add_function(struct redactor *redactor, uint64_t address, const char *text, const char *root)
{
	(void)root;
	redactor_name(redactor, address, strlen(text), NAME_FUNCTION);
}

/* Of a path of the machine that built it the folders are erased already. */
static void add_file(struct redactor *redactor, uint64_t address, const char *text, const char *root)
{
	const bool absolute = *text == '/' || (*text && text[1] == ':');
	const char *base = text;

	if (!absolute) {
		redactor_name(redactor, address, strlen(text), NAME_FILE);
		return;
	}
	if (root && !strncmp(text, root, strlen(root)))
		return;
	for (const char *at = text; *at; at++)
		if (*at == '/' || *at == '\\')
			base = at + 1;
	redactor_name(redactor, address + (uint64_t)(base - text), strlen(base), NAME_ALL);
}

/* Where Go's own source files were, "/usr/local/go/src/"; NULL: they are without such a folder, or there are none. */
static const char *source_root(struct arena *arena, struct span files)
{
	static const char file[] = "/src/runtime/proc.go";

	for (size_t at = 0; at < files.size;) {
		const char *path = span_string(files, at, NAME_MOST);
		const size_t size = path ? strlen(path) : 0;

		if (!path)
			return NULL;
		if (size >= sizeof file && !strcmp(path + size - (sizeof file - 1), file))
			return arena_strndup(arena, path, size - (sizeof file - 1) + strlen("/src/"));
		at += size + 1;
	}
	return NULL;
}

static void add_table(struct redactor *redactor, const struct pclntab *table)
{
	each_read(redactor, table->funcnames, add_function, NULL);
	each_read(redactor, table->filetab, add_file, source_root(redactor->image->arena, table->filetab));
}

/* ---- types ---- */

/* The last element of an import path, without what tells its major version. */
static const char *package_name(struct arena *arena, const char *path)
{
	const char *end = path + strlen(path), *slash = strrchr(path, '/');

	if (slash && slash[1] == 'v' && strspn(slash + 2, "0123456789") == strlen(slash + 2)) {
		end = slash;
		slash = memrchr(path, '/', (size_t)(end - path));
	}
	slash = slash ? slash + 1 : path;
	return arena_strndup(arena, slash, (size_t)(end - slash));
}

static bool is_standard(const char *path)
{
	return word_is_standard((const uint8_t *)path, strcspn(path, "/."));
}

static void add_shared(struct naming *naming, const char *function)
{
	struct arena *arena = naming->redactor->image->arena;
	const char *path = package_of_function(arena, function), *package = package_name(arena, path);

	if (!*path || is_standard(path) || !word_is_standard_package((const uint8_t *)package, strlen(package)))
		return;
	for (size_t i = 0; i < naming->shared.count; i++)
		if (!strcmp(naming->shared.items[i], package))
			return;
	vec_push(arena, &naming->shared, package);
}

/* How much of a function's name its package is. */
static size_t package_size(const char *function)
{
	const size_t size = strcspn(function, "[(");
	const char *slash = memrchr(function, '/', size), *start = slash ? slash : function;
	const char *dot = memchr(start, '.', size - (size_t)(start - function));

	return dot ? (size_t)(dot - function) : size;
}

/* Functions come by packages: of each package one will do. */
static void find_shared(struct naming *naming, const struct pclntab *table)
{
	const char *last = "";

	for (uint32_t i = 0; i < table->nfunc && naming->shared.count < SHARED_MOST; i++) {
		struct func func;
		const char *function = pclntab_func(table, i, &func) ? pclntab_name(table, func.name) : NULL;

		if (!function || !strncmp(function, last, package_size(function) + 1))
			continue;
		last = function;
		add_shared(naming, function);
	}
}

static bool is_shared(const struct naming *naming, const char *text)
{
	if (naming->shared.count == SHARED_MOST)
		return true;
	for (size_t i = 0; i < naming->shared.count; i++) {
		const char *at = strstr(text, naming->shared.items[i]);

		if (at && at[strlen(naming->shared.items[i])] == '.')
			return true;
	}
	return false;
}

static int compare_texts(const void *left, const void *right)
{
	const struct kept_text *a = left;
	const struct kept_text *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

/* Words in which it begins and ends hold parts of others, which nobody read. */
static void erase_around(struct redactor *redactor, uint64_t from, const struct kept_text *text, uint64_t until)
{
	const uint64_t end = text->address + text->size;
	const uint64_t word = text->address & ~(uint64_t)(WORD - 1), last = (end + WORD - 1) & ~(uint64_t)(WORD - 1);

	from = from > word ? from : word;
	until = until < last ? until : last;
	if (from < text->address)
		redactor_erase(redactor, from, text->address - from);
	if (end < until)
		redactor_erase(redactor, end, until - end);
}

/* Flags and the length come before the name (golang/types.c). */
static void add_type(struct naming *naming, const struct kept_text *text)
{
	struct redactor *redactor = naming->redactor;
	const struct span bytes = image_peek(redactor->image, text->address, text->size);
	struct reader reader = reader_of(bytes);
	struct span letters;

	read_u8(&reader);
	letters = read_bytes(&reader, read_uvarint32(&reader));
	if (!reader.failed && letters.size)
		redactor_name(redactor, text->address + (uint64_t)(letters.data - bytes.data), letters.size,
		     is_shared(naming, arena_strndup(redactor->image->arena, (const char *)letters.data, letters.size)) ? NAME_ALL : NAME_TYPE);
}

static void add_types(struct naming *naming)
{
	struct redactor *redactor = naming->redactor;
	VEC(struct kept_text) texts = {0};

	for (size_t i = 0; i < redactor->image->kept->cited.count; i++)
		if (redactor->image->kept->cited.items[i].kind == CITED_TYPE_NAME)
			vec_push(redactor->image->arena, &texts, redactor->image->kept->cited.items[i]);
	if (texts.count)
		qsort(texts.items, texts.count, sizeof *texts.items, compare_texts);
	for (size_t i = 0; i < texts.count; i++) {
		const struct kept_text *last = i ? &texts.items[i - 1] : NULL;

		erase_around(redactor, last ? last->address + last->size : 0, &texts.items[i],
			     i + 1 < texts.count ? texts.items[i + 1].address : UINT64_MAX);
		add_type(naming, &texts.items[i]);
	}
}

/* ---- modules ---- */

static void add_build_info(struct redactor *redactor)
{
	enum { SENTINEL = 16 }; /* before and behind it (cmd/go/internal/modload) */
	const struct span info = span_from(redactor->analysis->runtime->build_info, SENTINEL);
	uint64_t address;

	if (info.size && redactor_address(redactor, info.data, &address))
		redactor_name(redactor, address, info.size, NAME_BUILD);
}

void redactor_add_names(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;
	struct naming naming = {.redactor = redactor};

	for (size_t i = 0; i < runtime->modules.count; i++) {
		add_table(redactor, &runtime->modules.items[i].pclntab);
		find_shared(&naming, &runtime->modules.items[i].pclntab);
	}
	add_types(&naming);
	add_build_info(redactor);
	redactor_name_symbols(redactor);
}
