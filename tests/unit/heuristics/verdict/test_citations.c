/* test_citations.c: bugs are cited where what their rows need is in the dump, and nowhere else. */
#include "formats/dump/system.h"
#include "heuristics/verdict/citations.h"
#include "heuristics/detector.h"
#include "report/report.h"
#include "tests/build/findings.h"
#include "tests/build/go_scene.h"
#include "tests/build/scratch.h"

#include <elf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20 };

#define VDSO UINT64_C(0x7fff00000000)

static const struct scene_options torn = {.arch = &arch_arm64, .minor = 24, .patch = 5};

static const struct cited_bug *cited(const struct finding *finding, const char *id)
{
	for (size_t i = 0; finding && i < finding->bugs.count; i++)
		if (!strcmp(finding->bugs.items[i].bug->id, id))
			return &finding->bugs.items[i];
	return NULL;
}

/* What the release says; NULL: nothing. */
static const struct evidence *release_evidence(const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == EVIDENCE_VERSION)
			return &finding->evidence.items[i];
	return NULL;
}

static void set_release(struct go_runtime *runtime, const char *release)
{
	runtime->version = (struct go_version){0};
	if (release)
		assert_true(go_version_parse(runtime->arena, release, strlen(release), &runtime->version));
}

/* ---- releases ---- */

static const struct {
	const char *release;
	int affects;
	const char *evidence; /* NULL: none */
} releases[] = {
	{"go1.24.5", 1, "is one of the releases affected by golang/go#73259"},
	{"go1.23.11", 1, "go1.23.11 is one of"},
	{"go1.24.6", 0, "go1.24.6 is not among the releases affected by"},
	{"go1.23.12", 0, "is not among"},
	{"go1.24.4-deb12u1", 1, "a vendor's build, which may carry fixes, of a release affected by"},
	{"go1.24.6-deb12u1", 0, "is not among"},
	{"devel go1.25-0123456789 Mon Jan 6 10:00:00 2025 +0000", -1, NULL},
	{"devel go1.26-0123456789 Mon Jan 5 10:00:00 2026 +0000", 0, "is not among"},
	{"devel +0123456789 Mon Jan 6 10:00:00 2025 +0000", -1, NULL},
	{NULL, -1, NULL},
};

/* The release is evidence, never a veto, and costs no certainty. */
static void releases_are_said(struct arena *arena)
{
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
		struct go_scene scene = scene_new(arena, &torn);
		struct go_runtime *runtime = go_load(scene.builder);
		const struct evidence *evidence;
		const struct finding *finding;

		set_release(runtime, releases[i].release);
		finding = finding_of(diagnose(analyze(runtime)), "split-sp");
		assert_non_null(finding);
		assert_int_equal(finding->bugs.count, 1);
		assert_string_equal(finding->bugs.items[0].bug->id, "golang/go#73259");
		assert_int_equal(finding->bugs.items[0].affects, releases[i].affects);
		assert_int_equal(finding->certainty, CERTAINTY_CERTAIN);
		evidence = release_evidence(finding);
		assert_int_equal(evidence != NULL, releases[i].evidence != NULL);
		if (!evidence)
			continue;
		assert_non_null(strstr(evidence->text, releases[i].evidence));
		assert_int_equal(evidence->against, !releases[i].affects);
		assert_int_equal(evidence->weight, WEIGHT_WEAK);
	}
}

static void code_decides(struct arena *arena)
{
	struct scene_options options = torn;
	struct go_scene scene;
	const struct finding *finding;

	options.leaf = true;
	scene = scene_new(arena, &options);
	finding = finding_of(diagnose(analyze(go_load(scene.builder))), "split-sp");
	assert_int_equal(finding->bugs.count, 1);
	assert_non_null(cited(finding, "golang/go#73259 (leaf functions)"));
}

/* The same tear on amd64 is no instance of a bug of arm64. */
static void other_cpus_have_it_not(struct arena *arena)
{
	const struct scene_options options = {.arch = &arch_amd64, .minor = 24, .patch = 5};
	struct go_scene scene = scene_new(arena, &options);
	const struct finding *finding = finding_of(diagnose(analyze(go_load(scene.builder))), "split-sp");

	assert_non_null(finding);
	assert_int_equal(finding->bugs.count, 0);
	assert_null(release_evidence(finding));
}

/* ---- needs, one by one ---- */

struct death {
	struct go_scene scene;
	struct go_runtime *runtime;
	struct diagnosis *diagnosis;
	const struct finding *crash;
};

/* A thread died walking goroutine 1. `switches`: what goroutine 1 stopped in is assembly that sets SP. */
static struct death death_of(struct arena *arena, const struct scene_options *options, bool switches, bool faulted)
{
	struct death death = {.scene = scene_new(arena, options)};
	struct go_builder *builder = death.scene.builder;
	struct analysis *analysis;

	if (switches)
		builder->functions.items[death.scene.big_frame].flags = FUNC_ASM | FUNC_SP_WRITE;
	scene_add_walker(&death.scene, "runtime: g1: frame.sp=0xc000430f00 top=0xc00043ffd0\n"
				       "fatal error: traceback did not unwind completely\n");
	builder->image->stop =
		(struct stop){.known = true, .number = SIGABRT, .name = "SIGABRT", .thread = SCENE_WALKER_THREAD};
	death.runtime = go_load(builder);
	analysis = analyze(death.runtime);
	if (faulted)
		analysis->fault = (struct fault){.known = true, .name = "SIGSEGV", .goroutine = -1, .thread = -1};
	death.diagnosis = diagnose(analysis);
	death.crash = finding_of(death.diagnosis, "unwinder-crash");
	assert_non_null(death.crash);
	return death;
}

static struct death death_new(struct arena *arena, const struct scene_options *options, bool switches)
{
	return death_of(arena, options, switches, false);
}

static bool needs_met(const struct diagnosis *diagnosis, const struct finding *finding, const struct known_bug *bug)
{
	return bug_is_possible(diagnosis, bug) && bug_fits(diagnosis, finding, bug);
}

static bool met(const struct death *death, struct bug_need need)
{
	const struct known_bug bug = {.id = "example/example#1", .needs = {need}};

	return needs_met(death->diagnosis, death->crash, &bug);
}

#define OF(kind_, text_) ((struct bug_need){.kind = NEED_##kind_, .text = text_})
#define WITHIN(kind_, first_, last_) ((struct bug_need){.kind = NEED_##kind_, .first = first_, .last = last_})
#define PLAIN(kind_) ((struct bug_need){.kind = NEED_##kind_})

static void words_and_functions(struct arena *arena)
{
	struct death death = death_new(arena, &torn, false);

	assert_true(met(&death, OF(TEXT, "traceback did not unwind completely")));
	assert_true(met(&death, OF(TEXT, "frame.sp=0xc000430f00")));
	assert_false(met(&death, OF(TEXT, "unknown caller pc")));
	assert_true(met(&death, OF(ON_STACK, "runtime.(*unwinder).")));
	assert_true(met(&death, OF(ON_STACK, "main.deepCaller")));
	assert_false(met(&death, OF(ON_STACK, "deepCaller")));
	assert_false(met(&death, OF(ON_STACK, "runtime.fpTracebackPCs")));
	assert_true(met(&death, OF(VICTIM, "main.bigFrame")));
	assert_false(met(&death, OF(VICTIM, "runtime.scanstack"))); /* the thread that died passes it */
	assert_true(met(&death, OF(CODE, "runtime.scan")));
	assert_false(met(&death, OF(CODE, "runtime/cgo.")));
	assert_true(met(&death, PLAIN(PREEMPTED)));
	assert_false(met(&death, PLAIN(LEAF)));  /* of the tear's own finding only */
	assert_false(met(&death, PLAIN(CALLS)));
	assert_false(met(&death, PLAIN(STORES_LENGTH)));
	assert_false(met(&death, PLAIN(STORES_OTHER)));
	assert_false(met(&death, PLAIN(SWITCHING)));
	assert_false(met(&death, PLAIN(UNEXPLAINED))); /* the tear explains it */
	assert_true(met(&death, PLAIN(PREEMPTION)));
	death.runtime->godebug = "gctrace=1,asyncpreemptoff=1";
	assert_false(met(&death, PLAIN(PREEMPTION)));
}

static void faults(struct arena *arena)
{
	struct death death = death_new(arena, &torn, false);
	struct fault *fault = &death.diagnosis->analysis->fault;

	assert_false(met(&death, PLAIN(WILD_FAULT)));
	assert_false(met(&death, PLAIN(FAULT)));
	*fault = (struct fault){.known = true, .has_address = true, .address = 0x60, .has_pc = true, .pc = GO_TEXT};
	assert_true(met(&death, PLAIN(FAULT)));
	assert_false(met(&death, PLAIN(WILD_FAULT)));
	assert_false(met(&death, PLAIN(PC_ON_STACK)));
	assert_false(met(&death, PLAIN(PC_FOREIGN)));
	fault->address = 0x9100c3ffa97ffc05;
	assert_true(met(&death, PLAIN(WILD_FAULT)));
	fault->pc = death.scene.sp;
	assert_true(met(&death, PLAIN(PC_ON_STACK)));
	assert_false(met(&death, PLAIN(PC_FOREIGN)));
	fault->pc = GO_DATA;
	assert_false(met(&death, PLAIN(PC_ON_STACK)));
	assert_true(met(&death, PLAIN(PC_FOREIGN)));
	fault->pc = 0x12; /* nothing is there */
	assert_false(met(&death, PLAIN(PC_FOREIGN)));
}

static void files_and_modules(struct arena *arena)
{
	static const char info[] = "dep\tgithub.com/klauspost/compress\tv1.18.5\th1:x=\n";
	struct death death = death_new(arena, &torn, false);
	struct bug_need module = OF(MODULE, "github.com/klauspost/compress");

	assert_false(met(&death, module));
	death.runtime->build_info = (struct span){(const uint8_t *)info, sizeof info - 1};
	assert_true(met(&death, module));
	module.below = "v1.18.5";
	assert_false(met(&death, module));
	assert_false(met(&death, OF(LIBRARY, "ld-musl")));
	vec_push(arena, &death.diagnosis->analysis->image->mappings,
		 (struct mapping){.start = VDSO + 0x10000, .end = VDSO + 0x20000, .path = "/lib/ld-musl-x86_64.so.1"});
	assert_true(met(&death, OF(LIBRARY, "ld-musl")));
}

/* Of one kind any, of every kind one. */
static void needs_are_joined(struct arena *arena)
{
	struct death death = death_new(arena, &torn, false);
	struct known_bug bug = {.id = "example/example#1",
				.needs = {OF(TEXT, "unknown caller pc"), OF(TEXT, "did not unwind completely"),
					  OF(ON_STACK, "runtime.scanstack")}};

	assert_true(needs_met(death.diagnosis, death.crash, &bug));
	bug.needs[1].text = "unknown pc";
	assert_false(needs_met(death.diagnosis, death.crash, &bug));
	bug.needs[1].text = "did not unwind completely";
	bug.needs[2].text = "runtime.copystack";
	assert_false(needs_met(death.diagnosis, death.crash, &bug));
}

/* ---- systems ---- */

/* A vdso with nothing but its note: "Linux", the release (arch/x86/entry/vdso/vdso-note.S). */
static void add_vdso(struct go_builder *builder, uint32_t release)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr program;
		Elf64_Nhdr note;
		char owner[8];
		uint32_t release;
	} *vdso = arena_alloc(builder->arena, 0x1000);

	memcpy(vdso->header.e_ident, "\x7f" "ELF\x02\x01\x01", 7);
	vdso->header.e_type = ET_DYN;
	vdso->header.e_machine = EM_AARCH64;
	vdso->header.e_version = EV_CURRENT;
	vdso->header.e_ehsize = sizeof vdso->header;
	vdso->header.e_phoff = sizeof vdso->header;
	vdso->header.e_phentsize = sizeof vdso->program;
	vdso->header.e_phnum = 1;
	vdso->program.p_type = PT_NOTE;
	vdso->program.p_offset = sizeof vdso->header + sizeof vdso->program;
	vdso->program.p_filesz = vdso->program.p_memsz = sizeof vdso->note + 8 + 4;
	vdso->program.p_align = 4;
	vdso->note = (Elf64_Nhdr){.n_namesz = 6, .n_descsz = 4, .n_type = 0};
	memcpy(vdso->owner, "Linux", 6);
	vdso->release = release;
	go_memory(builder, VDSO, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
	go_write(builder, VDSO, vdso, 0x1000);
	vec_push(builder->arena, &builder->image->auxv, (struct auxv_entry){33, VDSO});
}

static void kernels(struct arena *arena)
{
	static const struct {
		uint32_t release;
		bool affected;
	} rows[] = {{LINUX_RELEASE(5, 1, 21), false}, {LINUX_RELEASE(5, 2, 0), true},   {LINUX_RELEASE(5, 3, 14), true},
		    {LINUX_RELEASE(5, 3, 15), false}, {LINUX_RELEASE(5, 4, 1), true},   {LINUX_RELEASE(5, 4, 2), false},
		    {LINUX_RELEASE(6, 1, 0), false},  {0, false}};
	const struct known_bug *bug = known_bug_by_id("golang/go#35777");
	struct scene_options options = torn;

	options.stop = SCENE_BEFORE; /* nothing explains the crash */
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct go_scene scene = scene_new(arena, &options);
		struct diagnosis *diagnosis;
		const struct finding *crash;

		scene_add_walker(&scene, "fatal error: traceback did not unwind completely\n");
		if (rows[i].release)
			add_vdso(scene.builder, rows[i].release);
		diagnosis = diagnose(analyze(go_load(scene.builder)));
		crash = finding_of(diagnosis, "unwinder-crash");
		assert_non_null(crash);
		assert_int_equal(system_release(diagnosis->analysis->image), rows[i].release);
		assert_int_equal(needs_met(diagnosis, crash, bug), rows[i].affected);
		assert_null(cited(crash, bug->id)); /* arm64 cannot have it */
	}
}

static void windows_builds(struct arena *arena)
{
	struct death death = death_new(arena, &torn, false);
	struct image *image = death.diagnosis->analysis->image;

	image->windows_build = 26100;
	assert_false(met(&death, WITHIN(BUILD, 26100, ANY_BUILD))); /* not Windows */
	image->os = OS_WINDOWS;
	assert_true(met(&death, WITHIN(BUILD, 26100, ANY_BUILD)));
	assert_false(met(&death, WITHIN(KERNEL, 1, ANY_BUILD)));
	image->windows_build = 22631;
	assert_false(met(&death, WITHIN(BUILD, 26100, ANY_BUILD)));
	image->windows_build = 0;
	assert_false(met(&death, WITHIN(BUILD, 0, ANY_BUILD)));
}

/* ---- rows ---- */

/* golang/go#62326: the innermost function sets SP, and nothing else explains the crash. */
static void assembly_that_sets_sp(struct arena *arena)
{
	struct scene_options options = {.arch = &arch_arm64, .minor = 21, .patch = 1, .stop = SCENE_BEFORE};
	struct death death = death_new(arena, &options, true);
	const struct cited_bug *bug = cited(death.crash, "golang/go#62326");

	assert_non_null(bug);
	assert_int_equal(bug->affects, 1);
	death = death_new(arena, &options, false);
	assert_null(cited(death.crash, "golang/go#62326"));
	options.patch = 2;
	death = death_new(arena, &options, true);
	bug = cited(death.crash, "golang/go#62326");
	assert_non_null(bug);
	assert_int_equal(bug->affects, 0);
	assert_true(release_evidence(death.crash)->against);
}

/* golang/go#64030 collects faults of the unwinder that nothing explains: a hint, of which the release is no evidence. */
static void hints(struct arena *arena)
{
	struct scene_options options = {.arch = &arch_arm64, .minor = 22, .patch = 1, .stop = SCENE_BEFORE};
	struct death death = death_of(arena, &options, false, true);

	assert_non_null(cited(death.crash, "golang/go#64030"));
	assert_non_null(cited(death.crash, "golang/go#64030")->bug->unverified);
	assert_null(release_evidence(death.crash));
	death = death_new(arena, &options, false);
	assert_null(cited(death.crash, "golang/go#64030"));
	options.stop = SCENE_TORN;
	death = death_of(arena, &options, false, true);
	assert_null(cited(death.crash, "golang/go#64030"));
	assert_int_equal(death.crash->bugs.count, 0);
	assert_non_null(cited(finding_of(death.diagnosis, "split-sp"), "golang/go#73259"));
}

/* The report, on one line. */
static char *report_of(struct arena *arena, const struct diagnosis *diagnosis, bool json)
{
	const struct report_options options = {.version = "test", .columns = 10000};
	char *text, *copy;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (json)
		assert_true(report_json(diagnosis, &options, out));
	else
		report_text(diagnosis, &options, out);
	fclose(out);
	copy = arena_strndup(arena, text, size);
	free(text);
	return copy;
}

static void hints_are_said_to_be_such(struct arena *arena)
{
	struct scene_options options = {.arch = &arch_arm64, .minor = 22, .patch = 1, .stop = SCENE_BEFORE};
	struct death death = death_of(arena, &options, false, true);
	const char *text = report_of(arena, death.diagnosis, false);

	assert_non_null(strstr(text, "This binary: go1.22.1, affected. A hint only. Not verified: its causes"));
	assert_non_null(strstr(text, "Compare with golang/go#64030"));
	assert_null(strstr(text, "Work around golang/go#64030"));
	assert_non_null(strstr(report_of(arena, death.diagnosis, true), "\"unverified\""));
}

static void unknown_releases_are_said_to_be_such(struct arena *arena)
{
	struct go_scene scene = scene_new(arena, &torn);
	struct go_runtime *runtime = go_load(scene.builder);
	struct diagnosis *diagnosis;
	const char *json;

	set_release(runtime, NULL);
	diagnosis = diagnose(analyze(runtime));
	assert_non_null(strstr(report_of(arena, diagnosis, false), "This binary: Go version unknown, unknown."));
	json = report_of(arena, diagnosis, true);
	assert_non_null(strstr(json, "\"affects_this_version\":null"));
	assert_null(strstr(json, "\"unverified\""));
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(releases_are_said)
TEST(code_decides)
TEST(other_cpus_have_it_not)
TEST(words_and_functions)
TEST(faults)
TEST(files_and_modules)
TEST(needs_are_joined)
TEST(kernels)
TEST(windows_builds)
TEST(assembly_that_sets_sp)
TEST(hints)
TEST(hints_are_said_to_be_such)
TEST(unknown_releases_are_said_to_be_such)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_releases_are_said),      cmocka_unit_test(test_code_decides),
		cmocka_unit_test(test_other_cpus_have_it_not), cmocka_unit_test(test_words_and_functions),
		cmocka_unit_test(test_faults),		       cmocka_unit_test(test_files_and_modules),
		cmocka_unit_test(test_needs_are_joined),       cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_windows_builds),	       cmocka_unit_test(test_assembly_that_sets_sp),
		cmocka_unit_test(test_hints),		       cmocka_unit_test(test_hints_are_said_to_be_such),
		cmocka_unit_test(test_unknown_releases_are_said_to_be_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
