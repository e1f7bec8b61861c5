/* codeview.c: see codeview.h. */
#include "formats/exe/codeview.h"

enum { SIGNATURE = 0x53445352 /* "RSDS" */, GUID = 4, AGE = 20, SIZE = 24 };

/* A GUID is a 32-bit number, two 16-bit ones and 8 bytes. */
const char *codeview_id(struct arena *arena, struct span record)
{
	if (record.size < SIZE || span_u32(record, 0) != SIGNATURE)
		return NULL;
	return arena_printf(arena, "%08x%04x%04x%02x%02x%02x%02x%02x%02x%02x%02x%x", span_u32(record, GUID),
			    span_u16(record, GUID + 4), span_u16(record, GUID + 6), span_u8(record, GUID + 8),
			    span_u8(record, GUID + 9), span_u8(record, GUID + 10), span_u8(record, GUID + 11),
			    span_u8(record, GUID + 12), span_u8(record, GUID + 13), span_u8(record, GUID + 14),
			    span_u8(record, GUID + 15), span_u32(record, AGE));
}
