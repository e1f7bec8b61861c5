/* members.h: JSON objects as structs; a table says which member goes where. The JSON is that of our own reports, but an isolated
 * analysis may have been taken over by its dump: whatever it says, structs are what lib/tornstack.h promises. */
#ifndef LIB_MEMBERS_H
#define LIB_MEMBERS_H

#include "base/vec.h"

#include <stdint.h>

/* What a member is, and in brackets what it is without a value. */
enum member_kind {
	MEMBER_TEXT,    /* const char *, safe for a terminal (NULL) */
	MEMBER_NUMBER,  /* int64_t (-1) */
	MEMBER_INDEX,   /* the same, of a finding */
	MEMBER_SIGNED,  /* int64_t, and a bool that says whether it is known */
	MEMBER_WORD,    /* struct ts_word: "0x…" */
	MEMBER_BOOL,    /* bool (false) */
	MEMBER_MAYBE,   /* int: 1, 0 (-1) */
	MEMBER_CHOICE,  /* unsigned: index in `names` (0) */
	MEMBER_PART,    /* a struct, whose members are those of the object itself */
	MEMBER_OBJECT,  /* pointer to a struct (NULL) */
	MEMBER_LIST,    /* pointers to structs, NULL after the last, and their count */
	MEMBER_TEXTS,   /* the same of texts */
	MEMBER_FIELDS,  /* the same of struct ts_field: an object of texts */
	MEMBER_NUMBERS, /* int64_t, and their count */
};

struct member {
	const char *key;
	enum member_kind kind;
	size_t at, count_at; /* count_at: of the count, or of the bool */
	const struct shape *shape;
	const char *const *names; /* ended by NULL */
};

struct shape {
	size_t size;
	const struct member *members; /* ended by a NULL key */
};

typedef VEC(const void *) member_list;

struct member_reader {
	struct arena *arena;
	int64_t last_finding; /* largest index of one that was met; -1: none */
};

/* A struct without values. */
void *members_none(struct member_reader *reader, const struct shape *shape);

/* A JSON value as a member of a struct. False: it is no JSON. */
bool member_read(struct member_reader *reader, const struct member *member, const char *json, size_t size, void *ret);

/* A JSON value as one more item of a list. False: it is no JSON, or no such item. */
bool member_read_item(struct member_reader *reader, const struct member *list, const char *json, size_t size, member_list *ret);

/* The list is whole. */
void member_end_list(struct member_reader *reader, const struct member *list, member_list *items, void *ret);

#endif
