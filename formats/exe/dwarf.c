/* dwarf.c: offsets of structure fields, from DWARF 2 to 5, through libdwarf. Reference: DWARF 5, sections
 * 3.1 (units), 5.3 (modified types), 5.7 (structures); cmd/internal/dwarf for what Go emits. libdwarf does not withstand
 * hostile files, so it works in a confined child. */
#include "formats/exe/dwarf.h"

#include "base/confined.h"
#include "formats/exe/libdwarf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	MESSAGE_LIMIT = 200,
	MODIFIER_LIMIT = 16, /* typedef of typedef of … */
	PATH_PART_LIMIT = 128,
	POINTER_SIZE = 8,
};

/* What the child sends: one outcome, then one answer per query. */
enum outcome_code { OUTCOME_DONE, OUTCOME_NO_DWARF, OUTCOME_REFUSED };

struct outcome {
	enum outcome_code code;
	char message[MESSAGE_LIMIT];
};

struct answer {
	uint64_t found, offset, size;
};

struct walk {
	struct span bytes; /* the file */
	Dwarf_Debug dbg;
	const struct dwarf_query *queries;
	struct answer *answers;
	size_t count;
	bool *met;   /* per query: its type has been met */
	size_t open; /* queries not met */
};

static void drop(const struct walk *walk, Dwarf_Die die)
{
	if (die)
		dwarf_dealloc(walk->dbg, die, DW_DLA_DIE);
}

/* Who gets a DIE releases it, with drop or by stepping on. NULL: there is none, or it is damaged. */
static Dwarf_Die child_of(Dwarf_Die die)
{
	Dwarf_Die child = NULL;
	Dwarf_Error error = NULL;

	return dwarf_child(die, &child, &error) == DW_DLV_OK ? child : NULL;
}

/* Steps to the next sibling and releases the one it comes from. */
static Dwarf_Die next_of(const struct walk *walk, Dwarf_Die die)
{
	Dwarf_Die next = NULL;
	Dwarf_Error error = NULL;
	int status = dwarf_siblingof_b(walk->dbg, die, true, &next, &error);

	drop(walk, die);
	return status == DW_DLV_OK ? next : NULL;
}

static Dwarf_Half tag_of(Dwarf_Die die)
{
	Dwarf_Half tag = 0;
	Dwarf_Error error = NULL;

	return dwarf_tag(die, &tag, &error) == DW_DLV_OK ? tag : 0;
}

/* Points into the section; not to be released. */
static const char *name_of(Dwarf_Die die)
{
	char *name = NULL;
	Dwarf_Error error = NULL;

	return dwarf_diename(die, &name, &error) == DW_DLV_OK ? name : NULL;
}

static Dwarf_Attribute attribute_of(Dwarf_Die die, Dwarf_Half id)
{
	Dwarf_Attribute attribute = NULL;
	Dwarf_Error error = NULL;

	return dwarf_attr(die, id, &attribute, &error) == DW_DLV_OK ? attribute : NULL;
}

static bool number_of(const struct walk *walk, Dwarf_Die die, Dwarf_Half id, uint64_t *ret)
{
	Dwarf_Attribute attribute = attribute_of(die, id);
	Dwarf_Unsigned value = 0;
	Dwarf_Signed number = 0;
	Dwarf_Error error = NULL;
	bool ok;

	if (!attribute)
		return false;
	ok = dwarf_formudata(attribute, &value, &error) == DW_DLV_OK;
	if (!ok && dwarf_formsdata(attribute, &number, &error) == DW_DLV_OK && number >= 0) {
		value = (Dwarf_Unsigned)number;
		ok = true;
	}
	dwarf_dealloc(walk->dbg, attribute, DW_DLA_ATTR);
	if (ok)
		*ret = value;
	return ok;
}

/* The DIE that DW_AT_type names, or NULL. */
static Dwarf_Die type_of(const struct walk *walk, Dwarf_Die die)
{
	Dwarf_Attribute attribute = attribute_of(die, DW_AT_type);
	Dwarf_Off offset = 0;
	Dwarf_Die type = NULL;
	Dwarf_Error error = NULL;
	int status;

	if (!attribute)
		return NULL;
	status = dwarf_global_formref(attribute, &offset, &error);
	dwarf_dealloc(walk->dbg, attribute, DW_DLA_ATTR);
	if (status != DW_DLV_OK || dwarf_offdie_b(walk->dbg, offset, true, &type, &error) != DW_DLV_OK)
		return NULL;
	return type;
}

static bool is_modifier(Dwarf_Half tag)
{
	return tag == DW_TAG_typedef || tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
	       tag == DW_TAG_variable || tag == DW_TAG_member;
}

/* The type under a member's, a variable's or a typedef's names; NULL when there is none. Does not release `die`. */
static Dwarf_Die plain_type(const struct walk *walk, Dwarf_Die die)
{
	Dwarf_Die type = type_of(walk, die);

	for (int i = 0; type && is_modifier(tag_of(type)); i++) {
		Dwarf_Die under = i < MODIFIER_LIMIT ? type_of(walk, type) : NULL;

		drop(walk, type);
		type = under;
	}
	return type;
}

static uint64_t size_of(const struct walk *walk, Dwarf_Die type)
{
	uint64_t size = 0;

	if (!number_of(walk, type, DW_AT_byte_size, &size) && tag_of(type) == DW_TAG_pointer_type)
		size = POINTER_SIZE; /* Go states no size for pointers, and all targets of this program have 64 bits */
	return size;
}

static Dwarf_Die member_of(const struct walk *walk, Dwarf_Die type, const char *name)
{
	Dwarf_Die member = child_of(type);

	while (member) {
		const char *found = tag_of(member) == DW_TAG_member ? name_of(member) : NULL;

		if (found && !strcmp(found, name))
			break;
		member = next_of(walk, member);
	}
	return member;
}

/* Descends from a structure to one of its members, which replaces it; adds the member's offset. */
static bool descend(const struct walk *walk, Dwarf_Die *type, const char *name, uint64_t *offset)
{
	Dwarf_Die member = member_of(walk, *type, name);
	Dwarf_Die under;
	uint64_t at = 0;

	if (!member)
		return false;
	if (!number_of(walk, member, DW_AT_data_member_location, &at))
		at = 0; /* members of a union may have none */
	under = plain_type(walk, member);
	drop(walk, member);
	if (!under || at > UINT64_MAX - *offset)
		return false;
	drop(walk, *type);
	*type = under;
	*offset += at;
	return true;
}

/* `type` is released. */
static void answer_query(const struct walk *walk, Dwarf_Die type, const char *path, struct answer *answer)
{
	bool found = true;
	uint64_t offset = 0;

	while (found && path && *path) {
		size_t length = strcspn(path, ".");
		char part[PATH_PART_LIMIT];

		snprintf(part, sizeof part, "%.*s", (int)length, path);
		found = descend(walk, &type, part, &offset);
		path += length + (path[length] == '.');
	}
	if (found)
		*answer = (struct answer){1, offset, size_of(walk, type)};
	drop(walk, type);
}

/* A structure's DIE, or that of a variable or a typedef whose structure it then is. */
static Dwarf_Die structure_of(const struct walk *walk, Dwarf_Die die)
{
	Dwarf_Off offset = 0;
	Dwarf_Die again = NULL;
	Dwarf_Error error = NULL;

	if (tag_of(die) != DW_TAG_structure_type)
		return plain_type(walk, die);
	if (dwarf_dieoffset(die, &offset, &error) != DW_DLV_OK ||
	    dwarf_offdie_b(walk->dbg, offset, true, &again, &error) != DW_DLV_OK)
		return NULL;
	return again;
}

/* Answers all queries about the type or variable that `die` defines. */
static void visit(struct walk *walk, Dwarf_Die die)
{
	const char *name = name_of(die);
	uint64_t declaration = 0;

	for (size_t i = 0; name && i < walk->count; i++) {
		Dwarf_Die type;

		if (walk->met[i] || strcmp(walk->queries[i].type, name) != 0)
			continue;
		if (number_of(walk, die, DW_AT_declaration, &declaration))
			return;
		type = structure_of(walk, die);
		if (!type)
			return;
		answer_query(walk, type, walk->queries[i].field, &walk->answers[i]);
		walk->met[i] = true;
		walk->open--;
	}
}

static bool is_definition(Dwarf_Half tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_variable || tag == DW_TAG_typedef;
}

static void visit_unit(struct walk *walk)
{
	Dwarf_Die unit = NULL;
	Dwarf_Error error = NULL;

	if (dwarf_siblingof_b(walk->dbg, NULL, true, &unit, &error) != DW_DLV_OK)
		return;
	for (Dwarf_Die die = child_of(unit); die; die = next_of(walk, die))
		if (is_definition(tag_of(die)))
			visit(walk, die);
	drop(walk, unit);
}

static int visit_units(struct walk *walk, Dwarf_Error *error)
{
	int status = DW_DLV_OK;

	while (walk->open) {
		Dwarf_Unsigned length, type_offset, next;
		Dwarf_Off abbreviations;
		Dwarf_Half version, address_size, length_size, extension_size, kind;
		Dwarf_Sig8 signature;

		status = dwarf_next_cu_header_d(walk->dbg, true, &length, &version, &abbreviations, &address_size,
						&length_size, &extension_size, &signature, &type_offset, &next, &kind,
						error);
		if (status != DW_DLV_OK)
			break;
		visit_unit(walk);
	}
	return status;
}

static void refuse(struct outcome *outcome, enum outcome_code code, Dwarf_Error error)
{
	outcome->code = code;
	snprintf(outcome->message, sizeof outcome->message, "%s", error ? dwarf_errmsg(error) : "no reason given");
}

/* libdwarf knows no PE files for arm64, though their DWARF is like any other: its copy says amd64. */
static void disguise_arm64(int fd, struct span bytes)
{
	enum { MZ = 0x5a4d, PE = 0x4550, LFANEW = 0x3c, MACHINE_AMD64 = 0x8664, MACHINE_ARM64 = 0xaa64 };
	uint32_t header = span_u32(bytes, LFANEW);
	const uint8_t amd64[] = {MACHINE_AMD64 & 0xff, MACHINE_AMD64 >> 8};

	if (span_u16(bytes, 0) != MZ || span_u32(bytes, header) != PE ||
	    span_u16(bytes, (uint64_t)header + 4) != MACHINE_ARM64)
		return;
	if (pwrite(fd, amd64, sizeof amd64, (off_t)header + 4) != (ssize_t)sizeof amd64)
		return; /* then libdwarf says that there is no DWARF */
}

static void walk_file(struct walk *walk, int copy, struct outcome *outcome)
{
	Dwarf_Error error = NULL;
	int status;

	disguise_arm64(copy, walk->bytes);
	status = libdwarf_open(copy, &walk->dbg, &error);
	if (status == DW_DLV_OK)
		status = visit_units(walk, &error);
	else if (status == DW_DLV_NO_ENTRY)
		refuse(outcome, OUTCOME_NO_DWARF, error);
	if (status == DW_DLV_ERROR)
		refuse(outcome, OUTCOME_REFUSED, error);
}

static void run_child(void *context, int channel, int copy)
{
	struct walk *walk = context;
	struct outcome outcome = {0};

	walk_file(walk, copy, &outcome);
	if (!channel_send(channel, &outcome, sizeof outcome) ||
	    !channel_send(channel, walk->answers, walk->count * sizeof *walk->answers))
		_exit(1);
}

static const struct err *outcome_error(struct arena *arena, const struct exe *exe, const struct outcome *outcome)
{
	switch (outcome->code) {
	case OUTCOME_DONE:
		return NULL;
	case OUTCOME_NO_DWARF:
		return err_new(arena, ERR_ABSENT, "%s: it has no DWARF", exe->path);
	case OUTCOME_REFUSED:
		break;
	}
	return err_new(arena, ERR_BAD_DATA, "%s: its DWARF cannot be read: %s", exe->path, outcome->message);
}

static void take_answers(const struct answer *answers, struct dwarf_query *queries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		queries[i].found = answers[i].found != 0;
		queries[i].offset = answers[i].offset;
		queries[i].size = answers[i].size;
	}
}

const struct err *dwarf_resolve(struct arena *arena, const struct exe *exe, struct dwarf_query *queries, size_t count)
{
	struct walk walk = {.bytes = exe->bytes, .queries = queries, .count = count, .open = count};
	const struct confined_work work = {.bytes = exe->bytes, .body = run_child, .context = &walk};
	struct outcome outcome = {0};
	struct confined *child;
	enum received received;
	const struct err *err;
	const char *end;

	walk.answers = arena_array(arena, count, sizeof *walk.answers);
	walk.met = arena_array(arena, count, sizeof *walk.met);
	err = confined_start(arena, &work, &child);
	if (err)
		return err_because(arena, err, "%s: its DWARF cannot be read", exe->path);
	received = confined_receive(child, &outcome, sizeof outcome);
	outcome.message[MESSAGE_LIMIT - 1] = 0;
	if (received == RECEIVED_ALL)
		received = confined_receive(child, walk.answers, count * sizeof *walk.answers);
	end = confined_end(arena, child);
	if (received == RECEIVED_LATE)
		return err_new(arena, ERR_LIMIT, "%s: reading its DWARF took over %d s", exe->path, WALL_SECONDS);
	if (received == RECEIVED_LESS)
		return err_new(arena, ERR_BAD_DATA, "%s: the DWARF reader died of it (%s)", exe->path, end);
	take_answers(walk.answers, queries, count);
	return outcome_error(arena, exe, &outcome);
}
