/* shapes.c: see shapes.h. What has another name in JSON says it; an object is a row's `shape`. */
#include "lib/shapes.h"

#include "lib/tornstack.h"

const char *const certainties[] = {
	[TS_UNKNOWN] = "unknown", [TS_HEALTHY] = "healthy", [TS_POSSIBLE] = "possible",
	[TS_LIKELY] = "likely",   [TS_CERTAIN] = "certain", NULL,
};

#define NAMED(key, kind, of, member) {key, MEMBER_##kind, offsetof(struct of, member), 0, NULL, NULL}
#define PLAIN(kind, of, member) NAMED(#member, kind, of, member)
#define TEXT(of, member) PLAIN(TEXT, of, member)
#define NUMBER(of, member) PLAIN(NUMBER, of, member)
#define WORD(of, member) PLAIN(WORD, of, member)
#define BOOL(of, member) PLAIN(BOOL, of, member)
#define COUNTED(key, kind, of, list, count, shape) {key, MEMBER_##kind, offsetof(struct of, list), offsetof(struct of, count), shape, NULL}
#define OBJECT(of, member, shape) {#member, MEMBER_OBJECT, offsetof(struct of, member), 0, shape, NULL}
#define CERTAINTY(of) {"certainty", MEMBER_CHOICE, offsetof(struct of, certainty), 0, NULL, certainties}
#define STACK(of) {"", MEMBER_PART, offsetof(struct of, stack), 0, &stack_shape, NULL}
#define END {NULL, MEMBER_TEXT, 0, 0, NULL, NULL}
#define SHAPE(name, of) static const struct shape name##_shape = {sizeof(struct of), name##_members}

static const struct member frame_members[] = {
	TEXT(ts_frame, function),
	TEXT(ts_frame, file),
	NUMBER(ts_frame, line),
	TEXT(ts_frame, module),
	WORD(ts_frame, pc),
	WORD(ts_frame, sp),
	WORD(ts_frame, fp),
	WORD(ts_frame, entry),
	NUMBER(ts_frame, function_offset),
	BOOL(ts_frame, inlined),
	TEXT(ts_frame, how),
	PLAIN(INDEX, ts_frame, finding),
	TEXT(ts_frame, arguments),
	END,
};
SHAPE(frame, ts_frame);

static const struct member stack_members[] = {
	COUNTED("frames", LIST, ts_stack, frames, frame_count, &frame_shape),
	TEXT(ts_stack, end),
	WORD(ts_stack, end_address),
	NUMBER(ts_stack, elided),
	NUMBER(ts_stack, elided_at),
	END,
};
SHAPE(stack, ts_stack);

static const struct member creator_members[] = {
	TEXT(ts_creator, function),
	TEXT(ts_creator, file),
	NUMBER(ts_creator, line),
	WORD(ts_creator, pc),
	NUMBER(ts_creator, goroutine),
	END,
};
SHAPE(creator, ts_creator);

static const struct member ancestor_members[] = {
	NUMBER(ts_ancestor, goroutine),
	STACK(ts_ancestor),
	END,
};
SHAPE(ancestor, ts_ancestor);

static const struct member goroutine_members[] = {
	NUMBER(ts_goroutine, id),
	TEXT(ts_goroutine, status),
	TEXT(ts_goroutine, wait_reason),
	NUMBER(ts_goroutine, waiting_seconds),
	NUMBER(ts_goroutine, thread),
	BOOL(ts_goroutine, scan),
	BOOL(ts_goroutine, locked_to_thread),
	OBJECT(ts_goroutine, created_by, &creator_shape),
	WORD(ts_goroutine, stack_lo),
	WORD(ts_goroutine, stack_hi),
	STACK(ts_goroutine),
	COUNTED("labels", FIELDS, ts_goroutine, labels, label_count, NULL),
	COUNTED("ancestors", LIST, ts_goroutine, ancestors, ancestor_count, &ancestor_shape),
	END,
};
SHAPE(goroutine, ts_goroutine);

static const struct member waiting_members[] = {
	NUMBER(ts_waiting, known),
	NUMBER(ts_waiting, least_seconds),
	NUMBER(ts_waiting, most_seconds),
	END,
};
SHAPE(waiting, ts_waiting);

static const struct member group_members[] = {
	NUMBER(ts_group, count),
	COUNTED("ids", NUMBERS, ts_group, ids, id_count, NULL),
	OBJECT(ts_group, waiting, &waiting_shape),
	TEXT(ts_group, status),
	TEXT(ts_group, wait_reason),
	BOOL(ts_group, scan),
	OBJECT(ts_group, created_by, &creator_shape),
	STACK(ts_group),
	END,
};
SHAPE(group, ts_group);

static const struct member thread_members[] = {
	NUMBER(ts_thread, id),
	TEXT(ts_thread, name),
	BOOL(ts_thread, crashed),
	NUMBER(ts_thread, goroutine),
	WORD(ts_thread, pc),
	WORD(ts_thread, sp),
	STACK(ts_thread),
	COUNTED("registers", FIELDS, ts_thread, registers, register_count, NULL),
	END,
};
SHAPE(thread, ts_thread);

static const struct member evidence_members[] = {
	TEXT(ts_evidence, kind),
	TEXT(ts_evidence, text),
	NAMED("for", BOOL, ts_evidence, speaks_for),
	TEXT(ts_evidence, weight),
	WORD(ts_evidence, address),
	TEXT(ts_evidence, observed),
	TEXT(ts_evidence, expected),
	END,
};
SHAPE(evidence, ts_evidence);

static const struct member bug_members[] = {
	TEXT(ts_bug, id),
	TEXT(ts_bug, title),
	COUNTED("fixed_in", TEXTS, ts_bug, fixed_in, fixed_in_count, NULL),
	PLAIN(MAYBE, ts_bug, affects_this_version),
	TEXT(ts_bug, unverified),
	END,
};
SHAPE(bug, ts_bug);

static const struct member rival_members[] = {
	TEXT(ts_rival, cause),
	NAMED("for", TEXT, ts_rival, speaks_for),
	NAMED("against", TEXT, ts_rival, speaks_against),
	END,
};
SHAPE(rival, ts_rival);

static const struct member finding_members[] = {
	TEXT(ts_finding, rule),
	TEXT(ts_finding, title),
	CERTAINTY(ts_finding),
	NUMBER(ts_finding, goroutine),
	NUMBER(ts_finding, thread),
	NUMBER(ts_finding, frame),
	TEXT(ts_finding, function),
	WORD(ts_finding, pc),
	WORD(ts_finding, slot),
	WORD(ts_finding, observed),
	WORD(ts_finding, repaired),
	COUNTED("sp_error", SIGNED, ts_finding, sp_error, has_sp_error, NULL),
	WORD(ts_finding, caller_pc),
	WORD(ts_finding, caller_sp),
	COUNTED("evidence", LIST, ts_finding, evidence, evidence_count, &evidence_shape),
	COUNTED("known_bugs", LIST, ts_finding, known_bugs, known_bug_count, &bug_shape),
	COUNTED("rivals", LIST, ts_finding, rivals, rival_count, &rival_shape),
	PLAIN(INDEX, ts_finding, explained_by),
	END,
};
SHAPE(finding, ts_finding);

static const struct member verdict_members[] = {
	CERTAINTY(ts_verdict),
	TEXT(ts_verdict, rule),
	PLAIN(INDEX, ts_verdict, finding),
	TEXT(ts_verdict, headline),
	COUNTED("narrative", TEXTS, ts_verdict, narrative, narrative_count, NULL),
	COUNTED("actions", TEXTS, ts_verdict, actions, action_count, NULL),
	NUMBER(ts_verdict, for_good),
	COUNTED("confirm", TEXTS, ts_verdict, confirm, confirm_count, NULL),
	COUNTED("unexplained", TEXTS, ts_verdict, unexplained, unexplained_count, NULL),
	END,
};
SHAPE(verdict, ts_verdict);

static const struct member input_members[] = {
	TEXT(ts_input, name),
	TEXT(ts_input, format),
	TEXT(ts_input, compression),
	NUMBER(ts_input, size),
	BOOL(ts_input, truncated),
	BOOL(ts_input, slim),
	END,
};
SHAPE(input, ts_input);

static const struct member target_members[] = {
	TEXT(ts_target, os),
	TEXT(ts_target, arch),
	TEXT(ts_target, go_version),
	TEXT(ts_target, main_module),
	TEXT(ts_target, executable),
	TEXT(ts_target, executable_source),
	TEXT(ts_target, build_id),
	PLAIN(MAYBE, ts_target, stripped),
	TEXT(ts_target, layout_source),
	TEXT(ts_target, executable_identity),
	TEXT(ts_target, executable_doubt),
	END,
};
SHAPE(target, ts_target);

static const struct member stop_members[] = {
	TEXT(ts_stop, name),
	TEXT(ts_stop, code),
	WORD(ts_stop, address),
	NUMBER(ts_stop, thread),
	END,
};
SHAPE(stop, ts_stop);

static const struct member fault_members[] = {
	TEXT(ts_fault, name),
	WORD(ts_fault, pc),
	WORD(ts_fault, address),
	TEXT(ts_fault, access),
	NUMBER(ts_fault, goroutine),
	NUMBER(ts_fault, thread),
	END,
};
SHAPE(fault, ts_fault);

static const struct member process_members[] = {
	NUMBER(ts_process, pid),
	TEXT(ts_process, command),
	TEXT(ts_process, message),
	TEXT(ts_process, godebug),
	COUNTED("panic_lines", TEXTS, ts_process, panic_lines, panic_line_count, NULL),
	OBJECT(ts_process, stop, &stop_shape),
	OBJECT(ts_process, fault, &fault_shape),
	END,
};
SHAPE(process, ts_process);

static const struct member report_members[] = {
	TEXT(ts_report, schema),
	OBJECT(ts_report, input, &input_shape),
	OBJECT(ts_report, target, &target_shape),
	OBJECT(ts_report, process, &process_shape),
	OBJECT(ts_report, verdict, &verdict_shape),
	COUNTED("findings", LIST, ts_report, findings, finding_count, &finding_shape),
	COUNTED("threads", LIST, ts_report, threads, thread_count, &thread_shape),
	NAMED("goroutine_count", NUMBER, ts_report, goroutine_total),
	COUNTED("goroutine_groups", LIST, ts_report, groups, group_count, &group_shape),
	COUNTED("goroutines", LIST, ts_report, goroutines, goroutine_count, &goroutine_shape),
	COUNTED("notes", TEXTS, ts_report, notes, note_count, NULL),
	TEXT(ts_report, fingerprint),
	TEXT(ts_report, fingerprint_exact),
	END,
};
const struct shape report_shape = {sizeof(struct ts_report), report_members};
