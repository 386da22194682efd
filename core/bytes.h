/* SPDX-License-Identifier: MIT */
/* Bytes that grow, and slices of bytes that someone else owns.
 * Zero-initialised is empty and valid. */
#ifndef USHER_BYTES_H
#define USHER_BYTES_H

#include <stddef.h>

struct slice {
  const char *data;
  size_t len;
};

struct bytes {
  char *data; /* always has one NUL behind len once anything was appended */
  size_t len, cap;
};

/* 0 or UV_ENOMEM, and then nothing has changed. */
int bytes_reserve(struct bytes *b, size_t more);
int bytes_append(struct bytes *b, const void *data, size_t len);
int bytes_printf(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

void bytes_clear(struct bytes *b); /* keeps the memory */
void bytes_free(struct bytes *b);  /* leaves it empty and valid */
void bytes_wipe(struct bytes *b);  /* the same, when there were secrets in it */

#endif
