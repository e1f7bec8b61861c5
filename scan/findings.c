/* findings.c: how rules write findings; see rule.h. */
#include "scan/rule.h"

#include "golang/packages.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FINDING_LIMIT = 100000, UNCHECKED_LIMIT = 64, TEXT_LIMIT = 1024 };

struct scan_finding *scan_add(struct scan *scan, const struct scan_rule *rule, enum scan_level level)
{
	struct scanned *binary = scan->binary;

	if (binary->findings.count == FINDING_LIMIT) {
		scan_unchecked(scan, "there are more findings than %d: the others are left out", FINDING_LIMIT);
		return NULL;
	}
	vec_push(scan->results, &binary->findings, (struct scan_finding){.rule = rule, .level = level});
	binary->exposed += level == SCAN_ERROR;
	return &binary->findings.items[binary->findings.count - 1];
}

void scan_unchecked(struct scan *scan, const char *format, ...)
{
	struct scanned *binary = scan->binary;
	char text[TEXT_LIMIT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (size_t i = 0; i < binary->unchecked.count; i++)
		if (!strcmp(binary->unchecked.items[i], text))
			return;
	if (binary->unchecked.count < UNCHECKED_LIMIT)
		vec_push(scan->results, &binary->unchecked, arena_strdup(scan->results, text));
}

/* Findings come by address, and so mostly by package. */
static bool same_package(const struct scan *scan, const struct scan_finding *finding)
{
	return finding != scan->binary->findings.items && finding[-1].package &&
	       !strcmp(finding[-1].package, finding->package);
}

void scan_place(struct scan *scan, struct scan_finding *finding, const struct pc_info *at)
{
	finding->has_pc = true;
	finding->pc = at->pc;
	if (!at->func)
		return;
	finding->function = arena_strdup(scan->results, go_func_name(at));
	finding->package = package_of_function(scan->results, finding->function);
	if (same_package(scan, finding))
		finding->module = finding[-1].module;
	else
		finding->module = module_of_package(scan->runtime, scan->results, finding->package);
	finding->frame = func_frame_size(&at->module->pclntab, at->func);
	func_line(&at->module->pclntab, at->func, at->pc, &finding->file, &finding->line);
	if (finding->file)
		finding->file = arena_strdup(scan->results, finding->file);
}
