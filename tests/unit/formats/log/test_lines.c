/* test_lines.c: one crash, in every way in which it reaches a log. */
#include "formats/log/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 256 << 20 };

#define CRASH                                                                                                                  \
	"panic: boom\n"                                                                                                        \
	"\n"                                                                                                                   \
	"goroutine 7 [chan receive, 5 minutes]:\n"                                                                             \
	"main.(*T).Wait(0xc000012345, {0x1, 0x2})\n"                                                                           \
	"\t/src/app/main.go:12 +0x1d\n"                                                                                        \
	"created by main.main in goroutine 1\n"                                                                                \
	"\t/src/app/main.go:30 +0x25\n"

/* The blocks of a log, each behind "==", with '^' where it is cut at its start and '$' where at its end; on the heap. */
static char *blocks_of(const char *log, size_t size)
{
	struct arena *arena = arena_new(BUDGET);
	struct notes notes = {.arena = arena};
	struct log_blocks *blocks;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_null(log_blocks_read(arena, &notes, (struct span){(const uint8_t *)log, size}, NULL, &blocks));
	for (size_t i = 0; i < log_blocks_count(blocks); i++) {
		const struct log_block *block = log_blocks_at(blocks, i);

		fprintf(out, "==%s%s\n", block->cut_at_start ? "^" : "", block->cut_at_end ? "$" : "");
		for (struct log_at at = log_block_start(block); at.line.text; log_next(&at))
			fprintf(out, "%.*s\n", (int)at.line.length, at.line.text);
	}
	fclose(out);
	arena_free(arena);
	return text;
}

static void expect(const char *log, const char *wanted)
{
	char *got = blocks_of(log, strlen(log));

	assert_string_equal(got, wanted);
	free(got);
}

static void test_plain(void **state)
{
	(void)state;
	expect(CRASH, "==\n" CRASH);
	expect("starting\nlistening on :80\n" CRASH "exit status 2\n", "==\n" CRASH "exit status 2\n");
	expect("nothing here\nat all\n", "");
	expect("", "");
	expect("the panic: and the goroutine of it\n", "");
}

static void test_line_ends(void **state)
{
	(void)state;
	expect("panic: boom\r\n\r\ngoroutine 1 [running]:\r\nmain.main()\r\n\t/m.go:1 +0x1\r\n",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x1\n");
	expect("panic: boom\r\rgoroutine 1 [running]:\rmain.main()\r\t/m.go:1 +0x1\r",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x1\n");
}

static void test_prefixes(void **state)
{
	(void)state;
	expect("2026-11-28T12:00:00.1Z stderr F panic: boom\n"
	       "2026-11-28T12:00:00.25Z stderr F \n"
	       "2026-11-28T12:00:01Z stdout F unrelated\n"
	       "2026-11-28T12:00:01Z stderr F goroutine 1 [running]:\n"
	       "2026-11-28T12:00:01.5Z stderr P main.ma\n"
	       "2026-11-28T12:00:01.5Z stderr F in()\n"
	       "2026-11-28T12:00:01.5Z stderr F \t/m.go:1 +0x1\n",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x1\n");
	expect("Nov 28 12:00:00 host app[71]: panic: boom\n"
	       "Nov 28 12:00:00 host app[71]: \n"
	       "Nov 28 12:00:00 host other[8]: hello\n"
	       "Nov 28 12:00:00 host app[71]: goroutine 1 [running]:\n"
	       "Nov 28 12:00:00 host app[71]: main.main()\n"
	       "Nov 28 12:00:01 host app[71]: #011/m.go:1 +0x1\n",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x1\n");
}

static void test_senders(void **state)
{
	(void)state;
	expect("[pod/web-0/app] panic: a\n[pod/web-1/app] panic: b\n[pod/web-0/app] \n[pod/web-1/app] \n"
	       "[pod/web-0/app] goroutine 1 [running]:\n[pod/web-1/app] goroutine 2 [running]:\n"
	       "[pod/web-1/app] main.b()\n[pod/web-0/app] main.a()\n[pod/web-0/app] \t/a.go:1 +0x1\n[pod/web-1/app] \t/b.go:1 +0x1\n",
	       "==\npanic: a\n\ngoroutine 1 [running]:\nmain.a()\n\t/a.go:1 +0x1\n"
	       "==\npanic: b\n\ngoroutine 2 [running]:\nmain.b()\n\t/b.go:1 +0x1\n");
}

static void test_strings(void **state)
{
	static const char wanted[] = "==\npanic: \"boom\"\n\ngoroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x1\n";

	(void)state;
	expect("{\"log\":\"panic: \\\"boom\\\"\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-28T12:00:00.1Z\"}\n"
	       "{\"log\":\"\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-28T12:00:00.12Z\"}\n"
	       "{\"log\":\"goroutine 1 [running]:\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-28T12:00:00.1Z\"}\n"
	       "{\"log\":\"main.main()\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-28T12:00:00.3Z\"}\n"
	       "{\"log\":\"\\u0009/m.go:1 \",\"stream\":\"stderr\",\"time\":\"2026-11-28T12:00:00.3Z\"}\n"
	       "{\"log\":\"+0x1\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-28T12:00:00.3Z\"}\n",
	       wanted);
	expect("{\"level\":\"error\",\"msg\":\"panic: \\\"boom\\\"\\n\\ngoroutine 1 [running]:\\nmain.main()\\n\\t/m.go:1 +0x1\\n\"}\n", wanted);
	expect("time=\"2026-11-28\" level=fatal msg=\"panic: \\\"boom\\\"\\n\\ngoroutine 1 [running]:\\nmain.main()\\n\\t/m.go:1 +0x1\\n\" x=1\n",
	       wanted);
	expect("{\"log\":\"{\\\"msg\\\":\\\"panic: \\\\\\\"boom\\\\\\\"\\\\n\\\\ngoroutine 1 [running]:\\\\nmain.main()\\\\n\\\\t/m.go:1 "
	       "+0x1\\\\n\\\"}\\n\",\"stream\":\"stderr\"}\n",
	       wanted);
}

static void test_pasted(void **state)
{
	static const char wanted[] = "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x1\n";

	(void)state;
	expect("See this:\n```\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n    /m.go:1 +0x1\n```\nThanks\n", wanted);
	expect("> panic: boom\n>\n> goroutine 1 [running]:\n> main.main()\n>       /m.go:1 +0x1\n", wanted);
	expect("\033[31mpanic: boom\033[0m\n\n\033[1mgoroutine 1 [running]:\033[m\nmain.main()\n\t/m.go:1 \033[2m+0x1\033[m\n", wanted);
	expect("<pre>\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n&nbsp;&nbsp;/m.go:1 &#43;0x1\n</pre>\n", wanted);
}

static void test_reversed(void **state)
{
	(void)state;
	expect("later\n\t/m.go:1 +0x1\nmain.main()\ngoroutine 1 [running]:\n\npanic: boom\nearlier\n",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x1\n");
}

/* Of several crashes in reverse order the one that stands first came last; several senders' lines, too. */
static void test_reversed_order(void **state)
{
	(void)state;
	expect("\t/m.go:3 +0x1\nmain.c()\ngoroutine 1 [running]:\n\npanic: last\nrestarted\n"
	       "\t/m.go:2 +0x1\nmain.b()\ngoroutine 1 [running]:\n\npanic: first\n",
	       "==\npanic: first\n\ngoroutine 1 [running]:\nmain.b()\n\t/m.go:2 +0x1\n"
	       "==\npanic: last\n\ngoroutine 1 [running]:\nmain.c()\n\t/m.go:3 +0x1\n");
	expect("web-a | \t/m.go:3 +0x1\nweb-b | \t/m.go:4 +0x1\nweb-a | main.c()\nweb-b | main.d()\nweb-a | goroutine 1 [running]:\n"
	       "web-b | goroutine 1 [running]:\nweb-a | \nweb-b | \nweb-a | panic: last\nweb-b | panic: first\n",
	       "==\npanic: first\n\ngoroutine 1 [running]:\nmain.d()\n\t/m.go:4 +0x1\n"
	       "==\npanic: last\n\ngoroutine 1 [running]:\nmain.c()\n\t/m.go:3 +0x1\n");
}

static void test_wrapped(void **state)
{
	(void)state;
	expect("panic: boom\n\ngoroutine 1 [running]:\n"
	       "example.org/a/long/module/path.(*Server).S\n"
	       "erve(0xc000012345)\n"
	       "\t/src/example.org/a/long/module/path/serve\n"
	       "r.go:123 +0x1d\n",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nexample.org/a/long/module/path.(*Server).Serve(0xc000012345)\n"
	       "\t/src/example.org/a/long/module/path/server.go:123 +0x1d\n");
}

static void test_several(void **state)
{
	(void)state;
	expect(CRASH "restarting\n" CRASH, "==\n" CRASH "==\n" CRASH);
	expect("goroutine 1 [running]:\nmain.f()\n\t/m.go:1 +0x1\nhandled\ngoroutine 1 [running]:\nmain.g()\n\t/m.go:2 +0x1\n",
	       "==\ngoroutine 1 [running]:\nmain.f()\n\t/m.go:1 +0x1\n==\ngoroutine 1 [running]:\nmain.g()\n\t/m.go:2 +0x1\n");
	expect("panic: boom\n\ngoroutine 1 [running]:\nmain.f(0x1)\n\t/m.go:1 +0x1\nruntime: g 1: unexpected return pc for main.f called from 0x0\n"
	       "fatal error: unknown caller pc\n\nruntime stack:\nruntime.throw({0x1, 0x2})\n\t/r.go:1 +0x1\n",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.f(0x1)\n\t/m.go:1 +0x1\nruntime: g 1: unexpected return pc for main.f called from "
	       "0x0\nfatal error: unknown caller pc\n\nruntime stack:\nruntime.throw({0x1, 0x2})\n\t/r.go:1 +0x1\n");
}

static void test_cut(void **state)
{
	(void)state;
	expect("main.f()\n\t/m.go:1 +0x1\nmain.main()\n\t/m.go:2 +0x1\n", "==^\nmain.f()\n\t/m.go:1 +0x1\nmain.main()\n\t/m.go:2 +0x1\n");
	expect("[web-0] main.f()\n[web-0] \t/m.go:1 +0x1\n[web-0] main.main()\n[web-0] \t/m.go:2 +0x1\n",
	       "==^\nmain.f()\n\t/m.go:1 +0x1\nmain.main()\n\t/m.go:2 +0x1\n");
	expect("panic: boom\n\ngoroutine 1 [running]:\nmain.f()\n\t/m.go:1 +0x1\nmain.main()\n",
	       "==$\npanic: boom\n\ngoroutine 1 [running]:\nmain.f()\n\t/m.go:1 +0x1\nmain.main()\n");
}

static void test_noise(void **state)
{
	(void)state;
	expect("panic: boom\n\ngoroutine 1 [running]:\nGET /index 200\nmain.f()\nGET /a 404\n\t/m.go:1 +0x1\nGET / 200\n",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.f()\n\t/m.go:1 +0x1\n");
	expect("==================\nWARNING: DATA RACE\nRead at 0x1 by goroutine 7:\n  main.r()\n      /r.go:1 +0x1\n"
	       "==================\npanic: boom\n\ngoroutine 1 [running]:\nmain.f()\n\t/m.go:1 +0x1\n",
	       "==\npanic: boom\n\ngoroutine 1 [running]:\nmain.f()\n\t/m.go:1 +0x1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	 cmocka_unit_test(test_line_ends), cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_senders),	 cmocka_unit_test(test_strings),   cmocka_unit_test(test_pasted),
		cmocka_unit_test(test_reversed), cmocka_unit_test(test_wrapped),   cmocka_unit_test(test_several),
		cmocka_unit_test(test_cut),	 cmocka_unit_test(test_noise),	   cmocka_unit_test(test_reversed_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
