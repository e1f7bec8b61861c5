/* record.c: see record.h. Numbers are eight bytes; a text is its length + 1, 0 for none, and its bytes; a list is a count and its
 * members. The members that are structures of this program go by their ids. */
#include "scan/record.h"

#include "scan/rule.h"

/* ---- writing ---- */

static void put_number(FILE *out, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		putc_unlocked((int)(value >> 8 * i & 0xff), out);
}

static void put_text(FILE *out, const char *text)
{
	put_number(out, text ? strlen(text) + 1 : 0);
	if (text)
		fwrite(text, 1, strlen(text), out);
}

#define PUT_TEXT(value)   put_text(out, value);
#define PUT_NUMBER(value) put_number(out, (uint64_t)(value));
#define PUT_FLAG(value)   put_number(out, value);

static void put_finding(FILE *out, const struct scan_finding *finding)
{
	put_text(out, finding->rule->id);
	put_text(out, finding->bug ? finding->bug->id : NULL);
#define FINDING(kind, member) PUT_##kind(finding->member)
#include "scan/record_fields.def"
#undef FINDING
}

static void put_binary(FILE *out, const struct scanned *binary)
{
#define SCANNED(kind, member) PUT_##kind(binary->member)
#include "scan/record_fields.def"
#undef SCANNED
	put_number(out, binary->findings.count);
	for (size_t i = 0; i < binary->findings.count; i++)
		put_finding(out, &binary->findings.items[i]);
	put_number(out, binary->unchecked.count);
	for (size_t i = 0; i < binary->unchecked.count; i++)
		put_text(out, binary->unchecked.items[i]);
}

static void put_failure(FILE *out, const struct scan_failure *failure)
{
#define FAILURE(kind, member) PUT_##kind(failure->member)
#include "scan/record_fields.def"
#undef FAILURE
}

void record_write(const struct input_result *result, FILE *out)
{
	put_number(out, result->others);
	put_number(out, result->binaries.count);
	for (size_t i = 0; i < result->binaries.count; i++)
		put_binary(out, &result->binaries.items[i]);
	put_number(out, result->failures.count);
	for (size_t i = 0; i < result->failures.count; i++)
		put_failure(out, &result->failures.items[i]);
}

/* ---- reading ---- */

struct source {
	struct arena *arena;
	struct reader reader;
};

static const char *get_text(struct source *source)
{
	const uint64_t size = read_u64(&source->reader);
	struct span bytes;

	if (!size)
		return NULL;
	bytes = read_bytes(&source->reader, size - 1);
	if (source->reader.failed)
		return NULL;
	return arena_strndup(source->arena, (const char *)bytes.data, bytes.size);
}

/* What is never NULL here. */
static const char *get_name(struct source *source)
{
	const char *text = get_text(source);

	source->reader.failed |= !text;
	return text ? text : "";
}

#define GET_TEXT(member)   member = get_text(source);
#define GET_NUMBER(member) member = (__typeof__(member))read_u64(&source->reader);
#define GET_FLAG(member)   member = read_u64(&source->reader) != 0;

static struct scan_finding get_finding(struct source *source)
{
	struct scan_finding finding = {.rule = scan_rule_by_id(get_name(source))};
	const char *bug = get_text(source);

	finding.bug = bug ? known_bug_by_id(bug) : NULL;
#define FINDING(kind, member) GET_##kind(finding.member)
#include "scan/record_fields.def"
#undef FINDING
	if (!finding.rule || (bug && !finding.bug) || finding.level > SCAN_ERROR || !finding.message ||
	    (finding.is_place && !finding.function) || (finding.api && !finding.parameter))
		source->reader.failed = true;
	return finding;
}

/* Findings of one rule all have a function, or none has: reports rely on it. */
static bool is_like_others(const struct scanned *binary, const struct scan_finding *finding)
{
	for (size_t i = binary->findings.count; i > 0; i--)
		if (binary->findings.items[i - 1].rule == finding->rule)
			return !binary->findings.items[i - 1].function == !finding->function;
	return true;
}

static void get_findings(struct source *source, struct scanned *binary)
{
	const uint64_t count = read_u64(&source->reader);

	for (uint64_t i = 0; i < count && !source->reader.failed; i++) {
		const struct scan_finding finding = get_finding(source);

		source->reader.failed |= !is_like_others(binary, &finding);
		vec_push(source->arena, &binary->findings, finding);
	}
}

static struct scanned get_binary(struct source *source)
{
	struct scanned binary = {0};
	uint64_t count;

#define SCANNED(kind, member) GET_##kind(binary.member)
#include "scan/record_fields.def"
#undef SCANNED
	get_findings(source, &binary);
	count = read_u64(&source->reader);
	for (uint64_t i = 0; i < count && !source->reader.failed; i++)
		vec_push(source->arena, &binary.unchecked, get_name(source));
	source->reader.failed |= !binary.path || !binary.format || !binary.os || !binary.arch;
	return binary;
}

static struct scan_failure get_failure(struct source *source)
{
	struct scan_failure failure = {0};

#define FAILURE(kind, member) GET_##kind(failure.member)
#include "scan/record_fields.def"
#undef FAILURE
	source->reader.failed |= !failure.path || !failure.code || !failure.text;
	return failure;
}

bool record_read(struct arena *arena, struct span bytes, struct input_result *result)
{
	struct source source = {arena, reader_of(bytes)};
	struct input_result read = {.others = (size_t)read_u64(&source.reader)};
	uint64_t count = read_u64(&source.reader);

	for (uint64_t i = 0; i < count && !source.reader.failed; i++)
		vec_push(arena, &read.binaries, get_binary(&source));
	count = read_u64(&source.reader);
	for (uint64_t i = 0; i < count && !source.reader.failed; i++)
		vec_push(arena, &read.failures, get_failure(&source));
	if (source.reader.failed || source.reader.position != bytes.size)
		return false;
	*result = read;
	return true;
}
