/* pipeline.c: a whole analysis of a real dump in which up to four words are others (edits.h). The mutator changes words that decide
 * (places.h) to what such words are when they are damaged. Whatever they are: no other certain verdict, ten times the sound
 * dump's CPU time at most, memory within bounds, valid JSON as the schema says, and text that a terminal only prints. */
#include "report/escape.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/schema.h"
#include "tests/fuzz/verdicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET ((size_t)256 << 20)
#define SECONDS_LEAST 2.0 /* a search through all memory, which a damaged moduledata asks for, takes 0.7 s under sanitizers, 0.05 s without */
enum { SLOWER = 10, PATIENCE = 3, WORD = 8 };

/* ---- limits ---- */

struct arena *__real_arena_new(size_t budget);
struct arena *__wrap_arena_new(size_t budget);

/* The budget of an analysis (Makefile: --wrap). */
struct arena *__wrap_arena_new(size_t budget)
{
	return __real_arena_new(budget > ((size_t)1 << 30) ? BUDGET : budget);
}

/* ---- oracles ---- */

static const json_t *report_schema(void)
{
	static json_t *schema;

	if (!schema)
		schema = json_load_file("docs/report.schema.json", 0, NULL);
	if (!schema)
		fuzz_find("no docs/report.schema.json: run it at the root of the repository");
	return schema;
}

static void check_json(const struct fixture *fixture, const struct edits *edits, const struct fixture_report *report)
{
	json_t *json = json_loadb(report->text, report->size, 0, NULL);
	const json_t *wrong;

	for (size_t i = 0; i < report->size; i++)
		FUZZ_HOLDS(report->text[i] == '\n' || (unsigned char)report->text[i] >= ' ');
	if (!json)
		fuzz_find("the report is not JSON");
	if (!schema_holds(report_schema(), report_schema(), json))
		fuzz_find("the report is not as its schema says: %s", schema_complaint());
	wrong = verdicts_wrong(fixture, edits, json);
	if (wrong)
		fuzz_find("wrongly certain: %s", json_dumps(wrong, JSON_COMPACT));
	json_decref(json);
}

/* On an arena: a line that is not clean is copied. */
static void check_lines(struct arena *arena, struct span text)
{
	char *line = arena_strndup(arena, (const char *)text.data, text.size), *end;

	FUZZ_HOLDS(strlen(line) == text.size);
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (escape_line(arena, line) != line)
			fuzz_find("a line is not for terminals: %s", escape_line(arena, line));
	}
}

static void check_text(const struct fixture_report *report)
{
	fuzz_run((const uint8_t *)report->text, report->size, (struct fuzz_limits){BUDGET, SLOWER}, check_lines);
}

/* ---- a run ---- */

static uint64_t offset_of(const struct fixture *fixture, const struct edit *edit)
{
	uint64_t offset = UINT64_MAX;

	if (edit->file == EXE)
		return edit->place;
	return place_of_address(fixture->image, edit->place, &offset) ? offset : UINT64_MAX;
}

static struct fixture_report analyze(const struct fixture *fixture, enum edits_report report)
{
	static const char *const states[] = {"waiting", "run", NULL}, *const functions[] = {"main.", NULL};
	static const struct ts_filter filter = {.functions = functions, .states = states, .waiting_over = 1};
	const struct ts_options options = {
		.format = report == EDITS_JSON ? TS_JSON : TS_TEXT,
		.goroutines = TS_GOROUTINES_ALL,
		.filter = report == EDITS_GOROUTINES ? &filter : NULL,
		.verbose = true,
	};

	return fixture_analyze(fixture, &options);
}

/* A machine that does other things as well makes a run slow, but not each. */
static void check_time(const struct fixture *fixture, const struct edits *edits)
{
	const double most = fixture->seconds * SLOWER > SECONDS_LEAST ? fixture->seconds * SLOWER : SECONDS_LEAST;
	double least = 1e9;

	for (int i = 0; i < PATIENCE && least > most; i++) {
		const double start = fuzz_seconds();

		free(analyze(fixture, edits->report).text);
		least = fuzz_seconds() - start < least ? fuzz_seconds() - start : least;
	}
	if (least > most)
		fuzz_find("it takes %.2f s, the sound dump %.2f s", least, fixture->seconds);
}

static void judge(const struct fixture *fixture, const struct edits *edits, const struct fixture_report *report)
{
	if (report->result.outcome == TS_FAILED) {
		FUZZ_HOLDS(!report->size && report->result.error[0] && report->result.error_code[0]);
		if (!strcmp(report->result.error_code, "limit"))
			fuzz_find("more than %zu bytes: %s", BUDGET, report->result.error);
	} else if (edits->report == EDITS_JSON) {
		check_json(fixture, edits, report);
	} else {
		check_text(report);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fixture *fixture;
	struct fixture_report report;
	struct edits edits;
	double start;

	if (!edits_parse((struct span){data, size}, &edits) || !(fixture = fixture_open(fixture_named(edits.fixture))))
		return 0;
	for (size_t i = 0; i < edits.count; i++)
		fixture_write(fixture, edits.items[i].file, offset_of(fixture, &edits.items[i]), edits.items[i].word);
	start = fuzz_seconds();
	report = analyze(fixture, edits.report);
	if (fuzz_seconds() - start > fixture->seconds * SLOWER)
		check_time(fixture, &edits);
	judge(fixture, &edits, &report);
	for (size_t i = 0; i < edits.count; i++)
		fixture_restore(fixture, edits.items[i].file, offset_of(fixture, &edits.items[i]));
	free(report.text);
	return 0;
}

/* ---- the mutator ---- */

static uint64_t random_state;

/* xorshift64* (Marsaglia 2003; Vigna 2016) */
static uint64_t drawn(uint64_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1d >> 11) % below;
}

static const struct place *draw_place(const struct fixture *fixture)
{
	for (int tries = 0; tries < 64; tries++) {
		const enum place_kind kind = (enum place_kind)drawn(PLACE_KINDS);

		if (fixture->places.of[kind].count)
			return &fixture->places.of[kind].items[drawn(fixture->places.of[kind].count)];
	}
	return NULL;
}

static uint64_t word_at(const struct fixture *fixture, enum file file, uint64_t offset)
{
	return span_u64(fixture->original[file], offset);
}

/* What a damaged word may be: what lies beside it, another word of those that decide, itself, the ends of numbers and of
 * addresses, its own halves, one bit. */
static uint64_t draw_word(const struct fixture *fixture, const struct place *place)
{
	static const uint64_t edges[] = {0, 1, 2, 7, 8, 0x1000, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 7,
					 0x7fffffffffff, 0x7fffffffffff8, 0x800000000000, 0xffff7fffffffffff, 0xffff800000000000,
					 0xc000000000, 0x00ffffffffffffff, 0x0100000000000000};
	const uint64_t old = word_at(fixture, place->file, place->offset);
	const uint64_t address = place->file == DUMP ? place_address(fixture->image, place->offset) : place->offset;
	const struct place *other = draw_place(fixture);

	switch (drawn(12)) {
	case 0:
		return word_at(fixture, place->file, place->offset + WORD * (1 + drawn(4)));
	case 1:
		return word_at(fixture, place->file, place->offset - WORD * (1 + drawn(4)));
	case 2:
		return word_at(fixture, other->file, other->offset);
	case 3:
		return other->file == DUMP ? place_address(fixture->image, other->offset) : other->offset;
	case 4:
		return address + WORD * drawn(3) - WORD;
	case 5:
		return edges[drawn(sizeof edges / sizeof *edges)];
	case 6:
		return old + WORD * drawn(33) - 16 * WORD;
	case 7:
		return old + drawn(9) - 4;
	case 8:
		return old ^ (uint64_t)1 << drawn(64);
	case 9:
		return (old & UINT32_MAX) | edges[drawn(sizeof edges / sizeof *edges)] << 32;
	case 10:
		return (old & ~(uint64_t)UINT32_MAX) | (edges[drawn(sizeof edges / sizeof *edges)] & UINT32_MAX);
	default:
		return drawn(UINT32_MAX) << drawn(40);
	}
}

static struct edit draw_edit(const struct fixture *fixture)
{
	const struct place *place = draw_place(fixture);

	if (!place)
		return (struct edit){0};
	return (struct edit){
		.file = place->file,
		.place = place->file == DUMP ? place_address(fixture->image, place->offset) : place->offset,
		.word = draw_word(fixture, place),
	};
}

/* The word of an edit becomes another, of the same place. */
static void change(const struct fixture *fixture, struct edit *edit)
{
	const struct place place = {edit->file, offset_of(fixture, edit)};

	if (place.offset < UINT64_MAX)
		edit->word = draw_word(fixture, &place);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct edits edits = {0};
	const struct fixture *fixture;
	size_t printed;

	random_state = (uint64_t)seed << 20 ^ 0x9e3779b97f4a7c15;
	drawn(2);
	if (!edits_parse((struct span){data, size}, &edits) || !drawn(64) || !fixture_open(fixture_named(edits.fixture)))
		edits = (struct edits){0};
	fixture = edits.fixture[0] ? fixture_open(fixture_named(edits.fixture)) : NULL;
	while (!fixture)
		fixture = fixture_open(drawn(64));
	snprintf(edits.fixture, sizeof edits.fixture, "%s", fixture->name);
	if (!drawn(8))
		edits.report = (enum edits_report)drawn(EDITS_REPORTS);
	if (edits.count && drawn(3))
		change(fixture, &edits.items[drawn(edits.count)]);
	else if (edits.count == EDITS_LIMIT)
		edits.items[drawn(edits.count)] = draw_edit(fixture);
	else
		edits.items[edits.count++] = draw_edit(fixture);
	if (edits.count > 1 && !drawn(6)) {
		edits.items[drawn(edits.count)] = edits.items[edits.count - 1];
		edits.count--;
	}
	printed = edits_print(&edits, (char *)data, max_size);
	return printed ? printed : size;
}
