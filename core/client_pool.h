/* SPDX-License-Identifier: MIT */
/* Connections to the hosts that calls go to: made, kept alive, shared out, limited in number. Used
   by client.c; knows of a call only where it wants to go, and whether it is served. */
#ifndef USHER_CLIENT_POOL_H
#define USHER_CLIENT_POOL_H

#include "client_call.h"
#include "client_socket.h"

/* What becomes of calls; on_data and on_end are the pool's last acts: anything may be
   done in them. */
struct pool_user {
  /* Time to write, with pool_write; the next two follow. */
  void (*on_link)(struct client_call *call);
  void (*on_data)(struct client_call *call, const char *data, size_t len);
  /* A connection that was kept alive has ended: may the call have another one, a new one? */
  bool (*goes_again)(struct client_call *call);
  /* CLIENT_OK: the peer ended the connection in an orderly way. The call has left the pool. */
  void (*on_end)(struct client_call *call, enum client_error error, const char *message);
};

struct pool {
  uv_loop_t *loop;
  const struct client_settings *settings;
  const struct pool_user *user;
  SSL_CTX *trust; /* made for the first https; NULL before */
  struct origin *origins;
  struct deadlines deadlines; /* of links that are being made, or idle */
  unsigned links, waiting;
};

/* settings and user outlive the pool. 0 or UV_ENOMEM. */
int pool_open(struct pool *p, uv_loop_t *loop, const struct client_settings *settings,
              const struct pool_user *user);
/* No call may be left in it. on_closed: as deadlines_close's, of p->deadlines. */
void pool_close(struct pool *p, uv_close_cb on_closed, void *ctx);

/* on_link comes at once, when a kept-alive connection is free, or later. 0 or UV_ENOMEM. */
int pool_join(struct pool *p, struct client_call *call, const struct client_url *url);

void pool_write(struct client_call *call, struct slice bytes);

/* The call leaves, wherever it is. keep: its connection has done its work, and may serve again. */
void pool_leave(struct pool *p, struct client_call *call, bool keep);

#endif
