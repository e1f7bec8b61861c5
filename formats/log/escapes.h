/* escapes.h: what writers of logs make of bytes: escapes of JSON and of Go's %q, octal numbers of syslog, colours of terminals,
 * entities of HTML. Each gives the text itself where there is nothing to undo, else a copy on the arena, which is never longer. */
#ifndef FORMATS_LOG_ESCAPES_H
#define FORMATS_LOG_ESCAPES_H

#include "base/arena.h"
#include "base/span.h"

/* RFC 8259 7 and strconv.Quote, undone `depth` times. */
struct span escapes_decode(struct arena *arena, struct span text, unsigned depth);

/* ECMA-48 control sequences taken out, also where ESC is written ^[ or #033; #011, #012 and #015 (rsyslog's
 * $EscapeControlCharactersOnReceive) made tab, newline and carriage return again. */
struct span escapes_tidy(struct arena *arena, struct span text);

/* &lt; &#43; &#x27; … */
struct span escapes_entities(struct arena *arena, struct span text);

/* Whether a text has entities, and no `&` that begins none. */
bool escapes_has_entities(struct span text, bool *contradicts);

#endif
