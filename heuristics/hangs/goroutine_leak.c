/* goroutine_leak.c: thousands of goroutines at one place, made by one go statement, that nothing can ever wake. */
#include "heuristics/hangs/occasion.h"

#include "analyzer/waits/mentions.h"
#include "analyzer/waits/waits.h"
#include "heuristics/ends/crowds.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_goroutine_leak;

enum { SAMPLES = 64, WORD = 8, CLOSURE_BYTES = 64, FINDINGS_MOST = 3, WORDS_MOST = 1000 };

static const uint64_t search_bytes = (uint64_t)1 << 30;

static const struct {
	enum wait_kind kind;
	const char *text;
} kinds[] = {
#define LEAK(kind, text) {kind, text},
#include "heuristics/hangs/leaks.def"
#undef LEAK
};

static const char *text_of(enum wait_kind kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].kind == kind)
			return kinds[i].text;
	return NULL;
}

struct sample {
	size_t goroutine;
	struct wait wait;
	bool held; /* something else leads to a channel of it */
};

struct leak {
	struct analysis *analysis;
	size_t group, count;
	struct sample samples[SAMPLES];
	size_t sample_count, unheld;
	size_t words_left; /* of the search */
	struct mentions channels;
	size_t sample_of[SAMPLES * WAIT_CHANNELS]; /* per channel */
	uint64_t low, high; /* of the channels' addresses */
	const char *function;
	int64_t longest; /* nanoseconds that one of the samples has waited at least; 0: not known */
};

static void add_sample(struct leak *leak, size_t goroutine)
{
	struct sample *sample = &leak->samples[leak->sample_count];
	const struct go_runtime *runtime = leak->analysis->runtime;
	struct stack stack = {0};
	int64_t waited;

	*sample = (struct sample){.goroutine = goroutine};
	goroutine_stack(leak->analysis, goroutine, &stack);
	wait_read(leak->analysis, goroutine, &stack, &sample->wait);
	if (!sample->wait.channel_count || sample->wait.more_channels)
		return;
	if (!leak->function && sample->wait.frame < stack.frames.count)
		leak->function = program_function(leak->analysis, &stack, sample->wait.frame);
	if (goroutine_waited(runtime, &runtime->goroutines.items[goroutine], &waited) && waited > leak->longest)
		leak->longest = waited;
	for (size_t i = 0; i < sample->wait.channel_count; i++) {
		const uint64_t channel = sample->wait.channels[i].address;
		const size_t known = leak->channels.items.count;
		const size_t number = mention_add(leak->analysis->arena, &leak->channels, channel);

		if (number < known) { /* two wait for one: that is another story */
			leak->samples[leak->sample_of[number]].held = sample->held = true;
			continue;
		}
		leak->sample_of[number] = leak->sample_count;
		leak->low = !leak->low || channel < leak->low ? channel : leak->low;
		leak->high = channel > leak->high ? channel : leak->high;
	}
	leak->sample_count++;
}

static void take_samples(struct leak *leak)
{
	const struct analysis *analysis = leak->analysis;
	const size_t step = (leak->count + SAMPLES - 1) / SAMPLES;

	for (size_t i = 0, member = 0; i < analysis->runtime->goroutines.count && leak->sample_count < SAMPLES; i++)
		if (analysis->goroutine_group[i] == leak->group && member++ % step == 0)
			add_sample(leak, i);
}

/* A go statement makes an object of the function's entry and what it is given (runtime.funcval): nobody else has it. */
static bool is_of_closure(struct leak *leak, const struct goroutine *g, uint64_t address)
{
	for (uint64_t back = WORD; back <= CLOSURE_BYTES; back += WORD) {
		uint64_t word;

		if (image_u64(leak->analysis->image, address - back, &word) && word && word == g->startpc)
			return true;
	}
	return false;
}

static bool is_own_entry(const struct leak *leak, const struct sample *sample, uint64_t address)
{
	const uint64_t size = leak->analysis->runtime->layout->offset[LAYOUT_sudog_size];

	for (size_t i = 0; i < sample->wait.channel_count; i++)
		if (address - sample->wait.channels[i].sudog < size)
			return true;
	return false;
}

/* Stacks hold much that is dead: what lies below SP does not count. */
static bool is_dead_word(const struct leak *leak, uint64_t address)
{
	const struct go_runtime *runtime = leak->analysis->runtime;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[i];

		if (address >= g->stack_lo && address < g->stack_hi)
			return goroutine_is_parked(g) && address < g->sched_sp;
	}
	return false;
}

static void meet(struct leak *leak, uint64_t word, uint64_t address)
{
	const size_t number = mention_find(&leak->channels, word);
	struct sample *sample;
	const struct goroutine *g;

	if (number == SIZE_MAX)
		return;
	image_cite(leak->analysis->image, address, WORD);
	sample = &leak->samples[leak->sample_of[number]];
	g = &leak->analysis->runtime->goroutines.items[sample->goroutine];
	if (sample->held || (address >= g->stack_lo && address < g->stack_hi) || is_own_entry(leak, sample, address) ||
	    is_of_closure(leak, g, address))
		return;
	if (leak->words_left && is_dead_word(leak, address)) {
		leak->words_left--;
		return;
	}
	sample->held = true;
}

static bool meet_all(void *context, uint64_t address, struct span bytes)
{
	struct leak *leak = context;

	for (uint64_t at = 0; at + WORD <= bytes.size; at += WORD) {
		const uint64_t word = load_u64(bytes.data + at);

		if (word >= leak->low && word <= leak->high)
			meet(leak, word, address + at);
	}
	return true;
}

/* All writable memory of the process. False: it is too much, or holds too many of those words. */
static bool search(struct leak *leak)
{
	return image_each_writable(leak->analysis->image, search_bytes, meet_all, leak) && leak->words_left != 0;
}

static bool are_unheld(struct leak *leak)
{
	leak->unheld = 0;
	for (size_t i = 0; i < leak->sample_count; i++)
		leak->unheld += !leak->samples[i].held;
	return leak->unheld * 100 >= leak->sample_count * LEAK_PERCENT;
}

static bool is_leak(struct leak *leak)
{
	take_samples(leak);
	return leak->sample_count >= SAMPLES / 2 && are_unheld(leak) && search(leak) && are_unheld(leak);
}

static const struct sample *first_unheld(const struct leak *leak)
{
	size_t i = 0;

	while (leak->samples[i].held)
		i++;
	return &leak->samples[i];
}

static void report(struct diagnosis *diagnosis, const struct occasion *occasion, const struct leak *leak)
{
	const struct analysis *analysis = leak->analysis;
	const struct layout *layout = analysis->runtime->layout;
	const struct sample *one = first_unheld(leak);
	const struct goroutine *g = &analysis->runtime->goroutines.items[one->goroutine];
	struct finding *finding = finding_add(diagnosis, &detector_goroutine_leak);
	const char *creator = creator_text(diagnosis, one->goroutine);
	struct stack stack = {0};

	finding->goroutine = (int32_t)one->goroutine;
	if (occasion->signalled)
		finding->thread = (int32_t)occasion->signal.thread;
	goroutine_stack(leak->analysis, one->goroutine, &stack);
	point_at(leak->analysis, finding, &stack, one->wait.frame);
	finding->title = arena_printf(diagnosis->arena, "%zu goroutines in %s %s%s%s", leak->count,
				      leak->function ? leak->function : "a function without a name", text_of(one->wait.kind),
				      creator ? "; created by " : "", creator ? creator : "");
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "%zu goroutines have equal stacks and were made by one go statement%s%s", leak->count, creator ? ", of " : "",
		     creator ? creator : "");
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
		     "of %zu of them that were looked at, %zu wait for channels whose address nothing in the dump's memory holds but their "
		     "own stacks, queue entries and closures", leak->sample_count, leak->unheld);
	evidence_word(diagnosis, finding, WEIGHT_FAIR, false, one->wait.channels[0].sudog + layout->offset[LAYOUT_sudog_g],
		      hex_text(diagnosis->arena, g->address), "sudog.g of the queue entry is goroutine %" PRIu64, g->id);
	evidence_word(diagnosis, finding, WEIGHT_FAIR, false,
		      one->wait.channels[0].sudog + layout->offset[LAYOUT_sudog_size] - WORD,
		      hex_text(diagnosis->arena, one->wait.channels[0].address), "sudog.c of that entry: goroutine %" PRIu64 " waits %s",
		      g->id, wait_text(leak->analysis, &one->wait));
	if (leak->longest)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "one of them has waited for at least %" PRId64 " seconds", leak->longest / NANOTIME_SECOND);
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct occasion occasion = occasion_of(analysis);
	size_t *counts;

	if (!occasion.known || analysis->runtime->goroutines.count < LEAK_LEAST)
		return;
	counts = arena_array(diagnosis->arena, analysis->groups.count + 1, sizeof *counts);
	for (size_t i = 0; i < analysis->runtime->goroutines.count; i++)
		counts[analysis->goroutine_group[i]]++;
	for (size_t i = 0, found = 0; i < analysis->groups.count && found < FINDINGS_MOST; i++) {
		const struct goroutine *first = &analysis->runtime->goroutines.items[analysis->groups.items[i].first];
		struct leak *leak;

		if (counts[i] < LEAK_LEAST || !text_of(wait_kind_of(analysis, first)) || goroutine_is_system(analysis->runtime, first))
			continue;
		leak = arena_alloc(diagnosis->arena, sizeof *leak);
		leak->analysis = analysis;
		leak->group = i;
		leak->count = counts[i];
		leak->words_left = WORDS_MOST;
		if (!is_leak(leak))
			continue;
		report(diagnosis, &occasion, leak);
		found++;
	}
}

static const char *const supersedes[] = {"external-signal", NULL};

const struct detector detector_goroutine_leak = {
	.id = "goroutine-leak",
	.title = "goroutines pile up that nothing can wake",
	.explanation =
		"Thousands of goroutines stand at one place, made by one go statement, and wait for channels that nobody else can use any "
		"more: nothing in memory leads to them but these goroutines. They stay until the process ends, with all that they refer "
		"to. It is asked of processes that were ended by SIGQUIT or SIGABRT from outside, or photographed alive. Evidence: equal "
		"stacks, one go statement; the queue entries (runtime.sudog) that name goroutine and channel; and a search of all "
		"writable memory for the channels' addresses. Goroutines that something may still wake (idle connections, workers of a "
		"pool, listeners in a registry) are none, however many they are; nor are those that wait for locks: see stuck.\n"
		"What to do: look at the go statement that the verdict names, and at who was to take or bring the value.",
	.rank = 36,
	.supersedes = supersedes,
	.run = run,
};
