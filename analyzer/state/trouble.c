/* trouble.c: files words of the scheduler's state; see state.h. */
#include "analyzer/state/state.h"

#include "analyzer/instructions/code_fit.h"
#include "analyzer/trial.h"

enum { WORDS_LIMIT = 256 };

static const struct {
	const char *name, *text;
	enum layout_field field;
} troubles[] = {
#define STATE_TROUBLE(id, word, layout, text) {word, text, LAYOUT_##layout},
#include "analyzer/state/troubles.def"
#undef STATE_TROUBLE
};

const char *state_word_name(const struct state_word *word)
{
	return troubles[word->trouble].name;
}

const char *state_word_text(const struct state_word *word)
{
	return troubles[word->trouble].text;
}

struct state_word *state_trouble(struct analysis *analysis, enum state_trouble trouble, uint64_t object)
{
	const struct layout *layout = analysis->runtime->layout;
	const enum layout_field field = troubles[trouble].field;
	struct state_word word = {.trouble = trouble, .goroutine = -1, .machine = -1};

	if (trial_gives_up(analysis) || !go_field(analysis->runtime, object, field, &word.observed))
		return NULL;
	if (!code_fits(analysis->runtime)) /* by which variables of the runtime are found, and frames */
		return NULL;
	if (analysis->state_words.count >= WORDS_LIMIT) {
		analysis->state_facts->unfiled[trouble]++;
		return NULL;
	}
	word.address = object + layout->offset[field];
	vec_push(analysis->arena, &analysis->state_words, word);
	return &analysis->state_words.items[analysis->state_words.count - 1];
}

struct state_word *state_trouble_of(struct analysis *analysis, enum state_trouble trouble, size_t goroutine)
{
	struct state_word *word = state_trouble(analysis, trouble, analysis->runtime->goroutines.items[goroutine].address);

	if (word)
		word->goroutine = (int32_t)goroutine;
	return word;
}

void state_expect(struct state_word *word, uint64_t expected)
{
	if (!word || word->observed == expected)
		return;
	word->has_expected = true;
	word->expected = expected;
}

bool state_is_stable(const struct analysis *analysis, size_t goroutine)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];
	const int32_t thread = analysis->goroutine_thread[goroutine];

	if (g->scan || g->status == G_COPYSTACK)
		return false;
	return g->status != G_RUNNING || (thread >= 0 && analysis->walks[thread].user.known);
}
