/* rule.h: one thing that an executable can be exposed to. One file per rule, holding one const struct scan_rule,
 * and one line in rules.def. A rule is pure: it reads the scan and appends findings. */
#ifndef SCAN_RULE_H
#define SCAN_RULE_H

#include "golang/runtime.h"
#include "scan/scan.h"

struct places;

/* An executable being scanned. */
struct scan {
	struct arena *arena;   /* gone after the scan */
	struct arena *results; /* for all that findings point to */
	struct scanned *binary;
	struct exe *exe;
	struct image *image;
	struct go_runtime *runtime;  /* NULL: no Go program */
	const struct places *places; /* NULL: no Go program */
};

struct scan_rule {
	const char *id;          /* stable: in JSON, SARIF and documentation */
	const char *title;       /* what the rule says */
	const char *explanation; /* paragraphs: meaning, how it is established, what to do */
	void (*run)(struct scan *scan);
};

/* All rules in the order of rules.def, ended by NULL. */
extern const struct scan_rule *const scan_rules[];

/* The rule of that id, or NULL. */
const struct scan_rule *scan_rule_by_id(const char *id);

/* Appends a finding and returns it, valid until the next is added. NULL when there are too many: then that is said. */
struct scan_finding *scan_add(struct scan *scan, const struct scan_rule *rule, enum scan_level level);

/* Names the function, package, module, file and line of a pc in a finding. */
void scan_place(struct scan *scan, struct scan_finding *finding, const struct pc_info *at);

/* Says what could not be checked. */
void scan_unchecked(struct scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
