/* stamp.c: see stamp.h. */
#include "formats/log/stamp.h"

#include <string.h>
#include <time.h>

enum { NANOSECOND_DIGITS = 9, MINUTE = 60, HOUR = 3600 };

struct scan {
	struct span text;
	size_t at;
};

static int byte_at(const struct scan *scan, size_t ahead)
{
	return scan->at + ahead < scan->text.size ? scan->text.data[scan->at + ahead] : 0;
}

static bool is_digit(int byte)
{
	return byte >= '0' && byte <= '9';
}

static bool take_one_of(struct scan *scan, const char *bytes)
{
	const int byte = byte_at(scan, 0);

	if (!byte || !strchr(bytes, byte))
		return false;
	scan->at++;
	return true;
}

/* A number of so many digits, and no more than that. */
static bool take_number(struct scan *scan, size_t digits, int least, int most, int *ret)
{
	*ret = 0;
	for (size_t i = 0; i < digits; i++, scan->at++) {
		if (!is_digit(byte_at(scan, 0)))
			return false;
		*ret = *ret * 10 + (byte_at(scan, 0) - '0');
	}
	return *ret >= least && *ret <= most;
}

static bool take_date(struct scan *scan, struct tm *ret)
{
	enum { YEARS_BEFORE = 1900, LEAST_YEAR = 1970, MOST_YEAR = 9999 };
	char between[2] = "";
	bool taken = take_number(scan, 4, LEAST_YEAR, MOST_YEAR, &ret->tm_year);

	between[0] = (char)byte_at(scan, 0);
	taken = taken && take_one_of(scan, "-/") && take_number(scan, 2, 1, 12, &ret->tm_mon) && take_one_of(scan, between) &&
		take_number(scan, 2, 1, 31, &ret->tm_mday);
	ret->tm_year -= YEARS_BEFORE;
	ret->tm_mon--;
	return taken;
}

static bool take_time(struct scan *scan, struct tm *ret)
{
	return take_one_of(scan, "Tt _") && take_number(scan, 2, 0, 23, &ret->tm_hour) && take_one_of(scan, ":") &&
	       take_number(scan, 2, 0, 59, &ret->tm_min) && take_one_of(scan, ":") && take_number(scan, 2, 0, MINUTE, &ret->tm_sec) &&
	       !is_digit(byte_at(scan, 0));
}

static uint32_t take_fraction(struct scan *scan)
{
	uint32_t fraction = 0;
	size_t digits = 0;

	if ((byte_at(scan, 0) != '.' && byte_at(scan, 0) != ',') || !is_digit(byte_at(scan, 1)))
		return 0;
	for (scan->at++; is_digit(byte_at(scan, 0)); scan->at++)
		if (digits < NANOSECOND_DIGITS) {
			fraction = fraction * 10 + (uint32_t)(byte_at(scan, 0) - '0');
			digits++;
		}
	for (; digits < NANOSECOND_DIGITS; digits++)
		fraction *= 10;
	return fraction;
}

/* Seconds by which local time is before UTC's: "+01:00", " +0100". */
static int take_zone(struct scan *scan)
{
	struct scan zone = *scan;
	int sign, hours, minutes;

	take_one_of(&zone, " ");
	sign = byte_at(&zone, 0) == '-' ? -1 : 1;
	if (!take_one_of(&zone, "+-") || !take_number(&zone, 2, 0, 15, &hours))
		return 0;
	take_one_of(&zone, ":");
	return take_number(&zone, 2, 0, 59, &minutes) && !is_digit(byte_at(&zone, 0)) ? sign * (hours * HOUR + minutes * MINUTE) : 0;
}

static bool take_stamp(struct scan scan, struct log_stamp *ret)
{
	struct tm parts = {0};

	if (!take_date(&scan, &parts) || !take_time(&scan, &parts))
		return false;
	ret->nanoseconds = take_fraction(&scan);
	ret->seconds = (int64_t)timegm(&parts) - take_zone(&scan);
	ret->known = ret->seconds >= 0;
	return ret->known;
}

static struct log_stamp find(struct span text)
{
	struct log_stamp ret = {0};

	for (struct scan scan = {.text = text}; scan.at < text.size && !ret.known; scan.at++)
		if (is_digit(text.data[scan.at]) && (!scan.at || !is_digit(text.data[scan.at - 1])))
			take_stamp(scan, &ret);
	return ret.known ? ret : (struct log_stamp){0};
}

/* Where the text begins in the line; SIZE_MAX: that is not known. It may be a copy of what stands there with escapes. */
static size_t text_start(struct span line, struct span text)
{
	enum { ENOUGH = 24 };
	static const char escaped[] = "\"\\<>&'\t";
	const uint8_t *at;
	size_t plain = 0;

	if (line.size && text.data >= line.data && text.data <= line.data + line.size)
		return (size_t)(text.data - line.data);
	while (text.size && (*text.data == '\t' || *text.data == ' '))
		text = span_from(text, 1);
	while (plain < text.size && plain < ENOUGH && !memchr(escaped, text.data[plain], sizeof escaped - 1))
		plain++;
	at = plain && line.size ? memmem(line.data, line.size, text.data, plain) : NULL;
	return at ? (size_t)(at - line.data) : SIZE_MAX;
}

/* Where the string ends that begins there; the line's end: it is none. */
static size_t text_end(struct span line, size_t start)
{
	if (!start || line.data[start - 1] != '"')
		return line.size;
	for (size_t at = start; at < line.size; at++) {
		if (line.data[at] == '"')
			return at;
		at += line.data[at] == '\\';
	}
	return line.size;
}

struct log_stamp log_stamp_of(struct span line, struct span text)
{
	const size_t start = text_start(line, text);
	struct log_stamp ret = {0};

	if (start == SIZE_MAX)
		return ret;
	ret = find((struct span){line.data, start});
	return ret.known ? ret : find(span_from(line, text_end(line, start)));
}
