/* fingerprint.c: FNV-1a, 64 bits (draft-eastlake-fnv). Not meant to withstand forgery. */
#include "report/fingerprint.h"

#include "report/place.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { TOP_FRAMES = 5 };

struct hash {
	uint64_t state;
};

static void hash_text(struct hash *hash, const char *text)
{
	do {
		hash->state = (hash->state ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	} while (*text++); /* the NUL keeps fields apart */
}

/* A message without what changes from run to run: every number counts as the same. */
static void hash_message(struct hash *hash, struct arena *arena, const char *message)
{
	char *text = arena_strdup(arena, message);
	char *to = text;

	for (const char *from = text; *from;) {
		if (!isdigit((unsigned char)*from)) {
			*to++ = *from++;
			continue;
		}
		while (isxdigit((unsigned char)*from) || *from == 'x')
			from++;
		*to++ = '#'; /* only now: both walk the same text */
	}
	*to = 0;
	hash_text(hash, text);
}

static void hash_frame(struct hash *hash, struct arena *arena, const struct frame *frame)
{
	const struct func *func = frame->info->func;

	hash_text(hash, func ? go_func_name(frame->info) : "?");
	if (func)
		hash_text(hash, arena_printf(arena, "%" PRIx64, frame->pc - func->entry));
}

static void hash_stack(struct hash *hash, struct arena *arena, const struct stack *stack, size_t from)
{
	for (size_t i = from; i < stack->frames.count && i - from < TOP_FRAMES; i++)
		hash_frame(hash, arena, &stack->frames.items[i]);
}

static void hash_finding(struct hash *hash, const struct diagnosis *diagnosis, const struct finding *finding)
{
	struct stack stack;
	size_t frame = place_stack(diagnosis, finding, &stack);

	hash_text(hash, finding->detector->id);
	hash_stack(hash, diagnosis->arena, &stack, frame);
}

static void hash_unknown(struct hash *hash, const struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	int32_t thread = analysis->dying_thread;
	struct stack stack = {0};

	hash_text(hash, "unknown");
	if (analysis->messages.line)
		hash_message(hash, diagnosis->arena, analysis->messages.line);
	if (thread < 0)
		return;
	thread_stack(analysis, (size_t)thread, &stack);
	hash_stack(hash, diagnosis->arena, &stack, 0);
	if (analysis->thread_goroutine[thread] < 0)
		return;
	goroutine_stack(analysis, (size_t)analysis->thread_goroutine[thread], &stack);
	hash_stack(hash, diagnosis->arena, &stack, 0);
}

const char *fingerprint_of(const struct diagnosis *diagnosis)
{
	struct hash hash = {UINT64_C(0xcbf29ce484222325)};

	if (diagnosis->verdict.kind == VERDICT_FOUND)
		hash_finding(&hash, diagnosis, &diagnosis->findings.items[diagnosis->verdict.finding]);
	else if (diagnosis->verdict.kind == VERDICT_HEALTHY)
		hash_text(&hash, "healthy");
	else
		hash_unknown(&hash, diagnosis);
	return arena_printf(diagnosis->arena, "%016" PRIx64, hash.state);
}
