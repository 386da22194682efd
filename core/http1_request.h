/* SPDX-License-Identifier: MIT */
/* What a parsed request is, and what a refused one: the words that parser,
 * gate and server share. */
#ifndef USHER_HTTP1_REQUEST_H
#define USHER_HTTP1_REQUEST_H

#include "bytes.h"

#include <stdbool.h>

struct http1_header {
  struct slice name, value;
};

struct http1_request { /* slices into the parser's own buffers, until http1_next or http1_free */
  struct slice method, target, path, query;
  const struct http1_header *headers;
  size_t header_count;
  struct slice body;
  int minor;             /* HTTP/1.minor */
  bool keep_alive;       /* the client's wish */
  bool expects_continue; /* waits for 100 before it sends the body */
};

struct http1_refusal {
  int status;
  const char *code, *message; /* static */
  const char *allow;          /* value of Allow with 405, else NULL */
};

/* The first of that name, any case; value may be NULL. */
bool http1_header(const struct http1_request *r, const char *name, struct slice *value);
bool http1_is(struct slice text, const char *word); /* the same, in any case */
const char *http1_reason(int status);               /* "" for one that we never send */

#endif
