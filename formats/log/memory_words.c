/* memory_words.c: the words of memory that the runtime prints where it meets a damaged stack or a bad pointer (runtime/print.go
 * hexdumpWords): two a line behind their address, "0x000000c000046f38: <0x000000000047e4a1 <main.f+0x41>  0x…", where one of < > ! may
 * mark a word; up to Go 1.16 without any "0x", and "<main.f+65>"; from Go 1.26 on (hexdump.go) as bytes of which the last comes first, "00002445424bbdf0: 00002445 424bbe28  00000000
 * 0044748a  (.KBE$..", and, where the first word is not part of it, blanks in its place. */
#include "base/hex.h"
#include "formats/dump/segments.h"
#include "formats/log/reader.h"

#include <stdlib.h>

enum { WORD = 8, LINE_WORDS = 2, DIGITS = 16, HALF = 8, HALVES_BYTES = 17 /* "00002445 424bbe28" */,
       FIRST_COLUMN = 18 };

static bool hex_digits(struct cursor *cursor, size_t count, uint64_t *ret)
{
	uint64_t value = 0;

	if (cursor_left(cursor) < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const int digit = hex_digit((uint8_t)cursor->at[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	cursor->at += count;
	*ret = value;
	return true;
}

struct printed_word {
	uint64_t address, value;
};

struct printed_words {
	VEC(struct printed_word) items;
	size_t line; /* in items: where the words of the last line begin */
	bool first_missing; /* from Go 1.26 on: that line shows its second word only */
};

/* "0x000000c000046f38:", up to Go 1.16 and from Go 1.26 on without the "0x". */
static bool take_address(struct cursor *cursor, uint64_t *ret)
{
	cursor_take(cursor, "0x");
	return hex_digits(cursor, DIGITS, ret) && cursor_take(cursor, ":");
}

/* Of a CPU of 32 bits, whose words are not read. */
static bool is_narrow(struct cursor cursor)
{
	uint64_t address;

	cursor_take(&cursor, "0x");
	return hex_digits(&cursor, HALF, &address) && cursor_take(&cursor, ": ");
}

bool is_memory_line(const struct log_line *line)
{
	struct cursor cursor = cursor_of(line);
	uint64_t address;

	if (is_narrow(cursor) || take_address(&cursor, &address))
		return true;
	cursor = cursor_of(line); /* "                  ^ <runtime.write+0x31>", and the numbers of the columns */
	return cursor_skip_space(&cursor) >= DIGITS && (cursor_take(&cursor, "^ ") || cursor_take(&cursor, "7 6 5 4  3 2 1 0"));
}

static void add(struct log_reader *reader, struct printed_words *words, uint64_t address, uint64_t value)
{
	if (address <= UINT64_MAX - WORD)
		vec_push(reader->arena, &words->items, (struct printed_word){address, value});
}

/* "<runtime.gwrite+0x4a> " behind a word, or below it. */
static void read_symbol(struct log_reader *reader, struct cursor *cursor, uint64_t word)
{
	const char *end;

	cursor_take(cursor, " ");
	if (!cursor_take(cursor, "<") || !(end = cursor_find(cursor, ">")))
		return;
	while (end + 1 < cursor->end && end[1] != ' ') { /* a name may hold one */
		const struct cursor rest = {end + 1, cursor->end};

		if (!(end = cursor_find(&rest, ">")))
			return;
	}
	vec_push(reader->arena, &reader->record->symbols,
		 (struct recorded_symbol){word, arena_strndup(reader->arena, cursor->at, (size_t)(end - cursor->at))});
	cursor->at = end + 1;
	cursor_take(cursor, " ");
}

/* From Go 1.26 on, below the word: "                  ^ <main.f+0x41>". */
static void read_symbol_below(struct log_reader *reader, const struct log_line *line, const struct printed_words *words)
{
	struct cursor cursor = cursor_of(line);
	const size_t column = cursor_skip_space(&cursor);
	const size_t index = column < FIRST_COLUMN + HALVES_BYTES ? 0 : 1;
	const size_t at = words->line + index - (index && words->first_missing);

	if (column < FIRST_COLUMN || !cursor_take(&cursor, "^") || at >= words->items.count || (!index && words->first_missing))
		return;
	read_symbol(reader, &cursor, words->items.items[at].value);
}

/* Up to Go 1.25; with "0x" before the words from Go 1.17 on. */
static bool read_marked(struct log_reader *reader, struct cursor cursor, uint64_t address, struct printed_words *words)
{
	bool any = false;

	for (size_t i = 0; i < LINE_WORDS; i++) {
		uint64_t value;
		bool prefixed;

		if (!cursor_at_end(&cursor) && (*cursor.at == ' ' || *cursor.at == '<' || *cursor.at == '>' || *cursor.at == '!'))
			cursor.at++;
		prefixed = cursor_take(&cursor, "0x");
		if (!hex_digits(&cursor, DIGITS, &value))
			return any;
		note_sign(reader, prefixed ? SIGN_MARKED_MEMORY : SIGN_BARE_MEMORY);
		add(reader, words, address + i * WORD, value);
		any = true;
		read_symbol(reader, &cursor, value);
	}
	return any;
}

/* "00002445 424bbe28" */
static bool read_halves(struct cursor *cursor, uint64_t *ret)
{
	struct cursor copy = *cursor;
	uint64_t high, low;

	if (!hex_digits(&copy, HALF, &high) || !cursor_take(&copy, " ") || !hex_digits(&copy, HALF, &low))
		return false;
	*ret = high << 32 | low;
	*cursor = copy;
	return true;
}

/* From Go 1.26 on. */
static bool read_columns(struct log_reader *reader, struct cursor cursor, uint64_t address, struct printed_words *words)
{
	bool any = false;

	for (size_t i = 0; i < LINE_WORDS && cursor_left(&cursor) >= HALVES_BYTES; i++) {
		uint64_t value;

		if (read_halves(&cursor, &value)) {
			add(reader, words, address + i * WORD, value);
			any = true;
		} else {
			cursor.at += HALVES_BYTES;
			words->first_missing |= !i;
		}
		if (!cursor_take(&cursor, "  "))
			return any;
	}
	return any;
}

static bool read_line(struct log_reader *reader, const struct log_line *line, struct printed_words *words)
{
	struct cursor cursor = cursor_of(line);
	uint64_t address;

	if (!take_address(&cursor, &address)) {
		if (is_memory_line(line))
			read_symbol_below(reader, line, words);
		return false;
	}
	words->line = words->items.count;
	words->first_missing = false;
	if (cursor_take(&cursor, " ") && read_columns(reader, cursor, address, words))
		note_sign(reader, SIGN_MEMORY_COLUMNS);
	else
		return read_marked(reader, cursor, address, words);
	return true;
}

static int by_word(const void *a, const void *b)
{
	const struct recorded_symbol *x = a;
	const struct recorded_symbol *y = b;

	return (x->word > y->word) - (x->word < y->word);
}

static void order_symbols(struct log_record *record)
{
	size_t kept = 0;

	if (!record->symbols.count)
		return;
	qsort(record->symbols.items, record->symbols.count, sizeof *record->symbols.items, by_word);
	for (size_t i = 1; i < record->symbols.count; i++)
		if (record->symbols.items[i].word != record->symbols.items[kept].word)
			record->symbols.items[++kept] = record->symbols.items[i];
	record->symbols.count = kept + 1;
}

static int by_address(const void *a, const void *b)
{
	const struct segment *x = a;
	const struct segment *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

/* One word is one segment at first; what follows on each other becomes one. */
static void join(struct image *image)
{
	size_t kept = 0;

	for (size_t i = 1; i < image->segments.count; i++) {
		struct segment *last = &image->segments.items[kept];
		const struct segment *next = &image->segments.items[i];

		if (last->address + last->size == next->address && last->saved.data + last->saved.size == next->saved.data) {
			last->size += next->size;
			last->saved.size += next->saved.size;
			last->promised += next->size;
		} else {
			image->segments.items[++kept] = *next;
		}
	}
	image->segments.count = image->segments.count ? kept + 1 : 0;
}

static void store(uint8_t *to, uint64_t value)
{
	for (size_t i = 0; i < WORD; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

void read_memory(struct log_reader *reader)
{
	struct printed_words words = {0};
	struct segment_overlaps overlaps;
	struct image *image = reader->image;
	uint8_t *bytes;

	if (!reader->block->has_words)
		return;
	for (struct log_at at = log_block_start(reader->block); at.line.text; log_next(&at))
		read_line(reader, &at.line, &words);
	order_symbols(reader->record);
	for (size_t i = 0; i < reader->record->symbols.count; i++)
		add_symbol_place(reader, &reader->record->symbols.items[i]);
	if (!words.items.count)
		return;
	bytes = arena_array(reader->arena, words.items.count, WORD);
	for (size_t i = 0; i < words.items.count; i++) {
		const struct printed_word *word = &words.items.items[i];

		store(bytes + i * WORD, word->value);
		vec_push(reader->arena, &image->segments,
			 (struct segment){.address = word->address, .size = WORD, .saved = {bytes + i * WORD, WORD}, .promised = WORD,
					  .flags = SEGMENT_READ | SEGMENT_WRITE});
	}
	qsort(image->segments.items, image->segments.count, sizeof *image->segments.items, by_address);
	image->segments.count = segments_order(image->segments.items, image->segments.count, &overlaps);
	join(image);
}
