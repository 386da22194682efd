/* SPDX-License-Identifier: MIT */
/* A call from the inside: what client.c and client_pool.c share. */
#ifndef USHER_CLIENT_CALL_H
#define USHER_CLIENT_CALL_H

#include "client.h"
#include "client_reply.h"
#include "client_request.h"
#include "deadlines.h"

enum { CLIENT_MESSAGE = 448 }; /* a host's name and some words */

/* Its end is on_done or client_call_free, whichever comes first; only then is client NULL. */
struct client_call {
  struct client *client;
  struct client_call *next, **to; /* in the client's list */
  struct deadline deadline;       /* or the moment when what has failed at its start is told */
  void (*on_done)(struct client_call *, void *ctx);
  void *ctx;
  struct client_bytes *request; /* until its end */
  struct client_reply reply;
  enum client_error error;
  bool sent, dead; /* dead: a kept-alive connection ended, and it must not go out on another */
  char message[CLIENT_MESSAGE];

  /* the pool's */
  struct origin *origin; /* while it waits or has a link */
  struct client_call *behind, **queued;
  struct link *link;
  bool fresh; /* a kept-alive connection has failed it: it wants one that is new */
};

#endif
