/* test_layout.c: lookups in the layout tables, spot checks of them against independent readings of the same releases
 * (debug/dwarf of Go, and the runtime's own sources), and the wait reasons. */
#include "golang/layout.h"
#include "golang/wait_reasons.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define F(id) LAYOUT_##id

static uint32_t at(enum target_os os, enum arch_id arch, int minor, int patch, enum layout_field field)
{
	bool exact = false;
	const struct layout *layout = layout_find(os, arch, minor, patch, &exact);

	assert_non_null(layout);
	assert_true(exact);
	return layout->offset[field];
}

static uint32_t linux_at(int minor, int patch, enum layout_field field)
{
	uint32_t amd64 = at(OS_LINUX, ARCH_AMD64, minor, patch, field);

	assert_int_equal(at(OS_LINUX, ARCH_ARM64, minor, patch, field), amd64);
	return amd64;
}

static const struct {
	int minor, patch;
	enum layout_field field;
	uint32_t offset;
} spots[] = {
	{18, 0, F(g_size), 392},
	{20, 14, F(g_size), 392},
	{21, 13, F(g_size), 408},
	{22, 0, F(g_size), 424},
	{23, 12, F(g_size), 432},
	{25, 14, F(g_size), 440},
	{26, 0, F(g_size), 456},
	{27, 4, F(g_size), 456},
	{18, 0, F(g_sched_sp), 56},
	{24, 13, F(g_sched_lr), 96},
	{25, 0, F(g_sched_lr), 88},
	{24, 13, F(g_sched_bp), 104},
	{25, 0, F(g_sched_bp), 96},
	{24, 13, F(g_syscallsp), 112},
	{25, 0, F(g_syscallsp), 104},
	{18, 10, F(m_curg), 192},
	{25, 0, F(m_curg), 184},
	{24, 13, F(m_procid), 72},
	{25, 14, F(m_procid), 64},
	{25, 0, F(m_dying), 260},
	{26, 0, F(m_dying), 268},
	{23, 11, F(m_alllink), 328},
	{23, 12, F(m_alllink), 352},
	{24, 5, F(m_alllink), 328},
	{24, 6, F(m_alllink), 352},
	{25, 0, F(m_alllink), 344},
	{27, 4, F(m_alllink), 352},
	{24, 6, F(m_lockedg), 368},
	{26, 0, F(m_lockedg), 384},
	{22, 0, F(m_libcallpc), 1048},
	{23, 11, F(m_vdsoPC), 864},
	{23, 12, F(m_vdsoPC), 888},
	{21, 0, F(m_preemptGen), 824},
	{25, 14, F(m_preemptGen), 912},
	{26, 11, F(m_self), 1816},
	{27, 0, F(m_self), 1824},
	{18, 0, F(p_size), 8888},
	{18, 0, F(p_m), 56},
	{23, 0, F(p_m), 48},
	{26, 0, F(p_runq), 408},
	{25, 14, F(p_preempt), 9496},
	{18, 10, F(moduledata_textsectmap), 312},
	{20, 0, F(moduledata_next), 560},
	{22, 12, F(moduledata_next), 584},
	{26, 0, F(moduledata_textsectmap), 336},
	{27, 0, F(moduledata_gofunc), 344},
	{27, 4, F(moduledata_size), 568},
	{27, 0, F(moduledata_epclntab), 352},
	{25, 14, F(sudog_c), 80},
	{26, 0, F(sudog_c), 88},
	{18, 0, F(ancestorInfo_gopc), 32},
	{27, 4, F(syncMutex_sema), 4},
	{18, 0, F(hchan_recvq_first), 56},
	{26, 0, F(m_allpSnapshot), 296},
	{18, 10, F(heapArena_spans), 2097152},
	{27, 4, F(heapArena_spans), 0},
};

static void tables_agree_with_other_readers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof spots / sizeof *spots; i++)
		if (linux_at(spots[i].minor, spots[i].patch, spots[i].field) != spots[i].offset)
			fail_msg("Go 1.%d.%d: %s is not %u", spots[i].minor, spots[i].patch,
				 layout_field_name(spots[i].field), (unsigned)spots[i].offset);
}

/* The fix of golang/go#73259's companion inserted m.allpSnapshot in two patch releases: a table per minor is wrong. */
static void machine_grew_in_patch_releases(void **state)
{
	(void)state;
	assert_int_equal(linux_at(23, 12, F(m_alllink)) - linux_at(23, 11, F(m_alllink)), 24);
	assert_int_equal(linux_at(24, 6, F(m_alllink)) - linux_at(24, 5, F(m_alllink)), 24);
	assert_int_equal(linux_at(23, 12, F(m_preemptGen)) - linux_at(23, 11, F(m_preemptGen)), 24);
	assert_int_equal(linux_at(23, 11, F(m_allpSnapshot)), LAYOUT_ABSENT);
	assert_int_equal(linux_at(23, 12, F(m_curg)), linux_at(23, 11, F(m_curg)));
}

static void processors_differ(void **state)
{
	(void)state;
	assert_int_equal(at(OS_LINUX, ARCH_AMD64, 26, 0, F(p_size)), 15920);
	assert_true(at(OS_LINUX, ARCH_ARM64, 26, 0, F(p_size)) != 15920);
	assert_int_equal(at(OS_LINUX, ARCH_AMD64, 27, 4, F(mheap_arenas)), 66008); /* behind a cache line, so long on it */
	assert_int_equal(at(OS_LINUX, ARCH_ARM64, 27, 4, F(mheap_arenas)), 66072);
	assert_int_equal(at(OS_WINDOWS, ARCH_AMD64, 26, 8, F(m_curg)), 136);
	assert_int_equal(at(OS_WINDOWS, ARCH_ARM64, 26, 8, F(m_thread)), 1368);
	assert_int_equal(at(OS_WINDOWS, ARCH_AMD64, 26, 8, F(pollFD_isFile)), 127); /* poll.FD grew in patch releases */
	assert_int_equal(at(OS_WINDOWS, ARCH_ARM64, 26, 9, F(pollFD_isFile)), 128);
	assert_int_equal(at(OS_WINDOWS, ARCH_AMD64, 27, 1, F(pollFD_isFile)), 127);
	assert_int_equal(at(OS_WINDOWS, ARCH_ARM64, 27, 2, F(pollFD_isFile)), 128);
}

static void absent_is_said(void **state)
{
	(void)state;
	assert_int_equal(linux_at(18, 0, F(g_parentGoid)), LAYOUT_ABSENT);
	assert_int_equal(linux_at(27, 4, F(moduledata_typelinks)), LAYOUT_ABSENT);
	assert_int_equal(linux_at(25, 14, F(moduledata_epclntab)), LAYOUT_ABSENT);
}

static const struct {
	int minor, last_patch;
} releases[] = {
#define RELEASES(minor, last_patch) {minor, last_patch},
#include "golang/releases.def"
#undef RELEASES
};

enum { TARGETS = 4 };

/* By its exact row. */
static uint32_t at_target(size_t target, int minor, int patch, enum layout_field field)
{
	const enum target_os os = target / 2 ? OS_WINDOWS : OS_LINUX;
	const enum arch_id arch = target % 2 ? ARCH_ARM64 : ARCH_AMD64;
	bool exact = false;
	const struct layout *layout = layout_find(os, arch, minor, patch, &exact);

	if (!layout || !exact)
		fail_msg("Go 1.%d.%d has no row for target %zu", minor, patch, target);
	return layout->offset[field];
}

/* Fields that every release has, in every row: what the model of the program cannot do without. */
static void needed_fields_are_everywhere(void **state)
{
	static const enum layout_field needed[] = {
		F(g_stack_lo),
		F(g_stack_hi),
		F(g_m),
		F(g_sched_sp),
		F(g_sched_pc),
		F(g_atomicstatus),
		F(g_goid),
		F(g_gopc),
		F(g_waitreason),
		F(g_startpc),
		F(m_g0),
		F(m_gsignal),
		F(m_curg),
		F(m_procid),
		F(m_id),
		F(m_alllink),
		F(m_dying),
		F(m_throwing),
		F(m_locks),
		F(m_vdsoPC),
		F(p_runq),
		F(moduledata_next),
		F(moduledata_gofunc),
		F(moduledata_textsectmap),
		F(panic_link),
		F(defer_link),
	};

	(void)state;
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
		for (int patch = 0; patch <= releases[i].last_patch; patch++)
			for (size_t t = 0; t < TARGETS * sizeof needed / sizeof *needed; t++)
				assert_int_not_equal(at_target(t % TARGETS, releases[i].minor, patch, needed[t / TARGETS]),
						     LAYOUT_ABSENT);
}

/* A release without a row of its own, or one that stands between others, makes all findings of its dumps doubtful. */
static void every_release_has_an_exact_row(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
		for (int patch = 0; patch <= releases[i].last_patch; patch++, count++)
			for (size_t target = 0; target < TARGETS; target++)
				at_target(target, releases[i].minor, patch, F(g_size));
	assert_int_equal(count, 126); /* Go 1.18.0 to 1.27.4 */
}

/* Go 1.18.9 and 1.19.3, of which no toolchain can be had: as golang/layouts/unbuilt.txt says. */
static void unbuilt_releases_are_as_the_code_of_their_programs_says(void **state)
{
	static const struct {
		int minor, patch;
		uint32_t span_size, free_index_for_scan;
	} rows[] = {{18, 9, 144, 136}, {19, 3, 136, LAYOUT_ABSENT}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t target = 0; target < TARGETS; target++) {
			assert_int_equal(at_target(target, rows[i].minor, rows[i].patch, F(mspan_size)), rows[i].span_size);
			assert_int_equal(at_target(target, rows[i].minor, rows[i].patch, F(mspan_freeIndexForScan)),
					 rows[i].free_index_for_scan);
		}
}

/* For the heap as for goroutines. */
static void every_release_knows_the_heap(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
		for (int patch = 0; patch <= releases[i].last_patch; patch++)
			for (size_t target = 0; target < TARGETS; target++)
				assert_int_not_equal(at_target(target, releases[i].minor, patch, F(mspan_size)), LAYOUT_ABSENT);
}

/* Windows' tables lack nothing that Linux' have, but what the runtime itself has on one of the two only. */
static void systems_know_the_same_fields(void **state)
{
	static const enum layout_field own[] = {
		F(m_mOS_profileTimer), F(m_mOS_needPerThreadSyscall), F(m_thread), F(m_mOS_threadLock), F(m_mOS_preemptExtLock),
		F(pollFD_rop), F(pollFD_wop), F(pollFD_kind), F(pollFD_isBlocking), /* isBlocking: on both since Go 1.25 */
	};
	bool is_own[LAYOUT_FIELD_COUNT] = {false};

	(void)state;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		is_own[own[i]] = true;
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
		for (int patch = 0; patch <= releases[i].last_patch; patch++)
			for (size_t each = 0; each < 2 * (size_t)LAYOUT_FIELD_COUNT; each++) {
				const enum layout_field field = (enum layout_field)(each / 2);
				const size_t cpu = each % 2;
				const uint32_t on_linux = at_target(cpu, releases[i].minor, patch, field);
				const uint32_t on_windows = at_target(cpu + 2, releases[i].minor, patch, field);

				if (!is_own[field] && (on_linux == LAYOUT_ABSENT) != (on_windows == LAYOUT_ABSENT))
					fail_msg("Go 1.%d.%d: %s is in one table", releases[i].minor, patch,
						 layout_field_name(field));
			}
}

static void other_releases_get_the_nearest_older_row(void **state)
{
	bool exact = true;
	const struct layout *newest = layout_find(OS_LINUX, ARCH_AMD64, 27, 4, &exact);

	(void)state;
	assert_true(exact);
	assert_ptr_equal(layout_find(OS_LINUX, ARCH_AMD64, 27, 5, &exact), newest);
	assert_false(exact);
	assert_ptr_equal(layout_find(OS_LINUX, ARCH_AMD64, 31, 0, &exact), newest);
	assert_false(exact);
	assert_ptr_equal(layout_find(OS_LINUX, ARCH_AMD64, 21, 99, &exact),
			 layout_find(OS_LINUX, ARCH_AMD64, 21, 13, &exact));
}

/* A row that is not there (never built, or taken out) degrades to its predecessor, never to a guess called exact. */
static void a_gap_degrades(void **state)
{
	bool exact = true;
	const struct layout *layout = layout_find(OS_LINUX, ARCH_ARM64, 22, 13, &exact); /* 1.22 ended with 12 */

	(void)state;
	assert_non_null(layout);
	assert_false(exact);
	assert_int_equal(layout->offset[F(g_size)], 424);
	layout = layout_find(OS_LINUX, ARCH_ARM64, 23, 13, &exact);
	assert_false(exact);
	assert_int_equal(layout->offset[F(m_alllink)], 352);
}

static void nothing_before_118(void **state)
{
	bool exact;

	(void)state;
	assert_null(layout_find(OS_LINUX, ARCH_AMD64, 17, 13, &exact));
	assert_null(layout_find(OS_LINUX, ARCH_AMD64, 0, 0, &exact));
}

static void inexact_versions_are_never_exact(void **state)
{
	struct go_version version = {.minor = 27, .patch = 0, .exact = false};
	bool exact = true;

	(void)state;
	assert_ptr_equal(layout_of_version(OS_LINUX, ARCH_AMD64, &version, &exact),
			 layout_find(OS_LINUX, ARCH_AMD64, 27, 0, &(bool){false}));
	assert_false(exact);
	version.exact = true;
	layout_of_version(OS_LINUX, ARCH_AMD64, &version, &exact);
	assert_true(exact);
}

static void wait_reasons_follow_the_release(void **state)
{
	(void)state;
	assert_string_equal(wait_reason_text(18, 14), "chan receive");
	assert_string_equal(wait_reason_text(19, 9), "select");
	assert_string_equal(wait_reason_text(23, 21), "sync.Mutex.Lock");
	assert_string_equal(wait_reason_text(26, 19), "chan receive");
	assert_string_equal(wait_reason_text(27, 30), "preempted");
	assert_string_equal(wait_reason_text(30, 19), "chan receive"); /* newer: as the newest */
	assert_string_equal(wait_reason_text(23, 37), "GC weak to strong wait");
	assert_null(wait_reason_text(22, 37));
	assert_null(wait_reason_text(26, 0));
	assert_null(wait_reason_text(26, 255));
}

static void statuses_have_names(void **state)
{
	(void)state;
	assert_string_equal(g_status_name(0), "idle");
	assert_string_equal(g_status_name(4), "waiting");
	assert_string_equal(g_status_name(9), "preempted");
	assert_string_equal(g_status_name(11), "deadextra");
	assert_null(g_status_name(5));
	assert_null(g_status_name(12));
	assert_null(g_status_name(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_agree_with_other_readers),
		cmocka_unit_test(machine_grew_in_patch_releases),
		cmocka_unit_test(every_release_has_an_exact_row),
		cmocka_unit_test(unbuilt_releases_are_as_the_code_of_their_programs_says),
		cmocka_unit_test(every_release_knows_the_heap),
		cmocka_unit_test(systems_know_the_same_fields),
		cmocka_unit_test(processors_differ),
		cmocka_unit_test(absent_is_said),
		cmocka_unit_test(needed_fields_are_everywhere),
		cmocka_unit_test(other_releases_get_the_nearest_older_row),
		cmocka_unit_test(a_gap_degrades),
		cmocka_unit_test(nothing_before_118),
		cmocka_unit_test(inexact_versions_are_never_exact),
		cmocka_unit_test(wait_reasons_follow_the_release),
		cmocka_unit_test(statuses_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
