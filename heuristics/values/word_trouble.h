/* word_trouble.h: whether the two words of a value can belong together. */
#ifndef HEURISTICS_VALUES_WORD_TROUBLE_H
#define HEURISTICS_VALUES_WORD_TROUBLE_H

#include "heuristics/values/two_words.h"

enum word_trouble {
	TROUBLE_NONE,
	TROUBLE_NIL_DATA,    /* data is nil and length is not 0 */
	TROUBLE_PAST_OBJECT, /* length reaches beyond the object that data points into */
	TROUBLE_PAST_MEMORY, /* … beyond the memory that data points into, where the access faulted */
	TROUBLE_CAPACITY,    /* capacity is less than length */
	TROUBLE_NIL_TYPE,    /* the table is nil and data is not */
	TROUBLE_TYPE,        /* the object at data is too small for the type, or may hold no pointers, which the type has */
	TROUBLE_CHANGED,     /* they can, as they are now; but what was read through them is not there */
};

struct word_judgement {
	enum word_trouble trouble;
	uint64_t data, other;  /* as judged */
	uint64_t capacity;     /* CAPACITY */
	uint64_t variable;     /* address of the variable's data pointer, 0: not known */
	bool in_variable;      /* its words, as they are now, are those judged; else slots of the frame */
	uint64_t start, size;  /* PAST_OBJECT, TYPE: of the object */
	uint64_t need;         /* bytes: of the elements; of the type */
	const char *type;      /* TYPE: its name; NULL */
	bool noscan;           /* TYPE: the object may hold no pointers */
	bool explains;         /* the fault is what following them gives */
};

/* Judges what was used when an access faulted; `address`: that it was to, NULL: unknown. */
struct word_judgement word_trouble_of(struct analysis *analysis, struct origins *origins, const struct two_words *words,
				      const uint64_t *address);

#endif
