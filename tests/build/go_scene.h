/* go_scene.h: a Go program whose goroutine 1 was stopped between the two halves of an SP adjustment, and the M that died
 * walking its stack. The proof words are named, so that tests can corrupt them one by one. */
#ifndef TESTS_BUILD_GO_SCENE_H
#define TESTS_BUILD_GO_SCENE_H

#include "tests/build/go_builder.h"

enum {
	SCENE_ARM64_FRAME = 0x10020, /* main.bigFrame on arm64: ADD $0x20, then ADD $(0x10<<12) */
	SCENE_ARM64_LOW = 0x20,
	SCENE_AMD64_FRAME = 0x50, /* on amd64: add rsp, 8; add rsp, 0x40; pop rbp */
	SCENE_THREAD = 4242,
	SCENE_WALKER_THREAD = 4243,
};

/* Where goroutine 1 is stopped. */
enum scene_stop {
	SCENE_TORN,   /* between the halves */
	SCENE_BEFORE, /* one instruction before */
	SCENE_AFTER,  /* one after: SP is back where it was (arm64), or only BP is left to pop (amd64) */
};

struct scene_options {
	const struct arch *arch;
	int minor, patch;
	enum target_os os;
	bool leaf;         /* arm64: the epilogue of a leaf function */
	bool registers;    /* the thread itself stopped there; else asyncPreempt did */
	bool unsafe_point; /* the compiler forbids asynchronous preemption there */
	enum scene_stop stop;
};

struct go_scene {
	struct go_builder *builder;
	struct go_stack stack;
	size_t goexit, runtime_main, main_main, deep_caller, big_frame, preempt, preempt2;
	uint64_t pc, sp; /* as stopped */
	uint64_t top;    /* SP of main.deepCaller */
	uint64_t caller_pc;
	uint64_t link_word;   /* where the interrupted LR was pushed (arm64); 0: none */
	uint64_t fp_word;     /* where the interrupted frame pointer was */
	uint64_t saved_slot;  /* main.bigFrame's own slot of its return address */
	uint64_t caller_slot; /* main.deepCaller's: the chain */
	uint64_t goroutine;   /* its g */
};

/* Goroutine 1, stopped: goexit, runtime.main, main.main, main.deepCaller, main.bigFrame. */
struct go_scene scene_new(struct arena *arena, const struct scene_options *options);

/* Adds the thread that died: runtime.mstart, scanstack, (*unwinder).next, throw. `printed` are its last words. */
void scene_add_walker(struct go_scene *scene, const char *printed);

/* Adds a thread that stands in `reader`, called by `walker`, which works on goroutine 1: runtime.mstart, walker, reader. */
void scene_add_reader(struct go_scene *scene, const char *reader, const char *walker);

/* The innermost function calls main.bigFrame, which is interrupted where goroutine 1 was. */
void scene_push_torn(const struct go_scene *scene, struct go_stack *stack);

#endif
