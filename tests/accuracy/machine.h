/* machine.h: executes a program's own instructions on the memory of its dump, by Unicorn, and knows what they wrote. Nothing
 * of it decodes an instruction itself: what it says of SP is what a CPU does. */
#ifndef ACCURACY_MACHINE_H
#define ACCURACY_MACHINE_H

#include "tests/accuracy/target.h"

struct machine_word {
	uint64_t address, from, to;
};

struct machine_words {
	struct machine_word *items;
	size_t count, capacity;
};

struct cpu;

/* A CPU of the dump's kind, whose memory is that of the dump; what it writes stays in it. NULL: none of that kind. It lives
 * until the process ends. */
struct cpu *cpu_new(struct target *target);

/* Registers, numbered as the arch of the dump has them. */
uint64_t cpu_get(struct cpu *cpu, uint8_t reg);
void cpu_set(struct cpu *cpu, uint8_t reg, uint64_t value);

/* Executes the instruction at pc; false: it faulted. */
bool cpu_step(struct cpu *cpu);

/* The memory of this CPU. */
uint64_t cpu_load(struct cpu *cpu, uint64_t address);
void cpu_store(struct cpu *cpu, uint64_t address, uint64_t word);

/* A state to come back to, registers and memory. Of nested ones the outer is gone back to last. */
struct cpu_mark {
	uint64_t registers[REG_LIMIT]; /* the general ones */
	size_t written;
};

struct cpu_mark cpu_mark(struct cpu *cpu);
void cpu_return(struct cpu *cpu, const struct cpu_mark *mark);

/* The words of memory that differ from the dump. */
void cpu_changes(struct cpu *cpu, struct machine_words *ret);

#endif
