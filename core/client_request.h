/* SPDX-License-Identifier: MIT */
/* A request as the wire has it, in one block of memory. Part of client.c's calls. */
#ifndef USHER_CLIENT_REQUEST_H
#define USHER_CLIENT_REQUEST_H

#include "client.h"
#include "client_url.h"

struct client_bytes {
  bool repeatable; /* by its method or its caller's word */
  bool is_head;    /* its reply has no body */
  size_t len;
  char data[];
};

/* NULL when memory is out. */
struct client_bytes *client_bytes_new(const struct client_request *r, const struct client_url *url);
void client_bytes_free(struct client_bytes *b); /* wipes; NULL is fine */

#endif
