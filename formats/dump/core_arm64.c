/* core_arm64.c: what ELF cores of arm64 hold beside the registers: how return addresses are signed, how memory is tagged.
 * References: Linux <uapi/linux/elf.h> (note types, PT_AARCH64_MEMTAG_MTE), <asm/ptrace.h> of arch/arm64 (struct
 * user_pac_mask, user_sve_header), arch/arm64/kernel/elfcore.c (tags: Documentation/arch/arm64/memory-tagging-extension.rst,
 * "Core dump support"). */
#include "formats/dump/core_arm64.h"

enum { NOTE_TLS = 0x401, NOTE_SVE = 0x405, NOTE_PAC_MASK = 0x406, NOTE_TAGGED_ADDR_CTRL = 0x409 };

enum { GRANULE = 16, TAGS_PER_BYTE = 2, TAGGED_LIMIT = 1 << 16, VECTOR_LIMIT = 8192 /* __SVE_VQ_MAX × 16 */ };

/* struct user_pac_mask: data_mask, insn_mask; each of all bits that may hold a signature. */
static void read_pac_mask(struct image *image, struct span desc)
{
	const uint64_t lowest = UINT64_C(1) << 36; /* the smallest space of addresses that Linux gives to programs */
	const uint64_t mask = span_u64(desc, 8);

	if (desc.size >= 16 && !(mask & (lowest - 1)))
		image->code_signature = mask;
}

/* struct user_sve_header: size, max_size, vl, max_vl, flags. */
static void read_sve(struct image *image, struct span desc)
{
	const uint16_t length = span_u16(desc, 8);

	if (desc.size >= 16 && length && length <= VECTOR_LIMIT && !(length % GRANULE))
		image->vector_bytes = length;
}

void arm64_note(struct image *image, const struct elf_note *note)
{
	struct thread *thread = image->threads.count ? &image->threads.items[image->threads.count - 1] : NULL;

	if (image->arch->id != ARCH_ARM64 || !thread || note->desc.size < 8)
		return;
	switch (note->type) {
	case NOTE_TLS:
		reg_set(&thread->registers, image->arch->tls, span_u64(note->desc, 0));
		break;
	case NOTE_SVE:
		read_sve(image, note->desc);
		break;
	case NOTE_PAC_MASK:
		read_pac_mask(image, note->desc);
		break;
	case NOTE_TAGGED_ADDR_CTRL:
		thread->tag_control = span_u64(note->desc, 0);
		break;
	default:
		break;
	}
}

void arm64_tags(struct image *image, const struct elf_program *program)
{
	struct span tags = span_slice(span_from(image->bytes, program->offset), 0, program->file_size);
	const struct tagged_memory memory = {program->address, program->memory_size, tags};

	if (image->arch->id == ARCH_ARM64 && tags.size && image->tagged.count < TAGGED_LIMIT)
		vec_push(image->arena, &image->tagged, memory);
}

bool image_memory_tag(const struct image *image, uint64_t address, uint8_t *ret)
{
	for (size_t i = 0; i < image->tagged.count; i++) {
		const struct tagged_memory *memory = &image->tagged.items[i];
		const uint64_t granule = (address - memory->address) / GRANULE;

		if (address < memory->address || address - memory->address >= memory->size ||
		    granule / TAGS_PER_BYTE >= memory->tags.size)
			continue;
		*ret = memory->tags.data[granule / TAGS_PER_BYTE] >> (granule % TAGS_PER_BYTE ? 4 : 0) & 0xf;
		return true;
	}
	return false;
}
