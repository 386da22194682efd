/* SPDX-License-Identifier: MIT */
/* The addresses of one host: looked up in uv's thread pool, and believed for a minute. Used by
   client_pool.c. */
#ifndef USHER_CLIENT_NAMES_H
#define USHER_CLIENT_NAMES_H

#include "client_url.h"

#include <netdb.h>
#include <uv.h>

struct client_names;

/* on_found: a look-up has ended, with 0 or UV_EAI_*, and the list that was given before is gone.
   NULL when memory is out. */
struct client_names *client_names_open(uv_loop_t *loop, const struct client_url *url,
                                       void (*on_found)(void *ctx, int err), void *ctx);

/* 0; UV_EAGAIN: they are being looked up, on_found follows; or UV_E*. The list is good until the
   next on_found. */
int client_names_get(struct client_names *n, const struct addrinfo **out);

/* No on_found comes any more. The memory goes when a look-up under way has been answered. */
void client_names_close(struct client_names *n);

#endif
