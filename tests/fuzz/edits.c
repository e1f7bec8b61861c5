/* edits.c: see edits.h. */
#include "tests/fuzz/edits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const reports[] = {[EDITS_JSON] = "json", [EDITS_WORDS] = "text", [EDITS_GOROUTINES] = "goroutines"};
static const char *const files[] = {[DUMP] = "dump", [EXE] = "exe"};

static bool index_of(const char *word, const char *const *words, unsigned count, unsigned *ret)
{
	for (*ret = 0; *ret < count; ++*ret)
		if (!strcmp(word, words[*ret]))
			return true;
	return false;
}

static bool parse_edit(const char *line, struct edits *ret)
{
	struct edit edit;
	char file[8];
	unsigned index;

	if (sscanf(line, "%7s %" SCNx64 " %" SCNx64, file, &edit.place, &edit.word) != 3 || ret->count == EDITS_LIMIT ||
	    !index_of(file, files, FILES, &index))
		return false;
	edit.file = (enum file)index;
	ret->items[ret->count++] = edit;
	return true;
}

bool edits_parse(struct span text, struct edits *ret)
{
	char copy[EDITS_TEXT], report[16], *line;
	unsigned index;

	if (!text.size || text.size >= sizeof copy)
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	*ret = (struct edits){0};
	if (sscanf(copy, "%63s %15s", ret->fixture, report) != 2 || !index_of(report, reports, EDITS_REPORTS, &index))
		return false;
	ret->report = (enum edits_report)index;
	for (line = strchr(copy, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
		if (!parse_edit(line + 1, ret))
			return false;
	return true;
}

size_t edits_print(const struct edits *edits, char *text, size_t size)
{
	char copy[EDITS_TEXT];
	int length = snprintf(copy, sizeof copy, "%s %s\n", edits->fixture, reports[edits->report]);

	for (size_t i = 0; i < edits->count; i++)
		length += snprintf(copy + length, sizeof copy - (size_t)length, "%s %" PRIx64 " %" PRIx64 "\n",
				   files[edits->items[i].file], edits->items[i].place, edits->items[i].word);
	if ((size_t)length > size)
		return 0;
	memcpy(text, copy, (size_t)length);
	return (size_t)length;
}
