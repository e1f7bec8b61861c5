/* signals.c: see signals.h. */
#include "formats/dump/signals.h"

#include <stddef.h>
#include <string.h>

static const struct signal_name signals[] = {
	{1, "SIGHUP", false, false, false}, {2, "SIGINT", false, false, false},
	{3, "SIGQUIT", true, false, false}, {4, "SIGILL", true, true, false},
	{5, "SIGTRAP", true, true, false}, {6, "SIGABRT", true, false, false},
	{7, "SIGBUS", true, true, true}, {8, "SIGFPE", true, true, false},
	{9, "SIGKILL", false, false, false}, {10, "SIGUSR1", false, false, false},
	{11, "SIGSEGV", true, true, true}, {12, "SIGUSR2", false, false, false},
	{13, "SIGPIPE", false, false, false}, {14, "SIGALRM", false, false, false},
	{15, "SIGTERM", false, false, false}, {16, "SIGSTKFLT", false, false, false},
	{17, "SIGCHLD", false, false, false}, {18, "SIGCONT", false, false, false},
	{19, "SIGSTOP", false, false, false}, {20, "SIGTSTP", false, false, false},
	{21, "SIGTTIN", false, false, false}, {22, "SIGTTOU", false, false, false},
	{23, "SIGURG", false, false, false}, {24, "SIGXCPU", true, false, false},
	{25, "SIGXFSZ", true, false, false}, {26, "SIGVTALRM", false, false, false},
	{27, "SIGPROF", false, false, false}, {28, "SIGWINCH", false, false, false},
	{29, "SIGIO", false, false, false}, {30, "SIGPWR", false, false, false},
	{31, "SIGSYS", true, true, false},
};

const struct signal_name *signal_by_number(int number)
{
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (signals[i].number == number)
			return &signals[i];
	return NULL;
}

const struct signal_name *signal_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (!strcmp(signals[i].name, name))
			return &signals[i];
	return NULL;
}

static const struct signal_code codes[] = {
#define SIGNAL_CODE(signal, code, name, meaning) {signal, code, name, meaning},
#include "formats/dump/signal_codes.def"
#undef SIGNAL_CODE
};

const struct signal_code *signal_code(int signal, int code)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].code == code && (!codes[i].signal || codes[i].signal == signal))
			return &codes[i];
	return NULL;
}

/* kernel/signal.c, siginfo_layout. */
static const struct {
	int code;
	const char *source;
} sources[] = {
	{-2 /* SI_TIMER */, "a timer of the process"},
	{-5 /* SI_SIGIO */, "the kernel, for a file that the process watches,"},
	{SIGNAL_CODE_KERNEL, "the kernel"},
};

const char *signal_code_source(int code)
{
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
		if (sources[i].code == code)
			return sources[i].source;
	return NULL;
}
