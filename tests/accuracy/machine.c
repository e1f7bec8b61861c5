/* machine.c: see machine.h. The only file that knows Unicorn. Pages are mapped when they are first touched; what is written
 * is kept in a journal, so that it can be taken back. */
#include "tests/accuracy/machine.h"

#include <unicorn/unicorn.h>

enum { PAGE = 4096, WORD = 8, CPACR_FP = 3 << 20 };

struct journal_entry {
	uint64_t address, old;
};

struct cpu {
	struct target *target;
	const struct arch *arch;
	uc_engine *engine;
	const int *registers;
	VEC(struct journal_entry) journal;
};

/* By the names that formats/cpu/arch_amd64.c and arch_arm64.c give them. */
static int amd64_register(const char *name)
{
	static const struct {
		const char *name;
		int reg;
	} known[] = {
		{"rax", UC_X86_REG_RAX}, {"rbx", UC_X86_REG_RBX}, {"rcx", UC_X86_REG_RCX}, {"rdx", UC_X86_REG_RDX},
		{"rsi", UC_X86_REG_RSI}, {"rdi", UC_X86_REG_RDI}, {"rbp", UC_X86_REG_RBP}, {"rsp", UC_X86_REG_RSP},
		{"r8", UC_X86_REG_R8},	 {"r9", UC_X86_REG_R9},	  {"r10", UC_X86_REG_R10}, {"r11", UC_X86_REG_R11},
		{"r12", UC_X86_REG_R12}, {"r13", UC_X86_REG_R13}, {"r14", UC_X86_REG_R14}, {"r15", UC_X86_REG_R15},
		{"rip", UC_X86_REG_RIP}, {"fs_base", UC_X86_REG_FS_BASE},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i].name, name))
			return known[i].reg;
	return UC_X86_REG_INVALID;
}

static int arm64_register(const char *name)
{
	int number = 0;

	if (!strcmp(name, "sp") || !strcmp(name, "pc"))
		return *name == 's' ? UC_ARM64_REG_SP : UC_ARM64_REG_PC;
	if (*name != 'x')
		return UC_ARM64_REG_INVALID;
	for (const char *digit = name + 1; *digit; digit++)
		number = number * 10 + *digit - '0';
	return number == 30 ? UC_ARM64_REG_X30 : number == 29 ? UC_ARM64_REG_X29 : UC_ARM64_REG_X0 + number;
}

static bool map_page(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value, void *context)
{
	struct cpu *cpu = context;
	const uint64_t first = address / PAGE * PAGE, last = (address + (uint64_t)size - 1) / PAGE * PAGE;

	(void)type;
	(void)value;
	for (uint64_t page = first; page <= last; page += PAGE) {
		uint64_t words[PAGE / WORD] = {0};

		for (size_t i = 0; i < PAGE / WORD; i++)
			image_u64(cpu->target->image, page + i * WORD, &words[i]);
		if (uc_mem_map(engine, page, PAGE, UC_PROT_ALL) == UC_ERR_OK)
			uc_mem_write(engine, page, words, sizeof words);
	}
	return true;
}

static void note_write(struct cpu *cpu, uint64_t address, uint64_t size)
{
	for (uint64_t at = address / WORD * WORD; at < address + size; at += WORD) {
		struct journal_entry entry = {at, cpu_load(cpu, at)};

		vec_push(cpu->target->arena, &cpu->journal, entry);
	}
}

static void before_write(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value, void *context)
{
	(void)engine;
	(void)type;
	(void)value;
	note_write(context, address, (uint64_t)size);
}

static void name_registers(struct cpu *cpu)
{
	int *registers = arena_array(cpu->target->arena, cpu->arch->reg_count, sizeof *registers);

	for (size_t i = 0; i < cpu->arch->reg_count; i++)
		registers[i] = cpu->arch->link_register ? arm64_register(cpu->arch->reg_names[i])
							: amd64_register(cpu->arch->reg_names[i]);
	cpu->registers = registers;
}

struct cpu *cpu_new(struct target *target)
{
	struct cpu *cpu = arena_alloc(target->arena, sizeof *cpu);
	const union {
		bool (*function)(uc_engine *, uc_mem_type, uint64_t, int, int64_t, void *);
		void *object;
	} map = {map_page};
	const union {
		void (*function)(uc_engine *, uc_mem_type, uint64_t, int, int64_t, void *);
		void *object;
	} write = {before_write};
	const uint64_t floats = CPACR_FP;
	uc_hook hook;
	bool arm;

	cpu->target = target;
	cpu->arch = target->image->arch;
	arm = cpu->arch->link_register;
	name_registers(cpu);
	if (uc_open(arm ? UC_ARCH_ARM64 : UC_ARCH_X86, arm ? UC_MODE_ARM : UC_MODE_64, &cpu->engine) != UC_ERR_OK ||
	    uc_hook_add(cpu->engine, &hook, UC_HOOK_MEM_UNMAPPED, map.object, cpu, 1, 0) != UC_ERR_OK ||
	    uc_hook_add(cpu->engine, &hook, UC_HOOK_MEM_WRITE, write.object, cpu, 1, 0) != UC_ERR_OK)
		return NULL;
	if (arm)
		uc_reg_write(cpu->engine, UC_ARM64_REG_CPACR_EL1, &floats);
	return cpu;
}

uint64_t cpu_get(struct cpu *cpu, uint8_t reg)
{
	uint64_t value = 0;

	uc_reg_read(cpu->engine, cpu->registers[reg], &value);
	return value;
}

void cpu_set(struct cpu *cpu, uint8_t reg, uint64_t value)
{
	if (cpu->registers[reg])
		uc_reg_write(cpu->engine, cpu->registers[reg], &value);
}

bool cpu_step(struct cpu *cpu)
{
	return uc_emu_start(cpu->engine, cpu_get(cpu, cpu->arch->pc), 0, 0, 1) == UC_ERR_OK;
}

uint64_t cpu_load(struct cpu *cpu, uint64_t address)
{
	uint64_t word = 0;

	if (uc_mem_read(cpu->engine, address, &word, sizeof word) == UC_ERR_OK)
		return word;
	map_page(cpu->engine, UC_MEM_READ, address, WORD, 0, cpu);
	uc_mem_read(cpu->engine, address, &word, sizeof word);
	return word;
}

void cpu_store(struct cpu *cpu, uint64_t address, uint64_t word)
{
	note_write(cpu, address, WORD);
	uc_mem_write(cpu->engine, address, &word, sizeof word);
}

struct cpu_mark cpu_mark(struct cpu *cpu)
{
	struct cpu_mark mark = {.written = cpu->journal.count};

	for (size_t i = 0; i < cpu->arch->reg_count; i++)
		mark.registers[i] = cpu->registers[i] ? cpu_get(cpu, (uint8_t)i) : 0;
	return mark;
}

void cpu_return(struct cpu *cpu, const struct cpu_mark *mark)
{
	while (cpu->journal.count > mark->written) {
		const struct journal_entry *entry = &cpu->journal.items[--cpu->journal.count];

		uc_mem_write(cpu->engine, entry->address, &entry->old, sizeof entry->old);
	}
	for (size_t i = 0; i < cpu->arch->reg_count; i++)
		cpu_set(cpu, (uint8_t)i, mark->registers[i]);
}

static bool has_word(const struct machine_words *words, uint64_t address)
{
	for (size_t i = 0; i < words->count; i++)
		if (words->items[i].address == address)
			return true;
	return false;
}

void cpu_changes(struct cpu *cpu, struct machine_words *ret)
{
	for (size_t i = 0; i < cpu->journal.count; i++) {
		struct machine_word word = {.address = cpu->journal.items[i].address};

		word.to = cpu_load(cpu, word.address);
		if (!has_word(ret, word.address) && image_u64(cpu->target->image, word.address, &word.from) &&
		    word.from != word.to)
			vec_push(cpu->target->arena, ret, word);
	}
}
