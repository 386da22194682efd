/* SPDX-License-Identifier: MIT */
/* Where calls go: a scheme, host and port, with its addresses, its links and the calls that wait
   for one. client_pool.c moves them; here they are made, found and strung together. */
#ifndef USHER_CLIENT_ORIGIN_H
#define USHER_CLIENT_ORIGIN_H

#include "client_names.h"
#include "client_pool.h"

/* A connection, and what it is doing. */
struct link {
  struct origin *origin;
  struct client_socket *socket; /* NULL while the name is looked up */
  const struct addrinfo *address;
  struct client_call *call;   /* NULL while it is being made, and when it is idle */
  struct link *newer, *older; /* in the origin's list of its kind: making or idle */
  struct deadline deadline;
  uint64_t until; /* when it has to be made */
  bool making, used;
  enum client_error error; /* of one that could not even begin, told by its deadline */
  char message[CLIENT_MESSAGE];
};

struct links {
  struct link *newest, *oldest;
};

struct origin {
  struct pool *pool;
  struct origin *next;
  struct client_tls_peer peer;
  SSL_SESSION *session;
  struct client_names *names;
  bool tls;
  uint16_t port;
  char host[254];
  struct links making, idle;
  unsigned links, making_count, waiting_count;
  struct client_call *waiting, **waiting_end;
};

void links_add(struct links *list, struct link *k); /* as the newest */
void links_remove(struct links *list, struct link *k);

/* At the end of those that wait, and out from anywhere among them. */
void origin_enqueue(struct origin *o, struct client_call *call);
void origin_dequeue(struct client_call *call);

/* The one of this URL, made if need be; of many, one that nobody uses goes. NULL when memory is
   out. on_found: client_names_open's, with the origin. */
struct origin *origin_of(struct pool *p, const struct client_url *url,
                         void (*on_found)(void *origin, int err));
void origin_forget_session(struct origin *o);
void origin_last(struct origin **at); /* moves it from there to the end of its pool's list */
void origin_free(struct origin *o);   /* it has no links, and nobody waits */

#endif
