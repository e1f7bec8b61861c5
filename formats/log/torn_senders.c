/* torn_senders.c: whether those are senders who are told apart (streams.h). */
#include "formats/log/streams.h"

/* The next record that is of a stack; the count: there is none. */
static size_t next_of_stack(const struct log_stream *stream, size_t from)
{
	while (from < stream->records.count && stream->records.items[from].kind != LOG_STACK &&
	       stream->records.items[from].kind != LOG_CALL && stream->records.items[from].kind != LOG_PLACE)
		from++;
	return from;
}

bool log_streams_torn(const struct log_streams *streams, size_t envelope)
{
	enum { FEWEST = 2, SHARE = 8 };
	size_t calls = 0, torn = 0;

	for (size_t i = 0; i < streams->items.count; i++) {
		const struct log_stream *stream = &streams->items.items[i];
		size_t at = stream->envelope == envelope ? next_of_stack(stream, 0) : stream->records.count;

		for (size_t next; at < stream->records.count; at = next) {
			next = next_of_stack(stream, at + 1);
			if (stream->records.items[at].kind != LOG_CALL)
				continue;
			calls++;
			torn += next == stream->records.count || stream->records.items[next].kind != LOG_PLACE;
		}
	}
	return torn > FEWEST && torn * SHARE > calls;
}
