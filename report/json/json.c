/* json.c: writes what docs/report.schema.json describes, keys in its order. The big arrays are written element by
 * element, so that no tree of the whole report ever exists; each element is one line. */
#include "base/steps.h"
#include "formats/dump/live_record.h"
#include "heuristics/faults/account.h"
#include "heuristics/damage/writer.h"
#include "report/json/build.h"
#include "report/json/crashes.h"
#include "report/json/frames.h"
#include "report/json/goroutines.h"
#include "report/json/recorded.h"

#include "analyzer/instructions/outparams.h"
#include "report/fingerprint/fingerprint.h"
#include "report/mask.h"
#include "report/narrative/narrative.h"
#include "report/observations.h"
#include "report/place.h"
#include "report/stop_code.h"
#include "report/target.h"

#include <inttypes.h>
#include <string.h>

static void input_section(struct writer *writer)
{
	const struct image *image = writer->analysis->image;
	json_t *object = begin_section(writer, "input");

	put_text(writer, object, "name", image->name);
	put_text(writer, object, "format", image->format);
	put_text(writer, object, "compression", image->compression);
	put_number(writer, object, "size", true, (int64_t)image->size);
	put_bool(writer, object, "truncated", image->truncated);
	if (image->slim)
		put_bool(writer, object, "slim", true);
	dump_pending(writer);
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

/* Of a log: which releases print such, as far as it shows. */
static void put_releases(struct writer *writer, json_t *target)
{
	const struct go_runtime *runtime = writer->analysis->runtime;
	json_t *object = put_value(writer, target, "go_releases", new_object());

	put_text(writer, object, "least", runtime->least_minor ? arena_printf(writer->arena, "go1.%d", runtime->least_minor) : NULL);
	put_text(writer, object, "most", runtime->most_minor ? arena_printf(writer->arena, "go1.%d", runtime->most_minor) : NULL);
}

static void target_section(struct writer *writer)
{
	const struct go_runtime *runtime = writer->analysis->runtime;
	const struct exe *exe = runtime->exe;
	const struct image *image = writer->analysis->image;
	json_t *object = begin_section(writer, "target");

	put_text(writer, object, "os", target_os(image));
	put_text(writer, object, "arch", target_arch(image));
	put_text(writer, object, "go_version", release(writer, runtime->version.text));
	if (runtime->recorded)
		put_releases(writer, object);
	put_text(writer, object, "main_module", runtime->main_module);
	put_text(writer, object, "executable", exe ? exe->name : NULL);
	put_text(writer, object, "executable_source", source_names[runtime->exe_source]);
	put_text(writer, object, "build_id", runtime->build_id);
	put_value(writer, object, "stripped", exe ? bool_value(!exe->has_symbols && !exe->has_dwarf) : null_value());
	put_text(writer, object, "layout_source", layout_names[runtime->layout_source]);
	put_text(writer, object, "executable_identity", identity_names[runtime->identity]);
	if (runtime->identity_because)
		put_text(writer, object, "executable_doubt", runtime->identity_because);
	dump_pending(writer);
}

static void put_stop(struct writer *writer, json_t *process, const struct stop *stop)
{
	json_t *object = put_value(writer, process, "stop", stop->known ? new_object() : null_value());

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
	put_number(writer, object, name, index >= 0 && writer->analysis->image->threads.items[index].id >= 0,
		   index >= 0 ? writer->analysis->image->threads.items[index].id : 0);
}

static void put_fault(struct writer *writer, json_t *process, const struct fault *fault)
{
	static const char *const access[] = {[ACCESS_UNKNOWN] = NULL,
					     [ACCESS_READ] = "read",
					     [ACCESS_WRITE] = "write",
					     [ACCESS_EXECUTE] = "execute"};
	json_t *object = put_value(writer, process, "fault", fault->known ? new_object() : null_value());

	if (!fault->known)
		return;
	put_text(writer, object, "name", fault->name ? fault->name : "unknown");
	put_address(writer, object, "pc", fault->has_pc, fault->pc);
	put_address(writer, object, "address", fault->has_address, fault->address);
	put_text(writer, object, "access", access[fault->access]);
	put_goroutine_id(writer, object, "goroutine", fault->goroutine);
	put_thread_id(writer, object, "thread", fault->thread);
}

/* All that the runtime printed of the panics, when no value of it is missing; empty: they did not end the process. */
static void put_panic_lines(struct writer *writer, json_t *object)
{
	const struct messages *messages = &writer->analysis->messages;
	json_t *lines = put_value(writer, object, "panic_lines", new_array());

	if (messages->lines_whole)
		put_texts(writer, lines, messages->panic_lines.items, messages->panic_lines.count);
}

/* Of a process that ran on. */
static void put_live(struct writer *writer, json_t *process, const struct live_record *live)
{
	json_t *object;

	if (!live)
		return;
	object = put_value(writer, process, "live", new_object());
	put_number(writer, object, "pid", true, (int64_t)live->pid);
	put_number(writer, object, "pause_ns", true, (int64_t)live->pause);
	put_number(writer, object, "copied", true, (int64_t)live->copied);
	put_bool(writer, object, "complete", live->heap_whole);
	put_number(writer, object, "swapped", true, (int64_t)live->swapped);
	put_number(writer, object, "unstopped_threads", true, (int64_t)live->stubborn);
}

static void process_section(struct writer *writer)
{
	const struct image *image = writer->analysis->image;
	const char *message = writer->analysis->messages.line;
	const char *command = image->command ? image->command : image->program;
	const char *godebug = writer->analysis->runtime->godebug;
	const bool unmasked = writer->options->unmasked;
	json_t *object = begin_section(writer, "process");

	put_number(writer, object, "pid", image->pid != 0, image->pid);
	put_text(writer, object, "command", unmasked ? command : mask_command(writer->arena, command));
	put_stop(writer, object, &image->stop);
	/* The first line only: a panic's value may have many. */
	put_text(writer, object, "message",
		 message ? arena_strndup(writer->arena, message, strcspn(message, "\n")) : NULL);
	put_panic_lines(writer, object);
	put_text(writer, object, "godebug", unmasked ? godebug : mask_godebug(writer->arena, godebug));
	put_fault(writer, object, &writer->analysis->fault);
	put_live(writer, object, image->live);
	dump_pending(writer);
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

	put_number(writer, object, "id", thread->id >= 0, thread->id);
	put_text(writer, object, "name", thread->name);
	put_bool(writer, object, "crashed", thread->crashed);
	put_goroutine_id(writer, object, "goroutine", writer->analysis->thread_goroutine[index]);
	put_address(writer, object, "pc", has_pc, pc);
	put_address(writer, object, "sp", has_sp, sp);
	if (writer->analysis->runtime->recorded)
		put_registers(writer, object, &thread->registers);
	thread_stack(writer->analysis, index, stack);
	stream_text(writer->stream, "{");
	dump_members(writer);
	stream_text(writer->stream, ",");
	write_stack(writer, stack);
	stream_text(writer->stream, "}");
}

static void threads_section(struct writer *writer)
{
	struct stack stack = {0};

	open_array(writer, "threads");
	for (size_t i = 0; i < writer->analysis->image->threads.count; i++)
		thread_section(writer, i, &stack);
	recorded_thread_items(writer, &stack);
	close_array(writer);
}

static void put_evidence(struct writer *writer, json_t *list, const struct evidence *evidence)
{
	json_t *object = push_value(writer, list, new_object());

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
	json_t *object = push_value(writer, list, new_object());
	json_t *releases;

	put_text(writer, object, "id", cited->bug->id);
	put_text(writer, object, "title", cited->bug->title);
	releases = put_value(writer, object, "fixed_in", new_array());
	for (size_t i = 0; cited->bug->fixed_in[i]; i++)
		push_value(writer, releases, text_value(writer, cited->bug->fixed_in[i]));
	put_value(writer, object, "affects_this_version",
		  cited->affects < 0 ? null_value() : bool_value(cited->affects));
	if (cited->bug->unverified)
		put_text(writer, object, "unverified", cited->bug->unverified);
}

static void put_overrun(struct writer *writer, json_t *finding, const struct overrun *overrun)
{
	static const char *const directions[] = {[RUN_UPWARDS] = "upwards", [RUN_DOWNWARDS] = "downwards"};
	json_t *object = put_value(writer, finding, "overrun", new_object());
	const struct run *run = &overrun->run;
	const struct pc_info *function = writer_function(overrun);
	const bool is_run = run->shape != RUN_NONE;

	put_text(writer, object, "shape", is_run ? run_shape_name(run->shape) : NULL);
	put_number(writer, object, "words", is_run, run->words);
	put_address(writer, object, "start", is_run, run->start);
	put_address(writer, object, "end", is_run, run->end);
	put_text(writer, object, "direction", directions[run->direction]);
	put_text(writer, object, "function", function ? go_func_name(function) : NULL);
	put_address(writer, object, "variable", overrun->local.pc != 0, overrun->local.address);
	put_value(writer, object, "presumed", bool_value(overrun->presumed));
	put_text(writer, object, "passed_to", overrun->local.passed_to);
	put_address(writer, object, "store", overrun->has_store, overrun->store.pc);
}

static void put_rival(struct writer *writer, json_t *list, const struct rival *rival)
{
	json_t *object = push_value(writer, list, new_object());

	put_text(writer, object, "cause", rival->cause);
	put_text(writer, object, "for", rival->speaks_for);
	put_text(writer, object, "against", rival->speaks_against);
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
	list = put_value(writer, object, "evidence", new_array());
	for (size_t i = 0; i < finding->evidence.count; i++)
		put_evidence(writer, list, &finding->evidence.items[i]);
	list = put_value(writer, object, "known_bugs", new_array());
	for (size_t i = 0; i < finding->bugs.count; i++)
		put_bug(writer, list, &finding->bugs.items[i]);
	put_number(writer, object, "sp_error", finding->has_sp_error, finding->sp_error);
	put_address(writer, object, "caller_pc", finding->has_caller, finding->caller_pc);
	put_address(writer, object, "caller_sp", finding->has_caller, finding->caller_sp);
	put_number(writer, object, "explained_by", finding->explained_by >= 0, finding->explained_by);
	list = finding->rivals.count ? put_value(writer, object, "rivals", new_array()) : NULL;
	for (size_t i = 0; i < finding->rivals.count; i++)
		put_rival(writer, list, &finding->rivals.items[i]);
	if (finding->overrun)
		put_overrun(writer, object, finding->overrun);
	dump_pending(writer);
}

static void findings_section(struct writer *writer)
{
	open_array(writer, "findings");
	for (size_t i = 0; i < writer->diagnosis->findings.count; i++)
		finding_item(writer, &writer->diagnosis->findings.items[i]);
	close_array(writer);
}

enum { EXPOSURES_LISTED = 1000 };

static void exposures_section(struct writer *writer)
{
	const struct diagnosis *diagnosis = writer->diagnosis;

	if (!diagnosis->exposures.count)
		return;
	open_array(writer, "exposures");
	for (size_t i = 0; i < diagnosis->exposures.count && i < EXPOSURES_LISTED; i++) {
		const struct exposure *exposure = &diagnosis->exposures.items[i];
		json_t *object = begin_item(writer);

		put_goroutine_id(writer, object, "goroutine", exposure->goroutine);
		put_text(writer, object, "api", exposure->outparam->api);
		put_text(writer, object, "parameter", exposure->outparam->parameter);
		put_text(writer, object, "function", exposure->outparam->closure);
		put_address(writer, object, "address", true, exposure->address);
		dump_pending(writer);
	}
	close_array(writer);
}

static void observation_item(struct writer *writer, const struct observation *observation)
{
	const struct goroutine *first = &writer->analysis->runtime->goroutines.items[*observation->members];
	json_t *object = begin_item(writer);

	put_text(writer, object, "kind", observation->kind);
	put_text(writer, object, "text", observation->text);
	stream_text(writer->stream, "{");
	dump_members(writer);
	stream_text(writer->stream, ",");
	write_ids(writer, observation->members, observation->count);
	object = begin_value(writer, new_object());
	put_text(writer, object, "function", observation->function);
	stream_text(writer->stream, ",");
	dump_members(writer);
	write_wait_reason(writer, first);
	write_creator(writer, first);
	object = begin_value(writer, new_object());
	put_number(writer, object, "least_seconds", observation->most != 0, observation->least / NANOTIME_SECOND);
	put_number(writer, object, "most_seconds", observation->most != 0, observation->most / NANOTIME_SECOND);
	stream_text(writer->stream, ",");
	dump_members(writer);
	stream_text(writer->stream, "}");
}

static void observations_section(struct writer *writer)
{
	const struct observations *observations = observations_of(writer->diagnosis, writer->selection);

	if (!observations->items.count)
		return;
	open_array(writer, "observations");
	for (size_t i = 0; i < observations->items.count; i++)
		observation_item(writer, &observations->items.items[i]);
	close_array(writer);
}

static void put_runners_up(struct writer *writer, json_t *object, const struct verdict *verdict)
{
	json_t *list = put_value(writer, object, "runners_up", new_array());

	for (size_t i = 0; i < verdict->runners_up.count; i++) {
		json_t *item = push_value(writer, list, new_object());

		put_number(writer, item, "finding", true, (int64_t)verdict->runners_up.items[i].finding);
		put_text(writer, item, "separated_by", verdict->runners_up.items[i].separated_by);
	}
	put_texts(writer, put_value(writer, object, "unexplained", new_array()), verdict->unexplained.items,
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
	list = put_value(writer, object, "narrative", new_array());
	for (size_t i = 0; i < narrative->paragraphs.count; i++)
		push_value(writer, list, text_value(writer, narrative->paragraphs.items[i].text));
	put_texts(writer, put_value(writer, object, "confirm", new_array()), narrative->confirmations.items,
		  narrative->confirmations.count);
	list = put_value(writer, object, "actions", new_array());
	put_texts(writer, list, narrative->actions.items, narrative->actions.count);
	put_texts(writer, list, narrative->remedies.items, narrative->remedies.count);
	put_number(writer, object, "for_good", true, (int64_t)narrative->remedies.count);
	put_runners_up(writer, object, verdict);
	dump_pending(writer);
}

/* Whose program it is, and how it ended where no finding tells that. */
static void program_section(struct writer *writer)
{
	static const char *const kinds[] = {
		[PRESENCE_GO] = "go",	       [PRESENCE_OLD_GO] = "go-before-1.18", [PRESENCE_GCCGO] = "gccgo",
		[PRESENCE_TINYGO] = "tinygo", [PRESENCE_NONE] = "no-go",	      [PRESENCE_UNKNOWN] = "unknown",
	};
	const struct go_runtime *runtime = writer->analysis->runtime;
	const struct account *account = writer->diagnosis->account;
	json_t *object;

	if (!account)
		return;
	object = begin_section(writer, "program");
	put_text(writer, object, "kind", kinds[runtime->presence]);
	put_text(writer, object, "because", runtime->presence_because);
	put_text(writer, object, "end", account->what);
	put_texts(writer, put_value(writer, object, "facts", new_array()), account->facts.items, account->facts.count);
	dump_pending(writer);
}

static void notes_section(struct writer *writer)
{
	struct notes *notes = writer->analysis->notes;

	steps_note(notes);
	begin_key(writer, "notes");
	put_texts(writer, begin_value(writer, new_array()), notes->items, notes->count);
	dump_pending(writer);
}

static void fingerprint_sections(struct writer *writer)
{
	const struct fingerprint fingerprint = fingerprint_of(writer->diagnosis);

	text_section(writer, "fingerprint", fingerprint.across);
	text_section(writer, "fingerprint_exact", fingerprint.exact);
}

static void put_day(struct writer *writer, json_t *object, const char *key, bool known, int64_t seconds)
{
	put_text(writer, object, key, known ? history_time(writer->arena, seconds) : NULL);
}

static void history_section(struct writer *writer)
{
	const struct crash_history *history = writer->options->history;
	json_t *object;

	if (!history)
		return;
	object = begin_section(writer, "history");
	put_text(writer, object, "trouble", history->trouble);
	put_text(writer, object, "cluster", history->cluster);
	put_number(writer, object, "count", !history->trouble, (int64_t)history->count);
	put_day(writer, object, "first_seen", history->count, history->first);
	put_day(writer, object, "last_seen", history->count, history->last);
	put_text(writer, object, "first_build", history->first_build);
	put_text(writer, object, "gone_in", history->gone_in);
	put_day(writer, object, "gone_since", history->gone_in, history->gone_since);
	put_texts(writer, put_value(writer, object, "notes", new_array()), history->notes, history->note_count);
	dump_pending(writer);
}

bool report_json(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	struct writer *writer = arena_alloc(diagnosis->arena, sizeof *writer);

	*writer = (struct writer){.arena = diagnosis->arena,
				  .diagnosis = diagnosis,
				  .analysis = diagnosis->analysis,
				  .options = options,
				  .selection = selection_make(diagnosis, options->filter)};
	writer_start(writer, out);
	stream_text(writer->stream, "{");
	text_section(writer, "schema", "tornstack.report/1");
	tool_section(writer, writer->options->version);
	input_section(writer);
	target_section(writer);
	process_section(writer);
	threads_section(writer);
	count_section(writer, "goroutine_count", writer->selection->count);
	if (options->filter)
		count_section(writer, "goroutine_total", diagnosis->analysis->runtime->goroutines.count);
	groups_section(writer);
	goroutines_section(writer);
	findings_section(writer);
	verdict_section(writer);
	notes_section(writer);
	fingerprint_sections(writer);
	history_section(writer);
	exposures_section(writer);
	if (!options->filter)
		observations_section(writer);
	program_section(writer);
	machine_section(writer);
	build_section(writer);
	if (options->crashes && !options->crash_report)
		crashes_section(writer);
	else
		stream_text(writer->stream, "\n}\n");
	return writer_end(writer);
}
