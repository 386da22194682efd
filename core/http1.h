/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 in: bytes become one complete request at a time, or a refusal. llhttp frames, the gate
 * judges. Pure: no sockets, no clock; how the bytes are cut never changes what comes out. One per
 * connection, owned by it. */
#ifndef USHER_HTTP1_H
#define USHER_HTTP1_H

#include "http1_request.h"

struct http1_limits {
  size_t request_line, headers, fields, body;
};

enum http1_state {
  HTTP1_HEAD,    /* wants (more of) the head */
  HTTP1_BODY,    /* has the head, wants body */
  HTTP1_REQUEST, /* one request is complete; takes no bytes until http1_next */
  HTTP1_REFUSED, /* no byte after this one can be trusted */
};

struct http1;

struct http1 *
http1_new(const struct http1_limits *limits); /* limits outlive it; NULL: out of memory */
void http1_free(struct http1 *p);

/* Takes bytes up to the end of one request; *used says how many. Stops once at the end of a head
 * that a body follows (HTTP1_BODY), so that 100 Continue can be sent; call again with the rest. */
enum http1_state http1_feed(struct http1 *p, const char *data, size_t len, size_t *used);
enum http1_state http1_state(const struct http1 *p);
bool http1_started(const struct http1 *p); /* a byte of the next request has come */
void http1_next(struct http1 *p);          /* forget the request; keeps small buffers */

const struct http1_request *
http1_request(const struct http1 *p); /* the head's part from HTTP1_BODY on */
const struct http1_refusal *http1_refusal(const struct http1 *p); /* when HTTP1_REFUSED */
bool http1_has_head(const struct http1 *p);   /* http1_request's head was judged and is whole */
bool http1_wants_head(const struct http1 *p); /* its method is HEAD, also of one that is refused */

#endif
