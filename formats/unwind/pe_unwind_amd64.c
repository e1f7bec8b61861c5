/* pe_unwind_amd64.c: UNWIND_INFO. Reference: Microsoft, "x64 exception handling": unwind data, unwind codes, epilogs, which
 * have no data before version 2 and are known by their instructions. */
#include "formats/unwind/pe_frame.h"

#include <string.h>

enum { RSP = 7, RIP = 16, WORD = 8, CHAIN_LIMIT = 32, EPILOG_LIMIT = 32, EPILOG_BYTES = 64, CODE_LIMIT = 256 };

enum code {
	PUSH_NONVOL = 0,
	ALLOC_LARGE = 1,
	ALLOC_SMALL = 2,
	SET_FPREG = 3,
	SAVE_NONVOL = 4,
	SAVE_NONVOL_FAR = 5,
	EPILOG = 6, /* version 2; SAVE_XMM before */
	SPARE = 7,  /* version 2; SAVE_XMM_FAR before */
	SAVE_XMM128 = 8,
	SAVE_XMM128_FAR = 9,
	PUSH_MACHFRAME = 10,
};

enum { FLAG_CHAINED = 4 };

/* Our numbers of the registers (arch_amd64.c), by those of the CPU. */
static const uint8_t register_numbers[] = {0, 1, 2, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};

struct info {
	uint8_t version, flags, prolog, count, frame_register, frame_offset;
	uint8_t codes[2 * CODE_LIMIT];
	struct span span; /* of the codes that there are */
};

static bool read_info(struct pe_frame *frame, uint32_t rva, struct info *ret)
{
	uint8_t head[4];

	if (!pe_frame_data(frame, rva, head, sizeof head))
		return false;
	*ret = (struct info){
		.version = head[0] & 7,
		.flags = head[0] >> 3,
		.prolog = head[1],
		.count = head[2],
		.frame_register = head[3] & 15,
		.frame_offset = head[3] >> 4,
	};
	if (ret->version != 1 && ret->version != 2)
		return pe_frame_fail(frame, PE_LOST);
	ret->span = (struct span){ret->codes, 2u * ret->count};
	return !ret->count || pe_frame_data(frame, (uint64_t)rva + sizeof head, ret->codes, ret->span.size);
}

/* How many codes an operation takes up; 0: unknown. */
static unsigned slots_of(const struct info *info, uint8_t code, uint8_t detail)
{
	switch (code) {
	case PUSH_NONVOL:
	case ALLOC_SMALL:
	case SET_FPREG:
	case PUSH_MACHFRAME:
		return 1;
	case ALLOC_LARGE:
		return detail ? 3 : 2;
	case SAVE_NONVOL:
	case SAVE_XMM128:
		return 2;
	case SAVE_NONVOL_FAR:
	case SAVE_XMM128_FAR:
		return 3;
	case EPILOG:
		return info->version == 2 ? 1 : 2;
	case SPARE:
		return info->version == 2 ? 2 : 3;
	default:
		return 0;
	}
}

/* ---- codes ---- */

/* One function's unwind codes at work. */
struct undoing {
	struct pe_frame *frame;
	const struct info *info;
	uint64_t sp;
	uint64_t base; /* what saved registers are counted from: the frame pointer less its offset, or SP */
	bool machine;  /* pc and SP came from a machine frame */
};

/* The interrupted place: RIP, CS, EFLAGS, RSP, SS, pushed by the CPU; below it may lie an error code. */
static bool undo_machine_frame(struct undoing *u, bool error_code)
{
	uint64_t at = u->sp + (error_code ? WORD : 0);

	if (!pe_frame_restore(u->frame, RIP, at) || !pe_frame_word(u->frame, at + 3 * WORD, &u->sp))
		return false;
	u->frame->step.return_slot = at;
	u->frame->step.interrupted = u->machine = true;
	return true;
}

static bool undo_code(struct undoing *u, uint64_t at, uint8_t code, uint8_t detail)
{
	uint16_t near = span_u16(u->info->span, at + 2);
	uint32_t far = span_u32(u->info->span, at + 2);

	switch (code) {
	case PUSH_NONVOL:
		u->sp += WORD;
		return pe_frame_restore(u->frame, register_numbers[detail], u->sp - WORD);
	case ALLOC_LARGE:
		u->sp += detail ? far : (uint64_t)near * 8;
		return true;
	case ALLOC_SMALL:
		u->sp += (uint64_t)detail * 8 + 8;
		return true;
	case SET_FPREG:
		u->sp = u->base;
		return true;
	case SAVE_NONVOL:
		return pe_frame_restore(u->frame, register_numbers[detail], u->base + (uint64_t)near * 8);
	case SAVE_NONVOL_FAR:
		return pe_frame_restore(u->frame, register_numbers[detail], u->base + far);
	case PUSH_MACHFRAME:
		return undo_machine_frame(u, detail != 0);
	default: /* floating-point registers, and what describes epilogs */
		return true;
	}
}

/* Whether the prolog has got as far as to set the frame pointer. */
static bool has_frame_pointer(const struct info *info, uint64_t offset)
{
	for (uint64_t at = 0; at < info->span.size;) {
		uint8_t code = span_u8(info->span, at + 1) & 15;
		unsigned slots = slots_of(info, code, span_u8(info->span, at + 1) >> 4);

		if (code == SET_FPREG)
			return span_u8(info->span, at) <= offset;
		if (!slots)
			return false;
		at += 2 * slots;
	}
	return false;
}

/* Undoes the codes of the prolog's instructions that have been executed: those at or below `offset`. */
static bool undo_codes(struct undoing *u, uint64_t offset)
{
	const struct info *info = u->info;

	bool pointer = info->frame_register && has_frame_pointer(info, offset);

	u->base = u->sp;
	if (pointer) {
		if (!pe_frame_register(u->frame, register_numbers[info->frame_register], &u->base))
			return false;
		u->base -= 16u * info->frame_offset;
	}
	for (uint64_t at = 0; at < info->span.size;) {
		uint8_t code = span_u8(info->span, at + 1) & 15;
		uint8_t detail = span_u8(info->span, at + 1) >> 4;
		unsigned slots = slots_of(info, code, detail);
		bool done = span_u8(info->span, at) <= offset || (code == EPILOG && info->version == 2);

		if (!slots)
			return pe_frame_fail(u->frame, PE_LOST);
		if (done && !undo_code(u, at, code, detail))
			return false;
		if (!pointer)
			u->base = u->sp;
		at += 2 * slots;
	}
	return true;
}

/* ---- epilogs ---- */

struct epilog {
	struct pe_frame *frame;
	const struct info *info;
	struct span code;
	uint64_t at; /* within code */
	uint64_t sp;
	struct registers registers; /* as they become; taken over only when it is an epilog */
};

/* add rsp, imm8 or imm32; lea rsp, [frame register + disp8 or disp32] */
static bool epilog_release(struct epilog *e)
{
	uint8_t rex = span_u8(e->code, 0), opcode = span_u8(e->code, 1), modrm = span_u8(e->code, 2);
	uint8_t base = (uint8_t)((modrm & 7) | (rex & 1) << 3);
	bool wide = modrm >> 6 == 2;
	int64_t displacement = wide ? (int32_t)span_u32(e->code, 3) : (int8_t)span_u8(e->code, 3);
	uint64_t frame_pointer;

	if (rex == 0x48 && (opcode == 0x83 || opcode == 0x81) && modrm == 0xc4) {
		e->sp += (uint64_t)(opcode == 0x81 ? (int64_t)(int32_t)span_u32(e->code, 3) : (int8_t)span_u8(e->code, 3));
		e->at = opcode == 0x81 ? 7 : 4;
		return true;
	}
	if ((rex & 0xfe) != 0x48 || opcode != 0x8d || (modrm & 0x38) != 0x20 || (modrm >> 6 != 1 && !wide) ||
	    (modrm & 7) == 4 || !e->info->frame_register || base != e->info->frame_register ||
	    !reg_get(&e->registers, register_numbers[base], &frame_pointer))
		return false;
	e->sp = frame_pointer + (uint64_t)displacement;
	e->at = wide ? 7 : 4;
	return true;
}

static bool epilog_pop(struct epilog *e)
{
	bool high = span_u8(e->code, e->at) == 0x41;
	uint8_t opcode = span_u8(e->code, e->at + high);
	uint64_t value;

	if ((opcode & 0xf8) != 0x58 || !image_u64(e->frame->image, e->sp, &value))
		return false;
	reg_set(&e->registers, register_numbers[(opcode & 7) | high << 3], value);
	e->sp += WORD;
	e->at += 1u + high;
	return true;
}

/* A jump that leaves the function is a call in its place. */
static bool leaves(const struct epilog *e, int64_t displacement, uint64_t size)
{
	uint64_t target = e->frame->pc + e->at + size + (uint64_t)displacement;

	return target < e->frame->begin || target >= e->frame->end;
}

/* ret, rep ret, ret n; jmp out of the function, through memory or a register (the latter with REX.W in epilogs) */
static bool epilog_end(const struct epilog *e)
{
	uint8_t first = span_u8(e->code, e->at), second = span_u8(e->code, e->at + 1), third = span_u8(e->code, e->at + 2);

	if (first == 0xc3 || first == 0xc2 || (first == 0xf3 && second == 0xc3))
		return true;
	if (first == 0xeb)
		return leaves(e, (int8_t)second, 2);
	if (first == 0xe9)
		return leaves(e, (int32_t)span_u32(e->code, e->at + 1), 5);
	if (first == 0xff)
		return second == 0x25;
	return (first & 0xf8) == 0x48 && second == 0xff && (third == 0x25 || (third & 0xf8) == 0xe0);
}

/* Whether pc is in an epilog; then the rest of it has been executed on ret. */
static bool in_epilog(struct pe_frame *frame, const struct info *info, uint64_t sp, struct epilog *ret)
{
	struct epilog e = {.frame = frame, .info = info, .sp = sp, .registers = frame->registers,
			   .code = image_view(frame->image, frame->pc, EPILOG_BYTES)};

	if (e.code.size)
		epilog_release(&e);
	for (int i = 0; i < EPILOG_LIMIT && e.code.size; i++)
		if (!epilog_pop(&e))
			break;
	if (!e.code.size || !epilog_end(&e))
		return false;
	*ret = e;
	return true;
}

/* ---- the frame ---- */

static void pop_return(struct pe_frame *frame, uint64_t sp)
{
	if (!pe_frame_restore(frame, RIP, sp))
		return;
	frame->step.return_slot = sp;
	frame->step.top = sp + WORD;
	reg_set(&frame->registers, RSP, frame->step.top);
}

/* RUNTIME_FUNCTION behind the codes, whose number is rounded up to an even one; its unwind data go on. */
static bool next_in_chain(struct pe_frame *frame, uint32_t rva, const struct info *info, uint32_t *ret)
{
	uint8_t function[12];

	if (!pe_frame_data(frame, (uint64_t)rva + 4 + 2 * ((info->count + 1u) & ~1u), function, sizeof function))
		return false;
	*ret = span_u32((struct span){function, sizeof function}, 8);
	return true;
}

/* An odd value leads to the entry of another function, whose data serve. */
static bool resolve(struct pe_frame *frame, uint32_t *rva)
{
	uint8_t data[4];

	if (!(*rva & 1))
		return true;
	if (!pe_frame_data(frame, (uint64_t)(*rva & ~UINT32_C(1)) + 8, data, sizeof data))
		return false;
	*rva = span_u32((struct span){data, sizeof data}, 0);
	return !(*rva & 1) || pe_frame_fail(frame, PE_LOST);
}

static bool undo_chain(struct pe_frame *frame, struct undoing *u, uint32_t rva, struct info *info)
{
	uint64_t offset = frame->pc - frame->begin;

	/* A return address is behind a call, and calls are behind the prolog. */
	if (!frame->exact || offset >= info->prolog)
		offset = UINT64_MAX;
	for (int i = 0; i < CHAIN_LIMIT; i++) {
		u->info = info;
		if (!undo_codes(u, offset))
			return false;
		if (!(info->flags & FLAG_CHAINED))
			return true;
		offset = UINT64_MAX; /* the prolog of what it chains to has been executed whole */
		if (!next_in_chain(frame, rva, info, &rva) || !resolve(frame, &rva) || !read_info(frame, rva, info))
			return false;
	}
	return pe_frame_fail(frame, PE_LOST);
}

void pe_frame_amd64(struct pe_frame *frame)
{
	struct undoing undoing = {.frame = frame};
	struct epilog epilog;
	struct info info;
	uint32_t rva = frame->unwind;

	if (!resolve(frame, &rva) || !read_info(frame, rva, &info) || !pe_frame_register(frame, RSP, &undoing.sp))
		return;
	if (frame->exact && frame->pc - frame->begin >= info.prolog && in_epilog(frame, &info, undoing.sp, &epilog)) {
		frame->registers = epilog.registers;
		pop_return(frame, epilog.sp);
		return;
	}
	if (!undo_chain(frame, &undoing, rva, &info))
		return;
	if (undoing.machine) {
		frame->step.top = undoing.sp;
		reg_set(&frame->registers, RSP, undoing.sp);
		return;
	}
	pop_return(frame, undoing.sp);
}
