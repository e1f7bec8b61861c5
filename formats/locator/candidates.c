/* candidates.c: see candidates.h. */
#include "formats/locator/candidates.h"

#include "base/files.h"
#include "formats/locator/paths.h"

#include <string.h>

struct offer {
	struct arena *arena;
	const struct file_query *query;
	bool (*take)(void *context, const char *path);
	void *context;
};

static bool offer_file(const struct offer *offer, const char *path)
{
	return path && file_is_regular(offer->query->sysroot, path) && offer->take(offer->context, path);
}

static bool offer_name(const struct offer *offer, const char *folder, const char *name)
{
	const char *paths[PATH_SUFFIXES];
	size_t at = *name ? 0 : PATH_SUFFIXES;

	path_with_suffixes(offer->arena, folder, name, paths);
	for (; at < PATH_SUFFIXES; at++) {
		at += file_first(offer->query->sysroot, paths + at, PATH_SUFFIXES - at);
		if (at < PATH_SUFFIXES && offer->take(offer->context, paths[at]))
			return true;
	}
	return false;
}

static bool offer_build_id(const struct offer *offer)
{
	const char *folder = offer->query->symbols_dir, *id = offer->query->build_id;

	return id && (offer_file(offer, path_of_build_id(offer->arena, folder, id, "")) ||
		      offer_file(offer, path_of_build_id(offer->arena, folder, id, ".debug")));
}

bool candidates_offer(struct arena *arena, const struct file_query *query, bool (*take)(void *context, const char *path),
		      void *context)
{
	const struct offer offer = {.arena = arena, .query = query, .take = take, .context = context};
	const char *path = path_without_deleted(arena, query->path);
	const char *name = path_base_name(path);

	for (const char *const *given = query->given; given && *given; given++)
		if (offer_file(&offer, *given))
			return true;
	if (*path == '/' && offer_name(&offer, query->sysroot ? query->sysroot : "", path + 1))
		return true;
	if (query->dump && strcmp(query->dump, "-") != 0 && offer_name(&offer, path_folder(arena, query->dump), name))
		return true;
	return query->symbols_dir && (offer_build_id(&offer) || offer_name(&offer, query->symbols_dir, name));
}
