/* recorded_words.c: the last words of a process, and what hit it, as its runtime printed them. */
#include "analyzer/last_words/last_words.h"
#include "analyzer/unwind/damage.h"
#include "analyzer/unwind/recorded.h"
#include "formats/dump/exceptions.h"
#include "formats/dump/signals.h"
#include "golang/recorded_arguments.h"
#include "golang/types.h"

#include <string.h>

static const struct signal_name *signal_of(const struct recorded_signal *signal)
{
	return signal->name ? signal_by_name(signal->name) : signal_by_number(signal->number < INT16_MAX ? (int)signal->number : 0);
}

/* "[signal 0xc0000005 code=… addr=… pc=…]" of Windows has the first words of ExceptionInformation for code and address. */
static bool set_exception(struct fault *fault, const struct recorded_signal *signal)
{
	const struct exception_name *row = exception_by_code((uint32_t)signal->number);

	if (!row || !row->fault)
		return false;
	fault->name = row->name;
	fault->number = (int32_t)(uint32_t)signal->number;
	if (!row->address)
		return true;
	fault->access = exception_access(signal->exception ? signal->information : (uint64_t)signal->code);
	fault->has_address = signal->has_address;
	fault->address = signal->address;
	return true;
}

static bool set_signal(struct fault *fault, const struct recorded_signal *signal)
{
	const struct signal_name *row = signal_of(signal);

	if (!row || !row->fault || !signal->has_code || signal->code <= 0)
		return false;
	fault->name = row->name;
	fault->number = row->number;
	fault->has_code = true;
	fault->code = (int)signal->code;
	fault->late = row->memory && signal->code == SIGNAL_CODE_TAG_LATE;
	fault->has_address = signal->has_address && row->memory && !fault->late && signal->code != SIGNAL_CODE_KERNEL;
	fault->address = signal->address;
	return true;
}

void recorded_fault_find(struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct recorded_signal *signal = &record->signal;
	struct fault *fault = &analysis->fault;
	const bool windows = analysis->image->os == OS_WINDOWS && !signal->name;

	fault->goroutine = fault->thread = -1;
	if (!record->has_signal || analysis->dying_thread < 0 ||
	    !(windows ? set_exception(fault, signal) : set_signal(fault, signal)))
		return;
	fault->known = true;
	fault->has_pc = signal->has_pc;
	fault->pc = signal->pc;
	if (fault->has_pc && fault->has_address && fault->pc == fault->address)
		fault->access = ACCESS_EXECUTE;
	fault->thread = analysis->dying_thread;
	fault->goroutine = analysis->thread_goroutine[fault->thread];
}

/* Panics are kept innermost first. */
static void take_panics(struct analysis *analysis, const struct log_record *record)
{
	for (size_t i = record->panics.count; i-- > 0;) {
		const struct recorded_panic *panic = &record->panics.items[i];

		vec_push(analysis->arena, &analysis->messages.panics,
			 (struct panic_value){.text = panic->text, .recovered = panic->recovered, .repanicked = panic->repanicked,
					      .frame = -1, .unsettled = true});
	}
}

/* "[recovered, repanicked]" stands for two panics or more, which had one value (Go 1.23): the frame of the oldest is the outermost, and those
 * between it and the next are of the same. */
static void correct_repanicked(struct messages *messages, const struct stack *stack)
{
	struct panic_value *oldest = &messages->panics.items[messages->panics.count - 1];

	for (size_t i = stack->frames.count; oldest->repanicked && i-- > 0;)
		if (stack->frames.items[i].info->role == ROLE_GOPANIC) {
			oldest->frame = (int64_t)i;
			return;
		}
}

/* Whether the executable holds a text among what is only read. */
static bool is_built_in(const struct analysis *analysis, const char *text)
{
	const struct image *image = analysis->image;
	const size_t length = strlen(text);

	for (size_t i = 0; length && i < image->backing.count; i++) {
		const struct segment *segment = &image->backing.items[i];

		if (!(segment->flags & (SEGMENT_WRITE | SEGMENT_EXEC)) && memmem(segment->saved.data, segment->saved.size, text, length))
			return true;
	}
	return false;
}

/* Of the executable, whose release is known; 0: of a log alone it is not. */
static uint8_t kind_of_type(struct analysis *analysis, uint64_t type)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct layout *layout;
	uint8_t kind;
	bool exact;

	if (!runtime->exe || !runtime->version.minor || !go_type_is(runtime, type))
		return 0;
	layout = layout_of_version(analysis->image->os, analysis->image->arch->id, &runtime->version, &exact);
	if (!layout || !exact || image_read(analysis->image, type + layout->offset[LAYOUT_type_kind], &kind, 1) != MEM_OK)
		return 0;
	return kind & KIND_MASK;
}

/* The words of the value that gopanic was called with, type and data, lie together where neither was made at run time. With the
 * executable the type is asked, and the text looked for: the word for data may be of the heap. */
static void find_constant(struct analysis *analysis, const struct stack *stack)
{
	enum { NEAR = 1 << 26 };
	struct panic_value *oldest = &analysis->messages.panics.items[analysis->messages.panics.count - 1];
	const struct frame *frame = oldest->frame >= 0 ? &stack->frames.items[oldest->frame] : NULL;
	uint64_t type, data;
	uint8_t kind;
	size_t at = 0;
	bool unsure;

	if (!frame || !frame->recorded || frame->info->role != ROLE_GOPANIC || !recorded_argument(frame->recorded, &at, &type, &unsure) ||
	    !recorded_argument(frame->recorded, &at, &data, &unsure))
		return;
	oldest->unsettled = false;
	kind = kind_of_type(analysis, type);
	if (kind)
		oldest->constant = kind == KIND_STRING && is_built_in(analysis, oldest->text);
	else
		oldest->constant = (data > type ? data - type : type - data) < NEAR;
}

/* The gopanic of a panic is the innermost for the last, the outermost for the oldest; the runtime leaves the innermost out where it
 * shows the program's own functions only, and of a panic that it was not calling any more none is there. */
static void find_frames(struct analysis *analysis)
{
	struct messages *messages = &analysis->messages;
	struct stack stack = {0};
	size_t next = 0, gopanics = 0;

	if (messages->goroutine < 0)
		return;
	goroutine_stack(analysis, (size_t)messages->goroutine, &stack);
	for (size_t i = 0; i < stack.frames.count; i++)
		gopanics += stack.frames.items[i].info->role == ROLE_GOPANIC;
	if (gopanics + 1 == messages->panics.count && stack.frames.count)
		messages->panics.items[next++].frame = 0; /* it stands above the first frame that is shown */
	for (size_t i = 0; i < stack.frames.count && next < messages->panics.count; i++)
		if (stack.frames.items[i].info->role == ROLE_GOPANIC)
			messages->panics.items[next++].frame = (int64_t)i;
	correct_repanicked(messages, &stack);
	find_constant(analysis, &stack);
}

static void add_lines(struct analysis *analysis, const struct recorded_panic *panic)
{
	const char *text = arena_printf(analysis->arena, "%spanic: %s%s", panic->deferred ? "\t" : "", panic->text,
					panic->repanicked ? " [recovered, repanicked]" : panic->recovered ? " [recovered]" : "");

	while (*text) {
		const size_t length = strcspn(text, "\n");

		vec_push(analysis->arena, &analysis->messages.panic_lines, arena_strndup(analysis->arena, text, length));
		text += length + (text[length] == '\n');
	}
}

/* A stack that the runtime dies of as it prints it is damaged; the words that would show how are not printed then. */
static void note_second_death(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;
	const struct recorded_stack *again = &runtime->recorded->record->again;
	size_t frame = 0;
	const int32_t victim = recorded_names_goroutine(runtime, again, -1, &frame);

	if (!again->count || (victim >= 0 && is_damaged(analysis, victim)))
		return;
	note_add(analysis->notes, "the runtime died once more as it printed %s: that stack is damaged, or torn where the goroutine was stopped. The "
				  "log does not hold its words, nor what would be printed behind it; a core dump does",
		 victim < 0 ? "a stack" : arena_printf(analysis->arena, "the stack of goroutine %llu",
						       (unsigned long long)runtime->goroutines.items[victim].id));
}

void recorded_messages_find(struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	struct messages *messages = &analysis->messages;

	messages->goroutine = -1;
	note_second_death(analysis);
	if (analysis->dying_thread < 0)
		return;
	messages->goroutine = analysis->thread_goroutine[analysis->dying_thread];
	messages->line = record->fatal;
	take_panics(analysis, record);
	messages->panicked = record->end == RECORDED_PANIC;
	if (!messages->panicked)
		return;
	messages->line = arena_printf(analysis->arena, "panic: %s", record->panics.items[0].text);
	messages->lines_whole = true;
	for (size_t i = 0; i < record->panics.count; i++)
		add_lines(analysis, &record->panics.items[i]);
	find_frames(analysis);
}
