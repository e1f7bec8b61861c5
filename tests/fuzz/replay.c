/* replay.c: gives a target the files of folders, one after the other, and prints TAP. What the fuzzer once found wrong, or took
 * a way that no other file took, so goes through each build of `make check`.
 *
 *     TARGET FILE|FOLDER…
 *
 * A file that ends the process is the one named last; no file at all is a failure. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#pragma weak LLVMFuzzerInitialize

/* In memory that ends where the file does, for sanitizers. */
static uint8_t *contents(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(size ? size : 1);

	if (!file || !bytes || fread(bytes, 1, size, file) != size) {
		perror(path);
		exit(2);
	}
	fclose(file);
	return bytes;
}

static unsigned number;

static void replay_file(const char *path, size_t size)
{
	uint8_t *bytes = contents(path, size);

	printf("# %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(bytes, size);
	printf("ok %u - %s\n", ++number, path);
	free(bytes);
}

static void replay(const char *path)
{
	struct dirent **entries;
	struct stat status;
	int count;

	if (stat(path, &status)) {
		perror(path);
		exit(2);
	}
	if (!S_ISDIR(status.st_mode)) {
		replay_file(path, (size_t)status.st_size);
		return;
	}
	count = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char inner[4096];

		snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replay(inner);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	return !number;
}
