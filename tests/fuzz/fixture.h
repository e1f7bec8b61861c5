/* fixture.h: a case of fixtures/cases in memory, whose words can be changed, and what is said of it when they are not. */
#ifndef TESTS_FUZZ_FIXTURE_H
#define TESTS_FUZZ_FIXTURE_H

#include "lib/tornstack.h"
#include "tests/fuzz/places.h"
#include "tests/truth.h"

struct fixture {
	const char *name;
	struct arena *arena;            /* as long as the process */
	struct span original[FILES];    /* EXE empty: there is none */
	int descriptor[FILES];          /* copies, which are analysed */
	struct image *image;            /* of the original: to find addresses in it */
	struct places places;
	struct truth truth;
	double seconds;                 /* of CPU time that it takes */
};

/* Number `index` of fixtures.def, opened once; NULL: there is none. */
struct fixture *fixture_open(size_t index);

/* The index of a name; SIZE_MAX: it is none. */
size_t fixture_named(const char *name);

/* Writes a word into a copy, or what was there. */
void fixture_write(const struct fixture *fixture, enum file file, uint64_t offset, uint64_t word);
void fixture_restore(const struct fixture *fixture, enum file file, uint64_t offset);

struct fixture_report {
	char *text; /* to be freed */
	size_t size;
	struct ts_result result;
};

/* Analyses the copies as they are. */
struct fixture_report fixture_analyze(const struct fixture *fixture, const struct ts_options *how);

#endif
