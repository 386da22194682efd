/* SPDX-License-Identifier: MIT */
/* A reply as it comes in, through llhttp: head and body, both bounded. Knows of no connection; part
   of client.c's calls. */
#ifndef USHER_CLIENT_REPLY_H
#define USHER_CLIENT_REPLY_H

#include "bytes.h"

#include <llhttp.h>
#include <stdbool.h>

enum client_reply_state {
  REPLY_MORE, /* is to come */
  REPLY_DONE,
  REPLY_BAD, /* not HTTP/1.x */
  REPLY_TOO_LARGE,
  REPLY_NO_MEMORY,
};

struct client_reply {
  llhttp_t parser;
  enum client_reply_state state;
  struct bytes head; /* "name: value\r\n" …, names in lower case, of the final reply only */
  struct bytes body;
  size_t max_body, taken; /* taken: bytes that have come, of which most may be kept nowhere */
  size_t value_at;        /* where in head the value begins that is being read */
  int status;             /* 0 until the final head is complete */
  bool no_body;           /* its request was HEAD */
  bool keep_alive;        /* once it is done: the connection may serve again */
};

void client_reply_begin(struct client_reply *r, bool no_body, size_t max_body);
void client_reply_feed(struct client_reply *r, const char *data, size_t len);
void client_reply_end(
    struct client_reply *r); /* the connection has: it may be what is waited for */

bool client_reply_next_header(const struct client_reply *r, size_t *at, struct slice *name,
                              struct slice *value);
void client_reply_free(struct client_reply *r); /* wipes */

#endif
