/* fault_operand.c: see fault_operand.h. */
#include "analyzer/last_words/fault_operand.h"

#include "analyzer/unwind/unwind.h"

enum { INSN_BYTES = 16, WORD = 8 };

/* The kernel saved all of them with the pc, in the context of the signal frame. */
static bool saved_register(const struct analysis *analysis, uint64_t pc_address, uint8_t reg, uint64_t *ret)
{
	const struct reg_map *map = &analysis->image->arch->ucontext;
	uint64_t context = pc_address;
	uint64_t offset = UINT64_MAX;

	for (size_t i = 0; i < map->count; i++) {
		if (map->slots[i].reg == analysis->image->arch->pc)
			context = pc_address - map->slots[i].offset;
		if (map->slots[i].reg == reg)
			offset = map->slots[i].offset;
	}
	return offset != UINT64_MAX && image_u64(analysis->image, context + offset, ret);
}

/* Without a frame they are the dump's. */
bool register_at_fault(const struct analysis *analysis, uint8_t reg, uint64_t *ret)
{
	const struct fault *fault = &analysis->fault;

	if (!fault->pc_address && fault->thread >= 0)
		return reg_get(&analysis->image->threads.items[fault->thread].registers, reg, ret);
	return fault->siginfo && saved_register(analysis, fault->pc_address, reg, ret);
}

bool register_at_stop(const struct analysis *analysis, size_t thread, uint8_t reg, uint64_t *ret)
{
	const struct context *stopped = &analysis->walks[thread].stopped;

	if (!stopped->known)
		return false;
	return stopped->pc_address ? saved_register(analysis, stopped->pc_address, reg, ret)
				   : reg_get(&analysis->image->threads.items[thread].registers, reg, ret);
}

static enum insn_touch operand_at(struct analysis *analysis, uint64_t pc, struct insn_operand *ret)
{
	struct decoder *decoder = analysis->runtime->decoder;

	return decoder ? insn_touches(decoder, pc, image_view(analysis->image, pc, INSN_BYTES), ret) : TOUCH_UNKNOWN;
}

enum insn_touch fault_operand(struct analysis *analysis, struct insn_operand *ret)
{
	return analysis->fault.has_pc ? operand_at(analysis, analysis->fault.pc, ret) : TOUCH_UNKNOWN;
}

/* The CPU leaves pc behind int3, and at brk. */
bool fault_is_breakpoint(struct analysis *analysis)
{
	enum { INT3 = 0xcc, INT = 0xcd };
	const uint32_t brk = 0xd4200000, brk_mask = 0xffe0001f;
	struct image *image = analysis->image;
	const uint64_t pc = analysis->fault.pc;
	uint8_t first, second;
	uint32_t word;

	if (!analysis->fault.has_pc)
		return true;
	if (image->arch->id == ARCH_ARM64)
		return !image_u32(image, pc, &word) || (word & brk_mask) == brk;
	if (!image_u8(image, pc - 2, &first) || !image_u8(image, pc - 1, &second))
		return true;
	return second == INT3 || (first == INT && second == 3);
}

typedef bool read_register(const struct analysis *analysis, size_t thread, uint8_t reg, uint64_t *ret);

static bool operand_address(const struct analysis *analysis, const struct insn_operand *operand, read_register *read, size_t thread,
			    uint64_t *ret)
{
	uint64_t base = 0;
	uint64_t index = 0;

	if (!operand->known || (operand->base != REG_NONE && !read(analysis, thread, operand->base, &base)) ||
	    (operand->index != REG_NONE && !read(analysis, thread, operand->index, &index)))
		return false;
	*ret = insn_operand_address(operand, base, index);
	return true;
}

static bool read_at_fault(const struct analysis *analysis, size_t thread, uint8_t reg, uint64_t *ret)
{
	(void)thread;
	return register_at_fault(analysis, reg, ret);
}

bool fault_operand_address(const struct analysis *analysis, const struct insn_operand *operand, uint64_t *ret)
{
	return operand_address(analysis, operand, read_at_fault, 0, ret);
}

bool access_is_closed(struct image *image, uint64_t address, bool write)
{
	const struct segment *segment = image_segment(image, address);

	return !arch_forms(image->arch, address) || (image->segments.count && !segment) ||
	       (segment && (!segment->flags || (write && !(segment->flags & SEGMENT_WRITE))));
}

bool stop_is_closed_access(struct analysis *analysis, size_t thread, uint64_t *ret)
{
	const struct context *stopped = &analysis->walks[thread].stopped;
	struct insn_operand operand;

	return stopped->known && operand_at(analysis, stopped->pc, &operand) == TOUCH_MEMORY &&
	       operand_address(analysis, &operand, register_at_stop, thread, ret) &&
	       access_is_closed(analysis->image, *ret, operand.write);
}

/* Of an instruction that writes to the stack: by which it moves SP down first (push), or as a call does where no register links. */
static bool pushes(const struct arch *arch, const struct insn *insn, int64_t *moved)
{
	const struct effect *effect = insn->effects;

	*moved = -WORD;
	if (insn->flow == FLOW_CALL || (insn->flow == FLOW_INDIRECT_CALL && insn->through != REG_NONE))
		return !arch->link_register;
	if (insn->count != 2 || effect[0].kind != EFFECT_ADD || effect[0].dst != arch->sp || effect[0].src != arch->sp ||
	    effect[1].kind != EFFECT_STORE || effect[1].src != arch->sp)
		return false;
	*moved = effect[0].value + effect[1].value;
	return true;
}

bool fault_implied_address(struct analysis *analysis, uint64_t *ret, bool *write)
{
	const struct fault *fault = &analysis->fault;
	const struct arch *arch = analysis->image->arch;
	struct decoder *decoder = analysis->runtime->decoder;
	struct insn_operand operand;
	struct insn insn;
	int64_t moved;

	if (fault_operand(analysis, &operand) == TOUCH_MEMORY && operand.known) {
		*write = operand.write;
		return fault_operand_address(analysis, &operand, ret);
	}
	if (!fault->has_pc || !decoder || !insn_decode(decoder, fault->pc, image_view(analysis->image, fault->pc, INSN_BYTES), &insn))
		return false;
	*write = true;
	if (insn.indexed.store && insn.indexed.index == REG_NONE) /* repeated: the register goes along */
		return register_at_fault(analysis, insn.indexed.base, ret);
	if (!pushes(arch, &insn, &moved) || !register_at_fault(analysis, arch->sp, ret))
		return false;
	*ret += (uint64_t)moved;
	return true;
}

bool fault_zero_is_doubtful(struct analysis *analysis)
{
	const struct fault *fault = &analysis->fault;
	const struct image *image = analysis->image;
	uint64_t address;
	bool write;

	return image->os == OS_LINUX && !analysis->runtime->recorded && fault->has_address && !fault->address && !image->stop.has_code &&
	       fault->access != ACCESS_EXECUTE && (!fault_implied_address(analysis, &address, &write) || address);
}

enum fault_access fault_access_of(struct analysis *analysis)
{
	const struct fault *fault = &analysis->fault;
	struct insn_operand operand;
	uint64_t address;
	bool write;

	if (fault->access != ACCESS_UNKNOWN)
		return fault->access;
	if (fault_operand(analysis, &operand) != TOUCH_MEMORY || !operand.known)
		return fault->has_address && fault_implied_address(analysis, &address, &write) && address == fault->address && write
			       ? ACCESS_WRITE
			       : ACCESS_UNKNOWN;
	return operand.write ? ACCESS_WRITE : operand.read ? ACCESS_READ : ACCESS_UNKNOWN;
}

const char *access_doing(enum fault_access access)
{
	static const char *const words[] = {[ACCESS_UNKNOWN] = "accessing", [ACCESS_READ] = "reading", [ACCESS_WRITE] = "writing",
					    [ACCESS_EXECUTE] = "jumping to"};

	return words[access];
}
