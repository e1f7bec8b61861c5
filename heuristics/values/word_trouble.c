/* word_trouble.c: see word_trouble.h. A sound string or slice has data where its length is not 0, within one object, and a
 * capacity of at least its length (runtime/string.go, runtime/slice.go); an interface without a table has no data. */
#include "heuristics/values/word_trouble.h"

#include "golang/heap/heap.h"
#include "golang/types.h"

#include <string.h>

enum {
	WORD = 8,
	FIRST_PAGE = 0x1000,
	ELEMENT_LIMIT = 1 << 22, /* elements that are looked through */
};

struct judge {
	struct analysis *analysis;
	struct origins *origins;
	const struct two_words *words;
	const uint64_t *address; /* of the fault; NULL: unknown */
	struct word_judgement *ret;
};

/* Where memory that may be read ends, from an address on; the address itself: it may not. */
static uint64_t memory_end(struct analysis *analysis, uint64_t address)
{
	const struct segment *segment;
	uint64_t end = address;

	while ((segment = image_segment(analysis->image, end)) && segment->flags & SEGMENT_READ &&
	       segment->address + segment->size > end)
		end = segment->address + segment->size;
	return end;
}

static bool multiply(uint64_t a, uint64_t b, uint64_t *ret)
{
	return !__builtin_mul_overflow(a, b, ret);
}

/* The bytes from data to the length's end; saturated. */
static uint64_t bytes_of(const struct judge *judge)
{
	uint64_t bytes;

	return multiply(judge->ret->other, judge->words->unit, &bytes) ? bytes : UINT64_MAX;
}

/* The fault happened in what the two words say. */
static bool is_within(const struct judge *judge)
{
	const uint64_t data = judge->ret->data, bytes = bytes_of(judge);

	return judge->address && *judge->address >= data && *judge->address - data < bytes;
}

/* A file other than the program: it may have been cut short, or unmapped in part, under a sound value. */
static bool is_other_file(const struct analysis *analysis, uint64_t address)
{
	const struct mapping *mapping = image_mapping(analysis->image, address);
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; mapping && mapping->path && i < runtime->modules.count; i++) {
		const struct mapping *program = image_mapping(analysis->image, runtime->modules.items[i].text);

		if (program && program->path && !strcmp(program->path, mapping->path))
			return false;
	}
	return mapping && mapping->path;
}

/* … where no memory is; or, when it is not known where, the two words say more than there is. */
static bool is_past_memory(const struct judge *judge)
{
	const uint64_t data = judge->ret->data, end = memory_end(judge->analysis, data);

	if (end == data || is_other_file(judge->analysis, data))
		return false;
	if (!judge->address)
		return judge->analysis->image->os == OS_LINUX && bytes_of(judge) > end - data;
	return is_within(judge) && memory_end(judge->analysis, *judge->address) == *judge->address;
}

/* The capacity is the third word of a slice's variable. What is indexed by more than bytes is no string. */
static bool has_capacity(const struct judge *judge)
{
	return judge->words->kind == WORDS_INDEXED && judge->words->unit > 1 && judge->ret->variable &&
	       image_u64(judge->analysis->image, judge->ret->variable + 2 * WORD, &judge->ret->capacity);
}

/* The bytes from data to the end of the heap object that it points into; 0: it is none. */
static uint64_t room(const struct judge *judge, struct heap_place *place)
{
	struct word_judgement *ret = judge->ret;

	if (heap_find(judge->analysis->runtime, ret->data, place) != HEAP_OBJECT || place->state == SLOT_FREE)
		return 0;
	ret->start = place->start;
	ret->size = place->size;
	return place->start + place->size - ret->data;
}

/* Whether what was loaded as an element is among the words from an address on. */
static bool has_element(const struct judge *judge, uint64_t start, uint64_t words)
{
	struct span view = image_view(judge->analysis->image, start, (words < ELEMENT_LIMIT ? words : ELEMENT_LIMIT) * WORD);

	for (size_t at = 0; at + WORD <= view.size; at += WORD)
		if (span_u64(view, at) == judge->words->element)
			return true;
	return false;
}

static bool is_past_object(const struct judge *judge)
{
	struct heap_place place;
	const uint64_t bytes = room(judge, &place);

	if (!bytes || judge->ret->need <= bytes)
		return false;
	return judge->words->has_element
		       ? has_element(judge, judge->ret->data + bytes, (judge->ret->need - bytes) / WORD)
		       : is_within(judge);
}

/* An element cannot have been loaded from nil: then the variable has changed since. */
static bool is_nil_access(const struct judge *judge)
{
	return judge->address && !judge->words->is_loaded && (*judge->address < FIRST_PAGE || is_within(judge));
}

/* No string or slice has a length that is the address of memory: then what lies there is none, since what leads there changed. Small ones may
 * be equal to addresses of the program. */
static bool is_address(const struct judge *judge)
{
	return judge->ret->other > UINT32_MAX && image_segment(judge->analysis->image, judge->ret->other);
}

static enum word_trouble length_trouble(const struct judge *judge)
{
	struct word_judgement *ret = judge->ret;

	if (!ret->other || is_address(judge))
		return TROUBLE_NONE;
	ret->explains = true;
	if (!ret->data)
		return is_nil_access(judge) ? TROUBLE_NIL_DATA : TROUBLE_NONE;
	if (ret->data < FIRST_PAGE)
		return TROUBLE_NONE;
	ret->need = bytes_of(judge);
	if (is_past_object(judge))
		return TROUBLE_PAST_OBJECT;
	ret->explains = false; /* not surely a slice; memory may have been unmapped under a sound value */
	if (!ret->size && ret->in_variable && judge->words->has_element && judge->words->element && has_capacity(judge) &&
	    ret->capacity < ret->other && has_element(judge, ret->data, ret->other))
		return TROUBLE_CAPACITY;
	return is_past_memory(judge) ? TROUBLE_PAST_MEMORY : TROUBLE_NONE;
}

/* The type whose value lies at an interface's data: what a pointer points to; a type that is too large for the word itself. A
 * table may lie among the types (Go 1.26); where it has its type, a type has a size. */
static uint64_t data_type(struct go_runtime *runtime, uint64_t word)
{
	uint64_t type = word, element;

	if (!(go_field(runtime, word, LAYOUT_itab_type, &type) && go_type_is(runtime, type)))
		type = word;
	if (!go_type_is(runtime, type))
		return 0;
	if (go_type_kind(runtime, type) != KIND_POINTER)
		return type;
	return image_u64(runtime->image, type + runtime->layout->offset[LAYOUT_type_size], &element) &&
			       go_type_is(runtime, element)
		       ? element
		       : 0;
}

static enum word_trouble interface_trouble(const struct judge *judge)
{
	struct go_runtime *runtime = judge->analysis->runtime;
	struct word_judgement *ret = judge->ret;
	struct heap_place place;
	uint64_t type, bytes, pointers;

	ret->explains = true;
	if (!ret->other)
		return ret->data >= FIRST_PAGE && memory_end(judge->analysis, ret->data) > ret->data ? TROUBLE_NIL_TYPE
												   : TROUBLE_NONE;
	type = runtime->layout ? data_type(runtime, ret->other) : 0;
	bytes = type ? room(judge, &place) : 0;
	if (!bytes || !go_field(runtime, type, LAYOUT_type_Size, &ret->need) ||
	    !go_field(runtime, type, LAYOUT_type_ptrdata, &pointers) || ret->need <= WORD)
		return TROUBLE_NONE;
	ret->type = go_type_name(runtime, type);
	ret->noscan = pointers && place.span.noscan;
	ret->explains = ret->need > bytes; /* unsafe code keeps pointers where the collector does not look */
	return ret->need > bytes || ret->noscan ? TROUBLE_TYPE : TROUBLE_NONE;
}

/* What was loaded as an element and used as a pointer can be none, and no element is it now. */
static bool is_gone(const struct judge *judge)
{
	const struct word_judgement *ret = judge->ret;
	const uint64_t element = judge->words->element;
	struct span words;

	if (!judge->words->has_element || !element || element >= FIRST_PAGE || !ret->data || ret->other > ELEMENT_LIMIT || judge->words->unit != WORD)
		return false;
	words = image_bytes(judge->analysis->image, ret->data, ret->other * WORD);
	for (uint64_t i = 0; i < ret->other; i++)
		if (span_u64(words, i * WORD) == element)
			return false;
	return words.size > 0;
}

static bool judge_values(const struct judge *judge, const struct origin *data, const struct origin *other)
{
	struct word_judgement *ret = judge->ret;

	if (!data->has_value || !other->has_value)
		return false;
	ret->data = data->value;
	ret->other = other->value;
	ret->trouble = judge->words->kind == WORDS_INTERFACE ? interface_trouble(judge) : length_trouble(judge);
	return ret->trouble != TROUBLE_NONE;
}

/* A word of the variable that another lies `distance` bytes from. */
static const struct origin *beside(const struct origin *word, const struct origin *other, int64_t distance)
{
	const struct origin *variable = origin_variable(word), *neighbour = origin_variable(other);

	return variable->has_address && neighbour->has_address &&
			       neighbour->address - variable->address == (uint64_t)distance
		       ? variable
		       : NULL;
}

struct word_judgement word_trouble_of(struct analysis *analysis, struct origins *origins, const struct two_words *words,
				      const uint64_t *address)
{
	struct word_judgement ret = {0};
	const struct judge judge = {analysis, origins, words, address, &ret};
	const struct origin *variable =
		beside(words->data, words->other, words->kind == WORDS_INTERFACE ? -WORD : WORD);

	ret.variable = variable ? variable->address : 0;
	ret.in_variable = variable != NULL;
	if (variable && judge_values(&judge, variable, origin_variable(words->other)))
		return ret;
	ret.in_variable = false;
	if (words->data->is_own && words->other->is_own && judge_values(&judge, words->data, words->other))
		return ret;
	if (variable && words->kind == WORDS_INDEXED && is_gone(&judge))
		ret.trouble = TROUBLE_CHANGED;
	return ret;
}
