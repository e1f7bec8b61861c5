/* signals.c: see signals.h. */
#include "formats/signals.h"

#include <stddef.h>

static const struct signal_name signals[] = {
	{1, "SIGHUP", false, false},     {2, "SIGINT", false, false},    {3, "SIGQUIT", true, false},
	{4, "SIGILL", true, true},       {5, "SIGTRAP", true, true},     {6, "SIGABRT", true, false},
	{7, "SIGBUS", true, true},       {8, "SIGFPE", true, true},      {9, "SIGKILL", false, false},
	{10, "SIGUSR1", false, false},   {11, "SIGSEGV", true, true},    {12, "SIGUSR2", false, false},
	{13, "SIGPIPE", false, false},   {14, "SIGALRM", false, false},  {15, "SIGTERM", false, false},
	{16, "SIGSTKFLT", false, false}, {17, "SIGCHLD", false, false},  {18, "SIGCONT", false, false},
	{19, "SIGSTOP", false, false},   {20, "SIGTSTP", false, false},  {21, "SIGTTIN", false, false},
	{22, "SIGTTOU", false, false},   {23, "SIGURG", false, false},   {24, "SIGXCPU", true, false},
	{25, "SIGXFSZ", true, false},    {26, "SIGVTALRM", false, false}, {27, "SIGPROF", false, false},
	{28, "SIGWINCH", false, false},  {29, "SIGIO", false, false},    {30, "SIGPWR", false, false},
	{31, "SIGSYS", true, false},
};

const struct signal_name *signal_by_number(int number)
{
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (signals[i].number == number)
			return &signals[i];
	return NULL;
}
