/* system_words.c: what the record tells of system and CPU, by the names of files (system_signs.def). */
#include "base/prefix.h"
#include "formats/log/reader.h"

static const struct {
	const char *file, *os, *arch;
} signs[] = {
#define SYSTEM_SIGN(file, os, arch) {file, os, arch},
#include "formats/log/system_signs.def"
#undef SYSTEM_SIGN
};

static void tell(struct log_record *record, const char *file)
{
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		if (!text_ends(file, signs[i].file))
			continue;
		if (!record->os)
			record->os = signs[i].os;
		if (!record->arch)
			record->arch = signs[i].arch;
	}
}

void tell_system(struct log_record *record)
{
	if (record->has_signal && record->signal.exception)
		record->os = "windows";
	for (size_t i = 0; i < record->places.count && !(record->os && record->arch); i++)
		for (size_t j = 0; j < record->places.items[i].count; j++)
			if (record->places.items[i].calls[j].file)
				tell(record, record->places.items[i].calls[j].file);
}
