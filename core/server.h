/* SPDX-License-Identifier: MIT */
/* The HTTP/1.1 server of one loop: connections, limits, deadlines, replies. One server per listener
 * per worker thread; everything here happens on the loop's thread. The handler gets complete
 * requests only; what the gate refuses is answered inside. */
#ifndef USHER_SERVER_H
#define USHER_SERVER_H

#include "address.h"
#include "cors.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct server;
struct exchange;

struct server_limits {
  size_t request_line, headers, fields, body; /* bytes, bytes, count, bytes: 414, 431, 431, 413 */
  unsigned connections, connections_per_address;        /* the latter only without trusted hops */
  unsigned requests_per_connection, in_flight, backlog; /* past in_flight: 503 at once */
  unsigned head_deadline, body_deadline, body_min_rate; /* ms, ms, bytes per second: 408 */
  unsigned body_window;                                 /* ms over which that rate is measured */
  unsigned idle, request_deadline, write_deadline;      /* ms; request_deadline: 504 */
  unsigned linger, drain_idle;                          /* ms */
};

/* What the workers' servers share; zero is a valid start. max_* = 0: no bound. */
struct server_shared {
  atomic_uint connections, in_flight;
  unsigned max_connections, max_in_flight;
};

/* What was answered, for the access log and the metrics; slices die with the call. */
struct server_reply {
  struct slice method, path, remote, request_id;
  int status;
  const char *refusal; /* the error code of an answer that the server gave by itself, else NULL */
  uint64_t duration;   /* ns since the request's first byte */
  size_t bytes;        /* of body */
  bool gone;           /* nobody was left to read it */
};

struct server_settings { /* strings and lists are copied */
  const char *name;      /* the listener's tag */
  struct server_limits limits;
  struct cors_settings cors;
  struct proxy_settings proxy;
  const char *strip_prefix; /* "/prod", or NULL */
  bool dates_itself; /* a reply may bring a Date that replaces ours: wrong clocks on purpose */
  const char *hsts;  /* Strict-Transport-Security where a trusted hop says https; or NULL */
  const char *const *probes;    /* or NULL: paths answered past in_flight, NULL last; not copied */
  struct server_shared *shared; /* or NULL; outlives the server */
  /* Or NULL; every reply; on_request's ctx. */
  void (*on_reply)(const struct server_reply *, void *ctx);
};

struct server_limits server_limits_default(void);

/* fd is bound; it belongs to the server from now on, whatever is returned. UV_EINVAL: settings that
 * cannot be served (CORS `*` with credentials). on_request never comes from inside server_open. */
int server_open(uv_loop_t *loop, int fd, const struct server_settings *settings,
                void (*on_request)(struct exchange *, void *ctx), void *ctx, struct server **out);

/* The methods that a CORS preflight allows from now on, "GET, POST" at first; copied, cut at
 * SERVER_METHODS. */
#define SERVER_METHODS 64
void server_allow_methods(struct server *s, const char *methods);

/* Stops listening and keep-alive; on_drained comes once, later, when the last connection and
 * exchange has ended. */
void server_drain(struct server *s, void (*on_drained)(void *ctx), void *ctx);

/* Ends every connection now. The server is gone when on_closed comes (once, later; a drain's
 * callback comes no more). Exchanges outlive it: each still wants its exchange_reply. */
void server_close(struct server *s, void (*on_closed)(void *ctx), void *ctx);

/* --- an exchange: one request and its one reply. Slices live until exchange_reply ------------- */

struct exchange_header {
  struct slice name, value;
};

struct slice exchange_listener(const struct exchange *e); /* settings.name */
struct slice exchange_method(const struct exchange *e);
struct slice exchange_target(const struct exchange *e); /* as sent */
/* As sent, begins with '/', without strip_prefix. */
struct slice exchange_path(const struct exchange *e);
struct slice exchange_query(const struct exchange *e); /* behind '?', as sent */
struct slice exchange_body(const struct exchange *e);
struct slice exchange_remote(const struct exchange *e); /* the client's address as text */
/* What to count limits by: IPv6 is its /64. */
struct slice exchange_remote_key(const struct exchange *e);
struct slice exchange_request_id(const struct exchange *e);

/* The first of that name, any case. */
bool exchange_header(const struct exchange *e, const char *name, struct slice *value);
/* In the order sent, as sent. */
size_t exchange_header_count(const struct exchange *e);
struct exchange_header exchange_header_at(const struct exchange *e, size_t i);

/* Nobody will read the reply: reset, closed, or answered 504. */
bool exchange_gone(const struct exchange *e);
/* The client will send no more: it may be leaving, or still read. */
bool exchange_half_closed(const struct exchange *e);

/* Whether the server would send this header (token; no control characters). A reply with one that
 * it would not becomes a 500. The server's own (Date, X-Request-Id, Content-Length, Connection,
 * Transfer-Encoding) are left out. */
bool exchange_header_valid(struct slice name, struct slice value);

/* Exactly once, from on_request or any time later; copies; the exchange is no more. */
void exchange_reply(struct exchange *e, int status, const struct exchange_header *headers,
                    size_t count, const char *body, size_t len);

/* In its place: no byte is said and the connection is reset. on_reply hears of status 0. */
void exchange_abort(struct exchange *e);

#endif
