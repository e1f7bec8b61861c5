/* test_pseudonym.c: names get others, all different ones, and the key takes them back. */
#include "formats/pseudonym/word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[PSEUDONYM_KEY] = "a key of the tests", other[PSEUDONYM_KEY] = "another key";

struct pair {
	struct arena *arena;
	struct pseudonyms *put, *back;
};

static struct pair pair_new(void)
{
	struct arena *arena = arena_new(1 << 24);

	return (struct pair){arena, pseudonyms_new(arena, key, false), pseudonyms_new(arena, key, true)};
}

/* The pseudonym, which must be of the same length and lead back. */
static const char *renamed(struct pair *pair, enum name_kind kind, const char *text)
{
	uint8_t *copy = (uint8_t *)arena_strdup(pair->arena, text);
	char *ret;

	pseudonyms_put(pair->put, kind, copy, strlen(text));
	ret = (char *)arena_strdup(pair->arena, (char *)copy);
	pseudonyms_put(pair->back, kind, copy, strlen(text));
	assert_string_equal((char *)copy, text);
	return ret;
}

static void stays(struct pair *pair, enum name_kind kind, const char *text)
{
	assert_string_equal(renamed(pair, kind, text), text);
}

/* `pattern`: a '#' for each byte that must be another one; of the rest each must be the same. A byte by chance may stay. */
static void becomes(struct pair *pair, enum name_kind kind, const char *text, const char *pattern)
{
	const char *got = renamed(pair, kind, text);
	size_t changed = 0, free = 0;

	assert_int_equal(strlen(text), strlen(pattern));
	for (size_t i = 0; text[i]; i++) {
		if (pattern[i] != '#')
			assert_int_equal(got[i], text[i]);
		free += pattern[i] == '#';
		changed += pattern[i] == '#' && got[i] != text[i];
	}
	assert_true(changed * 2 > free);
}

static void functions(void **state)
{
	struct pair pair = pair_new();

	(void)state;
	stays(&pair, NAME_FUNCTION, "runtime.(*mheap).alloc.func1");
	stays(&pair, NAME_FUNCTION, "vendor/golang.org/x/net/http/httpguts.ValidHeaderFieldName");
	stays(&pair, NAME_FUNCTION, "main.main.func1.gowrap2");
	stays(&pair, NAME_FUNCTION, "memeqbody");
	stays(&pair, NAME_FUNCTION, "type:.eq.internal/abi.RegArgs");
	becomes(&pair, NAME_FUNCTION, "main.handle.func1", "main.######.func1");
	becomes(&pair, NAME_FUNCTION, "example.com/shop.(*cart).add-fm", "#######.###/####.(*####).###-fm");
	becomes(&pair, NAME_FUNCTION, "slices.SortFunc[go.shape.struct { example.com/shop.id int },net/url.URL]",
		"slices.SortFunc[go.shape.struct { #######.###/####.## int },net/url.URL]");
	becomes(&pair, NAME_FUNCTION, "gopkg.in/yaml%2ev3.unmarshal", "#####.##/####%2ev3.#########");
	becomes(&pair, NAME_FUNCTION, "main._Cfunc_settle", "main._Cfunc_######");
	becomes(&pair, NAME_FUNCTION, "_cgoexp_settle", "_cgoexp_######");
	arena_free(pair.arena);
}

static void others(void **state)
{
	struct pair pair = pair_new();

	(void)state;
	stays(&pair, NAME_TYPE, "map[string]*url.URL");
	becomes(&pair, NAME_TYPE, "map[string][]*shop.cart", "map[string][]*####.####");
	becomes(&pair, NAME_ALL, "map[string]*url.cart", "map[string]*url.####");
	stays(&pair, NAME_FILE, "runtime/proc.go");
	becomes(&pair, NAME_FILE, "example.com/shop@v1.2.0/cart.go", "#######.###/####@v1.2.0/####.go");
	becomes(&pair, NAME_BUILD, "path\tshop\nbuild\tGOOS=linux\ndep\tx.io/y\tv1.0.0\th1:abCD=\n",
		"path\t####\nbuild\tGOOS=linux\ndep\t#.##/#\tv1.0.0\th1:####=\n");
	stays(&pair, NAME_TEXT, "fatal error: all goroutines are asleep - deadlock! pc=0x45e1");
	becomes(&pair, NAME_TEXT, "runtime: unexpected return pc for shop.pay called from 0x1d",
		"runtime: unexpected return pc for ####.### called from 0x1d");
	becomes(&pair, NAME_TEXT, "pc for main.(*tree).walk called", "pc for main.(*####).#### called");
	becomes(&pair, NAME_TEXT, "1: <shop.(*cart[go.shape.int]).pay.func1+33> 2", "1: <####.(*####[go.shape.int]).###.func1+33> 2");
	stays(&pair, NAME_TEXT, "bad pointer in runtime.(*mspan).init (see http.(*Server).Serve) of it. (And so on)");
	becomes(&pair, NAME_ALL, "gr\xc3\xbc\xc3\x9f", "##\xc3#\xc3#");
	arena_free(pair.arena);
}

/* All words of two letters, and of one: no two become the same, none becomes one that stays. */
static void one_to_one(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	struct pair pair = pair_new();
	static bool seen[256][256];

	(void)state;
	for (size_t i = 0; letters[i]; i++)
		for (size_t k = 0; k <= strlen(letters); k++) {
			const char word[] = {letters[i], letters[k], 0};
			const char *got = renamed(&pair, NAME_ALL, word);
			bool *known = &seen[(uint8_t)got[0]][(uint8_t)got[1]];

			assert_false(*known);
			*known = true;
		}
	arena_free(pair.arena);
}

static void keys(void **state)
{
	struct pair pair = pair_new();
	struct pseudonyms *third = pseudonyms_new(pair.arena, other, false);
	uint8_t word[] = "settlement";

	(void)state;
	pseudonyms_put(third, NAME_ALL, word, sizeof word - 1);
	assert_string_not_equal((char *)word, renamed(&pair, NAME_ALL, "settlement"));
	assert_true(pseudonyms_check(key) != pseudonyms_check(other));
	arena_free(pair.arena);
}

/* Whatever it is: within its bytes, and back again where it is text. */
static void hostile(void **state)
{
	struct pair pair = pair_new();
	uint8_t text[512];

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 2000; i++) {
		const size_t size = (size_t)rand() % (sizeof text - 1);

		for (size_t k = 0; k < sizeof text; k++)
			text[k] = (uint8_t)(rand() % 3 ? "ab.[]/(%0*_"[rand() % 11] : rand());
		text[size] = '!';
		pseudonyms_put(pair.put, (enum name_kind)(i % NAME_KINDS), text, size);
		assert_int_equal(text[size], '!');
	}
	arena_free(pair.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(functions), cmocka_unit_test(others), cmocka_unit_test(one_to_one), cmocka_unit_test(keys),
					   cmocka_unit_test(hostile)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
