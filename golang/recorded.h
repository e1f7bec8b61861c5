/* recorded.h: a Go program as a log tells it (formats/log/record.h), in the terms in which a dump's is asked: places have pcs and
 * functions. Of a place whose pc nobody printed, nor can be told from another frame of its function, the pc is a number that no
 * address can be; it tells places apart, and is never shown. */
#ifndef GOLANG_RECORDED_H
#define GOLANG_RECORDED_H

#include "formats/log/record.h"
#include "golang/runtime.h"

/* What was made of a record; never written once it is loaded. */
struct recorded_program {
	const struct log_record *record;
	uint64_t *pcs;              /* by place */
	struct func *functions;     /* by function of the record */
	struct go_module *module;   /* that all of them are said to lie in; it holds nothing */
	struct word_map places;     /* by pc: index of the place */
};

/* The upper bits of what stands for a pc: no canonical address has them, nor any that Go gives to code. */
#define RECORDED_TOKEN (UINT64_C(0xa0) << 56)

/* Whether a pc is one, and not what stands for an unknown one. */
bool recorded_pc_known(uint64_t pc);

/* Looks up a pc that no table of the program has: what the log says of it. */
void recorded_look_up(const struct recorded_program *program, struct pc_info *info);

/* The calls at a place, as func_inline_frames gives them. */
size_t recorded_calls(const struct recorded_place *place, struct inline_frame frames[static INLINE_LIMIT]);

/* What was recorded of the goroutine of that index. */
const struct recorded_goroutine *recorded_goroutine(const struct go_runtime *runtime, size_t index);

#endif
