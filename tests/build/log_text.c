/* log_text.c: see the header. */
#include "tests/build/log_text.h"

#include "heuristics/detector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A RET took a word whose upper half is 0x10, and the CPU stopped where that led. */
const char log_landed[] =
	"Exception 0xc0000005 0x8 0x1035b95356 0x1035b95356\n"
	"PC=0x1035b95356\n"
	"\n"
	"runtime: g 79 gp=0x266c972c9a40: unknown pc 0x1035b95356\n"
	"stack: frame={sp:0x266c984ab670, fp:0x0} stack=[0x266c984a8000,0x266c984ac000)\n"
	"                   7 6 5 4  3 2 1 0   f e d c  b a 9 8  0123456789abcdef\n"
	"0000266c984ab650: 00000000 00000002  0000266c 972c9a40  ........@.,.l&..\n"
	"0000266c984ab660: 0000266c 984ab688  00000010 35b95356  ..J.l&..VS.5....\n"
	"0000266c984ab670: 00000000 00000000  0000266c 984ab690  ..........J.l&..\n"
	"0000266c984ab680: 00007ff6 35b95356  00000000 00000000  VS.5............\n"
	"                  ^ <main.visit+0x26>\n"
	"created by main.run in goroutine 1\n"
	"\tD:/a/visit/main.go:61 +0x1b8\n"
	"\n"
	"goroutine 1 gp=0x266c972021c0 m=nil [sync.WaitGroup.Wait]:\n"
	"sync.(*WaitGroup).Wait(0x266c97338030)\n"
	"\tsync/waitgroup.go:206 +0x76 fp=0x266c973b3ee8 sp=0x266c973b3ec0 pc=0x7ff6359318b6\n"
	"main.main()\n"
	"\tD:/a/visit/main.go:66 +0x1ea fp=0x266c973b3f70 sp=0x266c973b3ee8 pc=0x7ff636090aca\n"
	"\n"
	"rax     0x0\n"
	"rbp     0x266c984ab688\n"
	"rsp     0x266c984ab670\n"
	"rip     0x1035b95356\n";

/* The runtime met a word that is no return address as it walked. */
const char log_met[] =
	"runtime: g 18: unexpected return pc for main.pop called from 0x51\n"
	"stack: frame={sp:0xc000046f40, fp:0xc000046f50} stack=[0xc000046000,0xc000047000)\n"
	"0x000000c000046f30:  0x0000000000000001  0x000000000047e4a1 <main.push+0x41> \n"
	"0x000000c000046f40: <0x000000c000046f60 !0x0000000000000051 \n"
	"0x000000c000046f50: >0x0000000000000003  0x000000000047e5c9 <main.run+0x29> \n"
	"fatal error: unknown caller pc\n"
	"\n"
	"runtime stack:\n"
	"runtime.throw({0x4a2f18?, 0x5?})\n"
	"\truntime/panic.go:1047 +0x5d fp=0x7f0d8ffec8 sp=0x7f0d8ffe98 pc=0x433c1d\n"
	"\n"
	"goroutine 18 [runnable]:\n"
	"main.pop(0xc00001c0a8)\n"
	"\tmain.go:9 +0x14 fp=0xc000046f50 sp=0xc000046f40 pc=0x47e414\n";

/* A pc in no function was a signal's, whose sigpanic the runtime puts there. */
const char log_faulted[] =
	"unexpected fault address 0x100048d526\n"
	"fatal error: fault\n"
	"[signal SIGSEGV: segmentation violation code=0x1 addr=0x100048d526 pc=0x100048d526]\n"
	"\n"
	"goroutine 19 gp=0x1569ebb865a0 m=0 mp=0x5594a0 [running]:\n"
	"runtime.throw({0x48f283?, 0x1569ebbb3f10?})\n"
	"\truntime/panic.go:1245 +0x48 fp=0x1569ebbb3ef0 sp=0x1569ebbb3ec0 pc=0x479928\n"
	"runtime.sigpanic()\n"
	"\truntime/signal_unix.go:945 +0x285 fp=0x1569ebbb3f50 sp=0x1569ebbb3ef0 pc=0x47ad25\n"
	"runtime: g 19: unexpected return pc for runtime.sigpanic called from 0x100048d526\n"
	"stack: frame={sp:0x1569ebbb3ef0, fp:0x1569ebbb3f50} stack=[0x1569ebbac000,0x1569ebbb4000)\n"
	"                   7 6 5 4  3 2 1 0   f e d c  b a 9 8  0123456789abcdef\n"
	"00001569ebbb3f40: 00001569 ebbb3f58  00000010 0048d526  X?..i...&.H.....\n"
	"00001569ebbb3f50: 00000000 00000000  00001569 ebbb3f70  ........p?..i...\n"
	"00001569ebbb3f60: 00000000 0048d526  00000000 00000000  &.H.............\n"
	"                  ^ <main.walk+0x26>\n"
	"created by main.main in goroutine 1\n"
	"\tmain.go:44 +0x35\n";

const char *log_with(struct arena *arena, const char *text, const char *old, const char *changed)
{
	const char *made = "", *at;

	if (!strstr(text, old)) {
		fprintf(stderr, "log_text: the text does not hold %s\n", old);
		abort();
	}
	while ((at = strstr(text, old))) {
		made = arena_printf(arena, "%s%.*s%s", made, (int)(at - text), text, changed);
		text = at + strlen(old);
	}
	return arena_printf(arena, "%s%s", made, text);
}

struct analysis *log_analysis(struct arena *arena, const char *text, struct exe *exe)
{
	const struct exe_candidate candidate = {.exe = exe, .source = exe ? EXE_GIVEN : EXE_NONE};
	struct image *image = arena_alloc(arena, sizeof *image);
	struct notes *notes = arena_alloc(arena, sizeof *notes);
	const struct err *error;

	notes->arena = arena;
	*image = (struct image){.arena = arena, .notes = notes, .name = "log", .path = "log", .bytes = {(const uint8_t *)text, strlen(text)}};
	error = format_log.probe(image->bytes) ? format_log.load(image) : NULL;
	if (error || !image->record) {
		fprintf(stderr, "log_text: it is no log of a crash:\n%s\n", text);
		abort();
	}
	return analyze(go_runtime_load(image, &candidate));
}

const struct evidence *log_evidence(const struct finding *finding, const char *part)
{
	for (size_t i = 0; finding && i < finding->evidence.count; i++)
		if (strstr(finding->evidence.items[i].text, part))
			return &finding->evidence.items[i];
	return NULL;
}
