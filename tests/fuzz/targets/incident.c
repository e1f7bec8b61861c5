/* incident.c: a line that a confined child tells, or that a state file holds: JSON that may be anything. What was read is written,
 * and read again as the same. */
#include "fleet/incident.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static char *written(struct arena *arena, const struct incident *incident, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	FUZZ_HOLDS(incident_write(arena, incident, out));
	fclose(out);
	for (size_t i = 0; i < *size; i++)
		FUZZ_HOLDS((unsigned char)text[i] >= ' ' || i == *size - 1);
	return text;
}

static void run(struct arena *arena, struct span input)
{
	struct incident incident, again;
	char *text, *other;
	size_t size = 0, other_size = 0;

	if (!incident_read(arena, (const char *)input.data, input.size, &incident))
		return;
	text = written(arena, &incident, &size);
	FUZZ_HOLDS(incident_read(arena, text, size, &again));
	other = written(arena, &again, &other_size);
	FUZZ_HOLDS(size == other_size && !memcmp(text, other, size));
	free(text);
	free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){64 << 20, 2}, run);
}
