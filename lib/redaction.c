/* redaction.c: see redaction.h. */
#include "lib/redaction.h"

#include "analyzer/last_words/fault_operand.h"
#include "analyzer/unwind/unwind.h"
#include "lib/redactor.h"

enum { WORD = 8, PS_MOST = 1 << 10 };

/* ---- structures of the runtime ---- */

static void add_processors(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;
	uint64_t list, count, address;

	if (!runtime->globals.allp || !image_u64(redactor->image, runtime->globals.allp, &list) ||
	    !image_u64(redactor->image, runtime->globals.allp + WORD, &count))
		return;
	for (uint64_t i = 0; i < count && i < PS_MOST && image_u64(redactor->image, list + WORD * i, &address); i++)
		redactor_structure(redactor, address, runtime->layout->offset[LAYOUT_p_size]);
}

/* Go's linkers lay code first, then what is never written, then data. */
static void add_code(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;

	for (size_t i = 0; i < runtime->modules.count; i++) {
		const struct go_module *module = &runtime->modules.items[i];
		const uint64_t end = module->data_start > module->etext && module->data_start != UINT64_MAX ? module->data_start : module->etext;

		vec_push(redactor->image->arena, &redactor->redaction->code, ((struct memory_range){module->text, module->etext}));
		vec_push(redactor->image->arena, &redactor->redaction->constants, ((struct memory_range){module->text, end}));
	}
}

/* Lists and counts, which may be large. */
static void add_globals(struct redactor *redactor)
{
	const struct go_globals *globals = &redactor->analysis->runtime->globals;
	const uint64_t slices[] = {globals->allgs, globals->allp};
	const uint64_t words[] = {globals->allglen, globals->allm, globals->print_backlog_index, globals->panicking};

	for (size_t i = 0; i < sizeof slices / sizeof *slices; i++)
		redactor_structure(redactor, slices[i], 3 * WORD);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		redactor_structure(redactor, words[i], WORD);
	redactor_structure(redactor, globals->build_version, 2 * WORD);
}

static void add_structures(struct redactor *redactor)
{
	const struct go_runtime *runtime = redactor->analysis->runtime;

	add_code(redactor);
	add_globals(redactor);
	if (!runtime->layout)
		return;
	for (size_t i = 0; i < runtime->modules.count; i++)
		redactor_structure(redactor, runtime->modules.items[i].address, runtime->layout->offset[LAYOUT_moduledata_size]);
	for (size_t i = 0; i < runtime->goroutines.count; i++)
		redactor_structure(redactor, runtime->goroutines.items[i].address, runtime->layout->offset[LAYOUT_g_size]);
	for (size_t i = 0; i < runtime->machines.count; i++)
		redactor_structure(redactor, runtime->machines.items[i].address, runtime->layout->offset[LAYOUT_m_size]);
	add_processors(redactor);
}

/* ---- text that was taken for an address ---- */

/* Addresses have printable bytes, too. Those are near to others. */
static bool is_text(const struct redactor *redactor, uint64_t value)
{
	const uint64_t near = UINT64_C(1) << 30;

	if (!redaction_is_text(value) || redaction_is_small(value)) /* fill patterns: one letter again and again */
		return false;
	for (size_t i = 0; i < redactor->image->segments.count; i++) {
		const struct segment *segment = &redactor->image->segments.items[i];

		if (value - segment->address + near < segment->size + 2 * near)
			return false;
	}
	return true;
}

static void add_disguised(struct redactor *redactor, uint64_t value)
{
	if (value && is_text(redactor, value) && !redaction_is_disguised(redactor->redaction, value))
		vec_push(redactor->image->arena, &redactor->redaction->disguised, value);
}

/* An address may have been reckoned from a register. */
static void add_registers_at_fault(struct redactor *redactor)
{
	uint64_t value;

	for (uint8_t reg = 0; reg < redactor->image->arch->reg_count; reg++)
		if (register_at_fault(redactor->analysis, reg, &value))
			add_disguised(redactor, value);
}

static void add_all_disguised(struct redactor *redactor)
{
	const struct analysis *analysis = redactor->analysis;

	if (analysis->fault.known) {
		add_disguised(redactor, analysis->fault.address);
		add_disguised(redactor, analysis->fault.pc);
		if (is_text(redactor, analysis->fault.address))
			add_registers_at_fault(redactor);
	}
	for (size_t i = 0; i < redactor->image->threads.count; i++)
		if (analysis->walks[i].stopped.known)
			add_disguised(redactor, analysis->walks[i].stopped.pc);
	for (size_t i = 0; i < analysis->damages.count; i++) {
		add_disguised(redactor, analysis->damages.items[i].observed);
		add_disguised(redactor, analysis->damages.items[i].landed);
	}
}

/* ---- evidence ---- */

static void add_evidence(struct redactor *redactor, uint64_t value)
{
	if (!is_text(redactor, value))
		vec_push(redactor->image->arena, &redactor->redaction->evidence, value);
}

static void add_word(struct redactor *redactor, uint64_t address)
{
	uint64_t value;

	if (address && image_u64(redactor->image, address, &value))
		add_evidence(redactor, value);
}

/* Where signals stopped threads, wherever that leads: a stack that is full ends where nothing is mapped. */
static void add_contexts(struct redactor *redactor)
{
	const struct analysis *analysis = redactor->analysis;

	for (size_t i = 0; i < redactor->image->threads.count; i++) {
		const struct context *stopped = &analysis->walks[i].stopped;

		if (!stopped->known)
			continue;
		add_evidence(redactor, stopped->pc);
		add_evidence(redactor, stopped->sp);
	}
}

static void add_findings(struct redactor *redactor)
{
	const struct diagnosis *diagnosis = redactor->diagnosis;

	for (size_t i = 0; i < redactor->analysis->damages.count; i++) {
		add_evidence(redactor, redactor->analysis->damages.items[i].observed);
		add_evidence(redactor, redactor->analysis->damages.items[i].landed);
		add_evidence(redactor, redactor->analysis->damages.items[i].frame_pointer);
	}
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (finding->has_observed)
			add_evidence(redactor, finding->observed);
		for (size_t k = 0; k < finding->evidence.count; k++)
			add_word(redactor, finding->evidence.items[k].address);
	}
}

void redact(const struct diagnosis *diagnosis, const struct ts_options *options)
{
	struct redactor redactor = {.diagnosis = diagnosis, .analysis = diagnosis->analysis, .image = diagnosis->analysis->image, .options = options};

	redactor.redaction = arena_alloc(redactor.image->arena, sizeof *redactor.redaction);
	if (options->pseudonyms) {
		redactor.redaction->pseudonyms = pseudonyms_new(redactor.image->arena, options->pseudonyms, false);
		redactor.redaction->check = pseudonyms_check(options->pseudonyms);
	}
	add_all_disguised(&redactor);
	add_structures(&redactor);
	redactor_add_messages(&redactor);
	redactor_add_texts(&redactor);
	if (redactor.redaction->pseudonyms)
		redactor_add_names(&redactor);
	add_contexts(&redactor);
	add_findings(&redactor);
	if (redactor.analysis->fault.known && !is_text(&redactor, redactor.analysis->fault.address)) {
		redactor.redaction->has_fault = true;
		redactor.redaction->fault = redactor.analysis->fault.address;
	}
	redaction_run(redactor.image, redactor.redaction);
}
