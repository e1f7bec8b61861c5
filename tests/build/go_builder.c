/* go_builder.c: see the header. */
#include "tests/build/go_builder.h"

#include "golang/load/load.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEAP_SIZE = 1 << 20, WORD = 8 };

static const char *const one_file[] = {"/src/main.go"};

static _Noreturn void misuse(const char *what)
{
	fprintf(stderr, "go_builder: %s\n", what);
	abort();
}

struct go_builder *go_new(struct arena *arena, const struct arch *arch, int minor, int patch)
{
	struct go_builder *builder = arena_alloc(arena, sizeof *builder);
	struct notes *notes = arena_alloc(arena, sizeof *notes);
	bool exact;

	notes->arena = arena;
	builder->arena = arena;
	builder->arch = arch;
	builder->minor = minor;
	builder->patch = patch;
	builder->files = one_file;
	builder->file_count = 1;
	builder->image = arena_alloc(arena, sizeof *builder->image);
	builder->image->arena = arena;
	builder->image->notes = notes;
	builder->image->name = builder->image->path = "core";
	builder->image->format = "elf-core";
	builder->image->arch = arch;
	builder->image->os = OS_LINUX;
	builder->image->snapshot = true; /* unless a test says why it stopped */
	builder->layout = layout_find(OS_LINUX, arch->id, minor, patch, &exact);
	builder->next = GO_HEAP + GO_GOROUTINES * WORD;
	go_memory(builder, GO_DATA, GO_DATA_SIZE, SEGMENT_READ | SEGMENT_WRITE);
	go_memory(builder, GO_HEAP, HEAP_SIZE, SEGMENT_READ | SEGMENT_WRITE);
	return builder;
}

/* ---- functions ---- */

size_t go_add(struct go_builder *builder, const struct go_function *function)
{
	struct go_function copy = *function;

	while (builder->text.count % 16)
		vec_push(builder->arena, &builder->text, builder->arch->link_register ? 0 : 0xcc);
	copy.entry = GO_TEXT + builder->text.count;
	for (size_t i = 0; i < function->size; i++)
		vec_push(builder->arena, &builder->text, function->code[i]);
	vec_push(builder->arena, &builder->functions, copy);
	return builder->functions.count - 1;
}

static void put_number(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static size_t add_arm64_frame(struct go_builder *builder, struct go_function *function, uint32_t bytes)
{
	const uint32_t words[] = {
		0xd10003f4 | bytes << 10, /* sub x20, sp, #bytes */
		0xa93ffa9d,               /* stp x29, x30, [x20, #-8] */
		0x9100029f,               /* mov sp, x20 */
		0xd10023fd,               /* sub x29, sp, #8 */
		0x94000000,               /* bl */
		0xa97ffbfd,               /* ldp x29, x30, [sp, #-8] */
		0x910003ff | bytes << 10, /* add sp, sp, #bytes */
		0xd65f03c0,               /* ret */
	};
	uint8_t *code = arena_alloc(builder->arena, sizeof words);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		put_number(code + 4 * i, words[i], 4);
	function->code = code;
	function->size = sizeof words;
	function->pcsp[1] = (struct go_stretch){12, (int32_t)bytes};
	function->pcsp[2] = (struct go_stretch){28, 0};
	function->after_call = 20;
	return go_add(builder, function);
}

static size_t add_amd64_frame(struct go_builder *builder, struct go_function *function, uint32_t bytes)
{
	static const char text[] = "\x55"                 /* push rbp */
				   "\x48\x89\xe5"         /* mov rbp, rsp */
				   "\x48\x81\xec\0\0\0\0" /* sub rsp, bytes - 8 */
				   "\xe8\0\0\0\0"         /* call */
				   "\x48\x81\xc4\0\0\0\0" /* add rsp, bytes - 8 */
				   "\x5d"                 /* pop rbp */
				   "\xc3";                /* ret */
	uint8_t *code = arena_alloc(builder->arena, sizeof text - 1);

	memcpy(code, text, sizeof text - 1);
	put_number(code + 7, bytes - WORD, 4);
	put_number(code + 19, bytes - WORD, 4);
	function->code = code;
	function->size = sizeof text - 1;
	function->pcsp[1] = (struct go_stretch){1, WORD};
	function->pcsp[2] = (struct go_stretch){11, (int32_t)bytes};
	function->pcsp[3] = (struct go_stretch){23, WORD};
	function->pcsp[4] = (struct go_stretch){24, 0};
	function->after_call = 16;
	return go_add(builder, function);
}

size_t go_add_frame(struct go_builder *builder, const char *name, uint32_t bytes, uint8_t flags)
{
	struct go_function function = {.name = name, .flags = flags};

	return builder->arch->link_register ? add_arm64_frame(builder, &function, bytes)
					    : add_amd64_frame(builder, &function, bytes);
}

size_t go_add_goexit(struct go_builder *builder)
{
	static const uint8_t arm64[] = {0x1f, 0x20, 0x03, 0xd5, 0,    0,
					0,    0x94, 0x1f, 0x20, 0x03, 0xd5}; /* nop, bl, nop */
	static const uint8_t amd64[] = {0x90, 0xe8, 0, 0, 0, 0, 0x90};       /* nop, call, nop */
	struct go_function function = {.name = "runtime.goexit", .flags = FUNC_TOP_FRAME | FUNC_ASM};
	bool is_arm64 = builder->arch->link_register;

	function.code = is_arm64 ? arm64 : amd64;
	function.size = is_arm64 ? sizeof arm64 : sizeof amd64;
	function.after_call = is_arm64 ? 8 : 6;
	return go_add(builder, &function);
}

size_t go_add_mcall(struct go_builder *builder)
{
	return go_add_frame(builder, "runtime.mcall", 0x10, FUNC_ASM | FUNC_SP_WRITE);
}

void go_call(struct go_builder *builder, size_t from, uint32_t offset, size_t to)
{
	uint64_t at = go_entry(builder, from) + offset;
	uint8_t *code = builder->text.items + (at - GO_TEXT);
	uint64_t target = go_entry(builder, to);

	if (builder->arch->link_register)
		put_number(code, (uint64_t)(code[3] & 0xfc) << 24 | ((target - at) >> 2 & 0x3ffffff), 4);
	else
		put_number(code + 1, target - (at + 5), 4);
}

void go_refer(struct go_builder *builder, size_t function, uint32_t end, uint64_t target)
{
	const uint64_t pc = go_entry(builder, function) + end;

	put_number(builder->text.items + (pc - GO_TEXT) - 4, target - pc, 4);
}

void go_link(struct go_builder *builder, size_t from, size_t to)
{
	uint32_t size = builder->arch->link_register ? 4 : 5;

	go_call(builder, from, builder->functions.items[from].after_call - size, to);
}

uint64_t go_entry(const struct go_builder *builder, size_t function)
{
	return builder->functions.items[function].entry;
}

uint64_t go_return_pc(const struct go_builder *builder, size_t function)
{
	return go_entry(builder, function) + builder->functions.items[function].after_call;
}

/* ---- memory ---- */

void go_memory(struct go_builder *builder, uint64_t address, uint64_t size, uint8_t flags)
{
	struct go_memory memory = {address, (size_t)size, arena_alloc(builder->arena, (size_t)size)};
	struct segment segment = {.address = address,
				  .size = size,
				  .saved = {memory.bytes, memory.size},
				  .promised = size,
				  .flags = flags};
	size_t at = builder->image->segments.count;

	vec_push(builder->arena, &builder->memory, memory);
	vec_push(builder->arena, &builder->image->segments, segment);
	for (; at > 0 && builder->image->segments.items[at - 1].address > address; at--)
		builder->image->segments.items[at] = builder->image->segments.items[at - 1];
	builder->image->segments.items[at] = segment;
}

static uint8_t *bytes_at(const struct go_builder *builder, uint64_t address, size_t size)
{
	for (size_t i = 0; i < builder->memory.count; i++) {
		const struct go_memory *memory = &builder->memory.items[i];

		if (address - memory->address < memory->size && size <= memory->size - (address - memory->address))
			return memory->bytes + (address - memory->address);
	}
	misuse("no memory at an address");
}

void go_write(struct go_builder *builder, uint64_t address, const void *bytes, size_t size)
{
	if (size)
		memcpy(bytes_at(builder, address, size), bytes, size);
}

void go_put(struct go_builder *builder, uint64_t address, uint64_t value)
{
	put_number(bytes_at(builder, address, 8), value, 8);
}

uint64_t go_get(const struct go_builder *builder, uint64_t address)
{
	return span_u64((struct span){bytes_at(builder, address, 8), 8}, 0);
}

static void put_field(struct go_builder *builder, uint64_t object, enum layout_field field, uint64_t value, size_t size)
{
	if (builder->layout->offset[field] != LAYOUT_ABSENT)
		put_number(bytes_at(builder, object + builder->layout->offset[field], size), value, size);
}

static uint64_t heap_take(struct go_builder *builder, uint64_t size)
{
	uint64_t address = builder->next;

	builder->next += (size + 63) & ~UINT64_C(63);
	return address;
}

void go_note_fault(struct go_builder *builder, uint64_t g, const struct noted_fault *fault)
{
	put_field(builder, g, LAYOUT_g_sig, fault->sig, 4);
	put_field(builder, g, LAYOUT_g_sigpc, fault->pc, 8);
	put_field(builder, g, LAYOUT_g_sigcode0, fault->code0, 8);
	put_field(builder, g, LAYOUT_g_sigcode1, fault->code1, 8);
}

uint64_t go_goroutine(struct go_builder *builder, const struct goroutine *g, bool listed)
{
	uint64_t address = heap_take(builder, builder->layout->offset[LAYOUT_g_size]);

	put_field(builder, address, LAYOUT_g_goid, g->id, 8);
	put_field(builder, address, LAYOUT_g_atomicstatus, g->status | (g->scan ? G_SCAN : 0), 4);
	put_field(builder, address, LAYOUT_g_waitreason, g->wait_reason, 1);
	put_field(builder, address, LAYOUT_g_stack_lo, g->stack_lo, 8);
	put_field(builder, address, LAYOUT_g_stack_hi, g->stack_hi, 8);
	put_field(builder, address, LAYOUT_g_stktopsp, g->stack_hi - (builder->arch->link_register ? 0x30 : 0x20), 8);
	put_field(builder, address, LAYOUT_g_sched_g, address, 8);
	put_field(builder, address, LAYOUT_g_sched_pc, g->sched_pc, 8);
	put_field(builder, address, LAYOUT_g_sched_sp, g->sched_sp, 8);
	put_field(builder, address, LAYOUT_g_sched_lr, g->sched_lr, 8);
	put_field(builder, address, LAYOUT_g_sched_bp, g->sched_bp, 8);
	put_field(builder, address, LAYOUT_g_syscallpc, g->syscall_pc, 8);
	put_field(builder, address, LAYOUT_g_syscallsp, g->syscall_sp, 8);
	put_field(builder, address, LAYOUT_g_m, g->m, 8);
	put_field(builder, address, LAYOUT_g_gopc, g->gopc, 8);
	put_field(builder, address, LAYOUT_g_startpc, g->startpc, 8);
	if (!listed)
		return address;
	if (builder->goroutines == GO_GOROUTINES)
		misuse("too many goroutines");
	go_put(builder, GO_HEAP + WORD * builder->goroutines++, address);
	go_put(builder, GO_ALLGS, GO_HEAP);
	go_put(builder, GO_ALLGS + 8, builder->goroutines);
	go_put(builder, GO_ALLGS + 16, GO_GOROUTINES);
	return address;
}

/* A g of an M's own; 0: one is made. */
static uint64_t own_g(struct go_builder *builder, uint64_t m, uint64_t g)
{
	if (!g)
		g = heap_take(builder, builder->layout->offset[LAYOUT_g_size]);
	put_field(builder, g, LAYOUT_g_m, m, 8);
	return g;
}

uint64_t go_machine(struct go_builder *builder, const struct machine *m)
{
	uint64_t address = heap_take(builder, builder->layout->offset[LAYOUT_m_size]);

	if (m->curg)
		put_field(builder, m->curg, LAYOUT_g_m, address, 8);
	put_field(builder, address, LAYOUT_m_id, (uint64_t)m->id, 8);
	put_field(builder, address, LAYOUT_m_procid, (uint64_t)m->procid, 8);
	put_field(builder, address, LAYOUT_m_g0, own_g(builder, address, m->g0), 8);
	put_field(builder, address, LAYOUT_m_gsignal, own_g(builder, address, m->gsignal), 8);
	put_field(builder, address, LAYOUT_m_curg, m->curg, 8);
	put_field(builder, address, LAYOUT_m_dying, (uint64_t)m->dying, 4);
	put_field(builder, address, LAYOUT_m_throwing, (uint64_t)m->throwing, 4);
	put_field(builder, address, LAYOUT_m_vdsoSP, m->vdso_sp, 8);
	put_field(builder, address, LAYOUT_m_vdsoPC, m->vdso_pc, 8);
	put_field(builder, address, LAYOUT_m_alllink, builder->last_m, 8);
	builder->last_m = address;
	go_put(builder, GO_ALLM, address);
	return address;
}

void go_print(struct go_builder *builder, const char *text)
{
	go_write(builder, GO_BACKLOG, text, strlen(text));
	go_put(builder, GO_BACKLOG_INDEX, strlen(text));
}

/* ---- executable ---- */

static void put_version(struct go_builder *builder)
{
	const char *text =
		builder->minor ? arena_printf(builder->arena, "go1.%d.%d", builder->minor, builder->patch) : "";
	uint8_t length = (uint8_t)strlen(text);

	if (!length)
		return;
	go_write(builder, GO_DATA, "\xff Go buildinf:\x08\x02", 16);
	go_write(builder, GO_DATA + 32, &length, 1);
	go_write(builder, GO_DATA + 33, text, length);
}

static void put_module(struct go_builder *builder, struct span table)
{
	static const uint8_t slices[] = {1, 4, 7, 10, 13, 16};
	uint64_t maxpc = GO_TEXT + builder->text.count;

	go_put(builder, GO_MODULEDATA, GO_RODATA);
	for (size_t i = 0; i < sizeof slices; i++) {
		uint64_t at = GO_MODULEDATA + 8u * slices[i];
		uint64_t part = span_u64(table, 32 + 8 * (i < 5 ? i : 4));
		uint64_t length = i == 4 ? table.size - part : 1; /* of pclntable, which ends the table */

		go_put(builder, at, GO_RODATA + part);
		go_put(builder, at + 8, length);
		go_put(builder, at + 16, length);
	}
	go_put(builder, GO_MODULEDATA + 8 * 20, GO_TEXT);
	go_put(builder, GO_MODULEDATA + 8 * 21, maxpc);
	go_put(builder, GO_MODULEDATA + 8 * 22, GO_TEXT);
	go_put(builder, GO_MODULEDATA + 8 * 23, maxpc);
	for (uint64_t i = 24; i < 32; i++)
		go_put(builder, GO_MODULEDATA + 8 * i, i < 28 ? GO_DATA : GO_DATA + GO_DATA_SIZE);
	put_field(builder, GO_MODULEDATA, LAYOUT_moduledata_gofunc, GO_FUNCDATA, 8);
}

static void add_segment(struct go_builder *builder, struct exe *exe, uint64_t address, struct span bytes, uint8_t flags)
{
	uint8_t *copy = arena_alloc(builder->arena, bytes.size + 1);

	if (bytes.size)
		memcpy(copy, bytes.data, bytes.size);
	vec_push(builder->arena, &exe->segments,
		 (struct exe_segment){.address = address,
				      .size = bytes.size,
				      .bytes = {copy, bytes.size},
				      .flags = flags,
				      .file_offset = address - GO_BASE});
}

struct exe *go_exe(struct go_builder *builder)
{
	struct exe *exe = arena_alloc(builder->arena, sizeof *exe);
	struct span table = go_pclntab(builder);
	static const uint8_t header[4096];

	put_version(builder);
	put_module(builder, table);
	exe->path = exe->name = "program";
	exe->arch = builder->arch;
	exe->entry = GO_TEXT;
	exe->base = GO_BASE;
	add_segment(builder, exe, GO_BASE, (struct span){header, sizeof header}, SEGMENT_READ);
	add_segment(builder, exe, GO_TEXT, (struct span){builder->text.items, builder->text.count},
		    SEGMENT_READ | SEGMENT_EXEC);
	add_segment(builder, exe, GO_RODATA, table, SEGMENT_READ);
	add_segment(builder, exe, GO_FUNCDATA, go_funcdata(builder), SEGMENT_READ);
	add_segment(builder, exe, GO_DATA, (struct span){bytes_at(builder, GO_DATA, GO_DATA_SIZE), GO_DATA_SIZE},
		    SEGMENT_READ | SEGMENT_WRITE);
	return exe;
}

struct go_runtime *go_load(struct go_builder *builder)
{
	struct exe_candidate candidate = {.exe = go_exe(builder), .source = EXE_GIVEN, .bias_known = true};
	struct go_runtime *runtime = go_runtime_load(builder->image, &candidate);

	runtime->globals = (struct go_globals){.allgs = GO_ALLGS,
					       .allm = GO_ALLM,
					       .print_backlog = GO_BACKLOG,
					       .print_backlog_index = GO_BACKLOG_INDEX};
	runtime->goroutines.count = runtime->machines.count = runtime->fatal_lines.count = 0;
	goroutines_load(runtime, GO_ALLGS);
	machines_load(runtime);
	backlog_load(runtime);
	return runtime;
}

/* ---- stacks ---- */

struct go_stack go_stack_new(struct go_builder *builder, uint64_t lo, uint64_t size, size_t goexit)
{
	struct go_stack stack = {.builder = builder, .lo = lo, .hi = lo + size};

	go_memory(builder, lo, size, SEGMENT_READ | SEGMENT_WRITE);
	stack.sp = stack.hi - (builder->arch->link_register ? 0x30 : 0x20); /* newproc1 */
	stack.pc = go_entry(builder, goexit) + builder->arch->quantum;
	return stack;
}

static uint32_t frame_size(const struct go_function *function)
{
	uint32_t size = 0;

	for (size_t i = 0; i < GO_STRETCHES && (i == 0 || function->pcsp[i].from); i++)
		if (function->pcsp[i].from < function->after_call || i == 0)
			size = (uint32_t)function->pcsp[i].value;
	return size;
}

void go_push(struct go_stack *stack, size_t function)
{
	struct go_builder *builder = stack->builder;
	uint32_t size = frame_size(&builder->functions.items[function]);

	if (builder->arch->link_register) {
		stack->sp -= size;
		stack->slot = stack->sp;
		go_put(builder, stack->sp - WORD, stack->fp);
		stack->fp = stack->sp - WORD;
	} else {
		stack->slot = stack->sp - WORD;
		if (size) {
			go_put(builder, stack->sp - 2 * WORD, stack->fp);
			stack->fp = stack->sp - 2 * WORD;
		}
		stack->sp -= WORD + size;
	}
	go_put(builder, stack->slot, stack->pc);
	stack->pc = go_return_pc(builder, function);
}

void go_inject(struct go_stack *stack, uint64_t pc, uint64_t lr, size_t function)
{
	if (stack->builder->arch->link_register) {
		stack->sp -= 2 * WORD;
		go_put(stack->builder, stack->sp, lr);
		if (stack->builder->minor >= 21 && stack->builder->image->os == OS_LINUX)
			go_put(stack->builder, stack->sp - WORD, stack->fp);
	}
	stack->pc = pc;
	go_push(stack, function);
}
