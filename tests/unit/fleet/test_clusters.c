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
	size_t died_in;
	const char *said, *text; /* a key of what it said, 0 to f; and that itself, as far as it is known to be the program's own */
	const char *program;     /* NULL: "service"; "": it is not known */
};

/* Of a log that does not name its program. */
#define LOG .program = ""

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
		.program = !crash->program ? "service" : *crash->program ? crash->program : NULL, .build = crash->build,
		.died_in = crash->died_in, .said = crash->said,
	};

	if (incident.program)
		incident.cause.items[incident.cause.count++] = incident.program;
	incident.cause.items[incident.cause.count++] = crash->rule;
	if (crash->text)
		incident.cause.items[incident.cause.count++] = crash->text;
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
		{.fingerprint = '2', .rule = "nil-deref", .functions = "abcdefx", .build = "b1", .host = "h1", .day = 5},
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abcdef", .build = "b1", .host = "h1", .day = 1},
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abcdef", .build = "b1", .host = "h2", .day = 2},
		{.fingerprint = '3', .rule = "nil-deref", .functions = "uvwxyz", .build = "b1", .host = "h1", .day = 3},
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
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abcdef", .build = "b1", .host = "h1", .day = 1},
		{.fingerprint = '2', .rule = "go-panic", .functions = "abcdef", .build = "b1", .host = "h1", .day = 1},
		{.fingerprint = '3', .rule = "nil-deref", .functions = "", .build = "b1", .host = "h1", .day = 1},
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
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abc", .build = "b1", .host = "h1", .content = "c1", .day = 2},
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abc", .build = "b1", .host = "h2", .content = "c1", .day = 1},
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abc", .build = "b1", .host = "h3", .content = "c1", .day = 4},
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abc", .build = "b1", .host = "h1", .content = "c2", .day = 3},
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
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abc", .build = "b1", .host = "h1", .day = 1},
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abc", .build = "b2", .host = "h1", .day = 3},
		{.fingerprint = '2', .rule = "nil-deref", .functions = "uvw", .build = "b2", .host = "h1", .day = 4},
		{.fingerprint = '2', .rule = "nil-deref", .functions = "uvw", .build = "b3", .host = "h1", .day = 6},
		{.fingerprint = '3', .rule = "nil-deref", .functions = "xyz", .build = "b3", .host = "h1", .day = 7},
	};

	(void)state;
	RUN(crashes, check_builds);
}

static void assign(void *context)
{
	static const struct crash crashes[] = {
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abcdef", .build = "b1", .host = "h1", .day = 1},
		{.fingerprint = '2', .rule = "nil-deref", .functions = "abcdef", .build = "b1", .host = "h1", .day = 2},
		{.fingerprint = '3', .rule = "nil-deref", .functions = "abcdef", .build = "b1", .host = "h1", .day = 3},
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

static size_t groups_of(const struct clusters *clusters, char fingerprint)
{
	const struct cluster *cluster = cluster_of(clusters, fingerprint);

	return cluster ? cluster->groups.count : 0;
}

static void check_places(const struct fleet *fleet, const struct clusters *clusters)
{
	(void)fleet;
	assert_int_equal(groups_of(clusters, '1'), 2); /* 2 */
	assert_int_equal(groups_of(clusters, '3'), 1);
	assert_int_equal(groups_of(clusters, '4'), 2); /* 6 */
	assert_int_equal(groups_of(clusters, '5'), 1);
	assert_int_equal(clusters->items.count, 4);
	assert_true(cluster_of(clusters, '1')->alike < 0.8);
}

/* What died in the same function, by whatever callers; and where two belong to the cause, not what shares one. */
static void test_died_in_one_place(void **state)
{
	static const struct crash crashes[] = {
		{.fingerprint = '1', .rule = "nil-deref", .functions = "abcd", .day = 1, .died_in = 1},
		{.fingerprint = '2', .rule = "nil-deref", .functions = "axyz", .day = 2, .died_in = 1},
		{.fingerprint = '3', .rule = "nil-deref", .functions = "bcd", .day = 3, .died_in = 1},
		{.fingerprint = '4', .rule = "go-panic", .functions = "mnopq", .day = 4, .died_in = 2},
		{.fingerprint = '5', .rule = "go-panic", .functions = "mxopq", .day = 5, .died_in = 2},
		{.fingerprint = '6', .rule = "go-panic", .functions = "mnw", .day = 6, .died_in = 2},
	};

	(void)state;
	RUN(crashes, check_places);
}

static void check_said(const struct fleet *fleet, const struct clusters *clusters)
{
	(void)fleet;
	assert_int_equal(groups_of(clusters, '1'), 2); /* 3: the text of which a log does not know whose it is */
	assert_int_equal(groups_of(clusters, '2'), 2); /* 4: a text that was put together */
	assert_int_equal(groups_of(clusters, '5'), 1);
	assert_int_equal(clusters->items.count, 3);
}

static void test_said_tells_apart(void **state)
{
	static const struct crash crashes[] = {
		{.fingerprint = '1', .rule = "go-panic", .functions = "ab", .day = 1, .died_in = 2, .said = "0000000000000001", .text = "closed"},
		{.fingerprint = '2', .rule = "go-panic", .functions = "ab", .day = 2, .died_in = 2, .said = "0000000000000002"},
		{.fingerprint = '3', .rule = "go-panic", .functions = "ab", .day = 3, .died_in = 2, .said = "0000000000000001", .text = "said 1", LOG},
		{.fingerprint = '4', .rule = "go-panic", .functions = "ab", .day = 4, .died_in = 2, .said = "0000000000000002", .text = "said 2", LOG},
		{.fingerprint = '5', .rule = "go-panic", .functions = "ab", .day = 5, .died_in = 2, .said = "0000000000000003", .text = "said 3", LOG},
	};

	(void)state;
	RUN(crashes, check_said);
}

static void check_owner(const struct fleet *fleet, const struct clusters *clusters)
{
	(void)fleet;
	assert_int_equal(groups_of(clusters, '1'), 2); /* 2 */
	assert_string_equal(cluster_of(clusters, '1')->groups.items[0]->belongs, "service");
	assert_string_equal(cluster_of(clusters, '1')->gone_in, "b2");
	assert_int_equal(groups_of(clusters, '3'), 1); /* of which of two it is nobody knows */
	assert_int_equal(groups_of(clusters, '6'), 1); /* another function further out, where the whole stack counts */
	assert_int_equal(groups_of(clusters, '8'), 1); /* called by functions of which it is not known that the program has them */
	assert_int_equal(clusters->items.count, 7);
}

/* A log is of the program that has such a crash, if there is one only. */
static void test_whose_log(void **state)
{
	static const struct crash crashes[] = {
		{.fingerprint = '1', .rule = "nil-deref", .functions = "acb", .day = 1, .died_in = 1, LOG},
		{.fingerprint = '2', .rule = "nil-deref", .functions = "abc", .build = "b1", .day = 2, .died_in = 1},
		{.fingerprint = '3', .rule = "nil-deref", .functions = "def", .day = 3, .died_in = 1, LOG},
		{.fingerprint = '4', .rule = "nil-deref", .functions = "def", .build = "b2", .day = 4, .died_in = 1},
		{.fingerprint = '5', .rule = "nil-deref", .functions = "def", .day = 5, .died_in = 1, .program = "other"},
		{.fingerprint = '6', .rule = "deadlock", .functions = "rs", .day = 6, LOG},
		{.fingerprint = '7', .rule = "deadlock", .functions = "rt", .day = 7},
		{.fingerprint = '8', .rule = "nil-deref", .functions = "axy", .day = 8, .died_in = 1, LOG},
	};

	(void)state;
	RUN(crashes, check_owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_causes_stay_apart),
		cmocka_unit_test(test_copies_count_once),
		cmocka_unit_test(test_builds),
		cmocka_unit_test(test_assigned),
		cmocka_unit_test(test_died_in_one_place),
		cmocka_unit_test(test_said_tells_apart),
		cmocka_unit_test(test_whose_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
