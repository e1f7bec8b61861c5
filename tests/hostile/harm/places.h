/* places.h: one dump, its executable, and every way to damage either in one place. */
#ifndef TESTS_HOSTILE_HARM_PLACES_H
#define TESTS_HOSTILE_HARM_PLACES_H

#include "base/arena.h"
#include "base/span.h"
#include "base/vec.h"

#include <jansson.h>

enum harmed_file { DUMP, EXE, HARMED_FILES };

enum harm_kind {
	CUT_AT_POINT,
	CUT_AT_HEADER,
	CUT_AT_PAGE,
	FLIP_HEADER,
	FLIP_NOTE,
	FLIP_MODULEDATA,
	FLIP_PCLNTAB,
	FLIP_EXE,
	FLIP_PROOF,
	HARM_KINDS,
};

struct harm {
	enum harm_kind kind;
	enum harmed_file file;
	uint64_t offset;
	uint8_t mask; /* 0: cut */
	uint64_t address; /* FLIP_PROOF: of the word in the process; else 0 */
};

struct victim {
	struct arena *arena;
	const char *path[HARMED_FILES]; /* "-": there is none */
	struct span original[HARMED_FILES];
	VEC(struct harm) harms;
	uint64_t last_promised; /* where the dump's last segment ends */
};

/* Maps both files. False: one cannot be read. */
bool victim_open(struct victim *victim);

/* Lists all damages: cuts at every boundary of headers and at every page; flips of headers, notes, Go's tables and the
 * executable's; and, if `sound` (the report of the undamaged dump) is given, of the words that its findings rest on. */
void harm_list(struct victim *victim, const json_t *sound);

/* Keeps every stride-th damage of a kind, header boundaries all. */
void harm_take_every(struct victim *victim, size_t stride);

/* Keeps the one damage of a file, at an offset, by a mask, whether it is listed or not. False: the file is not so long. */
bool harm_take(struct victim *victim, const struct harm *wanted);

/* Keeps what a seed draws: `cuts` at boundaries and pages and `flips` as evenly from all kinds as there are; and adds cuts at
 * so many points as far from each other as from both ends. */
void harm_draw(struct victim *victim, uint64_t seed, size_t cuts, size_t flips);

/* Puts cuts first and longest first, so that a worker's copy only ever shrinks until the flips begin. */
void harm_order(struct victim *victim);

/* A number of a JSON object, which may be a text in hexadecimal. */
uint64_t number_of(const json_t *object, const char *key);

#endif
