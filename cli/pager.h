/* pager.h: a program that shows what is longer than the terminal, as git has it: TORNSTACK_PAGER, else PAGER, else less. */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include <stdbool.h>
#include <stdio.h>

/* A stream in place of standard output that is a terminal. It waits until it is known whether what is written is longer than that, and
 * then starts the pager. NULL: there is no pager to start, or none is wanted, or it is no terminal. */
FILE *pager_open(void);

/* Closes it, which writes what waited, and waits until the pager was left. False: it could not be run, which was said. */
bool pager_close(FILE *file);

#endif
