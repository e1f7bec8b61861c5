/* exceptions.c: see exceptions.h. */
#include "formats/dump/exceptions.h"

/* Those that are more than a name, or that debuggers call otherwise than the status is called. */
static const struct exception_name exceptions[] = {
	{0xc0000005, "EXCEPTION_ACCESS_VIOLATION", true, true, false},
	{0xc0000006, "EXCEPTION_IN_PAGE_ERROR", true, true, false},
	{0x80000001, "EXCEPTION_GUARD_PAGE", true, true, false},
	{0x80000002, "EXCEPTION_DATATYPE_MISALIGNMENT", true, false, false},
	{0xc000001d, "EXCEPTION_ILLEGAL_INSTRUCTION", true, false, false},
	{0xc0000096, "EXCEPTION_PRIV_INSTRUCTION", true, false, false},
	{0xc000008c, "EXCEPTION_ARRAY_BOUNDS_EXCEEDED", true, false, false},
	{0xc000008d, "EXCEPTION_FLT_DENORMAL_OPERAND", true, false, false},
	{0xc000008e, "EXCEPTION_FLT_DIVIDE_BY_ZERO", true, false, false},
	{0xc000008f, "EXCEPTION_FLT_INEXACT_RESULT", true, false, false},
	{0xc0000090, "EXCEPTION_FLT_INVALID_OPERATION", true, false, false},
	{0xc0000091, "EXCEPTION_FLT_OVERFLOW", true, false, false},
	{0xc0000092, "EXCEPTION_FLT_STACK_CHECK", true, false, false},
	{0xc0000093, "EXCEPTION_FLT_UNDERFLOW", true, false, false},
	{0xc0000094, "EXCEPTION_INT_DIVIDE_BY_ZERO", true, false, false},
	{0xc0000095, "EXCEPTION_INT_OVERFLOW", true, false, false},
	{0xc00000fd, "EXCEPTION_STACK_OVERFLOW", true, true, false},
	{0x80000003, "EXCEPTION_BREAKPOINT", true, false, false},
	{0x80000004, "EXCEPTION_SINGLE_STEP", true, false, false},
	{0xc0000008, "EXCEPTION_INVALID_HANDLE", false, false, false},
	{0xc0000025, "EXCEPTION_NONCONTINUABLE_EXCEPTION", false, false, false},
	{0xc0000026, "EXCEPTION_INVALID_DISPOSITION", false, false, false},
	{0xe06d7363, "C++ exception", false, false, false},
	{0x517a7ed, "simulated exception (Crashpad)", false, false, true},
	{0x4000001f, "STATUS_WX86_BREAKPOINT", false, false, true},
};

const struct exception_name *exception_by_code(uint32_t code)
{
	for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
		if (exceptions[i].code == code)
			return &exceptions[i];
	return NULL;
}

static const struct {
	uint32_t code;
	const char *name;
} statuses[] = {
#define NTSTATUS(code, name) {code, name},
#include "formats/dump/ntstatus.def"
#undef NTSTATUS
};

static const struct fail_fast fail_fasts[] = {
#define FAIL_FAST(code, name, meaning) {code, name, meaning},
#include "formats/dump/fail_fast.def"
#undef FAIL_FAST
};

const char *exception_name_of(uint32_t code)
{
	const struct exception_name *row = exception_by_code(code);
	size_t low = 0;
	size_t high = sizeof statuses / sizeof *statuses;

	while (!row && low < high) {
		const size_t middle = low + (high - low) / 2;

		if (statuses[middle].code == code)
			return statuses[middle].name;
		if (statuses[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return row ? row->name : NULL;
}

const struct fail_fast *fail_fast_by_code(uint64_t code)
{
	for (size_t i = 0; i < sizeof fail_fasts / sizeof *fail_fasts; i++)
		if (fail_fasts[i].code == code)
			return &fail_fasts[i];
	return NULL;
}

enum fault_access exception_access(uint64_t information)
{
	switch (information) {
	case 0:
		return ACCESS_READ;
	case 1:
		return ACCESS_WRITE;
	case 8: /* data execution prevention */
		return ACCESS_EXECUTE;
	default:
		return ACCESS_UNKNOWN;
	}
}
