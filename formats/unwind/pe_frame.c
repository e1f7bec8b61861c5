/* pe_frame.c: see pe_frame.h. */
#include "formats/unwind/pe_frame.h"

bool pe_frame_fail(struct pe_frame *frame, enum pe_result result)
{
	if (frame->result == PE_STEPPED)
		frame->result = result;
	return false;
}

bool pe_frame_data(struct pe_frame *frame, uint64_t rva, void *buf, size_t size)
{
	return image_read(frame->image, frame->base + rva, buf, size) == MEM_OK || pe_frame_fail(frame, PE_UNREADABLE);
}

bool pe_frame_word(struct pe_frame *frame, uint64_t address, uint64_t *ret)
{
	if (image_u64(frame->image, address, ret))
		return true;
	frame->step.address = address;
	return pe_frame_fail(frame, PE_UNREADABLE);
}

bool pe_frame_register(struct pe_frame *frame, uint8_t reg, uint64_t *ret)
{
	return reg_get(&frame->registers, reg, ret) || pe_frame_fail(frame, PE_LOST);
}

bool pe_frame_restore(struct pe_frame *frame, uint8_t reg, uint64_t address)
{
	uint64_t value;

	if (!pe_frame_word(frame, address, &value))
		return false;
	reg_set(&frame->registers, reg, value);
	return true;
}
