/* lacks.c: which step would have kept what a verdict lacks (lacks.def). */
#include "report/narrative/telling.h"

enum lack { LACK_WHOLE, LACK_EXECUTABLE, LACK_MEMORY, LACK_SIGNAL, LACK_GOROUTINES, LACKS };
enum input { INPUT_CORE, INPUT_MINIDUMP, INPUT_LOG };

static const struct {
	enum lack lack;
	enum input input;
	const char *text;
} rows[] = {
#define LACK(lack, input, text) {LACK_##lack, INPUT_##input, text},
#include "report/narrative/lacks.def"
#undef LACK
};

static enum input input_of(const struct image *image)
{
	return image->record ? INPUT_LOG : image->os == OS_WINDOWS ? INPUT_MINIDUMP : INPUT_CORE;
}

/* What is missing of a part of a dump that was cut short is said once. */
static bool lacks(const struct analysis *analysis, enum lack lack)
{
	const struct image *image = analysis->image;

	switch (lack) {
	case LACK_WHOLE:
		return image->truncated;
	case LACK_EXECUTABLE:
		return analysis->runtime->exe_source == EXE_NONE;
	case LACK_MEMORY:
		return image->record || (!image->truncated && !image_is_whole(image));
	case LACK_SIGNAL:
		return image->stop.known && !image->stop.has_code && !image->snapshot;
	case LACK_GOROUTINES:
		return analysis->runtime->goroutines.count == 1;
	case LACKS:
		break;
	}
	return false;
}

/* NULL: of such an input it is not said. */
static const char *text_of(const struct image *image, enum lack lack)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].lack == lack && rows[i].input == input_of(image))
			return rows[i].text;
	return NULL;
}

/* A certain verdict lacks nothing. */
void tell_lacks(struct telling *telling)
{
	const struct analysis *analysis = telling->diagnosis->analysis;
	const char *last = NULL;

	if (analysis->image->live || analysis->runtime->presence != PRESENCE_GO)
		return;
	if (telling->finding && telling->finding->certainty == CERTAINTY_CERTAIN)
		return;
	for (enum lack lack = 0; lack < LACKS; lack++) {
		const char *text = lacks(analysis, lack) ? text_of(analysis->image, lack) : NULL;

		if (last && text)
			tell_confirm(telling, "%s", last);
		last = text ? text : last;
	}
	if (last)
		tell_confirm(telling, "%s `tornstack help dumps` has more.", last);
}
