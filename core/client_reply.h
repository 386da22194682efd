/* SPDX-License-Identifier: MIT */
/* A reply as it comes in: header lines and body, both bounded. Knows nothing of curl; part of
   client.c's calls. */
#ifndef USHER_CLIENT_REPLY_H
#define USHER_CLIENT_REPLY_H

#include "bytes.h"

#include <stdbool.h>

struct client_reply {
  struct bytes head; /* "name: value\r\n" …, names in lower case, of the final reply only */
  struct bytes body;
  size_t max_body;
  enum { REPLY_NONE, REPLY_INTERIM, REPLY_HEAD, REPLY_BODY } at;
  bool too_large;
};

/* One line with its end, or a piece of body. 0, UV_E2BIG (and too_large is set) or UV_ENOMEM. */
int client_reply_line(struct client_reply *r, const char *line, size_t len);
int client_reply_data(struct client_reply *r, const char *data, size_t len);

bool client_reply_next_header(const struct client_reply *r, size_t *at, struct slice *name,
                              struct slice *value);
void client_reply_free(struct client_reply *r); /* wipes */

#endif
