/* SPDX-License-Identifier: MIT */
/* Inside the server: what its connections share. Only server.c, connection.c, exchange.c and
 * reply.c look here. */
#ifndef USHER_SERVER_STATE_H
#define USHER_SERVER_STATE_H

#include "connection.h"

enum { SERVER_BUCKETS = 256, SERVER_READ = 65536 };

struct server {
  uv_loop_t *loop;
  uv_tcp_t listener;
  uv_idle_t tick; /* runs only while something is due at the next turn of the loop */
  struct deadlines deadlines;
  struct server_settings settings;
  struct http1_limits http1_limits;
  char *name, *prefix, *hsts; /* owned copies behind settings */
  struct cors *cors;
  char methods[SERVER_METHODS]; /* what a preflight allows */
  void (*on_request)(struct exchange *, void *);
  void *ctx;
  void (*on_drained)(void *), (*on_closed)(void *);
  void *drained_ctx, *closed_ctx;
  bool listening, draining, closing;
  unsigned handles;   /* uv handles that are not closed yet, connections' included */
  unsigned exchanges; /* pending ones, also those whose client was told 504 */
  unsigned surplus;
  struct connection *connections, *ready;
  unsigned connection_count; /* without those over a cap */
  struct connection *buckets[SERVER_BUCKETS];
  time_t date_second;
  char date[32];
  struct bytes head; /* scratch for replies */
  char read[SERVER_READ];
};

void server_add(struct server *s, struct connection *c);
void server_remove(struct server *s, struct connection *c);
bool server_full(const struct server *s); /* of exchanges */
void server_exchange_began(struct server *s);
void server_exchange_ended(struct server *s);
void server_defer(struct connection *c); /* connection_work at the next turn */
void server_handle_closed(struct server *s);

#endif
