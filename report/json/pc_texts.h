/* pc_texts.h: JSON that depends on a pc alone, put into words once: a dump may have many millions of frames and go statements at
 * a few thousand pcs. */
#ifndef REPORT_JSON_PC_TEXTS_H
#define REPORT_JSON_PC_TEXTS_H

#include "report/json/writer.h"

enum pc_text_kind { PC_TEXT_RETURN, PC_TEXT_EXACT, PC_TEXT_CREATOR };

struct piece {
	const char *text;
	size_t size;
};

struct pc_text {
	uint64_t pc;
	enum pc_text_kind kind;
	size_t count;
	struct piece pieces[];
};

/* A text of so many pieces on the writer's arena, and one piece of it: `text` is on an arena that lives as long. */
struct pc_text *pc_text_new(struct writer *writer, size_t count);
struct piece piece_of(const char *text);

/* The text for a pc, which is what `make` returns, valid until the next one is asked for. `make` is asked once, until so many or
 * so long ones are kept that the others are made each time; for it the writer has an arena that is soon gone. */
const struct pc_text *pc_text_of(struct writer *writer, enum pc_text_kind kind, uint64_t pc,
				 struct pc_text *(*make)(struct writer *writer, const void *context),
				 const void *context);

static inline void stream_piece(struct json_stream *stream, struct piece piece)
{
	stream_bytes(stream, piece.text, piece.size);
}

#endif
