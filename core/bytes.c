/* SPDX-License-Identifier: MIT */
/* Bytes that grow: the one buffer of core. */
#include "bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

int bytes_reserve(struct bytes *b, size_t more) {
  if (more >= SIZE_MAX / 2 - b->len) return UV_ENOMEM;
  size_t need = b->len + more + 1;
  if (need <= b->cap) return 0;
  size_t cap = b->cap ? b->cap : 64;
  while (cap < need) cap *= 2;
  char *data = realloc(b->data, cap);
  if (!data) return UV_ENOMEM;
  b->data = data;
  b->cap = cap;
  return 0;
}

int bytes_append(struct bytes *b, const void *data, size_t len) {
  int err = bytes_reserve(b, len);
  if (err) return err;
  if (len) memcpy(b->data + b->len, data, len);
  b->len += len;
  b->data[b->len] = '\0';
  return 0;
}

int bytes_printf(struct bytes *b, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (len < 0) return UV_EINVAL;
  int err = bytes_reserve(b, (size_t)len);
  if (err) return err;
  va_start(args, format);
  vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
  va_end(args);
  b->len += (size_t)len;
  return 0;
}

void bytes_clear(struct bytes *b) {
  b->len = 0;
  if (b->data) b->data[0] = '\0';
}

void bytes_wipe(struct bytes *b) {
  if (b->data) explicit_bzero(b->data, b->cap);
  bytes_free(b);
}

void bytes_free(struct bytes *b) {
  free(b->data);
  *b = (struct bytes){0};
}
