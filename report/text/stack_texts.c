/* stack_texts.c: a hash table, open addressing, by a digest of what is printed. */
#include "report/text/stack_texts.h"

#include "base/hash.h"

#include <stdlib.h>

enum { SLOTS = 1 << 13, KEPT = SLOTS / 2, BYTES = 1 << 24 };

struct stack_text {
	uint64_t digest; /* 0: this slot is free */
	const char *bytes;
	size_t size;
};

struct stack_texts {
	struct arena *arena;
	size_t count, bytes;
	bool full; /* nothing more is kept */
	struct stack_text slots[SLOTS];
};

struct stack_texts *stack_texts_new(struct arena *arena)
{
	struct stack_texts *texts = arena_alloc(arena, sizeof *texts);

	texts->arena = arena;
	return texts;
}

static uint64_t digest_of(const struct stack *stack, unsigned margin)
{
	uint64_t digest = digest_add(digest_add(margin, stack->end), stack->end_address);

	for (size_t i = 0; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];

		digest = digest_add(digest, frame->pc);
		digest = digest_add(digest, (uint64_t)frame->how << 1 | frame->exact);
	}
	digest = digest_add(digest_add(digest, stack->elided), stack->elided_at);
	digest = digest_add(digest_add(digest, stack->elided_period), stack->elided_functions);
	return digest ? digest : 1;
}

static struct stack_text *slot_of(struct stack_texts *texts, uint64_t digest)
{
	size_t at = hash_slot(digest, SLOTS);

	while (texts->slots[at].digest && texts->slots[at].digest != digest)
		at = (at + 1) % SLOTS;
	return &texts->slots[at];
}

static void keep(struct stack_texts *texts, uint64_t digest, const char *bytes, size_t size)
{
	if (size > BYTES - texts->bytes) {
		texts->full = true;
		return;
	}
	texts->bytes += size;
	texts->full = ++texts->count == KEPT;
	*slot_of(texts, digest) = (struct stack_text){digest, arena_strndup(texts->arena, bytes, size), size};
}

/* A text in the making; the arena frees it also when `print` does not return. */
struct making {
	FILE *out;
	char *bytes;
	size_t size;
};

static void making_end(void *object)
{
	struct making *making = object;

	if (making->out)
		fclose(making->out);
	free(making->bytes);
	*making = (struct making){0};
}

void stack_text_print(const struct text *text, const struct stack *stack, unsigned margin,
		      void (*print)(const struct text *text, const struct stack *stack, unsigned margin))
{
	const uint64_t digest = digest_of(stack, margin);
	const struct stack_text *known = slot_of(text->stack_texts, digest);
	struct making *making;
	struct text apart = *text;

	if (known->digest) {
		fwrite(known->bytes, 1, known->size, text->page.out);
		return;
	}
	if (text->stack_texts->full) {
		print(text, stack, margin);
		return;
	}
	making = arena_alloc(text->arena, sizeof *making);
	arena_defer(text->arena, making_end, making);
	apart.page.out = making->out = open_memstream(&making->bytes, &making->size);
	if (!making->out) {
		print(text, stack, margin);
		return;
	}
	print(&apart, stack, margin);
	if (fflush(making->out)) /* no memory: a part of it must not look like the whole */
		arena_exhausted(text->arena);
	fwrite(making->bytes, 1, making->size, text->page.out);
	keep(text->stack_texts, digest, making->bytes, making->size);
	making_end(making);
}
