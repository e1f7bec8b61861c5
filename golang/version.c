/* version.c: parses Go version texts. A release is "go1.N.P"; the first one of a minor is "go1.N" before Go 1.21
 * (go.dev/doc/toolchain, "Go versions"). Experiments other than the default follow as " X:name,name"
 * (cmd/dist/build.go and internal/buildcfg/exp.go). */
#include "golang/version.h"

#include <string.h>

enum { NUMBER_LIMIT = 100000, TEXT_LIMIT = 256 };

struct text {
	const char *at, *end;
};

/* Experiments that leave runtime structures as they are (internal/goexperiment/flags.go). Others may not, e.g.
 * staticlockranking, which gives every runtime.mutex a rank. */
static const char *const harmless[] = {
	"aliastypeparams", "boringcrypto",	    "cgocheck2",	       "dwarf5",    "goroutineleakprofile",
	"jsonv2",	   "loopvar",		    "noaliastypeparams",       "nodwarf5",  "nojsonv2",
	"norandomizedheapbase64", "nosizespecializedmalloc", "rangefunc", "runtimesecret", "synctest",
};

static bool skip(struct text *text, const char *literal)
{
	size_t length = strlen(literal);

	if ((size_t)(text->end - text->at) < length || memcmp(text->at, literal, length) != 0)
		return false;
	text->at += length;
	return true;
}

static bool digit(const struct text *text)
{
	return text->at < text->end && *text->at >= '0' && *text->at <= '9';
}

static bool number(struct text *text, int *ret)
{
	int value = 0;

	if (!digit(text))
		return false;
	for (; digit(text); text->at++)
		if (value < NUMBER_LIMIT)
			value = value * 10 + (*text->at - '0');
	*ret = value;
	return true;
}

static bool is_harmless(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (strlen(harmless[i]) == length && !memcmp(harmless[i], name, length))
			return true;
	return false;
}

/* What follows the numbers of a release that is still just that release. */
static bool harmless_rest(struct text rest)
{
	if (rest.at == rest.end)
		return true;
	if (!skip(&rest, " X:") && !skip(&rest, "-X:")) /* a dash from Go 1.26 on */
		return false;
	while (rest.at < rest.end) {
		const char *comma = memchr(rest.at, ',', (size_t)(rest.end - rest.at));
		const char *end = comma ? comma : rest.end;

		if (!is_harmless(rest.at, (size_t)(end - rest.at)))
			return false;
		rest.at = comma ? comma + 1 : rest.end;
	}
	return true;
}

/* "rc1", "beta2". */
static bool leads_to_release(struct text rest)
{
	return skip(&rest, "rc") || skip(&rest, "beta");
}

/* What others than the Go project append: not experiments, which the toolchain itself does. */
static bool is_vendors(struct text rest)
{
	return rest.at < rest.end && !leads_to_release(rest) && !skip(&rest, " X:") && !skip(&rest, "-X:");
}

static bool printable(struct text text)
{
	for (; text.at < text.end; text.at++)
		if (*text.at < ' ' || *text.at > '~')
			return false;
	return true;
}

/* "1.N" or "1.N.P", then anything. */
static bool numbers(struct text *text, struct go_version *ret)
{
	if (!skip(text, "1.") || !number(text, &ret->minor) || ret->minor == 0)
		return false;
	if (text->end - text->at >= 2 && *text->at == '.') {
		text->at++;
		return number(text, &ret->patch);
	}
	return true;
}

bool go_version_parse(struct arena *arena, const char *text, size_t size, struct go_version *ret)
{
	struct text rest = {text, text + size};
	struct go_version version = {0};
	bool devel;

	if (size == 0 || size > TEXT_LIMIT || !printable(rest))
		return false;
	devel = skip(&rest, "devel ");
	version.prerelease = devel;
	if (skip(&rest, "go")) {
		if (!numbers(&rest, &version))
			return false;
		version.exact = !devel && harmless_rest(rest);
		version.prerelease = devel || leads_to_release(rest);
		version.vendor = !devel && is_vendors(rest);
	} else if (!devel) {
		return false;
	}
	version.text = arena_strndup(arena, text, size);
	*ret = version;
	return true;
}
