/* test_clusters.c: what is put together, what never is, and that it does not depend on the order in which inputs come. */
#include "fleet/clusters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BUDGET ((size_t)64 << 20)

enum { DAY = 24 * 60 * 60, MOST = 32, STACK = 8 };

/* A crash in short: fingerprint "1" stands for 16 of it; functions are letters, innermost first. */
struct crash {
	char fingerprint;
	const char *rule, *functions, *build, *host, *content;
	int day;
};

static const char *fingerprint_text(struct arena *arena, char digit)
{
	return arena_printf(arena, "%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c", digit, digit, digit, digit, digit, digit, digit, digit, digit, digit, digit,
			    digit, digit, digit, digit, digit);
}

static struct incident incident_of(struct arena *arena, const struct crash *crash, size_t index)
{
	struct incident incident = {
		.path = arena_printf(arena, "/dumps/%zu", index), .seen = (int64_t)crash->day * DAY, .hash = crash->content, .host = crash->host,
		.certainty = "likely", .rule = crash->rule, .fingerprint = fingerprint_text(arena, crash->fingerprint), .exact = "0123456789abcdef",
		.program = "service", .build = crash->build, .cause = {{"service", crash->rule}, 2},
	};

	for (const char *name = crash->functions; *name; name++)
		incident.functions.items[incident.functions.count++] = arena_strndup(arena, name, 1);
	return incident;
}

struct scene {
	struct arena *arena;
	const struct crash *crashes;
	size_t count;
	void (*check)(const struct fleet *fleet, const struct clusters *clusters);
};

static void add(struct scene *scene, struct fleet *fleet, size_t index)
{
	const struct incident incident = incident_of(scene->arena, &scene->crashes[index], index);

	fleet_add(fleet, &incident);
}

/* As they stand, from behind, and the middle first. */
static void play(void *context)
{
	struct scene *scene = context;
	struct fleet *fleets[3];

	for (size_t i = 0; i < 3; i++)
		fleets[i] = fleet_new(scene->arena);
	for (size_t i = 0; i < scene->count; i++) {
		add(scene, fleets[0], i);
		add(scene, fleets[1], scene->count - 1 - i);
		add(scene, fleets[2], (i + scene->count / 2) % scene->count);
	}
	for (size_t i = 0; i < 3; i++)
		scene->check(fleets[i], fleet_clusters(fleets[i], scene->arena));
}

static void run(const struct crash *crashes, size_t count, void (*check)(const struct fleet *, const struct clusters *))
{
	struct scene scene = {arena_new(BUDGET), crashes, count, check};

	assert_true(arena_run(scene.arena, play, &scene));
	arena_free(scene.arena);
}

#define RUN(crashes, check) run(crashes, sizeof(crashes) / sizeof *(crashes), check)

static const struct cluster *cluster_of(const struct clusters *clusters, char fingerprint)
{
	for (size_t i = 0; i < clusters->items.count; i++)
		if (clusters->items.items[i].id[0] == fingerprint)
			return &clusters->items.items[i];
	return NULL;
}

static void check_alike(const struct fleet *fleet, const struct clusters *clusters)
{
	const struct cluster *cluster = cluster_of(clusters, '1');

	(void)fleet;
	assert_int_equal(clusters->items.count, 2);
	assert_int_equal(cluster->groups.count, 2);
	assert_int_equal(cluster->count, 3);
	assert_int_equal(cluster->first, DAY);
	assert_int_equal(cluster->last, 5 * DAY);
	assert_true(cluster->alike < 1);
	assert_int_equal(cluster->common.count, 6);
	assert_string_equal(cluster->common.items[0], "a");
	assert_string_equal(cluster->sample.path, "/dumps/1");
}

static void test_alike(void **state)
{
	static const struct crash crashes[] = {
		{'2', "nil-deref", "abcdefx", "b1", "h1", NULL, 5},
		{'1', "nil-deref", "abcdef", "b1", "h1", NULL, 1},
		{'1', "nil-deref", "abcdef", "b1", "h2", NULL, 2},
		{'3', "nil-deref", "uvwxyz", "b1", "h1", NULL, 3},
	};

	(void)state;
	RUN(crashes, check_alike);
}

static void check_causes(const struct fleet *fleet, const struct clusters *clusters)
{
	(void)fleet;
	assert_int_equal(clusters->items.count, 3);
}

/* The same stack, and another rule; no stack at all. */
static void test_causes_stay_apart(void **state)
{
	static const struct crash crashes[] = {
		{'1', "nil-deref", "abcdef", "b1", "h1", NULL, 1},
		{'2', "go-panic", "abcdef", "b1", "h1", NULL, 1},
		{'3', "nil-deref", "", "b1", "h1", NULL, 1},
	};

	(void)state;
	RUN(crashes, check_causes);
}

static void check_copies(const struct fleet *fleet, const struct clusters *clusters)
{
	const struct cluster *cluster = cluster_of(clusters, '1');

	assert_int_equal(fleet->copies, 2);
	assert_int_equal(cluster->count, 2);
	assert_int_equal(tally_find(&cluster->aspects[ASPECT_BUILD], "b1")->count, 2);
	assert_int_equal(cluster->aspects[ASPECT_HOST].rows.count, 3);
	assert_int_equal(cluster->first, DAY);
	assert_int_equal(cluster->last, 4 * DAY);
}

static void test_copies_count_once(void **state)
{
	static const struct crash crashes[] = {
		{'1', "nil-deref", "abc", "b1", "h1", "c1", 2},
		{'1', "nil-deref", "abc", "b1", "h2", "c1", 1},
		{'1', "nil-deref", "abc", "b1", "h3", "c1", 4},
		{'1', "nil-deref", "abc", "b1", "h1", "c2", 3},
	};

	(void)state;
	RUN(crashes, check_copies);
}

static void check_builds(const struct fleet *fleet, const struct clusters *clusters)
{
	const struct cluster *old = cluster_of(clusters, '1'), *new = cluster_of(clusters, '2'), *last = cluster_of(clusters, '3');

	(void)fleet;
	assert_null(old->new_in);
	assert_string_equal(old->gone_in, "b3");
	assert_int_equal(old->gone_since, 6 * DAY);
	assert_string_equal(new->new_in, "b2");
	assert_null(new->gone_in);
	assert_string_equal(last->new_in, "b3");
}

static void test_builds(void **state)
{
	static const struct crash crashes[] = {
		{'1', "nil-deref", "abc", "b1", "h1", NULL, 1},
		{'1', "nil-deref", "abc", "b2", "h1", NULL, 3},
		{'2', "nil-deref", "uvw", "b2", "h1", NULL, 4},
		{'2', "nil-deref", "uvw", "b3", "h1", NULL, 6},
		{'3', "nil-deref", "xyz", "b3", "h1", NULL, 7},
	};

	(void)state;
	RUN(crashes, check_builds);
}

static void assign(void *context)
{
	static const struct crash crashes[] = {
		{'1', "nil-deref", "abcdef", "b1", "h1", NULL, 1},
		{'2', "nil-deref", "abcdef", "b1", "h1", NULL, 2},
		{'3', "nil-deref", "abcdef", "b1", "h1", NULL, 3},
	};
	struct scene scene = {context, crashes, 3, NULL};
	struct fleet *fleet = fleet_new(context);
	const struct clusters *clusters;

	for (size_t i = 0; i < 3; i++)
		add(&scene, fleet, i);
	fleet_assign(fleet, fingerprint_text(context, '2'), fingerprint_text(context, '9'));
	fleet_assign(fleet, fingerprint_text(context, '7'), fingerprint_text(context, '9')); /* which there is none of */
	clusters = fleet_clusters(fleet, context);
	assert_int_equal(clusters->items.count, 1);
	assert_int_equal(cluster_of(clusters, '9')->groups.count, 3);
}

/* What is settled stays, and what is alike comes to it. */
static void test_assigned(void **state)
{
	struct arena *arena = arena_new(BUDGET);

	(void)state;
	assert_true(arena_run(arena, assign, arena));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_causes_stay_apart),
		cmocka_unit_test(test_copies_count_once),
		cmocka_unit_test(test_builds),
		cmocka_unit_test(test_assigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
