/* mapped_file.c: a mapped file did not give what was asked of its mapping: it has no page there (SIGBUS), it could not be read
 * (Windows: EXCEPTION_IN_PAGE_ERROR), or it was written to though it was mapped for reading only. */
#include "heuristics/detector.h"

#include "analyzer/unwind/saved_place.h"
#include "base/count.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/faults/memory_access.h"

#include "formats/dump/signals.h"
#include "formats/locator/paths.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_mapped_file;

enum { BUS_ADRERR = 2, SEGV_ACCERR = 2 };

static const struct {
	const char *part, *what, *why;
} kinds[] = {
#define MAPPED_FILE(part, what, why) {part, what, why},
#include "heuristics/faults/mapped_files.def"
#undef MAPPED_FILE
};

struct trouble {
	const struct mapping *mapping;
	uint64_t offset;    /* in the file */
	bool read_only;     /* it is mapped so, and was written to; else it has no page there */
	bool writes, reads; /* what the access was; neither: unknown */
	bool code;          /* the file is an executable or a library: its code is mapped too */
	size_t kind;        /* in mapped_files.def */
};

/* Whether code of the same file is mapped as well. */
static bool holds_code(const struct image *image, const struct mapping *mapping)
{
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		const struct mapping *other = segment->flags & SEGMENT_EXEC ? image_mapping(image, segment->address) : NULL;

		if (other && other->path && !strcmp(other->path, mapping->path))
			return true;
	}
	return false;
}

static size_t kind_of(const char *path)
{
	size_t kind = 0;

	while (!strstr(path, kinds[kind].part))
		kind++;
	return kind;
}

static bool has_no_page(const struct fault *fault)
{
	return (!strcmp(fault->name, "SIGBUS") && fault->has_code && fault->code == BUS_ADRERR) ||
	       !strcmp(fault->name, "EXCEPTION_IN_PAGE_ERROR");
}

/* Of memory that may be read no access is refused but a write. */
static bool is_refused(const struct image *image, const struct fault *fault)
{
	const struct segment *segment = image_segment((struct image *)image, fault->address);

	return !strcmp(fault->name, "SIGSEGV") && fault->has_code && fault->code == SEGV_ACCERR && segment &&
	       (segment->flags & (SEGMENT_READ | SEGMENT_WRITE)) == SEGMENT_READ && fault->access != ACCESS_EXECUTE;
}

static bool examine(struct analysis *analysis, struct trouble *trouble)
{
	const struct fault *fault = &analysis->fault;
	struct memory_access access;

	*trouble = (struct trouble){0};
	if (!fault->known || !fault->has_address)
		return false;
	trouble->mapping = image_mapping(analysis->image, fault->address);
	trouble->read_only = is_refused(analysis->image, fault);
	if (!trouble->mapping || !trouble->mapping->path || (!trouble->read_only && !has_no_page(fault)))
		return false;
	trouble->code = holds_code(analysis->image, trouble->mapping);
	if (trouble->read_only && trouble->code)
		return false; /* constants of a program: another mistake */
	trouble->offset = trouble->mapping->file_offset + (fault->address - trouble->mapping->start);
	trouble->kind = kind_of(trouble->mapping->path);
	if (fault->has_pc && memory_access_at(analysis, fault->pc, &access))
		trouble->writes = access.store;
	trouble->reads = !trouble->writes && fault->has_pc && memory_access_at(analysis, fault->pc, &access);
	trouble->writes = trouble->writes || trouble->read_only || fault->access == ACCESS_WRITE;
	return true;
}

static const char *why(const struct trouble *trouble)
{
	if (trouble->code)
		return "it was overwritten or cut short in its place while the program ran";
	if (*kinds[trouble->kind].why)
		return kinds[trouble->kind].why;
	if (trouble->reads)
		return "it was cut short, or its disk failed";
	return "it was cut short, its file system had no room for the page, or its disk failed";
}

/* The program's own function that touched it, the C library's copying and the like apart. */
static void point_at_user(struct analysis *analysis, struct finding *finding)
{
	const struct fault *fault = &analysis->fault;
	const struct pc_info *info = fault->has_pc ? go_pc(analysis->runtime, fault->pc, true) : NULL;
	struct stack stack = {0};
	size_t frame = 0;

	finding->has_pc = fault->has_pc;
	finding->pc = fault->pc;
	finding->function = info && info->func ? go_func_name(info) : NULL;
	if (fault->goroutine < 0)
		return;
	goroutine_stack(analysis, (size_t)fault->goroutine, &stack);
	while (frame < stack.frames.count && stack.frames.items[frame].pc != fault->pc)
		frame++;
	frame = first_program_frame(&stack, frame);
	if (frame < stack.frames.count) {
		finding->function = program_function(analysis, &stack, frame);
		finding->frame = stack.frames.items[frame].pc == fault->pc ? (int64_t)frame : -1;
	}
}

static const char *title(struct diagnosis *diagnosis, const struct finding *finding, const struct trouble *trouble)
{
	const char *who = finding->function ? finding->function : "code that is not Go's";
	const char *name = path_base_name(trouble->mapping->path);

	if (trouble->read_only)
		return arena_printf(diagnosis->arena, "%s wrote to the file %s, which was mapped for reading only", who, name);
	return arena_printf(diagnosis->arena, "%s %s the mapped file %s at offset 0x%" PRIx64 ", where it has no page: %s", who,
			    trouble->writes ? "wrote to" : trouble->reads ? "read" : "touched", name, trouble->offset, why(trouble));
}

static void machine_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const struct signal_code *code = diagnosis->analysis->image->os == OS_LINUX ? signal_code(fault->number, fault->code) : NULL;
	struct evidence *evidence;

	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false, "%s, accessing 0x%" PRIx64,
				fault->name, fault->address);
	evidence->address = fault->has_pc ? fault->pc : 0;
	if (!code)
		return;
	if (fault->code_address)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, fault->code_address, NULL,
			      "the kernel said, in the lower four bytes (si_code %d, %s): %s", fault->code, code->name, code->meaning);
	else
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false, "the kernel said (%s): %s", code->name,
			     code->meaning);
}

static void mapping_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct trouble *trouble)
{
	const struct mapping *mapping = trouble->mapping;

	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "the dump's list of mapped files has %s, %s%s, from 0x%" PRIx64 " to 0x%" PRIx64
		     ", of which offset 0x%" PRIx64 " was asked for", mapping->path, kinds[trouble->kind].what,
		     trouble->read_only ? ", which may be read and not be written" : "", mapping->start, mapping->end, trouble->offset);
}

/* The kernel's account may be of another fault, or planted: who is in a system call touches nothing, and what the kernel touches
 * for it ends as EFAULT. */
static void system_call_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct fault *fault = &diagnosis->analysis->fault;

	if (fault->has_pc && place_is_behind_trap(diagnosis->analysis->image, fault->pc))
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "it stood just behind the instruction of a system call, at 0x%" PRIx64 ": it was in the kernel, and "
			     "touched nothing", fault->pc);
}

static void walk_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct stack stack = {0};

	if (is_whole_stack(diagnosis->analysis, finding, &stack))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "its stack is whole, %s from there to where it began",
			     counted_text(diagnosis->arena, stack_depth(&stack), "frame"));
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding;
	struct trouble trouble;

	if (!examine(analysis, &trouble))
		return;
	finding = finding_add(diagnosis, &detector_mapped_file);
	finding->thread = analysis->fault.thread;
	finding->goroutine = analysis->fault.goroutine;
	point_at_user(analysis, finding);
	finding->title = title(diagnosis, finding, &trouble);
	machine_evidence(diagnosis, finding);
	mapping_evidence(diagnosis, finding, &trouble);
	system_call_evidence(diagnosis, finding);
	walk_evidence(diagnosis, finding);
}

static const char *const supersedes[] = {"unknown-fault", "go-fatal", "go-panic", "nil-deref", "cgo-fault", "bad-pointer", NULL};

const struct detector detector_mapped_file = {
	.id = "mapped-file",
	.title = "a mapped file has no page where it was accessed, or may not be written there",
	.explanation =
		"A file that is mapped into memory is read and written page by page, when memory is touched. If the file has no such "
		"page (it was cut short, it is sparse and its file system is full, its disk failed, no huge page was free), the kernel "
		"can only stop the instruction: SIGBUS. A write to a file that was mapped for reading only is stopped by SIGSEGV. "
		"Evidence: the signal and its code; the file that the dump's own list has at that address, and the offset in it; the "
		"stack that leads there. Which of the reasons it was, the dump does not tell: the file's length was not in it.\n"
		"What to do: look at the file and its file system; see who writes it.",
	.rank = 56,
	.supersedes = supersedes,
	.run = run,
};
