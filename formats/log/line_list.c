/* line_list.c: see line_list.h. */
#include "formats/log/line_list.h"

#include "formats/log/search.h"

struct anchored_lines anchored_lines_of(struct arena *arena, const struct line_list *lines)
{
	struct anchored_lines ret = {0};

	for (size_t i = 0; i < lines->items.count; i++) {
		const struct span text = lines->items.items[i].text;
		bool sure;

		if (!lines->items.items[i].below && log_search(text, 0, text.size, &sure) != SIZE_MAX)
			vec_push_moving(arena, &ret.items, i);
	}
	return ret;
}
