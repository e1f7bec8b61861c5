/* findings.c: how detectors write findings. */
#include "heuristics/detector.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_LIMIT = 512 };

static const char *const kind_names[] = {
	[EVIDENCE_INSTRUCTION] = "instruction",	  [EVIDENCE_MEMORY] = "memory",
	[EVIDENCE_REGISTER] = "register",	  [EVIDENCE_CALL_SITE] = "call-site",
	[EVIDENCE_UNWIND] = "unwind",		  [EVIDENCE_STACK_BOUNDS] = "stack-bounds",
	[EVIDENCE_RUNTIME_STATE] = "runtime-state", [EVIDENCE_MESSAGE] = "message",
	[EVIDENCE_VERSION] = "version",		  [EVIDENCE_PREDICTION] = "prediction",
	[EVIDENCE_EXCEPTION] = "exception",
};

static const char *const weight_names[] = {
	[WEIGHT_WEAK] = "weak", [WEIGHT_FAIR] = "fair", [WEIGHT_STRONG] = "strong", [WEIGHT_DECISIVE] = "decisive",
};

static const char *const certainty_names[] = {
	[CERTAINTY_POSSIBLE] = "possible", [CERTAINTY_LIKELY] = "likely", [CERTAINTY_CERTAIN] = "certain",
};

const char *evidence_kind_name(enum evidence_kind kind)
{
	return kind_names[kind];
}

const char *weight_name(enum weight weight)
{
	return weight_names[weight];
}

const char *certainty_name(enum certainty certainty)
{
	return certainty_names[certainty];
}

struct finding *finding_add(struct diagnosis *diagnosis, const struct detector *detector)
{
	vec_push(diagnosis->arena, &diagnosis->findings,
		 (struct finding){.detector = detector, .goroutine = -1, .thread = -1, .frame = -1, .explained_by = -1});
	return &diagnosis->findings.items[diagnosis->findings.count - 1];
}

const char *hex_text(struct arena *arena, uint64_t value)
{
	return arena_printf(arena, "0x%" PRIx64, value);
}

static struct evidence *add(struct diagnosis *diagnosis, struct finding *finding, struct evidence evidence,
			    const char *format, va_list args)
{
	char text[TEXT_LIMIT];

	vsnprintf(text, sizeof text, format, args);
	evidence.text = arena_strdup(diagnosis->arena, text);
	vec_push(diagnosis->arena, &finding->evidence, evidence);
	return &finding->evidence.items[finding->evidence.count - 1];
}

struct evidence *evidence_add(struct diagnosis *diagnosis, struct finding *finding, enum evidence_kind kind,
			      enum weight weight, bool against, const char *format, ...)
{
	struct evidence *evidence;
	va_list args;

	va_start(args, format);
	evidence = add(diagnosis, finding, (struct evidence){.kind = kind, .weight = weight, .against = against}, format,
		       args);
	va_end(args);
	return evidence;
}

bool evidence_word(struct diagnosis *diagnosis, struct finding *finding, enum weight weight, bool against, uint64_t address,
		   const char *expected, const char *format, ...)
{
	struct evidence evidence = {.kind = EVIDENCE_MEMORY, .weight = weight, .against = against, .address = address,
				    .expected = expected};
	uint64_t word;
	va_list args;

	if (!image_u64(diagnosis->analysis->image, address, &word))
		return false;
	evidence.observed = hex_text(diagnosis->arena, word);
	va_start(args, format);
	add(diagnosis, finding, evidence, format, args);
	va_end(args);
	return true;
}
