/* stack_texts.h: texts of stacks, put into lines once. Of a million goroutines most stand on few stacks. */
#ifndef REPORT_TEXT_STACK_TEXTS_H
#define REPORT_TEXT_STACK_TEXTS_H

#include "report/text/text.h"

/* Room for texts on an arena, which is bounded: what comes later is not kept. */
struct stack_texts *stack_texts_new(struct arena *arena);

/* Writes what `print` writes of a stack; from the second time on without it. Only for stacks of which nothing is printed but
 * their frames: how they were found, and how the stack ends. */
void stack_text_print(const struct text *text, const struct stack *stack, unsigned margin,
		      void (*print)(const struct text *text, const struct stack *stack, unsigned margin));

#endif
