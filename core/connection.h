/* SPDX-License-Identifier: MIT */
/* Inside the server: one connection and the exchange in it. Only server.c, connection.c, exchange.c
 * and reply.c look here. A connection is freed when its handle is closed and its exchange has been
 * replied to, whichever comes last. */
#ifndef USHER_CONNECTION_H
#define USHER_CONNECTION_H

#include "deadlines.h"
#include "http1.h"
#include "server.h"

/* Also the kind of the deadline that runs in it. */
enum phase {
  PHASE_IDLE,   /* between requests */
  PHASE_HEAD,   /* a request's head is coming */
  PHASE_BODY,   /* its body is coming */
  PHASE_FLOW,   /* the handler has it */
  PHASE_WRITE,  /* the reply waits for the client to read */
  PHASE_LINGER, /* nothing more will be said; what the client still sends is thrown away */
};

struct exchange {
  bool pending;      /* exchange_reply has not come */
  bool answered;     /* by us, when its deadline passed */
  struct slice path; /* without strip_prefix */
  size_t request_id_len, remote_len, key_len;
  char request_id[128], remote[ADDRESS_TEXT], key[ADDRESS_TEXT];
};

struct connection {
  uv_tcp_t tcp; /* data is the connection */
  struct server *server;
  struct connection *prev, *next;         /* all of the server */
  struct connection *same_bucket, *ready; /* per address; waiting for the next tick */
  struct deadline deadline;
  struct http1 *parser;
  struct bytes ahead; /* what came behind the current request */
  struct address peer;
  enum phase phase;
  unsigned served;
  uint64_t started;       /* hrtime of the request's first byte */
  uint64_t body_deadline; /* absolute; the phase's own deadline is one window of the minimum rate */
  size_t window_bytes, lingered;
  bool surplus; /* over a cap: gets 503 and goes */
  bool eof;     /* the client will send no more */
  bool gone;    /* reset, or the handle is closing */
  bool stopped; /* reading is stopped: too much is ahead */
  bool closing; /* no request after this one */
  bool working; /* connection_work is on the stack */
  bool is_ready, closed;
  uv_write_t write;
  char *unsent; /* what uv_write still has to send */
  uv_shutdown_t shutdown;
  struct exchange exchange;
};

/* connection.c */
int connection_accept(struct server *s);
void connection_work(struct connection *c); /* parse what is ahead, as far as the phase allows */
void connection_sent(struct connection *c); /* the reply is with the kernel */
void connection_enter(struct connection *c, enum phase phase, unsigned ms);
void connection_close(struct connection *c);   /* now */
void connection_reset(struct connection *c);   /* now, and the client is told so */
void connection_release(struct connection *c); /* frees it if nothing holds it */
void connection_due(struct connection *c);     /* its deadline has passed */

/* exchange.c: a complete request is in the parser */
void exchange_start(struct connection *c);
void exchange_expire(struct connection *c); /* 504; the flow runs on */

/* reply.c */
struct reply {
  int status;
  const struct exchange_header *headers;
  size_t header_count;
  const char *body;
  size_t body_len;
  const char *lines;   /* ready header lines, or NULL */
  const char *refusal; /* code, when the server answers by itself */
  bool preflight;
};
/* Ends in connection_sent, or closes. */
void reply_send(struct connection *c, const struct reply *r);
void reply_identify(struct connection *c);                    /* gives the request its id */
void reply_note(struct connection *c, const struct reply *r); /* tells on_reply */
/* Answers {"error":{…}}; lines may be NULL. The connection lingers and closes
 * when closing is set. */
void reply_refuse(struct connection *c, const struct http1_refusal *why, const char *lines);

#endif
