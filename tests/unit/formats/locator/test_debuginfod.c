/* test_debuginfod.c: what is asked, and what is not. Servers are for tests/golden/test_debuginfod.py. */
#include "formats/locator/debuginfod.h"

#include "tests/build/scratch.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { BUDGET = 1 << 20 };

static enum err_code fetch_error(struct arena *arena, const char *build_id)
{
	const char *path = "untouched";
	const struct err *err = debuginfod_fetch(arena, build_id, NULL, &path);

	assert_non_null(err);
	assert_string_equal(path, "untouched");
	return err->code;
}

static void only_when_enabled(struct arena *arena)
{
	unsetenv("DEBUGINFOD_URLS");
	assert_false(debuginfod_enabled());
	setenv("DEBUGINFOD_URLS", "", 1);
	assert_false(debuginfod_enabled());
	setenv("DEBUGINFOD_URLS", "  ", 1);
	assert_false(debuginfod_enabled());
	assert_int_equal(fetch_error(arena, "0123456789abcdef"), ERR_ABSENT);
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1/", 1);
	assert_true(debuginfod_enabled());
}

/* They come from hostile dumps, and would go into URLs and paths. */
static void build_ids_are_checked(struct arena *arena)
{
	char *longest = arena_alloc(arena, 131);

	memset(longest, 'a', 130);
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1/", 1);
	assert_int_equal(fetch_error(arena, ""), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, "0123456789abcd"), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, "0123456789abcdef0"), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, "0123456789ABCDEF"), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, "../../../../../etc/passwd"), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, longest), ERR_BAD_DATA);
}

/* Answers one request with a byte every tenth of a second, as long as anybody listens. */
static void *trickle(void *listener)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
	const struct timespec tenth = {.tv_nsec = 100000000};
	int client = accept(*(int *)listener, NULL, NULL);
	char request[4096];

	if (read(client, request, sizeof request) > 0 && send(client, head, sizeof head - 1, MSG_NOSIGNAL) > 0)
		while (send(client, "x", 1, MSG_NOSIGNAL) == 1)
			nanosleep(&tenth, NULL);
	close(client);
	return NULL;
}

static int listen_on(struct sockaddr_in *address)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof *address;

	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	assert_false(bind(listener, (struct sockaddr *)address, sizeof *address));
	assert_false(listen(listener, 1));
	assert_false(getsockname(listener, (struct sockaddr *)address, &size));
	return listener;
}

/* A server that never stops sending holds nobody up for ever. */
static void patience_ends(struct arena *arena)
{
	const struct file_options options = {.patience = 1};
	const struct err *err;
	struct sockaddr_in address;
	int listener = listen_on(&address);
	pthread_t server;
	const char *path;

	setenv("DEBUGINFOD_URLS", arena_printf(arena, "http://127.0.0.1:%d/", ntohs(address.sin_port)), 1);
	setenv("DEBUGINFOD_CACHE_PATH", scratch_folder(arena), 1);
	setenv("no_proxy", "*", 1);
	assert_false(pthread_create(&server, NULL, trickle, &listener));
	err = debuginfod_fetch(arena, "0123456789abcdef", &options, &path);
	assert_non_null(err);
	assert_int_equal(err->code, ERR_LIMIT);
	assert_non_null(strstr(err->text, "not there after 1 s"));
	pthread_join(server, NULL);
	close(listener);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(only_when_enabled)
TEST(build_ids_are_checked)
TEST(patience_ends)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_when_enabled),
		cmocka_unit_test(test_build_ids_are_checked),
		cmocka_unit_test(test_patience_ends),
	};

	return cmocka_run_group_tests_name("debuginfod", tests, NULL, NULL);
}
