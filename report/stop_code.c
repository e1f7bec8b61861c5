/* stop_code.c: si_code, include/uapi/asm-generic/siginfo.h. Positive codes of a fault depend on its signal. */
#include "report/stop_code.h"

enum { ANY_SIGNAL = 0, SIGNAL_BUS = 7, SIGNAL_SEGV = 11 };

static const struct {
	int number, code;
	const char *name;
} codes[] = {
	{ANY_SIGNAL, 0, "SI_USER"},      {ANY_SIGNAL, -1, "SI_QUEUE"},    {ANY_SIGNAL, -2, "SI_TIMER"},
	{ANY_SIGNAL, -6, "SI_TKILL"},    {ANY_SIGNAL, 0x80, "SI_KERNEL"}, {SIGNAL_SEGV, 1, "SEGV_MAPERR"},
	{SIGNAL_SEGV, 2, "SEGV_ACCERR"}, {SIGNAL_BUS, 1, "BUS_ADRALN"},   {SIGNAL_BUS, 2, "BUS_ADRERR"},
};

const char *stop_code_text(struct arena *arena, const struct image *image)
{
	const struct stop *stop = &image->stop;

	if (!stop->has_code)
		return NULL;
	for (size_t i = 0; image->os == OS_LINUX && i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == stop->code && (codes[i].number == ANY_SIGNAL || codes[i].number == stop->number))
			return codes[i].name;
	return arena_printf(arena, "%d", stop->code);
}
