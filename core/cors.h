/* SPDX-License-Identifier: MIT */
/* CORS: which origins may call, and what they are told. Pure; the server asks it for each request
 * with an Origin. */
#ifndef USHER_CORS_H
#define USHER_CORS_H

#include "bytes.h"

#include <stdbool.h>

struct cors_settings {
  /* Exact: scheme://host[:port]; none: CORS is off; "*": any, never with credentials. */
  const char *const *origins;
  size_t origin_count;
  bool credentials;
  const char *headers, *expose; /* NULL: the defaults */
  unsigned max_age;             /* seconds a preflight may be kept; 0: the default */
};

struct cors;

/* Copies. 0, UV_ENOMEM, or UV_EINVAL for an origin that no browser sends or `*`
 * with credentials. */
int cors_new(const struct cors_settings *settings, struct cors **out);
void cors_free(struct cors *c);

bool cors_on(const struct cors *c);
bool cors_allows(const struct cors *c, struct slice origin);

/* Append header lines ("Name: value\r\n"). 0 or UV_ENOMEM. */
int cors_write(const struct cors *c, struct slice origin, struct bytes *out);
int cors_write_preflight(const struct cors *c, struct slice origin, const char *methods,
                         struct bytes *out);

#endif
