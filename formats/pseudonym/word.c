/* word.c: see word.h. A word is a row of digits, each of as many values as may stand in its place, and its pseudonym is that row after ten
 * rounds of an unbalanced Feistel network: one half is added to a keyed digest of the other, in turn (as NIST SP 800-38G's FF1 does it with
 * AES). Where that gives a word that stays, it is done again: such words stand for nobody, so none comes twice. */
#include "formats/pseudonym/word.h"

#include <string.h>

enum { ROUNDS = 10, PART = 128 /* bytes: longer words are taken in parts */, MEMO = 1024, MEMO_WORD = 30 };
enum { LETTERS = 53 /* and _ */, WITH_DIGITS = 63, LOW_BITS = 64 };

const char pseudonyms_note[] = "names of the program's functions, types, files and modules are pseudonyms; --names KEYFILE, with the key that "
			       "they were made by, shows what they stand for";
const char pseudonyms_other_key[] = "its names have pseudonyms by another key than that of --names. Give the key file that they were made with";

struct memo {
	uint8_t size; /* 0: empty */
	uint8_t word[MEMO_WORD], pseudonym[MEMO_WORD];
};

struct pseudonyms {
	uint8_t key[PSEUDONYM_KEY];
	bool back;
	struct memo memo[MEMO];
};

struct pseudonyms *pseudonyms_new(struct arena *arena, const uint8_t key[static PSEUDONYM_KEY], bool back)
{
	struct pseudonyms *pseudonyms = arena_alloc(arena, sizeof *pseudonyms);

	memcpy(pseudonyms->key, key, PSEUDONYM_KEY);
	pseudonyms->back = back;
	return pseudonyms;
}

uint64_t pseudonyms_check(const uint8_t key[static PSEUDONYM_KEY])
{
	static const uint8_t text[] = "tornstack: check of a key";
	uint8_t digest[DIGEST_BYTES];

	digest_keyed(key, (struct span){text, sizeof text}, digest);
	return load_u64(digest);
}

/* ---- what stays ---- */

struct text {
	const char *bytes;
	size_t size;
};

#define TEXT(bytes) {bytes, sizeof bytes - 1},

static const struct text words[] = {
#define WORD(bytes) TEXT(bytes)
#include "formats/pseudonym/public_words.def"
};

static const struct text numbered[] = {
#define NUMBERED(bytes) TEXT(bytes)
#include "formats/pseudonym/public_words.def"
};

static const struct text beginnings[] = {
#define BEGINNING(bytes) TEXT(bytes)
#include "formats/pseudonym/public_words.def"
};

static const struct text roots[] = {
#define ROOT(bytes) TEXT(bytes)
#include "formats/pseudonym/go_packages.def"
};

static const struct text packages[] = {
#define PACKAGE(bytes) TEXT(bytes)
#include "formats/pseudonym/go_packages.def"
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_one_of(const struct text *texts, size_t count, const uint8_t *word, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (texts[i].size == size && !memcmp(texts[i].bytes, word, size))
			return true;
	return false;
}

/* The one that a word begins with; NULL: none. */
static const struct text *beginning_of(const struct text *texts, size_t count, const uint8_t *word, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (texts[i].size <= size && !memcmp(texts[i].bytes, word, texts[i].size))
			return &texts[i];
	return NULL;
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static size_t digits_of(const uint8_t *text, size_t size)
{
	size_t count = 0;

	while (count < size && is_digit(text[count]))
		count++;
	return count;
}

static bool is_numbered(const uint8_t *word, size_t size)
{
	for (size_t i = 0; i < COUNT(numbered); i++)
		if (numbered[i].size < size && !memcmp(numbered[i].bytes, word, numbered[i].size) &&
		    digits_of(word + numbered[i].size, size - numbered[i].size) == size - numbered[i].size)
			return true;
	return false;
}

bool word_is_standard(const uint8_t *word, size_t size)
{
	return is_one_of(roots, COUNT(roots), word, size);
}

bool word_is_standard_package(const uint8_t *word, size_t size)
{
	return word_is_standard(word, size) || is_one_of(packages, COUNT(packages), word, size);
}

static bool stays(const uint8_t *word, size_t size)
{
	return is_one_of(words, COUNT(words), word, size) || is_numbered(word, size) || word_is_standard_package(word, size);
}

/* ---- digits ---- */

static bool is_letter(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

bool word_has(uint8_t byte)
{
	return is_letter(byte) || is_digit(byte) || byte >= 0x80;
}

size_t word_size(const uint8_t *text, size_t size)
{
	size_t count = 0;

	while (count < size && word_has(text[count]))
		count++;
	return count;
}

/* How many values a byte may have in its place: of UTF-8 the first bytes stay, and the others are six bits each. */
static unsigned radix_of(uint8_t byte, bool first)
{
	return byte >= 0xc0 ? 1 : byte >= 0x80 ? LOW_BITS : first ? LETTERS : WITH_DIGITS;
}

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

static unsigned digit_of(uint8_t byte)
{
	if (byte >= 0x80)
		return byte >= 0xc0 ? 0 : byte - 0x80;
	return (unsigned)(strchr(alphabet, byte) - alphabet);
}

static uint8_t byte_of(unsigned digit, uint8_t old)
{
	if (old >= 0x80)
		return old >= 0xc0 ? old : (uint8_t)(0x80 + digit);
	return (uint8_t)alphabet[digit];
}

struct row {
	size_t size;
	uint8_t digits[PART];
	unsigned radix[PART];
};

/* Numbers that the digits [from, to) and the round give, for any other place; `block`: 16 at a time. */
static void digest_half(const struct pseudonyms *pseudonyms, const struct row *row, size_t from, size_t to, unsigned round, unsigned block,
			uint8_t ret[static DIGEST_BYTES])
{
	uint8_t text[PART + 4] = {'w', (uint8_t)round, (uint8_t)row->size, (uint8_t)block};

	memcpy(text + 4, row->digits + from, to - from);
	digest_keyed(pseudonyms->key, (struct span){text, 4 + to - from}, ret);
}

static void turn(const struct pseudonyms *pseudonyms, struct row *row, unsigned round)
{
	const size_t half = row->size / 2;
	const bool right = round % 2 == 0;
	const size_t from = right ? half : 0, to = right ? row->size : half;
	uint8_t numbers[DIGEST_BYTES];

	for (size_t i = from; i < to; i++) {
		const size_t at = (i - from) % (DIGEST_BYTES / 2);
		unsigned number;

		if (!at)
			digest_half(pseudonyms, row, right ? 0 : half, right ? half : row->size, round, (unsigned)((i - from) / (DIGEST_BYTES / 2)),
				    numbers);
		number = (unsigned)(numbers[2 * at] | numbers[2 * at + 1] << 8) % row->radix[i];
		row->digits[i] = (uint8_t)((row->digits[i] + (pseudonyms->back ? row->radix[i] - number : number)) % row->radix[i]);
	}
}

static void turn_part(const struct pseudonyms *pseudonyms, uint8_t *part, size_t size, bool first)
{
	struct row row = {.size = size};

	for (size_t i = 0; i < size; i++) {
		row.radix[i] = radix_of(part[i], first && !i);
		row.digits[i] = (uint8_t)digit_of(part[i]);
	}
	for (unsigned i = 0; i < ROUNDS; i++)
		turn(pseudonyms, &row, pseudonyms->back ? ROUNDS - 1 - i : i);
	for (size_t i = 0; i < size; i++)
		part[i] = byte_of(row.digits[i], part[i]);
}

static void turn_word(const struct pseudonyms *pseudonyms, uint8_t *word, size_t size)
{
	for (size_t at = 0, part; at < size; at += part) {
		part = size - at < PART ? size - at : PART;
		turn_part(pseudonyms, word + at, part, !at);
	}
}

/* ---- words ---- */

static void turn_until_other(const struct pseudonyms *pseudonyms, uint8_t *word, size_t size)
{
	do
		turn_word(pseudonyms, word, size);
	while (stays(word, size) || beginning_of(beginnings, COUNT(beginnings), word, size));
}

static struct memo *memo_of(struct pseudonyms *pseudonyms, const uint8_t *word, size_t size)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < size; i++)
		hash = hash * 31 + word[i];
	return &pseudonyms->memo[hash % MEMO];
}

static void turn_known(struct pseudonyms *pseudonyms, uint8_t *word, size_t size)
{
	struct memo *memo = size <= MEMO_WORD ? memo_of(pseudonyms, word, size) : NULL;

	if (memo && memo->size == size && !memcmp(memo->word, word, size)) {
		memcpy(word, memo->pseudonym, size);
		return;
	}
	if (memo)
		memcpy(memo->word, word, size);
	turn_until_other(pseudonyms, word, size);
	if (!memo)
		return;
	memcpy(memo->pseudonym, word, size);
	memo->size = (uint8_t)size;
}

/* "0x1d" */
static bool is_number(const uint8_t *word, size_t size)
{
	bool number = size > 2 && word[0] == '0' && word[1] == 'x';

	for (size_t i = 2; number && i < size; i++)
		number = is_digit(word[i]) || (word[i] >= 'a' && word[i] <= 'f');
	return number;
}

/* Digits that it begins with stay: a word behind them begins with a letter, as its pseudonym does. */
void word_put(struct pseudonyms *pseudonyms, uint8_t *word, size_t size)
{
	while (!is_number(word, size)) {
		const size_t digits = digits_of(word, size);
		const struct text *beginning = beginning_of(beginnings, COUNT(beginnings), word + digits, size - digits);

		word += digits;
		size -= digits;
		if (!size || stays(word, size))
			return;
		if (!beginning) {
			turn_known(pseudonyms, word, size);
			return;
		}
		word += beginning->size;
		size -= beginning->size;
	}
}
