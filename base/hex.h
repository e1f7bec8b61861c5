/* hex.h: hexadecimal digits, as Go and this program write them: small letters. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdint.h>

/* The value of a digit; -1: it is none. */
static inline int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
