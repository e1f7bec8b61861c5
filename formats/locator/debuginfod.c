/* debuginfod.c: the only file that knows libdebuginfod (elfutils), of which it takes types from the header and functions
 * at run time, as libdwfl does: linking with it would load and initialise libcurl in every run, asked or not. Timeouts of
 * one answer, retries and the cache are the library's, see debuginfod_find_executable(3); a server that always sends a little
 * is none of its concerns, and so there is a time for all together. */
#include "formats/locator/debuginfod.h"

#include "base/broker.h"
#include "base/loaded.h"

#include <elfutils/debuginfod.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_MAX_SIZE (UINT64_C(4) << 30)

enum { PATIENCE = 300 /* seconds */, MILLISECONDS = 1000 };

enum { BUILD_ID_MIN = 2 * 8, BUILD_ID_MAX = 2 * 64 }; /* hex digits; linkers make 8 to 20 bytes */

#define FUNCTIONS(FUNCTION)                                                                                            \
	FUNCTION(begin)                                                                                                \
	FUNCTION(end)                                                                                                  \
	FUNCTION(find_executable)                                                                                      \
	FUNCTION(set_progressfn)                                                                                       \
	FUNCTION(set_user_data)                                                                                        \
	FUNCTION(get_user_data)

struct library {
#define FUNCTION(name) __typeof__(debuginfod_##name) *name;
	FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static struct library library;

struct fetch {
	debuginfod_client *client;
	const struct file_options *options;
	uint64_t max_size;
	unsigned patience; /* seconds */
	int64_t deadline;  /* milliseconds of the monotonic clock */
	bool cancelled, too_large, late;
	char *path; /* the library's, in malloc'd memory */
};

bool debuginfod_enabled(void)
{
	const char *urls = getenv(DEBUGINFOD_URLS_ENV_VAR);

	return urls && urls[strspn(urls, " ")];
}

#ifdef TORNSTACK_STATIC

/* One static file: what a C library loads into such a program must be of that very C library. */
static const char ABSENT[] = "this tornstack is one static file, which cannot load " DEBUGINFOD_SONAME;

static bool is_loaded(void)
{
	return false;
}

#else

static const char ABSENT[] = DEBUGINFOD_SONAME " is not installed, or too old";

/* Never unloaded: libcurl does not survive that. */
static bool is_loaded(void)
{
	static const struct loaded_function functions[] = {
#define FUNCTION(name) {"debuginfod_" #name, &library.name},
		FUNCTIONS(FUNCTION)
#undef FUNCTION
	};
	static struct loaded_library loaded = {DEBUGINFOD_SONAME, functions, sizeof functions / sizeof *functions, LOADED_UNTRIED};

	return loaded_library(&loaded);
}

#endif

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * MILLISECONDS + time.tv_nsec / 1000000;
}

/* The library calls it all the while, also when it waits for a connection. */
static int watch(debuginfod_client *client, long done, long total)
{
	struct fetch *fetch = library.get_user_data(client);

	fetch->cancelled = fetch->options && cancelled(&fetch->options->cancel);
	fetch->too_large = (done > 0 && (uint64_t)done > fetch->max_size) || (total > 0 && (uint64_t)total > fetch->max_size);
	fetch->late = now() >= fetch->deadline;
	return fetch->cancelled || fetch->too_large || fetch->late;
}

static void release(void *object)
{
	struct fetch *fetch = object;

	if (fetch->client)
		library.end(fetch->client);
	free(fetch->path);
}

/* Build-ids come from dumps, and this one becomes part of a URL and of a path. */
static bool is_build_id(const char *text)
{
	size_t length = strlen(text);

	return length >= BUILD_ID_MIN && length <= BUILD_ID_MAX && length % 2 == 0 &&
	       strspn(text, "0123456789abcdef") == length;
}

static const struct err *failure(struct arena *arena, const struct fetch *fetch, const char *build_id, int number)
{
	if (fetch->cancelled)
		return err_new(arena, ERR_IO, "interrupted");
	if (fetch->too_large)
		return err_new(arena, ERR_LIMIT, "what it serves for build-id %s is larger than %llu bytes", build_id,
			       (unsigned long long)fetch->max_size);
	if (fetch->late)
		return err_new(arena, ERR_LIMIT, "build-id %s was not there after %u s", build_id, fetch->patience);
	if (number == ENOENT)
		return err_new(arena, ERR_ABSENT, "no server of DEBUGINFOD_URLS has build-id %s", build_id);
	return err_new(arena, ERR_IO, "asking for build-id %s: %s", build_id, strerror(number));
}

/* A confined process has no network: it asks who has. */
static const struct err *ask(struct arena *arena, const char *build_id, const char **path)
{
	struct broker_answer answer;
	int none;

	if (!broker_ask(BROKER_FETCH, build_id, strlen(build_id), &answer, &none))
		return err_new(arena, ERR_IO, "there is nobody to ask for build-id %s", build_id);
	if (answer.error)
		return err_new(arena, (enum err_code)(answer.error - 1), "%s", answer.text);
	*path = arena_strdup(arena, answer.text);
	return NULL;
}

const struct err *debuginfod_fetch(struct arena *arena, const char *build_id, const struct file_options *options,
				   const char **path)
{
	struct fetch *fetch = arena_alloc(arena, sizeof *fetch);
	int descriptor;

	if (!is_build_id(build_id))
		return err_new(arena, ERR_BAD_DATA, "%.130s: it is not a build-id", build_id);
	if (!debuginfod_enabled())
		return err_new(arena, ERR_ABSENT, "DEBUGINFOD_URLS is not set");
	if (broker_joined())
		return ask(arena, build_id, path);
	if (!is_loaded())
		return err_new(arena, ERR_ABSENT, "%s", ABSENT);
	fetch->options = options;
	fetch->max_size = options && options->max_size ? options->max_size : DEFAULT_MAX_SIZE;
	fetch->patience = options && options->patience ? options->patience : PATIENCE;
	fetch->deadline = now() + (int64_t)fetch->patience * MILLISECONDS;
	arena_defer(arena, release, fetch);
	fetch->client = library.begin();
	if (!fetch->client)
		return err_new(arena, ERR_IO, "libdebuginfod cannot start");
	library.set_user_data(fetch->client, fetch);
	library.set_progressfn(fetch->client, watch);
	/* length 0: in hex */
	descriptor = library.find_executable(fetch->client, (const unsigned char *)build_id, 0, &fetch->path);
	if (descriptor < 0)
		return failure(arena, fetch, build_id, -descriptor);
	close(descriptor);
	*path = arena_strdup(arena, fetch->path);
	return NULL;
}
