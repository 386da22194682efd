/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 client on the caller's uv loop, with TLS: llhttp and OpenSSL are behind this header. One
   verb (client_send), one callback. One client per loop and thread; it owns the kept-alive
   connections. The caller owns each call and frees it. */
#ifndef USHER_CLIENT_H
#define USHER_CLIENT_H

#include "bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct client;
struct client_call;

/* Zero means the default. Strings are copied. */
struct client_settings {
  unsigned max_connections;      /* to all hosts, in use or kept alive; further calls wait: 1024 */
  unsigned max_host_connections; /* to one host: 512 */
  unsigned connect_timeout_ms;   /* name, TCP and TLS together, within the call's deadline: 5000 */
  const char *ca_file;           /* PEM file that replaces the system's trust store */
};

/* The wire carries these headers and Host, Content-Length: nothing else is added.
 * No redirect is followed. */
struct client_request {
  const char *method, *url;
  const char *const *headers; /* "Name: value" lines, no CR, LF or framing headers in them */
  size_t header_count;
  const char *body;
  size_t body_len;
  uint64_t deadline_ms; /* on uv_now's clock; UINT64_MAX for none */
  size_t max_response;  /* body bytes; 0: 4 MiB */
  bool repeatable;      /* may be sent twice though its method is not idempotent: client_send */
};

enum client_error {
  CLIENT_OK, /* a whole reply came, whatever its status */
  CLIENT_DNS,
  CLIENT_CONNECT,
  CLIENT_TLS,
  CLIENT_TIMEOUT, /* the deadline, or connect_timeout_ms */
  CLIENT_RESET,   /* the connection ended before the reply did */
  CLIENT_TOO_LARGE,
  CLIENT_PROTOCOL, /* not HTTP/1.x, or not a URL that we speak */
  CLIENT_CANCELED, /* ended on our side: client_close, or memory ran out on the way */
};

/* 0 or UV_ENOMEM. client_close ends all calls with CLIENT_CANCELED before it returns: their on_done
   runs inside it. It may be called from an on_done. Its memory goes when the loop has run once
   more, and names that are being looked up have been answered. Calls outlive it until they are
   freed. */
int client_open(uv_loop_t *loop, const struct client_settings *settings, struct client **out);
void client_close(struct client *c);

/* Copies what it needs; on_done comes once, later, never inside client_send, unless the call was
   freed before. NULL when memory is out. A connection that was kept alive may turn out dead only
   after the request was written. Then GET, HEAD, PUT, DELETE, OPTIONS and repeatable calls are sent
   again on another connection, if not one byte of a reply had come; any other call ends with
   CLIENT_RESET and client_call_sent true: only its author knows whether a second time does harm. */
struct client_call *client_send(struct client *c, const struct client_request *r,
                                void (*on_done)(struct client_call *, void *ctx), void *ctx);

/* Before on_done it cancels and on_done never comes. Wipes what the request held. NULL is fine. */
void client_call_free(struct client_call *call);

/* After on_done; slices live as long as the call. */
enum client_error client_call_error(const struct client_call *call);
const char *client_call_message(const struct client_call *call); /* "" when all went well */
/* Could the peer have seen any byte of the request? */
bool client_call_sent(const struct client_call *call);
int client_call_status(const struct client_call *call); /* 0 when no reply came */
struct slice client_call_body(const struct client_call *call);

/* Walks all headers as they came, names in lower case: start with *at = 0; false at the end. */
bool client_call_next_header(const struct client_call *call, size_t *at, struct slice *name,
                             struct slice *value);

const char *client_error_name(enum client_error error); /* "dns", "too_large", … as Lua sees it */

#endif
