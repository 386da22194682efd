/* SPDX-License-Identifier: MIT */
/* What the parser made of some bytes, as text: the same for every way to cut them, or it is a bug.
 * For the fuzz target and the parser's unit test. */
#ifndef USHER_TRANSCRIPT_H
#define USHER_TRANSCRIPT_H

#include "http1.h"

#include <stdlib.h>

static void transcript_request(const struct http1_request *r, struct bytes *out) {
  bytes_printf(out, "%.*s %.*s path=%.*s query=%.*s minor=%d keep=%d\n", (int)r->method.len,
               r->method.data, (int)r->target.len, r->target.data, (int)r->path.len, r->path.data,
               (int)r->query.len, r->query.data, r->minor, r->keep_alive);
  for (size_t i = 0; i < r->header_count; i++) {
    struct http1_header h = r->headers[i];
    bytes_printf(out, "  %.*s=%.*s\n", (int)h.name.len, h.name.data, (int)h.value.len,
                 h.value.data);
  }
  bytes_printf(out, "  body %zu ", r->body.len);
  bytes_append(out, r->body.data, r->body.len);
  bytes_append(out, "\n", 1);
}

/* Feeds pieces of `step` bytes, the first one of `first`, until all is taken or refused. */
static void transcript(const struct http1_limits *limits, const char *data, size_t len,
                       size_t first, size_t step, struct bytes *out) {
  struct http1 *p = http1_new(limits);
  if (!p) abort();
  size_t end = first < len ? first : len;
  for (size_t at = 0; at < len;) {
    size_t used;
    enum http1_state state = http1_feed(p, data + at, end - at, &used);
    at += used;
    if (state == HTTP1_REFUSED) {
      bytes_printf(out, "refused %d %s\n", http1_refusal(p)->status, http1_refusal(p)->message);
      break;
    }
    if (state == HTTP1_REQUEST) {
      transcript_request(http1_request(p), out);
      http1_next(p);
    }
    if (at == end) end = len - end < step ? len : end + step;
  }
  if (http1_state(p) != HTTP1_REFUSED)
    bytes_printf(out, "then %d started=%d\n", http1_state(p), http1_started(p));
  http1_free(p);
}

#endif
