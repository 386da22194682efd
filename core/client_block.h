/* SPDX-License-Identifier: MIT */
/* The copy of a request in one block of memory, as curl wants to have it. Part of client.c's
   calls. */
#ifndef USHER_CLIENT_BLOCK_H
#define USHER_CLIENT_BLOCK_H

#include "client.h"

#include <curl/curl.h>

struct client_block {
  /* Into nodes; at its end what takes away the headers that curl would add. */
  struct curl_slist *headers;
  const char *url, *method, *body;
  size_t body_len;
  bool repeatable; /* by its method or its caller's word */
  size_t len;      /* of what follows: the nodes, then the bytes */
  struct curl_slist nodes[];
};

struct client_block *client_block_new(const struct client_request *r); /* NULL when memory is out */
void client_block_free(struct client_block *b);                        /* wipes; NULL is fine */

#endif
