/* SPDX-License-Identifier: MIT */
/* Bytes as text and back. */
#include "encoding.h"

#include <pthread.h>
#include <string.h>

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void hex_encode(const void *data, size_t len, char *out) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *in = data;
  for (size_t i = 0; i < len; i++) {
    *out++ = digits[in[i] >> 4];
    *out++ = digits[in[i] & 15];
  }
}

bool hex_decode(const char *text, size_t len, void *out) {
  unsigned char *to = out;
  if (len % 2) return false;
  for (size_t i = 0; i < len; i += 2) {
    int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return false;
    *to++ = (unsigned char)(high << 4 | low);
  }
  return true;
}

size_t decimal_encode(uint64_t number, char *out) {
  char digits[DECIMAL_ROOM], *first = digits + sizeof digits;
  do *--first = (char)('0' + number % 10);
  while (number /= 10);
  size_t len = (size_t)(digits + sizeof digits - first);
  memcpy(out, first, len);
  return len;
}

static const char base64_letters[2][65] = {
    [BASE64_PADDED] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

size_t base64_encode(enum base64_kind kind, const void *data, size_t len, char *out) {
  const char *letters = base64_letters[kind];
  const unsigned char *in = data;
  char *start = out;
  for (; len >= 3; in += 3, len -= 3) {
    *out++ = letters[in[0] >> 2];
    *out++ = letters[(in[0] & 3) << 4 | in[1] >> 4];
    *out++ = letters[(in[1] & 15) << 2 | in[2] >> 6];
    *out++ = letters[in[2] & 63];
  }
  if (len) {
    unsigned second = len == 2 ? in[1] : 0;
    *out++ = letters[in[0] >> 2];
    *out++ = letters[(in[0] & 3) << 4 | second >> 4];
    if (len == 2) *out++ = letters[(second & 15) << 2];
    for (; kind == BASE64_PADDED && len < 3; len++) *out++ = '=';
  }
  return (size_t)(out - start);
}

static int base64_value(enum base64_kind kind, char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == base64_letters[kind][62]) return 62;
  if (c == base64_letters[kind][63]) return 63;
  return -1;
}

bool base64_decode(enum base64_kind kind, const char *text, size_t len, void *out,
                   size_t *out_len) {
  unsigned char *to = out;
  if (kind == BASE64_PADDED) {
    if (len % 4) return false;
    for (int i = 0; i < 2 && len && text[len - 1] == '='; i++) len--;
  }
  if (len % 4 == 1) return false;
  uint32_t bits = 0;
  unsigned held = 0; /* bits not yet written: 0, 2, 4 or 6 */
  for (size_t i = 0; i < len; i++) {
    int value = base64_value(kind, text[i]);
    if (value < 0) return false;
    bits = bits << 6 | (uint32_t)value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    *to++ = (unsigned char)(bits >> held);
  }
  if (bits & ((1u << held) - 1)) return false;
  *out_len = (size_t)(to - (unsigned char *)out);
  return true;
}

static bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

size_t percent_encode(const char *data, size_t len, char keep, char *out) {
  static const char digits[] = "0123456789ABCDEF";
  char *start = out;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)data[i];
    if (unreserved(data[i]) || (keep && data[i] == keep)) {
      *out++ = data[i];
      continue;
    }
    *out++ = '%';
    *out++ = digits[c >> 4];
    *out++ = digits[c & 15];
  }
  return (size_t)(out - start);
}

size_t percent_decode(const char *data, size_t len, char *out) {
  char *start = out;
  for (size_t i = 0; i < len; i++) {
    int high = -1, low = -1;
    if (data[i] == '%' && len - i > 2) {
      high = hex_value(data[i + 1]);
      low = hex_value(data[i + 2]);
    }
    bool escape = high >= 0 && low >= 0;
    *out++ = escape ? (char)(high << 4 | low) : data[i];
    if (escape) i += 2;
  }
  return (size_t)(out - start);
}

static uint32_t crc_tables[4][256]; /* [k][b]: byte b followed by k zero bytes */

static void crc_build(void) {
  for (uint32_t b = 0; b < 256; b++) {
    uint32_t crc = b;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    crc_tables[0][b] = crc;
  }
  for (int k = 1; k < 4; k++)
    for (int b = 0; b < 256; b++) {
      uint32_t crc = crc_tables[k - 1][b];
      crc_tables[k][b] = crc >> 8 ^ crc_tables[0][crc & 255];
    }
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t len) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, crc_build);
  const unsigned char *in = data;
  crc = ~crc;
  for (; len >= 4; in += 4, len -= 4) {
    crc ^= (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
    crc = crc_tables[3][crc & 255] ^ crc_tables[2][crc >> 8 & 255] ^
          crc_tables[1][crc >> 16 & 255] ^ crc_tables[0][crc >> 24];
  }
  while (len--) crc = crc >> 8 ^ crc_tables[0][(crc ^ *in++) & 255];
  return ~crc;
}
