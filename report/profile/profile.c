/* profile.c: see profile.h. protobuf-c packs the messages; profile.proto says which. Texts and functions are known by digests: two that
 * shared one by chance (1 : 2^32 among 65,536) would be shown by one name. */
#include "report/profile/profile.h"

#include "base/hash.h"
#include "report/profile/profile.pb-c.h"

#include <string.h>

enum { TEXT_LONGEST = 4096, LINES_MOST = 64, LABELS_MOST = 64 };

struct sink {
	ProtobufCBuffer base;
	struct gzip *gzip;
};

static void sink_append(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes)
{
	gzip_write(((struct sink *)buffer)->gzip, bytes, size);
}

static void write_message(struct profile *profile, const Profile__Profile *message)
{
	struct sink sink = {.base = {.append = sink_append}, .gzip = profile->gzip};

	protobuf_c_message_pack_to_buffer(&message->base, &sink.base);
}

/* FNV-1a (Fowler, Noll, Vo), begun at the run's key. */
static uint64_t digest_of(const char *text, size_t length, uint64_t seed)
{
	uint64_t digest = 0xcbf29ce484222325 ^ hash_key ^ seed;

	for (size_t i = 0; i < length; i++)
		digest = (digest ^ (uint8_t)text[i]) * 0x100000001b3;
	return digest ^ digest >> 32;
}

static size_t cut_length(const char *text)
{
	size_t length = strnlen(text, TEXT_LONGEST);

	while (length == TEXT_LONGEST && length && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

/* The index of a text in the table. */
static int64_t text_index(struct profile *profile, const char *text)
{
	const size_t length = cut_length(text);
	const uint64_t digest = digest_of(text, length, 0);
	char copy[TEXT_LONGEST + 1];
	char *strings[] = {copy};
	Profile__Profile message = PROFILE__PROFILE__INIT;
	const int64_t known = length ? word_map_find(&profile->texts, digest) : 0;

	if (known >= 0)
		return known;
	memcpy(copy, text, length);
	copy[length] = 0;
	message.n_string_table = 1;
	message.string_table = strings;
	write_message(profile, &message);
	word_map_add(&profile->texts, profile->arena, digest, (uint32_t)profile->text_count);
	return (int64_t)profile->text_count++;
}

static uint64_t function_id(struct profile *profile, const struct profile_line *line)
{
	const uint64_t digest = digest_of(line->function, cut_length(line->function), digest_of(line->file, cut_length(line->file), 1));
	const int64_t known = word_map_find(&profile->functions, digest);
	Profile__Profile message = PROFILE__PROFILE__INIT;
	Profile__Function function = PROFILE__FUNCTION__INIT;
	Profile__Function *functions[] = {&function};

	if (known >= 0)
		return (uint64_t)known;
	function.id = ++profile->function_count;
	function.name = function.system_name = text_index(profile, line->function);
	function.filename = text_index(profile, line->file);
	message.n_function = 1;
	message.function = functions;
	write_message(profile, &message);
	word_map_add(&profile->functions, profile->arena, digest, (uint32_t)function.id);
	return function.id;
}

void profile_start(struct profile *profile, struct arena *arena, FILE *out)
{
	char empty[] = "";
	char *strings[] = {empty};
	Profile__Profile first = PROFILE__PROFILE__INIT, message = PROFILE__PROFILE__INIT;
	Profile__ValueType type = PROFILE__VALUE_TYPE__INIT;
	Profile__ValueType *types[] = {&type};

	*profile = (struct profile){.arena = arena, .gzip = gzip_start(arena, out), .text_count = 1};
	first.n_string_table = 1;
	first.string_table = strings;
	write_message(profile, &first);
	type.type = text_index(profile, "goroutine");
	type.unit = text_index(profile, "count");
	message.n_sample_type = 1;
	message.sample_type = types;
	message.period_type = &type;
	message.period = 1;
	message.default_sample_type = type.type;
	write_message(profile, &message);
}

void profile_end(struct profile *profile)
{
	gzip_end(profile->gzip);
}

void profile_comment(struct profile *profile, const char *text)
{
	Profile__Profile message = PROFILE__PROFILE__INIT;
	int64_t index = text_index(profile, text);

	message.n_comment = 1;
	message.comment = &index;
	write_message(profile, &message);
}

void profile_mapping(struct profile *profile, uint64_t start, uint64_t end, const char *file, const char *build_id)
{
	Profile__Profile message = PROFILE__PROFILE__INIT;
	Profile__Mapping mapping = PROFILE__MAPPING__INIT;
	Profile__Mapping *mappings[] = {&mapping};

	mapping.id = 1;
	mapping.memory_start = start;
	mapping.memory_limit = end;
	mapping.filename = text_index(profile, file);
	mapping.build_id = text_index(profile, build_id);
	mapping.has_functions = mapping.has_filenames = mapping.has_line_numbers = mapping.has_inline_frames = true;
	message.n_mapping = 1;
	message.mapping = mappings;
	write_message(profile, &message);
}

uint64_t profile_location(struct profile *profile, uint64_t address, bool mapped, const struct profile_line *lines, size_t count)
{
	Profile__Profile message = PROFILE__PROFILE__INIT;
	Profile__Location location = PROFILE__LOCATION__INIT;
	Profile__Location *locations[] = {&location};
	Profile__Line items[LINES_MOST], *pointers[LINES_MOST];

	count = count < LINES_MOST ? count : LINES_MOST;
	for (size_t i = 0; i < count; i++) {
		profile__line__init(&items[i]);
		items[i].function_id = function_id(profile, &lines[i]);
		items[i].line = lines[i].line;
		pointers[i] = &items[i];
	}
	location.id = ++profile->location_count;
	location.mapping_id = mapped;
	location.address = address;
	location.n_line = count;
	location.line = pointers;
	message.n_location = 1;
	message.location = locations;
	write_message(profile, &message);
	return location.id;
}

void profile_sample(struct profile *profile, struct arena *scratch, const uint64_t *locations, size_t count, int64_t value,
		    const struct profile_label *labels, size_t label_count)
{
	Profile__Profile message = PROFILE__PROFILE__INIT;
	Profile__Sample sample = PROFILE__SAMPLE__INIT;
	Profile__Sample *samples[] = {&sample};
	Profile__Label items[LABELS_MOST], *pointers[LABELS_MOST];

	label_count = label_count < LABELS_MOST ? label_count : LABELS_MOST;
	for (size_t i = 0; i < label_count; i++) {
		profile__label__init(&items[i]);
		items[i].key = text_index(profile, labels[i].key);
		items[i].str = text_index(profile, labels[i].value);
		pointers[i] = &items[i];
	}
	sample.n_location_id = count;
	sample.location_id = arena_array(scratch, count + 1, sizeof *locations); /* which protobuf-c wants to be writable */
	if (count)
		memcpy(sample.location_id, locations, count * sizeof *locations);
	sample.n_value = 1;
	sample.value = &value;
	sample.n_label = label_count;
	sample.label = pointers;
	message.n_sample = 1;
	message.sample = samples;
	write_message(profile, &message);
}
