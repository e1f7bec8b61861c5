/* json.c: the only file that knows jansson. Writes what docs/report.schema.json describes, keys in its order. The
 * big arrays are written element by element, so that no tree of the whole report ever exists; each element is one
 * line. */
#include "report/report.h"

#include "report/escape.h"
#include "report/fingerprint.h"
#include "report/narrative.h"
#include "report/place.h"
#include "report/scratch.h"
#include "report/stop_code.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

enum { LINE_USUAL = 4096 };

struct writer {
	FILE *out;
	struct arena *arena;
	const struct diagnosis *diagnosis;
	struct analysis *analysis;
	const struct report_options *options;
	json_t *pending; /* the element in the making: released with the arena if an allocation does not return */
	bool failed;
	bool first_key, first_item;
};

/* --- what jansson gives, under our names. Everything is put into `pending` as soon as it exists. --- */

static void release_pending(void *object)
{
	json_decref(((struct writer *)object)->pending);
}

static json_t *put(struct writer *writer, json_t *object, const char *key, json_t *value)
{
	if (value && !json_object_set_new_nocheck(object, key, value))
		return value;
	writer->failed = true; /* and the value is released */
	return NULL;
}

static json_t *push(struct writer *writer, json_t *array, json_t *value)
{
	if (value && !json_array_append_new(array, value))
		return value;
	writer->failed = true;
	return NULL;
}

static json_t *text_value(struct writer *writer, const char *text)
{
	return text ? json_string(escape_utf8(writer->arena, text)) : json_null();
}

static void put_text(struct writer *writer, json_t *object, const char *key, const char *text)
{
	put(writer, object, key, text_value(writer, text));
}

static void put_texts(struct writer *writer, json_t *array, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		push(writer, array, text_value(writer, texts[i]));
}

static void put_number(struct writer *writer, json_t *object, const char *key, bool known, int64_t value)
{
	put(writer, object, key, known ? json_integer(value) : json_null());
}

static void put_address(struct writer *writer, json_t *object, const char *key, bool known, uint64_t value)
{
	put_text(writer, object, key, known ? hex_text(writer->arena, value) : NULL);
}

static void put_bool(struct writer *writer, json_t *object, const char *key, bool value)
{
	put(writer, object, key, json_boolean(value));
}

/* `flags`: JSON_EMBED leaves out the braces. */
static void dump_pending(struct writer *writer, size_t flags)
{
	char line[LINE_USUAL];
	size_t size;

	/* ASCII, so that no control character of Unicode's reaches a terminal either. */
	flags |= JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY;
	size = json_dumpb(writer->pending, line, sizeof line, flags);
	if (size && size <= sizeof line)
		fwrite(line, 1, size, writer->out); /* one write: a report may have millions of them */
	else if (json_dumpf(writer->pending, writer->out, flags))
		writer->failed = true;
	json_decref(writer->pending);
	writer->pending = NULL;
}

static void key(struct writer *writer, const char *name)
{
	fprintf(writer->out, "%s\n\"%s\": ", writer->first_key ? "" : ",", name);
	writer->first_key = false;
}

/* What is made next, and then written by dump_pending. */
static json_t *begin(struct writer *writer, json_t *value)
{
	writer->pending = value;
	writer->failed |= !value;
	return value;
}

/* An object that is the value of a top-level key. */
static json_t *begin_section(struct writer *writer, const char *name)
{
	key(writer, name);
	return begin(writer, json_object());
}

static void open_array(struct writer *writer, const char *name)
{
	key(writer, name);
	fputc('[', writer->out);
	writer->first_item = true;
}

static json_t *begin_item(struct writer *writer)
{
	fputs(writer->first_item ? "\n " : ",\n ", writer->out);
	writer->first_item = false;
	return begin(writer, json_object());
}

static void close_array(struct writer *writer)
{
	fputs(writer->first_item ? "]" : "\n]", writer->out);
}

static void text_section(struct writer *writer, const char *name, const char *text)
{
	key(writer, name);
	begin(writer, text_value(writer, text));
	dump_pending(writer, 0);
}

/* --- stacks --- */

static void frame_item(struct writer *writer, const struct stack *stack, const struct frame_line *line)
{
	json_t *object = begin(writer, json_object());
	const struct frame *frame = line->frame;
	const struct func *func = line->inlined ? NULL : frame->info->func;
	int64_t finding = place_finding(writer->diagnosis, stack, line->frame_index);

	put_address(writer, object, "pc", true, frame->pc);
	put_address(writer, object, "sp", frame->sp != 0, frame->sp);
	put_address(writer, object, "fp", frame->fp != 0, frame->fp);
	put_text(writer, object, "function", line->function);
	put_address(writer, object, "entry", func != NULL, func ? func->entry : 0);
	put_text(writer, object, "file", line->file);
	put_number(writer, object, "line", line->file && line->line > 0, line->line);
	put_text(writer, object, "module", line->module);
	put_bool(writer, object, "inlined", line->inlined);
	put_text(writer, object, "how", frame_how_name(frame->how));
	put_number(writer, object, "finding", finding >= 0, finding);
	put_number(writer, object, "function_offset", func != NULL, func ? (int64_t)(frame->pc - func->entry) : 0);
	dump_pending(writer, 0);
}

static void note_elision(struct writer *writer, const struct stack *stack)
{
	if (stack->elided)
		note_add(writer->analysis->notes, "a stack has %zu frames; of those in its middle %zu are left out here",
			 stack->elided + stack->frames.count, stack->elided);
}

/* Writes the pending object with the members of a stack added, frame by frame. */
static void dump_with_stack(struct writer *writer, const struct stack *stack)
{
	struct frame_line lines[INLINE_LIMIT];
	json_t *end;
	size_t written = 0;
	size_t elided_at = 0;

	note_elision(writer, stack);
	fputc('{', writer->out);
	dump_pending(writer, JSON_EMBED);
	fputs(",\"frames\":[", writer->out);
	for (size_t i = 0; i < stack->frames.count && !writer->failed; i++) {
		size_t count = frame_lines(writer->analysis->image, writer->analysis->runtime, stack, i, lines);

		elided_at = i == stack->elided_at ? written : elided_at;
		for (size_t j = 0; j < count; j++, written++) {
			fputs(written ? "," : "", writer->out);
			frame_item(writer, stack, &lines[j]);
		}
	}
	fputs("],", writer->out);
	end = begin(writer, json_object());
	put_text(writer, end, "end", stack_end_name(stack->end));
	put_address(writer, end, "end_address", stack->end_address != 0, stack->end_address);
	if (stack->elided) {
		put_number(writer, end, "elided_at", true, (int64_t)elided_at);
		put_number(writer, end, "elided", true, (int64_t)stack->elided);
	}
	dump_pending(writer, JSON_EMBED);
	fputc('}', writer->out);
}

/* --- the parts of the report, in the order of the schema --- */

static void tool_section(struct writer *writer)
{
	json_t *object = begin_section(writer, "tool");

	put_text(writer, object, "name", "tornstack");
	put_text(writer, object, "version", writer->options->version);
	dump_pending(writer, 0);
}

static void input_section(struct writer *writer)
{
	const struct image *image = writer->analysis->image;
	json_t *object = begin_section(writer, "input");

	put_text(writer, object, "name", image->name);
	put_text(writer, object, "format", image->format);
	put_text(writer, object, "compression", image->compression);
	put_number(writer, object, "size", true, (int64_t)image->bytes.size);
	put_bool(writer, object, "truncated", image->truncated);
	dump_pending(writer, 0);
}

static const char *const source_names[] = {
	[EXE_GIVEN] = "given",
	[EXE_FOUND] = "found",
	[EXE_DEBUGINFOD] = "debuginfod",
	[EXE_MEMORY] = "memory",
	[EXE_NONE] = "none",
};
static const char *const identity_names[] = {
	[IDENTITY_NONE] = "none",
	[IDENTITY_SAME] = "same",
	[IDENTITY_EQUIVALENT] = "equivalent",
	[IDENTITY_UNVERIFIED] = "unverified",
	[IDENTITY_MISMATCH] = "mismatch",
};
static const char *const layout_names[] = {
	[LAYOUT_SOURCE_NONE] = "none",
	[LAYOUT_SOURCE_TABLE] = "table",
	[LAYOUT_SOURCE_NEAREST] = "nearest",
	[LAYOUT_SOURCE_DWARF] = "dwarf",
};

/* "go1.26.8", without the experiments that a build may list after it. */
static const char *release(struct writer *writer, const char *text)
{
	return text && !strncmp(text, "go1", 3) ? arena_strndup(writer->arena, text, strcspn(text, " ")) : text;
}

static void target_section(struct writer *writer)
{
	const struct go_runtime *runtime = writer->analysis->runtime;
	const struct exe *exe = runtime->exe;
	const struct image *image = writer->analysis->image;
	json_t *object = begin_section(writer, "target");

	put_text(writer, object, "os", image->os == OS_LINUX ? "linux" : "windows");
	put_text(writer, object, "arch", image->arch->name);
	put_text(writer, object, "go_version", release(writer, runtime->version.text));
	put_text(writer, object, "main_module", runtime->main_module);
	put_text(writer, object, "executable", exe ? exe->name : NULL);
	put_text(writer, object, "executable_source", source_names[runtime->exe_source]);
	put_text(writer, object, "build_id", runtime->build_id);
	put(writer, object, "stripped",
	    exe ? json_boolean(!exe->has_symbols && !exe->has_dwarf) : json_null());
	put_text(writer, object, "layout_source", layout_names[runtime->layout_source]);
	put_text(writer, object, "executable_identity", identity_names[runtime->identity]);
	dump_pending(writer, 0);
}

static void put_stop(struct writer *writer, json_t *process, const struct stop *stop)
{
	json_t *object = put(writer, process, "stop", stop->known ? json_object() : json_null());

	if (!stop->known)
		return;
	put_text(writer, object, "name", stop->name ? stop->name : arena_printf(writer->arena, "%d", stop->number));
	put_text(writer, object, "code", stop_code_text(writer->arena, writer->analysis->image));
	put_address(writer, object, "address", stop->has_address, stop->address);
	put_number(writer, object, "thread", stop->thread != 0, stop->thread);
}

static void put_goroutine_id(struct writer *writer, json_t *object, const char *name, int32_t index)
{
	put_number(writer, object, name, index >= 0,
		   index >= 0 ? (int64_t)writer->analysis->runtime->goroutines.items[index].id : 0);
}

static void put_thread_id(struct writer *writer, json_t *object, const char *name, int32_t index)
{
	put_number(writer, object, name, index >= 0, index >= 0 ? writer->analysis->image->threads.items[index].id : 0);
}

static void put_fault(struct writer *writer, json_t *process, const struct fault *fault)
{
	static const char *const access[] = {[ACCESS_UNKNOWN] = NULL,
					     [ACCESS_READ] = "read",
					     [ACCESS_WRITE] = "write",
					     [ACCESS_EXECUTE] = "execute"};
	json_t *object = put(writer, process, "fault", fault->known ? json_object() : json_null());

	if (!fault->known)
		return;
	put_text(writer, object, "name", fault->name ? fault->name : "unknown");
	put_address(writer, object, "pc", fault->has_pc, fault->pc);
	put_address(writer, object, "address", fault->has_address, fault->address);
	put_text(writer, object, "access", access[fault->access]);
	put_goroutine_id(writer, object, "goroutine", fault->goroutine);
	put_thread_id(writer, object, "thread", fault->thread);
}

static void process_section(struct writer *writer)
{
	const struct image *image = writer->analysis->image;
	const char *message = writer->analysis->messages.line;
	json_t *object = begin_section(writer, "process");

	put_number(writer, object, "pid", image->pid != 0, image->pid);
	put_text(writer, object, "command", image->command ? image->command : image->program);
	put_stop(writer, object, &image->stop);
	/* The first line only: a panic's value may have many. */
	put_text(writer, object, "message",
		 message ? arena_strndup(writer->arena, message, strcspn(message, "\n")) : NULL);
	put_text(writer, object, "godebug", writer->analysis->runtime->godebug);
	put_fault(writer, object, &writer->analysis->fault);
	dump_pending(writer, 0);
}

static void thread_section(struct writer *writer, size_t index, struct stack *stack)
{
	const struct thread *thread = &writer->analysis->image->threads.items[index];
	const struct arch *arch = writer->analysis->image->arch;
	uint64_t pc = 0;
	uint64_t sp = 0;
	bool has_pc = reg_get(&thread->registers, arch->pc, &pc);
	bool has_sp = reg_get(&thread->registers, arch->sp, &sp);
	json_t *object = begin_item(writer);

	put_number(writer, object, "id", true, thread->id);
	put_text(writer, object, "name", thread->name);
	put_bool(writer, object, "crashed", thread->crashed);
	put_goroutine_id(writer, object, "goroutine", writer->analysis->thread_goroutine[index]);
	put_address(writer, object, "pc", has_pc, pc);
	put_address(writer, object, "sp", has_sp, sp);
	thread_stack(writer->analysis, index, stack);
	dump_with_stack(writer, stack);
}

static void threads_section(struct writer *writer)
{
	struct stack stack = {0};

	open_array(writer, "threads");
	for (size_t i = 0; i < writer->analysis->image->threads.count; i++)
		thread_section(writer, i, &stack);
	close_array(writer);
}

static const char *wait_reason(const struct writer *writer, const struct goroutine *g)
{
	return g->status == G_WAITING ? goroutine_wait_reason(writer->analysis->runtime, g) : NULL;
}

static void put_creator(struct writer *writer, json_t *object, const struct goroutine *g)
{
	const struct pc_info *info = g->gopc && g->id != 1 ? go_pc(writer->analysis->runtime, g->gopc, false) : NULL;
	json_t *creator = put(writer, object, "created_by", info ? json_object() : json_null());

	if (!info)
		return;
	put_text(writer, creator, "function", info->func ? go_func_name(info) : NULL);
	put_address(writer, creator, "pc", true, g->gopc);
	put_number(writer, creator, "goroutine", g->parent_id != 0, (int64_t)g->parent_id);
}

static void groups_section(struct writer *writer)
{
	struct stack stack = {0};

	open_array(writer, "goroutine_groups");
	for (size_t i = 0; i < writer->analysis->groups.count && !writer->failed; i++) {
		const struct goroutine_group *group = &writer->analysis->groups.items[i];
		const struct goroutine *g = &writer->analysis->runtime->goroutines.items[group->first];
		json_t *object = begin_item(writer);
		json_t *ids;

		put_number(writer, object, "count", true, (int64_t)group->count);
		ids = put(writer, object, "ids", json_array());
		for (size_t j = 0; j < group->ids.count; j++)
			push(writer, ids, json_integer((json_int_t)group->ids.items[j]));
		put_text(writer, object, "status", goroutine_status_name(g));
		put_text(writer, object, "wait_reason", wait_reason(writer, g));
		put_bool(writer, object, "scan", g->scan);
		put_creator(writer, object, g);
		goroutine_stack(writer->analysis, group->first, &stack);
		dump_with_stack(writer, &stack);
	}
	close_array(writer);
}

static void goroutine_item(struct writer *writer, size_t index, struct stack *stack)
{
	const struct goroutine *g = &writer->analysis->runtime->goroutines.items[index];
	json_t *object = begin_item(writer);

	put_number(writer, object, "id", true, (int64_t)g->id);
	put_text(writer, object, "status", goroutine_status_name(g));
	put_bool(writer, object, "scan", g->scan);
	put_text(writer, object, "wait_reason", wait_reason(writer, g));
	put_thread_id(writer, object, "thread", writer->analysis->goroutine_thread[index]);
	put_creator(writer, object, g);
	put_address(writer, object, "stack_lo", g->stack_lo != 0, g->stack_lo);
	put_address(writer, object, "stack_hi", g->stack_hi != 0, g->stack_hi);
	goroutine_stack(writer->analysis, index, stack);
	dump_with_stack(writer, stack);
}

struct listing {
	struct writer *writer;
	const bool *named; /* NULL: all */
	struct stack stack;
};

static bool list_goroutine(void *context, struct arena *scratch, size_t index)
{
	struct listing *listing = context;
	struct writer *writer = listing->writer;
	struct arena *arena = writer->arena;

	if (writer->failed || (writer->options->cancelled && writer->options->cancelled()))
		return false;
	if (listing->named && !listing->named[index])
		return true;
	writer->arena = scratch;
	goroutine_item(writer, index, &listing->stack);
	writer->arena = arena;
	return true;
}

static void goroutines_section(struct writer *writer)
{
	const bool all = writer->options->goroutines == REPORT_GOROUTINES_ALL;
	struct listing listing = {.writer = writer, .named = all ? NULL : place_goroutines(writer->diagnosis)};

	open_array(writer, "goroutines");
	scratch_each(writer->arena, writer->analysis->runtime->goroutines.count, list_goroutine, &listing);
	close_array(writer);
}

static void put_evidence(struct writer *writer, json_t *list, const struct evidence *evidence)
{
	json_t *object = push(writer, list, json_object());

	put_text(writer, object, "kind", evidence_kind_name(evidence->kind));
	put_text(writer, object, "text", evidence->text);
	put_bool(writer, object, "for", !evidence->against);
	put_text(writer, object, "weight", weight_name(evidence->weight));
	put_address(writer, object, "address", evidence->address != 0, evidence->address);
	put_text(writer, object, "observed", evidence->observed);
	put_text(writer, object, "expected", evidence->expected);
}

static void put_bug(struct writer *writer, json_t *list, const struct cited_bug *cited)
{
	json_t *object = push(writer, list, json_object());
	json_t *releases;

	put_text(writer, object, "id", cited->bug->id);
	put_text(writer, object, "title", cited->bug->title);
	releases = put(writer, object, "fixed_in", json_array());
	for (size_t i = 0; i < RANGE_LIMIT && cited->bug->fixed_in[i]; i++)
		push(writer, releases, text_value(writer, cited->bug->fixed_in[i]));
	put(writer, object, "affects_this_version", cited->affects < 0 ? json_null() : json_boolean(cited->affects));
}

static void finding_item(struct writer *writer, const struct finding *finding)
{
	int64_t frame = place_line(writer->diagnosis, finding);
	json_t *object = begin_item(writer);
	json_t *list;

	put_text(writer, object, "rule", finding->detector->id);
	put_text(writer, object, "title", finding->title);
	put_text(writer, object, "certainty", certainty_name(finding->certainty));
	put_goroutine_id(writer, object, "goroutine", finding->goroutine);
	put_thread_id(writer, object, "thread", finding->thread);
	put_number(writer, object, "frame", frame >= 0, frame);
	put_text(writer, object, "function", finding->function);
	put_address(writer, object, "pc", finding->has_pc, finding->pc);
	put_address(writer, object, "slot", finding->has_slot, finding->slot);
	put_address(writer, object, "observed", finding->has_observed, finding->observed);
	put_address(writer, object, "repaired", finding->has_repaired, finding->repaired);
	list = put(writer, object, "evidence", json_array());
	for (size_t i = 0; i < finding->evidence.count; i++)
		put_evidence(writer, list, &finding->evidence.items[i]);
	list = put(writer, object, "known_bugs", json_array());
	for (size_t i = 0; i < finding->bugs.count; i++)
		put_bug(writer, list, &finding->bugs.items[i]);
	put_number(writer, object, "sp_error", finding->has_sp_error, finding->sp_error);
	put_address(writer, object, "caller_pc", finding->has_caller, finding->caller_pc);
	put_address(writer, object, "caller_sp", finding->has_caller, finding->caller_sp);
	put_number(writer, object, "explained_by", finding->explained_by >= 0, finding->explained_by);
	dump_pending(writer, 0);
}

static void findings_section(struct writer *writer)
{
	open_array(writer, "findings");
	for (size_t i = 0; i < writer->diagnosis->findings.count; i++)
		finding_item(writer, &writer->diagnosis->findings.items[i]);
	close_array(writer);
}

static void put_runners_up(struct writer *writer, json_t *object, const struct verdict *verdict)
{
	json_t *list = put(writer, object, "runners_up", json_array());

	for (size_t i = 0; i < verdict->runners_up.count; i++) {
		json_t *item = push(writer, list, json_object());

		put_number(writer, item, "finding", true, (int64_t)verdict->runners_up.items[i].finding);
		put_text(writer, item, "separated_by", verdict->runners_up.items[i].separated_by);
	}
	put_texts(writer, put(writer, object, "unexplained", json_array()), verdict->unexplained.items,
		  verdict->unexplained.count);
}

static void verdict_section(struct writer *writer)
{
	const struct narrative *narrative = narrative_of(writer->diagnosis);
	const struct verdict *verdict = &writer->diagnosis->verdict;
	const bool found = verdict->kind == VERDICT_FOUND;
	const struct finding *finding = found ? &writer->diagnosis->findings.items[verdict->finding] : NULL;
	json_t *object = begin_section(writer, "verdict");
	json_t *list;

	put_text(writer, object, "certainty",
		 finding                            ? certainty_name(finding->certainty)
		 : verdict->kind == VERDICT_HEALTHY ? "healthy"
						    : "unknown");
	put_text(writer, object, "rule", finding ? finding->detector->id : NULL);
	put_number(writer, object, "finding", found, (int64_t)verdict->finding);
	put_text(writer, object, "headline", narrative->headline);
	list = put(writer, object, "narrative", json_array());
	for (size_t i = 0; i < narrative->paragraphs.count; i++)
		push(writer, list, text_value(writer, narrative->paragraphs.items[i].text));
	put_texts(writer, put(writer, object, "actions", json_array()), narrative->actions.items,
		  narrative->actions.count);
	put_runners_up(writer, object, verdict);
	dump_pending(writer, 0);
}

static void notes_section(struct writer *writer)
{
	const struct notes *notes = writer->analysis->notes;

	key(writer, "notes");
	put_texts(writer, begin(writer, json_array()), notes->items, notes->count);
	dump_pending(writer, 0);
}

bool report_json(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	struct writer *writer = arena_alloc(diagnosis->arena, sizeof *writer);

	*writer = (struct writer){.out = out,
				  .arena = diagnosis->arena,
				  .diagnosis = diagnosis,
				  .analysis = diagnosis->analysis,
				  .options = options,
				  .first_key = true};
	arena_defer(diagnosis->arena, release_pending, writer);
	fputc('{', out);
	text_section(writer, "schema", "tornstack.report/1");
	tool_section(writer);
	input_section(writer);
	target_section(writer);
	process_section(writer);
	threads_section(writer);
	key(writer, "goroutine_count");
	fprintf(out, "%zu", diagnosis->analysis->runtime->goroutines.count);
	groups_section(writer);
	goroutines_section(writer);
	findings_section(writer);
	verdict_section(writer);
	notes_section(writer);
	text_section(writer, "fingerprint", fingerprint_of(diagnosis));
	fputs("\n}\n", out);
	return !writer->failed;
}
