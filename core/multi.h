/* SPDX-License-Identifier: MIT */
/* A curl multi handle driven by a uv loop: sockets, curl's one timer, and the order of closing.
   Used by client.c only. */
#ifndef USHER_MULTI_H
#define USHER_MULTI_H

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

struct multi;

/* 0 or UV_ENOMEM. on_step runs after each step that curl took, outside of curl: read its messages
   there. */
int multi_open(uv_loop_t *loop, void (*on_step)(void *ctx, bool timer), void *ctx,
               struct multi **out);

/* Ends curl's handle before it returns (no easy handle may be left in it), then calls on_closed
   from the loop. */
void multi_close(struct multi *m, void (*on_closed)(void *ctx));

CURLM *multi_curl(struct multi *m);

/* on_step will run before the loop waits again, though curl has nothing to do. */
void multi_kick(struct multi *m);

/* For CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION (its data is the struct multi).
   Sockets made here stay in epoll while curl keeps their connection alive; those that curl makes
   itself (resolver) come and go as curl says. */
curl_socket_t multi_open_socket(struct multi *m, const struct curl_sockaddr *address);
int multi_close_socket(void *m, curl_socket_t fd);

#endif
