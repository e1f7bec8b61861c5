/* key_file.c: see key_file.h. */
#include "cli/key_file.h"

#include "base/hex.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { DIGITS = 2 * TS_KEY };

static void write_digits(const unsigned char *key, char ret[static DIGITS + 2])
{
	for (size_t i = 0; i < TS_KEY; i++)
		snprintf(ret + 2 * i, 3, "%02x", key[i]);
	memcpy(ret + DIGITS, "\n", 2);
}

static bool read_digits(const char *text, unsigned char ret[static TS_KEY])
{
	for (size_t i = 0; i < TS_KEY; i++) {
		const int high = hex_digit((uint8_t)text[2 * i]), low = high < 0 ? -1 : hex_digit((uint8_t)text[2 * i + 1]);

		if (low < 0)
			return false;
		ret[i] = (unsigned char)(high * 16 + low);
	}
	return !text[DIGITS] || text[DIGITS] == '\n';
}

static bool make_key(const char *path, unsigned char ret[static TS_KEY])
{
	char text[DIGITS + 2];
	const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool made = file >= 0 && getrandom(ret, TS_KEY, 0) == TS_KEY;

	if (made) {
		write_digits(ret, text);
		made = write(file, text, DIGITS + 1) == DIGITS + 1;
	}
	if (file >= 0 && close(file))
		made = false;
	if (!made)
		cli_complain("cannot make the key file %s: %s. Name a file in a folder that you may write to", path, strerror(errno));
	if (!made && file >= 0)
		unlink(path);
	return made;
}

bool key_file_read(const char *path, bool make, unsigned char ret[static TS_KEY])
{
	char text[DIGITS + 2] = "";
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (file < 0 && errno == ENOENT && make)
		return make_key(path, ret);
	size = file < 0 ? -1 : read(file, text, sizeof text - 1);
	if (size < 0)
		cli_complain("cannot read the key file %s: %s. It is the one that --pseudonyms was given", path, strerror(errno));
	if (file >= 0)
		close(file);
	if (size < 0)
		return false;
	if (read_digits(text, ret))
		return true;
	cli_complain("%s is no key file. Name a file that is not there yet, and --pseudonyms makes one", path);
	return false;
}
