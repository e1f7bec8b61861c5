/* recorded.c: see recorded.h. */
#include "report/json/recorded.h"

#include "analyzer/unwind/recorded.h"
#include "golang/recorded.h"
#include "report/json/frames.h"

#include <string.h>

/* A key or a value: bare, up to where what follows begins, or quoted as Go quotes (runtime/traceback.go goroutineheader, 1.27). */
static const char *label_part(struct arena *arena, const char **at, const char *end)
{
	const char *text = *at;
	char *copy, *to;

	if (*text != '"') {
		const char *stop = strstr(text, end);

		*at = stop ? stop : text + strlen(text);
		return arena_strndup(arena, text, (size_t)(*at - text));
	}
	copy = to = arena_alloc(arena, strlen(text) + 1);
	for (text++; *text && *text != '"'; text++) {
		text += *text == '\\' && (text[1] == '\\' || text[1] == '"');
		*to++ = *text;
	}
	*to = 0;
	*at = text + (*text == '"');
	return copy;
}

static bool skip(const char **at, const char *text)
{
	if (strncmp(*at, text, strlen(text)) != 0)
		return false;
	*at += strlen(text);
	return true;
}

static void put_labels(struct writer *writer, json_t *object, const char *labels)
{
	json_t *list = put_value(writer, object, "labels", labels ? new_object() : null_value());

	while (labels && *labels) {
		const char *key = label_part(writer->arena, &labels, ": ");

		if (!skip(&labels, ": "))
			return;
		put_text(writer, list, key, label_part(writer->arena, &labels, ", "));
		if (!skip(&labels, ", "))
			return;
	}
}

static void write_ancestor(struct writer *writer, const struct recorded_ancestor *ancestor, bool first, struct stack *stack)
{
	recorded_stack_take(writer->analysis, &ancestor->stack, stack);
	stream_text(writer->stream, first ? "{\"goroutine\":" : ",{\"goroutine\":");
	stream_number(writer->stream, true, (int64_t)ancestor->id);
	stream_text(writer->stream, ",");
	write_stack(writer, stack);
	stream_text(writer->stream, "}");
}

void write_recorded(struct writer *writer, size_t goroutine, struct stack *stack)
{
	const struct recorded_program *program = writer->analysis->runtime->recorded;
	const struct recorded_goroutine *g;
	bool first = true;

	if (!program)
		return;
	g = &program->record->goroutines.items[goroutine];
	put_labels(writer, begin_value(writer, new_object()), g->labels);
	stream_text(writer->stream, ",");
	stream_text(writer->stream, pending_members(writer));
	stream_text(writer->stream, ",\"ancestors\":[");
	for (size_t i = g->ancestors; i < program->record->ancestors.count && program->record->ancestors.items[i].of == g->id; i++) {
		write_ancestor(writer, &program->record->ancestors.items[i], first, stack);
		first = false;
	}
	stream_text(writer->stream, "]");
}

void put_registers(struct writer *writer, json_t *object, const struct registers *registers)
{
	const struct arch *arch = writer->analysis->image->arch;
	json_t *list = put_value(writer, object, "registers", new_object());
	uint64_t value;

	for (uint8_t i = 0; i < arch->reg_count; i++)
		if (reg_get(registers, i, &value))
			put_address(writer, list, arch->reg_names[i], true, value);
}

static void write_thread(struct writer *writer, const struct recorded_thread *thread, struct stack *stack)
{
	const struct arch *arch = writer->analysis->image->arch;
	json_t *object = begin_item(writer);
	uint64_t pc = 0, sp = 0;
	const bool has_pc = reg_get(&thread->registers, arch->pc, &pc), has_sp = reg_get(&thread->registers, arch->sp, &sp);

	put_number(writer, object, "id", false, 0);
	put_text(writer, object, "name", thread->m_id >= 0 ? arena_printf(writer->arena, "m%lld", (long long)thread->m_id) : NULL);
	put_bool(writer, object, "crashed", false);
	put_number(writer, object, "goroutine", false, 0);
	put_address(writer, object, "pc", has_pc, pc);
	put_address(writer, object, "sp", has_sp, sp);
	put_registers(writer, object, &thread->registers);
	recorded_stack_take(writer->analysis, &thread->stack, stack);
	stream_text(writer->stream, "{");
	dump_members(writer);
	stream_text(writer->stream, ",");
	write_stack(writer, stack);
	stream_text(writer->stream, "}");
}

void recorded_thread_items(struct writer *writer, struct stack *stack)
{
	const struct recorded_program *program = writer->analysis->runtime->recorded;

	for (size_t i = 0; program && i < program->record->threads.count; i++)
		write_thread(writer, &program->record->threads.items[i], stack);
}
