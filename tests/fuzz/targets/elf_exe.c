/* elf_exe.c: an executable or library, of ELF (what its magic says decides). */
#include "tests/fuzz/exe.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_run(data, size, (struct fuzz_limits){64 << 20, 2}, fuzz_exe_read);
}
