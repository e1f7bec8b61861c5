/* traceback.c: the report's goroutines as the runtime would have printed them (GOTRACEBACK=system of Go 1.18 to 1.22, without the
 * addresses of g and m, which many readers of tracebacks do not know), for programs that read that: runtime/traceback.go
 * (goroutineheader, traceback2, printcreatedby), panic.go, signal_unix.go, signal_windows.go. What is ours stands in lines of its own
 * between the goroutines, behind "# ". */
#include "report/report.h"

#include "analyzer/unwind/unwind.h"
#include "golang/recorded.h"
#include "heuristics/ends/sent_signal.h"
#include "report/escape.h"
#include "report/place.h"

#include <inttypes.h>
#include <string.h>

#define MINUTE (60 * (int64_t)NANOTIME_SECOND)

struct traceback {
	FILE *out;
	struct arena *arena;
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	const struct report_options *options;
};

static const struct {
	const char *name, *text;
} signal_texts[] = {
#define SIGNAL_TEXT(name, text) {name, text},
#include "report/signal_texts.def"
#undef SIGNAL_TEXT
};

static const char *signal_text(const char *name)
{
	for (size_t i = 0; i < sizeof signal_texts / sizeof *signal_texts; i++)
		if (!strcmp(signal_texts[i].name, name))
			return signal_texts[i].text;
	return NULL;
}

/* ---- last words ---- */

/* [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x47a1c5] */
static void print_fault(const struct traceback *traceback)
{
	const struct fault *fault = &traceback->analysis->fault;
	const char *text = fault->known && fault->name ? signal_text(fault->name) : NULL;

	if (!fault->known || !fault->has_pc || !fault->has_code)
		return;
	if (text)
		fprintf(traceback->out, "[signal %s: %s", fault->name, text);
	else
		fprintf(traceback->out, "[signal 0x%" PRIx32, (uint32_t)fault->number);
	fprintf(traceback->out, " code=0x%" PRIx32 " addr=0x%" PRIx64 " pc=0x%" PRIx64 "]\n", (uint32_t)fault->code,
		fault->has_address ? fault->address : 0, fault->pc);
}

/* The thread's goroutine called C, and has not come back (runtime/signal_unix.go fatalsignal, signal_windows.go winthrow). */
static bool is_in_c(const struct traceback *traceback, int32_t thread, uint64_t pc)
{
	const int32_t goroutine = thread >= 0 ? traceback->analysis->thread_goroutine[thread] : -1;
	struct stack stack = {0};

	if (goroutine < 0 || go_pc(traceback->analysis->runtime, pc, true)->func)
		return false;
	goroutine_stack(traceback->analysis, (size_t)goroutine, &stack);
	for (size_t i = 0; i < stack.frames.count; i++)
		if (stack.frames.items[i].info->func)
			return stack.frames.items[i].info->role == ROLE_CGOCALL || stack.frames.items[i].info->role == ROLE_ASMCGOCALL;
	return false;
}

/* PC=0x46d8ed m=0 sigcode=0 addr=0x0 */
static void print_pc(const struct traceback *traceback, int32_t thread, const uint64_t *pc, int code, const uint64_t *address)
{
	if (!pc)
		return;
	fprintf(traceback->out, "PC=0x%" PRIx64 " m=0 sigcode=%d", *pc, code);
	if (address)
		fprintf(traceback->out, " addr=0x%" PRIx64, *address);
	fputc('\n', traceback->out);
	if (is_in_c(traceback, thread, *pc))
		fprintf(traceback->out, "signal arrived during cgo execution\n");
}

/* What was sent, or hit the thread, and was not caught. */
static void print_signal(const struct traceback *traceback, const char *name, int32_t thread, int code)
{
	const struct fault *fault = &traceback->analysis->fault;
	const struct context *stopped = thread >= 0 && !traceback->analysis->runtime->recorded ? &traceback->analysis->walks[thread].stopped
											       : NULL;
	const uint64_t *pc = fault->has_pc ? &fault->pc : stopped && stopped->known ? &stopped->pc : NULL;
	const char *text = signal_text(name);

	fprintf(traceback->out, "%s: %s\n", name, text ? text : "signal");
	print_pc(traceback, thread, pc, code, fault->known && fault->has_address ? &fault->address : NULL);
}

/* What the system ended of which the runtime printed nothing that is left. */
static void print_stop(const struct traceback *traceback)
{
	const struct stop *stop = &traceback->analysis->image->stop;
	const struct fault *fault = &traceback->analysis->fault;
	struct sent_signal sent;

	if (sent_signal_find(traceback->analysis, &sent))
		print_signal(traceback, sent.signal->name, (int32_t)sent.thread, sent.code);
	else if (fault->known && fault->number > 0 && fault->name)
		print_signal(traceback, fault->name, fault->thread, fault->code);
	else if (stop->known && stop->name && signal_text(stop->name))
		print_signal(traceback, stop->name, traceback->analysis->dying_thread, stop->has_code ? stop->code : 0);
	else if (stop->known && stop->number < 0) { /* NTSTATUS of an error */
		fprintf(traceback->out, "Exception 0x%" PRIx32 " 0x%x 0x%" PRIx64 " 0x%" PRIx64 "\n", (uint32_t)stop->number,
			stop->access == ACCESS_EXECUTE ? 8u : stop->access == ACCESS_WRITE, stop->has_address ? stop->address : 0,
			fault->has_pc ? fault->pc : 0);
		if (fault->has_pc)
			fprintf(traceback->out, "PC=0x%" PRIx64 "\n", fault->pc);
	}
}

static void print_words(const struct traceback *traceback)
{
	const struct messages *messages = &traceback->analysis->messages;

	if (messages->lines_whole && messages->panic_lines.count)
		for (size_t i = 0; i < messages->panic_lines.count; i++) {
			const char *line = messages->panic_lines.items[i];
			const bool indented = *line == '\t';

			fprintf(traceback->out, "%s%s\n", indented ? "\t" : "", escape_line(traceback->arena, line + indented));
		}
	else if (messages->line)
		fprintf(traceback->out, "%s\n", escape_line(traceback->arena, messages->line));
	if (messages->line || messages->panic_lines.count)
		print_fault(traceback);
	else
		print_stop(traceback);
}

/* ---- frames ---- */

/* As printFuncName: the types of generic functions are left out, and what the compiler calls panic is what programs do. */
static const char *printed_name(struct arena *arena, const char *name)
{
	const char *open = strchr(name, '['), *close = open ? strrchr(open, ']') : NULL;

	if (!strcmp(name, "runtime.gopanic"))
		return "panic";
	if (close)
		name = arena_printf(arena, "%.*s[...]%s", (int)(open - name), name, close + 1);
	return escape_line(arena, name);
}

/* Of a pc from its function's entry; of a log as printed. It is what tells a function whose arguments are not known from a call that was
 * inlined, so 0 is printed, too. */
static void print_offset(const struct traceback *traceback, const struct pc_info *info)
{
	const bool known = info->recorded ? info->recorded->has_offset : info->func && info->pc >= info->func->entry;

	if (known)
		fprintf(traceback->out, " +0x%" PRIx64, info->recorded ? info->recorded->offset : info->pc - info->func->entry);
}

static void print_registers(const struct traceback *traceback, const struct frame_line *line)
{
	const struct frame *frame = line->frame;

	print_offset(traceback, frame->info);
	if (recorded_pc_known(frame->pc) && frame->fp && frame->sp)
		fprintf(traceback->out, " fp=0x%" PRIx64 " sp=0x%" PRIx64 " pc=0x%" PRIx64, frame->fp, frame->sp, frame->pc);
}

/* Code that is not Go's, as a symbolizer makes the runtime print it (printOneCgoTraceback). */
static void print_foreign(const struct traceback *traceback, const struct frame_line *line)
{
	fprintf(traceback->out, "%s\n\t", line->function ? escape_line(traceback->arena, line->function) : "non-Go function");
	if (line->file)
		fprintf(traceback->out, "%s:%" PRId32 " ", escape_line(traceback->arena, line->file), line->line);
	fprintf(traceback->out, "pc=0x%" PRIx64 "\n", line->frame->pc);
}

/* Arguments are told by a log alone. */
static const char *arguments_of(const struct traceback *traceback, const struct recorded_frame *recorded)
{
	return recorded && recorded->arguments
		       ? escape_line(traceback->arena, arena_strndup(traceback->arena, recorded->arguments, recorded->arguments_size))
		       : "...";
}

static void print_line(const struct traceback *traceback, const struct frame_line *line, const struct recorded_frame *recorded)
{
	if (!line->frame->info->func && !line->inlined && !line->frame->info->recorded) {
		print_foreign(traceback, line);
		return;
	}
	fprintf(traceback->out, "%s(%s)\n\t%s:%" PRId32, printed_name(traceback->arena, line->function ? line->function : "?"),
		line->inlined ? "..." : arguments_of(traceback, recorded), line->file ? escape_line(traceback->arena, line->file) : "?", line->file ? line->line : 0);
	if (!line->inlined)
		print_registers(traceback, line);
	fputc('\n', traceback->out);
}

static void print_frames(const struct traceback *traceback, const struct stack *stack, size_t from, const struct recorded_stack *recorded)
{
	const struct recorded_program *program = traceback->analysis->runtime->recorded;

	for (size_t i = from; i < stack->frames.count; i++) {
		struct frame_line lines[INLINE_LIMIT];
		const size_t count = frame_lines(traceback->analysis->image, stack, i, lines);

		if (stack->elided && i == stack->elided_at)
			fprintf(traceback->out, "...%zu frames elided...\n", stack->elided);
		for (size_t k = 0; k < count; k++)
			print_line(traceback, &lines[k],
				   recorded && i < recorded->count ? &program->record->frames.items[recorded->first + i] : NULL);
	}
}

/* ---- goroutines ---- */

/* What the runtime did not know, or what is not known, before the goroutine that it is of. */
static void print_remarks(const struct traceback *traceback, const struct stack *stack, const char *whose)
{
	for (size_t i = 1; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];
		const char *above = stack->frames.items[i - 1].info->func ? go_func_name(stack->frames.items[i - 1].info) : NULL;

		if (frame->how == HOW_REPAIRED)
			fprintf(traceback->out, "# %s is torn at %s: the runtime goes astray there, what follows is repaired\n", whose,
				above ? printed_name(traceback->arena, above) : "its innermost frame");
	}
	if (stack->end != END_COMPLETE)
		fprintf(traceback->out, "# %s is not whole: %s\n", whose, stack_end_name(stack->end));
}

static void print_creator(const struct traceback *traceback, const struct goroutine *g)
{
	struct frame_line line;

	if (!g->gopc || g->id == 1 || !creator_line(traceback->analysis->runtime, g->gopc, &line) || !line.function)
		return;
	fprintf(traceback->out, "created by %s", printed_name(traceback->arena, line.function));
	if (g->parent_id)
		fprintf(traceback->out, " in goroutine %" PRIu64, g->parent_id);
	fprintf(traceback->out, "\n\t%s:%" PRId32, line.file ? escape_line(traceback->arena, line.file) : "?", line.file ? line.line : 0);
	print_offset(traceback, go_pc(traceback->analysis->runtime, g->gopc, false));
	fputc('\n', traceback->out);
}

static void print_header(const struct traceback *traceback, const struct goroutine *g)
{
	const struct go_runtime *runtime = traceback->analysis->runtime;
	const char *reason = g->status == G_WAITING ? goroutine_wait_reason(runtime, g) : NULL;
	int64_t waited;

	fprintf(traceback->out, "goroutine %" PRIu64 " [%s%s", g->id, reason ? reason : goroutine_status_name(g), g->scan ? " (scan)" : "");
	if (goroutine_waited(runtime, g, &waited) && waited >= MINUTE)
		fprintf(traceback->out, ", %" PRId64 " minutes", waited / MINUTE);
	fprintf(traceback->out, "%s]:\n", g->locked ? ", locked to thread" : "");
}

static void print_goroutine(const struct traceback *traceback, size_t index, struct stack *stack)
{
	const struct go_runtime *runtime = traceback->analysis->runtime;
	const struct goroutine *g = &runtime->goroutines.items[index];

	goroutine_stack(traceback->analysis, index, stack);
	fputc('\n', traceback->out);
	print_remarks(traceback, stack, arena_printf(traceback->arena, "goroutine %" PRIu64, g->id));
	print_header(traceback, g);
	if (!stack->frames.count)
		fprintf(traceback->out, "\tgoroutine running on other thread; stack unavailable\n");
	print_frames(traceback, stack, 0, runtime->recorded ? &recorded_goroutine(runtime, index)->stack : NULL);
	print_creator(traceback, g);
}

/* The first frame on the stack that the system gave a thread, below those of the handler that ended the process. */
static size_t system_frame(const struct machine *m, const struct stack *stack)
{
	size_t index = 0;

	while (index < stack->frames.count && stack->frames.items[index].sp - m->g0_lo >= m->g0_hi - m->g0_lo)
		index++;
	return index;
}

/* Of the thread that died, what it did there. */
static void print_system_stack(const struct traceback *traceback, struct stack *stack)
{
	struct analysis *analysis = traceback->analysis;
	const struct recorded_program *recorded = analysis->runtime->recorded;
	const int32_t thread = analysis->dying_thread, machine = thread >= 0 && !recorded ? analysis->thread_machine[thread] : -1;
	size_t from = 0;

	if (thread < 0 || !analysis->messages.line || (machine < 0 && !recorded))
		return;
	thread_stack(analysis, (size_t)thread, stack);
	if (!recorded)
		from = system_frame(&analysis->runtime->machines.items[machine], stack);
	if (from == stack->frames.count)
		return;
	fprintf(traceback->out, "\nruntime stack:\n");
	print_frames(traceback, stack, from, recorded ? &recorded->record->system : NULL);
}

/* The index of the goroutine that the runtime prints first; -1: none is known. */
static int64_t first_goroutine(const struct analysis *analysis)
{
	if (analysis->messages.goroutine >= 0)
		return analysis->messages.goroutine;
	if (analysis->fault.goroutine >= 0)
		return analysis->fault.goroutine;
	return analysis->dying_thread >= 0 ? analysis->thread_goroutine[analysis->dying_thread] : -1;
}

static bool is_cancelled(const struct traceback *traceback)
{
	return cancelled(&traceback->options->cancel);
}

/* For whoever reads this text again: what it was of. */
static void print_verdict(const struct traceback *traceback)
{
	const struct diagnosis *diagnosis = traceback->diagnosis;
	const struct finding *finding = diagnosis->verdict.kind == VERDICT_FOUND ? &diagnosis->findings.items[diagnosis->verdict.finding] : NULL;

	if (!finding)
		return;
	fprintf(traceback->out, "# verdict %s %s", finding->detector->id, certainty_name(finding->certainty));
	if (finding->goroutine >= 0)
		fprintf(traceback->out, " goroutine %" PRIu64, traceback->analysis->runtime->goroutines.items[finding->goroutine].id);
	fputc('\n', traceback->out);
}

void report_traceback(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	const struct traceback traceback = {.out = out, .arena = diagnosis->arena, .diagnosis = diagnosis, .analysis = diagnosis->analysis,
					    .options = options};
	const struct selection *selection = selection_make(diagnosis, options->filter);
	const int64_t first = first_goroutine(diagnosis->analysis);
	struct stack stack = {0};

	fprintf(out, "# tornstack %s, of %s\n", options->version, escape_line(diagnosis->arena, diagnosis->analysis->image->name));
	if (!options->filter) {
		if (diagnosis->analysis->runtime->build_id)
			fprintf(out, "# build-id %s\n", diagnosis->analysis->runtime->build_id);
		print_verdict(&traceback);
		print_words(&traceback);
		print_system_stack(&traceback, &stack);
	}
	if (first >= 0 && selection->chosen[first])
		print_goroutine(&traceback, (size_t)first, &stack);
	for (size_t i = 0; i < diagnosis->analysis->runtime->goroutines.count && !is_cancelled(&traceback); i++)
		if ((int64_t)i != first && selection->chosen[i])
			print_goroutine(&traceback, i, &stack);
}
