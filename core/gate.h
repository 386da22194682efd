/* SPDX-License-Identifier: MIT */
/* The gate: what llhttp lets through and usher does not. Pure judgement over lines and heads; http1
 * asks, in the order of the bytes, so that the same bytes always meet the same refusal. */
#ifndef USHER_GATE_H
#define USHER_GATE_H

#include "http1_request.h"

/* Every method that can reach a handler. */
#define GATE_ALLOW "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

/* GATE_OK and the reasons to refuse; gate.c has the answer to each. */
enum gate {
  GATE_OK,
  GATE_LINE_END,
  GATE_CONTROL,
  GATE_FOLD,
  GATE_NO_NAME,
  GATE_NAME,
  GATE_ALIAS,
  GATE_REQUEST_LINE,
  GATE_METHOD_UNKNOWN,
  GATE_METHOD_REFUSED,
  GATE_VERSION,
  GATE_TARGET,
  GATE_HOST_MISSING,
  GATE_HOST_MANY,
  GATE_HOST,
  GATE_HOST_DIFFERS,
  GATE_TWICE,
  GATE_LENGTH,
  GATE_CODING,
  GATE_CODING_UNKNOWN,
  GATE_CODING_OLD,
  GATE_EXPECT,
  GATE_FRAMING,
  GATE_CHUNK,
  GATE_TRAILER,
  GATE_LINE_LONG,
  GATE_HEADERS_LARGE,
  GATE_FIELDS_MANY,
  GATE_BODY_LARGE,
  GATE_MEMORY,
};

const struct http1_refusal *gate_refusal(enum gate why);

bool gate_token(struct slice text);        /* RFC 9110 §5.6.2, not empty */
bool gate_may_start(char c);               /* a request can begin with this byte */
enum gate gate_line(struct slice line);    /* any line of head or trailer, with its LF */
enum gate gate_field(struct slice line);   /* a header line that gate_line passed */
enum gate gate_trailer(struct slice name); /* a trailer's name that would reframe the message */

/* A chunk's line (that gate_line passed): how many digits its size has. */
enum gate gate_chunk_line(struct slice line, size_t *digits);

/* Splits a request line (that gate_line passed) into method, target, path, query, minor. */
enum gate gate_request_line(struct slice line, struct http1_request *r);

/* A whole head; sets expects_continue. */
enum gate gate_head(struct http1_request *r);

#endif
