/* claims.c: looks for the claims of a sentence in one text made of all that findings state. tests/validate_report.py
 * checks finished reports by the same rule, independently. */
#include "report/narrative/claims.h"

#include "golang/recorded.h"
#include "heuristics/faults/account.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Punctuation that may enclose a word and is no part of it. */
#define OPENING "(\"'`["
#define CLOSING ".,;:!?)\"'`]"

enum { SMALLEST_NUMBER = 10 }; /* below it a number is a word */

struct claims {
	struct arena *arena;
	const char *text;
};

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether a comma at `at` groups thousands: three digits follow, and no fourth. */
static bool groups_thousands(const char *at)
{
	return *at == ',' && is_digit(at[1]) && is_digit(at[2]) && is_digit(at[3]) && !is_digit(at[4]);
}

/* Copies a number without its grouping commas. Returns the bytes consumed. */
static size_t number_copy(const char *from, size_t room, char *to)
{
	const char *at = from;

	for (; is_digit(*at) || (at != from && groups_thousands(at)); at++)
		if (*at != ',' && room > 1) {
			*to++ = *at;
			room--;
		}
	*to = 0;
	return (size_t)(at - from);
}

/* Whether `word` occurs in the text alone, not as a part of a longer number or name. */
static bool occurs_alone(const char *text, const char *word, size_t length, bool hex)
{
	for (const char *at = text; (at = strstr(at, word)); at++) {
		char before = (char)(at == text ? ' ' : at[-1]);
		char after = at[length];

		if (!is_name(before) && !(hex ? isxdigit((unsigned char)after) : is_name(after)))
			return true;
	}
	return false;
}

/* The same for a decimal number, whose thousands the text may group. */
static bool number_occurs(const char *text, const char *digits)
{
	char found[32];
	size_t length;

	for (const char *at = text; *at; at += length) {
		length = 1;
		if (!is_digit(*at) || (at != text && is_name(at[-1])))
			continue;
		length = number_copy(at, sizeof found, found);
		if (!is_name(at[length]) && !strcmp(found, digits))
			return true;
	}
	return false;
}

/* One word, stripped of punctuation, that is a dotted name. */
static bool is_dotted(const char *word, size_t length)
{
	const char *dot = memchr(word, '.', length);

	return dot && dot != word && dot != word + length - 1 && !is_digit(*word);
}

static bool word_backed(const struct claims *claims, const char *word, size_t length)
{
	const char *copy = arena_strndup(claims->arena, word, length);
	char digits[32];
	size_t step;

	if (is_dotted(copy, length))
		return strstr(claims->text, copy) != NULL;
	for (const char *at = copy; *at; at += step) {
		bool starts = at == copy || !is_name(at[-1]);

		step = 1;
		if (starts && at[0] == '0' && at[1] == 'x') {
			step = 2 + strspn(at + 2, "0123456789abcdefABCDEF");
			if (!occurs_alone(claims->text, arena_strndup(claims->arena, at, step), step, true))
				return false;
		} else if (starts && is_digit(*at)) {
			step = number_copy(at, sizeof digits, digits);
			if (!is_name(at[step]) && (strlen(digits) > 2 || atoi(digits) >= SMALLEST_NUMBER) &&
			    !number_occurs(claims->text, digits))
				return false;
		}
	}
	return true;
}

bool claims_backed(const struct claims *claims, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, " \t\r\n");
		const char *word = text;

		text += length;
		text += strspn(text, " \t\r\n");
		while (length && strchr(OPENING, *word)) {
			word++;
			length--;
		}
		while (length && strchr(CLOSING, word[length - 1]))
			length--;
		if (length > 2 && word[length - 2] == '\'' && word[length - 1] == 's')
			length -= 2;
		if (length && !word_backed(claims, word, length))
			return false;
	}
	return true;
}

struct collector {
	struct arena *arena;
	VEC(char) text;
};

static void collect(struct collector *collector, const char *text)
{
	for (; text && *text; text++)
		vec_push(collector->arena, &collector->text, *text);
	vec_push(collector->arena, &collector->text, '\n');
}

static void collect_hex(struct collector *collector, bool present, uint64_t value)
{
	if (present)
		collect(collector, hex_text(collector->arena, value));
}

static void collect_finding(struct collector *collector, const struct diagnosis *diagnosis, const struct finding *f)
{
	const struct analysis *analysis = diagnosis->analysis;

	collect(collector, f->function);
	collect_hex(collector, f->has_pc, f->pc);
	collect_hex(collector, f->has_slot, f->slot);
	collect_hex(collector, f->has_observed, f->observed);
	collect_hex(collector, f->has_repaired, f->repaired);
	collect_hex(collector, f->has_caller, f->caller_pc);
	collect_hex(collector, f->has_caller, f->caller_sp);
	if (f->has_sp_error)
		collect(collector, arena_printf(collector->arena, "%" PRId64, f->sp_error));
	if (f->goroutine >= 0)
		collect(collector, arena_printf(collector->arena, "%" PRIu64,
						analysis->runtime->goroutines.items[f->goroutine].id));
	if (f->thread >= 0)
		collect(collector,
			arena_printf(collector->arena, "%" PRId64, analysis->image->threads.items[f->thread].id));
	for (size_t i = 0; i < f->evidence.count; i++) {
		const struct evidence *e = &f->evidence.items[i];

		collect(collector, e->text);
		collect(collector, e->observed);
		collect(collector, e->expected);
		collect_hex(collector, e->address != 0, e->address);
	}
	for (size_t i = 0; i < f->rivals.count; i++) {
		collect(collector, f->rivals.items[i].speaks_for);
		collect(collector, f->rivals.items[i].speaks_against);
	}
}

/* What no finding tells is backed by the dump's own record (the report's `program`). */
static void collect_account(struct collector *collector, const struct diagnosis *diagnosis)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	collect(collector, runtime->version.text);
	collect(collector, runtime->presence_because);
	collect(collector, "Go 1.18");
	if (runtime->recorded) { /* which says of whose stack it complains where no finding does */
		collect(collector, runtime->recorded->record->complaint);
		collect(collector, runtime->recorded->record->bad_callee);
	}
	for (size_t i = 0; i < diagnosis->account->facts.count; i++)
		collect(collector, diagnosis->account->facts.items[i]);
}

struct claims *claims_of(const struct diagnosis *diagnosis)
{
	struct claims *claims = arena_alloc(diagnosis->arena, sizeof *claims);
	struct collector collector = {.arena = diagnosis->arena};

	for (size_t i = 0; i < diagnosis->findings.count; i++)
		collect_finding(&collector, diagnosis, &diagnosis->findings.items[i]);
	if (diagnosis->account)
		collect_account(&collector, diagnosis);
	vec_push(collector.arena, &collector.text, 0);
	claims->arena = diagnosis->arena;
	claims->text = collector.text.items;
	return claims;
}
