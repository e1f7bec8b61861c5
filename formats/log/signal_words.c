/* signal_words.c: signals and exceptions as the runtime prints them: of a panic or throw that it made of one "[signal SIGSEGV:
 * segmentation violation code=0x1 addr=0x0 pc=0x…]" (runtime/panic.go dopanic_m), else "SIGQUIT: quit" and "PC=0x… m=0 sigcode=0"
 * below it (signal_unix.go fatalsignal), "Exception 0xc0000005 0x8 0x… 0x…" (signal_windows.go winthrow). */
#include "formats/log/reader.h"

#include <string.h>

enum {
	SIGNALS = 65,    /* of Unix; larger numbers are exceptions of Windows */
	BSD_SIGBUS = 10, /* which is no fault's number on Linux, and only faults become panics */
};

/* What stands for an address that the CPU cannot form, or for none, since the signal was sent: that system does not tell them apart
 * (runtime/signal_darwin_amd64.go fixsigcode). */
static const uint64_t DARWIN_UNTOLD = 0xb01dfacedebac1e;

static const struct {
	int64_t code, on_linux;
} bsd_codes[] = {
#define BSD_CODE(code, on_linux) {code, on_linux},
#include "formats/log/bsd_codes.def"
#undef BSD_CODE
};

/* As Linux has it. */
static int64_t code_on_linux(int64_t code)
{
	for (size_t i = 0; i < sizeof bsd_codes / sizeof *bsd_codes; i++)
		if (bsd_codes[i].code == code)
			return bsd_codes[i].on_linux;
	return code;
}

/* "SIGSEGV: segmentation violation"; false: it is no signal's name. */
static bool take_name(struct log_reader *reader, struct cursor *cursor, const char **name)
{
	const char *start = cursor->at;
	const char *end = start;

	while (end < cursor->end && ((*end >= 'A' && *end <= 'Z') || (*end >= '0' && *end <= '9')))
		end++;
	if (end - start < 4 || memcmp(start, "SIG", 3) != 0 || end == cursor->end || *end != ':')
		return false;
	*name = arena_strndup(reader->arena, start, (size_t)(end - start));
	cursor->at = end + 1;
	return true;
}

/* What is behind a key, wherever it stands in the line. */
static bool value_of(const struct cursor *cursor, const char *key, struct cursor *ret)
{
	const char *at = cursor_find(cursor, key);

	*ret = (struct cursor){at ? at + strlen(key) : cursor->end, cursor->end};
	return at != NULL;
}

static bool number_of(const struct cursor *cursor, const char *key, uint64_t *ret)
{
	struct cursor value;

	return value_of(cursor, key, &value) && cursor_hex(&value, ret);
}

static bool read_bracketed(struct log_reader *reader, struct cursor cursor, struct recorded_signal *ret)
{
	uint64_t code;

	if (!cursor_take(&cursor, "[signal ") || !cursor_cut_tail(&cursor, "]"))
		return false;
	ret->panicked = true;
	if (!take_name(reader, &cursor, &ret->name) && !cursor_hex(&cursor, &ret->number))
		return false;
	if (ret->number && ret->number < SIGNALS)
		note_sign(reader, SIGN_SIGNAL_NUMBER);
	if (ret->number == BSD_SIGBUS)
		ret->name = "SIGBUS";
	ret->has_code = number_of(&cursor, " code=", &code);
	ret->code = ret->has_code ? code_on_linux((int64_t)code) : 0;
	ret->has_address = number_of(&cursor, " addr=", &ret->address) && ret->address != DARWIN_UNTOLD;
	ret->has_pc = number_of(&cursor, " pc=", &ret->pc);
	return true;
}

/* "PC=0x40302e m=0 sigcode=0 addr=0x0"; on Windows "PC=0x…" alone. */
static void read_pc_line(struct log_reader *reader, struct cursor cursor, struct recorded_signal *ret)
{
	struct cursor value;

	ret->has_pc = number_of(&cursor, "PC=", &ret->pc);
	if (value_of(&cursor, " m=", &value))
		cursor_signed(&value, &ret->m_id);
	if (value_of(&cursor, " sigcode=", &value))
		ret->has_code = cursor_signed(&value, &ret->code);
	ret->code = code_on_linux(ret->code);
	if (!ret->exception)
		ret->has_address = number_of(&cursor, " addr=", &ret->address) && ret->address != DARWIN_UNTOLD;
	if (!ret->exception && ret->has_address)
		note_sign(reader, SIGN_FAULT_ADDRESS);
}

static bool read_exception(struct cursor cursor, struct recorded_signal *ret)
{
	if (!cursor_take(&cursor, "Exception ") || !cursor_hex(&cursor, &ret->number) || !cursor_take(&cursor, " ") ||
	    !cursor_hex(&cursor, &ret->information) || !cursor_take(&cursor, " ") || !cursor_hex(&cursor, &ret->address))
		return false;
	ret->exception = ret->has_address = true;
	ret->has_pc = cursor_take(&cursor, " ") && cursor_hex(&cursor, &ret->pc);
	return true;
}

static bool is_pc_line(const struct log_line *line)
{
	return line->text && line->length > 3 && !memcmp(line->text, "PC=", 3);
}

/* The line below says where; one without it is somebody else's. */
static bool read_plain(struct log_reader *reader, const struct log_at *at, struct recorded_signal *ret)
{
	struct cursor cursor = cursor_of(&at->line);
	struct log_at below = *at;

	log_next(&below);
	if (!is_pc_line(&below.line) || (!take_name(reader, &cursor, &ret->name) &&
					!(cursor_take(&cursor, "Signal ") && cursor_decimal(&cursor, &ret->number)) &&
					!read_exception(cursor, ret)))
		return false;
	read_pc_line(reader, cursor_of(&below.line), ret);
	return true;
}

static void read_in_c(struct log_record *record, const struct log_line *line)
{
	static const char *const texts[] = {"signal arrived during cgo execution", "signal arrived during external code execution"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (record->has_signal && line->length == strlen(texts[i]) && !memcmp(line->text, texts[i], line->length))
			record->signal.in_c = true;
}

bool read_signal_words(struct log_reader *reader, const struct log_at *at)
{
	const struct log_line *line = &at->line;
	struct recorded_signal signal = {.m_id = -1, .line = line->number};

	read_in_c(reader->record, line);
	if (!read_bracketed(reader, cursor_of(line), &signal)) {
		signal = (struct recorded_signal){.m_id = -1, .line = line->number};
		if (!read_plain(reader, at, &signal))
			return false;
	}
	reader->record->signal = signal;
	reader->record->has_signal = true;
	return true;
}
