/* test_prose.c: what a dump says cannot become Markdown. */
#include "report/markdown/prose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_words(void **state)
{
	static const char *const same[] = {"Goroutine 22 was stopped, by 4,096 bytes (Go's own).", "and/or a well-known größe", "", "How sure? It is 1.5."};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		assert_string_equal(prose(*state, PROSE_LINE, same[i]), same[i]);
	assert_string_equal(prose(*state, PROSE_LINE, "in main.(*conn).decode's frame (at 0x1f)."),
			    "in `main.(*conn).decode`'s frame (at `0x1f`).");
	assert_string_equal(prose(*state, PROSE_LINE, "main.f()"), "`main.f()`");
}

static void test_markup(void **state)
{
	static const struct {
		const char *text, *prose;
	} rows[] = {
		{"@team", "`@team`"},
		{"see owner/repo#7", "see `owner/repo#7`"},
		{"GH-12", "`GH-12`"},
		{"deadbeef1", "`deadbeef1`"},
		{"1234567", "`1234567`"},
		{"www.example.org", "`www.example.org`"},
		{"<script>alert(1)</script>", "`<script>alert(1)</script>`"},
		{"[a](b)", "\\[`a](b)`"},
		{"[x]: y", "\\[x\\]: y"},
		{"*a* _b_ ~~c~~", "`*a*` `_b_` `~~c~~`"},
		{"# - + > --- ===", "`#` - `+` `>` `---` `===`"},
		{"- a", "`-` a"},
		{"run `tornstack goroutines`, then", "run `tornstack goroutines`, then"},
		{"`a` b`", "`a` `` b` ``"},
		{"1. one", "`1`. one"},
		{"a`b", "``a`b``"},
		{"``", "``` `` ```"},
		{"`<b>` `@x y", "`<b>` `` `@x `` y"},
		{"a\\b", "`a\\b`"},
		{"&lt;", "`&lt`;"},
		{":smile:", "`:smile`:"},
		{"a\n# b", "`a\\n#` b"},
		{"\342\200\256x", "`\\u202ex`"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(prose(*state, PROSE_LINE, rows[i].text), rows[i].prose);
	assert_string_equal(prose(*state, PROSE_CELL, "a | b|c"), "a `\\|` `b\\|c`");
	assert_string_equal(code_span(*state, PROSE_CELL, "a | b"), "`a \\| b`");
	assert_string_equal(code_span(*state, PROSE_LINE, ""), "");
}

static void test_long(void **state)
{
	const size_t size = 1 << 16;
	char *name = arena_alloc(*state, size + 1);

	for (const char *fill = "`.|\303"; *fill; fill++) {
		memset(name, *fill, size);
		assert_int_in_range(strlen(prose(*state, PROSE_CELL, name)), 300, 5000000);
		assert_int_in_range(strlen(code_span(*state, PROSE_CELL, name)), 300, 2000);
	}
}

static const char *fenced(struct arena *arena, const char *line)
{
	char *buffer = NULL;
	const char *copy;
	size_t size;
	FILE *out = open_memstream(&buffer, &size);

	fenced_block(&(struct fenced){.out = out, .arena = arena, .indent = 2, .language = ""}, &line, 1);
	fclose(out);
	copy = arena_strndup(arena, buffer, size);
	free(buffer);
	return copy;
}

static void test_fences(void **state)
{
	assert_string_equal(fenced(*state, "a\tb"), "  ```\n  a\tb\n  ```\n");
	assert_string_equal(fenced(*state, "````"), "  `````\n  ````\n  `````\n");
	assert_string_equal(fenced(*state, "a\n```\n\033"), "  ````\n  a\\n```\\n\\x1b\n  ````\n");
}

static int set_up(void **state)
{
	*state = arena_new((size_t)1 << 28);
	return !*state;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(words), TEST(markup), TEST(long), TEST(fences)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
