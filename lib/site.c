/* site.c: see site.h. */
#include "lib/site.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BUDGET ((size_t)256 << 20)

struct site {
	struct arena *arena;
	struct database *database;
	const char *folder;
	struct texts days; /* values: struct day_counts, by cluster */
	struct day_counts all;
};

static void add(struct arena *arena, struct day_counts *days, int64_t day, uint64_t count)
{
	if (days->rows.count && days->rows.items[days->rows.count - 1].day == day)
		days->rows.items[days->rows.count - 1].count += count;
	else
		vec_push(arena, &days->rows, (struct day_count){day, count});
}

static void take_day(void *context, const char *cluster, int64_t day, uint64_t count)
{
	struct site *site = context;
	struct text_slot *slot = texts_slot(&site->days, cluster);

	if (!slot->value)
		slot->value = arena_alloc(site->arena, sizeof(struct day_counts));
	add(site->arena, slot->value, day, count);
	add(site->arena, &site->all, day, count);
}

/* A page on its way to its place. */
struct page_file {
	const char *path, *beside;
	FILE *stream;
};

static const struct err *open_page(struct site *site, const char *name, struct page_file *ret)
{
	ret->path = arena_printf(site->arena, "%s/%s.html", site->folder, name);
	ret->beside = arena_printf(site->arena, "%s.%ld.new", ret->path, (long)getpid());
	ret->stream = fopen(ret->beside, "we");
	return ret->stream ? NULL : err_new(site->arena, ERR_IO, "%s: %s", ret->beside, strerror(errno));
}

static const struct err *close_page(struct site *site, const struct page_file *file, bool made)
{
	const bool whole = !ferror(file->stream);
	int error;

	if (!fclose(file->stream) && whole && made && !rename(file->beside, file->path))
		return NULL;
	error = errno;
	unlink(file->beside);
	return made ? err_new(site->arena, ERR_IO, "%s: %s", file->path, strerror(error))
		    : err_new(site->arena, ERR_LIMIT, "%s: it needs more memory than it may take", file->path);
}

struct making {
	struct site *site;
	struct arena *arena; /* of this page */
	const struct cluster *cluster;
	FILE *out;
	const struct err *err;
};

static void make_cluster(void *context)
{
	struct making *making = context;
	const struct site *site = making->site;
	const struct text_slot *slot = texts_find(&site->days, making->cluster->id);
	struct crash_history history;
	struct cluster_more more = {.history = &history, .days = slot ? slot->value : NULL};

	making->err = history_of(site->database, making->arena, making->cluster->id, &history);
	if (!making->err)
		making->err = history_report(site->database, making->arena, making->cluster->id, &more.report);
	if (!making->err)
		view_cluster(making->arena, making->cluster, &more, making->out);
}

/* What is called otherwise than a fingerprint, somebody else put there. */
static bool is_id(const char *id)
{
	enum { DIGITS = 16 };

	return strlen(id) == DIGITS && strspn(id, "0123456789abcdef") == DIGITS;
}

static const struct err *write_cluster(struct site *site, const struct cluster *cluster)
{
	struct making making = {.site = site, .cluster = cluster};
	struct page_file file;
	const struct err *err;
	bool made;

	if (!is_id(cluster->id))
		return err_new(site->arena, ERR_BAD_DATA, "a cluster has no id: the history is damaged");
	err = open_page(site, cluster->id, &file);
	if (err)
		return err;
	making.arena = arena_new(PAGE_BUDGET);
	making.out = file.stream;
	made = making.arena && arena_run(making.arena, make_cluster, &making);
	err = close_page(site, &file, made);
	arena_free(making.arena);
	return making.err ? making.err : err;
}

static const struct err *write_index(struct site *site, const struct fleet *fleet, const struct clusters *clusters, const struct view_options *options)
{
	struct page_file file = {0};
	const struct err *err = open_page(site, "index", &file);

	if (err)
		return err;
	view_index(site->arena, fleet, clusters, options, &site->all, file.stream);
	return close_page(site, &file, true);
}

const struct err *site_write(struct arena *arena, struct database *database, const struct fleet *fleet, const struct clusters *clusters,
			     const struct view_options *options, const char *folder)
{
	struct site *site = arena_alloc(arena, sizeof *site);
	const struct err *err;

	*site = (struct site){.arena = arena, .database = database, .folder = folder, .days = {.arena = arena}};
	if (mkdir(folder, 0777) && errno != EEXIST)
		return err_new(arena, ERR_IO, "%s: %s", folder, strerror(errno));
	err = history_days(database, take_day, site);
	for (size_t i = 0; i < clusters->items.count && !err; i++)
		err = write_cluster(site, &clusters->items.items[i]);
	return err ? err : write_index(site, fleet, clusters, options); /* last: what it leads to is there */
}
