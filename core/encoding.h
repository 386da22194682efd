/* SPDX-License-Identifier: MIT */
/* Bytes as text and back: hexadecimal, base64 and base64url (RFC 4648), percent-encoding (RFC
 * 3986), decimal digits, and CRC-32. Pure: no allocation, no state; every out must have the room
 * that is named, and gets no NUL. Decoders are strict. */
#ifndef USHER_ENCODING_H
#define USHER_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower case, 2 * len bytes. */
void hex_encode(const void *data, size_t len, char *out);
/* Either case, len / 2 bytes. False for an odd length or another character. */
bool hex_decode(const char *text, size_t len, void *out);

enum base64_kind { BASE64_PADDED, BASE64_URL }; /* BASE64_URL neither writes nor takes '=' */

#define BASE64_ROOM(len)   (((len) + 2) / 3 * 4)
#define UNBASE64_ROOM(len) ((len) / 4 * 3 + 3)

/* Returns the length written, at most BASE64_ROOM(len). */
size_t base64_encode(enum base64_kind kind, const void *data, size_t len, char *out);
/* False for a wrong length, a foreign character (line breaks too), missing padding, or spare bits
 * that are not zero. out has UNBASE64_ROOM(len). */
bool base64_decode(enum base64_kind kind, const char *text, size_t len, void *out, size_t *out_len);

#define DECIMAL_ROOM 20

/* Returns the length written. */
size_t decimal_encode(uint64_t number, char *out);

/* Everything but A-Z a-z 0-9 - . _ ~ becomes %XX, upper case; keep is one more byte to leave alone,
 * or 0. Returns the length written, at most 3 * len. */
size_t percent_encode(const char *data, size_t len, char keep, char *out);
/* A '%' without two digits after it stands for itself; '+' too. Never longer; out may be data. */
size_t percent_decode(const char *data, size_t len, char *out);

/* As zlib, gzip and DynamoDB's x-amz-crc32. Start with 0, or go on from the last result. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t len);

#endif
