/* registered.c: modules that the process made itself while it ran, and hung into the runtime's list (moduledata.next): compilers
 * for one program's own use (bytedance/sonic), loaders of object files (goloader). Their tables are separate slices, so that the
 * header's offsets mean nothing, and they have no data: what a linker's module looks like does not tell them. */
#include "golang/load/load.h"

enum { /* index of 8-byte words in moduledata; as in modules.c */
	WORD_PCHEADER = 0, WORD_FUNCNAMETAB = 1, WORD_CUTAB = 4, WORD_FILETAB = 7, WORD_PCTAB = 10, WORD_PCLNTABLE = 13,
	WORD_MINPC = 20, WORD_MAXPC = 21, WORD_TEXT = 22, WORD_ETEXT = 23, WORDS = 24,
};

/* There may be hundreds of them, and a damaged dump may claim more: each is small. */
enum { HEADER_SIZE = 72, NFUNC = 8, FUNC_LIMIT = 1 << 14, SLICE_LIMIT = 1 << 24, TEXT_LIMIT = 1 << 30 };

static struct span whole_view(struct image *image, uint64_t address, uint64_t size)
{
	const struct span bytes = image_view(image, address, size);

	return bytes.size == size ? bytes : (struct span){0};
}

/* The bytes of a slice of elements of `size` bytes; empty when some are missing. */
static struct span slice(struct image *image, struct span words, uint64_t word, uint64_t size)
{
	const uint64_t count = span_u64(words, 8 * word + 8);

	return count && count < SLICE_LIMIT / size ? whole_view(image, span_u64(words, 8 * word), count * size) : (struct span){0};
}

static bool take_text(struct span words, struct go_module *ret)
{
	ret->minpc = span_u64(words, 8 * WORD_MINPC);
	ret->maxpc = span_u64(words, 8 * WORD_MAXPC);
	ret->text = span_u64(words, 8 * WORD_TEXT);
	ret->etext = span_u64(words, 8 * WORD_ETEXT);
	return ret->text && ret->text <= ret->minpc && ret->minpc < ret->maxpc && ret->maxpc <= ret->etext &&
	       ret->etext - ret->text < TEXT_LIMIT;
}

bool module_registered(struct image *image, uint64_t address, struct go_module *ret)
{
	const struct span words = whole_view(image, address, 8 * WORDS);
	struct pclntab_parts parts;
	struct go_module module = {.address = address};

	if (!words.size || !take_text(words, &module))
		return false;
	parts = (struct pclntab_parts){
		.header = whole_view(image, span_u64(words, 8 * WORD_PCHEADER), HEADER_SIZE),
		.funcnames = slice(image, words, WORD_FUNCNAMETAB, 1),
		.cutab = slice(image, words, WORD_CUTAB, 4),
		.filetab = slice(image, words, WORD_FILETAB, 1),
		.pctab = slice(image, words, WORD_PCTAB, 1),
		.functab = slice(image, words, WORD_PCLNTABLE, 1),
	};
	if (span_u64(parts.header, NFUNC) >= FUNC_LIMIT ||
	    !pclntab_assemble(&parts, span_u64(words, 8 * WORD_PCHEADER), &module.pclntab) ||
	    module.minpc != module.text + pclntab_min(&module.pclntab) ||
	    module.maxpc != module.text + pclntab_max(&module.pclntab))
		return false;
	module.pclntab.text = module.text;
	pclntab_belongs(&module.pclntab, image);
	module.data_start = UINT64_MAX; /* it has none */
	*ret = module;
	return true;
}
