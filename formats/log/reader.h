/* reader.h: what the files of this folder share: a crash of a log that is being read, line by line. */
#ifndef FORMATS_LOG_READER_H
#define FORMATS_LOG_READER_H

#include "formats/dump/image.h"
#include "formats/log/cursor.h"
#include "formats/log/intern.h"
#include "formats/log/record.h"

struct log_reader {
	struct arena *arena;
	struct image *image;
	const struct log_block *block;
	struct log_at at, below; /* the line that comes next, and the one behind it */
	struct log_record *record;
	struct interned functions, files, states, places;
};

/* Goes to a line. */
static inline void reader_go(struct log_reader *reader, const struct log_at *at)
{
	reader->at = reader->below = *at;
	log_next(&reader->below);
}

static inline void reader_next(struct log_reader *reader)
{
	reader->at = reader->below;
	log_next(&reader->below);
}

/* Notes what only some releases print. */
static inline void note_sign(struct log_reader *reader, enum release_sign sign)
{
	reader->record->signs |= 1u << sign;
}

/* goroutine_header.c: "goroutine 1 gp=0x… m=0 mp=0x… [running, 3 minutes]:". False: it is none. */
bool read_goroutine_header(struct log_reader *reader, const struct log_line *line, struct recorded_goroutine *ret);

/* goroutine_header.c: the number of a state. */
uint16_t recorded_state(struct log_reader *reader, const char *state);

/* calls.c: at a line of a stack. A call or a creator takes the line below it as well. */
enum stack_line { LINE_FRAME, LINE_CREATOR, LINE_ELISION, LINE_UNAVAILABLE, LINE_OTHER };
enum stack_line read_stack_line(struct log_reader *reader, struct recorded_goroutine *ret);

/* calls.c: whether a call with its place, or what made the goroutine, is at a line. */
bool begins_stack_line(const struct log_at *at);

/* calls.c: a word of memory that the runtime found in a function is a place of that. */
void add_symbol_place(struct log_reader *reader, const struct recorded_symbol *symbol);

/* words.c: what is said before the first stack, in `count` lines. */
void read_words(struct log_reader *reader, size_t count);

/* words.c: at a line among stacks, in that of a goroutine (0: in none): of which goroutine the runtime complains, and the bounds of its
 * stack. The first counts. */
void read_complaint(struct log_reader *reader, const struct log_at *at, uint64_t goroutine);

/* signal_words.c: "[signal SIGSEGV: …]", "SIGSEGV: …" with "PC=…" below it, "Exception 0x…". True: the line is one. */
bool read_signal_words(struct log_reader *reader, const struct log_at *at);

/* registers.c: at the first line of a list of registers; goes past it, whatever CPU it is of. False: they are none of a CPU that is
 * read here. */
bool read_registers(struct log_reader *reader, struct registers *ret);

/* memory_words.c: whether a line shows words of memory, or marks those of the line above it. */
bool is_memory_line(const struct log_line *line);

/* memory_words.c: fills image->segments with the words that are printed anywhere in the crash. */
void read_memory(struct log_reader *reader);

/* stacks.c: the line that the first stack begins with; the end if there is none. */
struct log_at first_stack(const struct log_block *block, struct log_reader *reader);

/* stacks.c: from reader->at to the end of the crash. */
void read_stacks(struct log_reader *reader);

/* program_words.c: the GNU build-id that a line tells; NULL: none. And image->said. */
const char *build_id_of(struct arena *arena, const char *text);
void name_program(struct image *image, const struct log_record *record);

/* system_words.c: what functions and files tell of system and CPU. */
void tell_system(struct log_record *record);

#endif
