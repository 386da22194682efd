/* SPDX-License-Identifier: MIT */
/* AWS Signature Version 4: the canonical form of a request, and signing it. sigv4_verify.h reads
 * what others signed. Nothing here is kept after a call, except derived keys in a struct
 * sigv4_keys, which belongs to one thread. */
#ifndef USHER_SIGV4_H
#define USHER_SIGV4_H

#include "bytes.h"
#include "timestamp.h"

#include <stdbool.h>
#include <stdint.h>

#define SIGV4_MAX_HEADERS 128
#define SIGV4_ALGORITHM   "AWS4-HMAC-SHA256"
#define SIGV4_TERMINATOR  "aws4_request"

struct sigv4_header {
  struct slice name, value;
};

struct sigv4_request {
  struct slice method, path, query; /* the latter two as on the wire, without the '?' */
  struct slice body;
  const struct sigv4_header *headers; /* must hold "host" */
  size_t header_count;
};

enum sigv4_path {
  SIGV4_PATH_NORMAL, /* dots and empty segments resolved, then encoded once more */
  SIGV4_PATH_KEPT,   /* only encoded once more */
  SIGV4_PATH_S3,     /* taken as it is */
};

struct sigv4_scope {
  struct slice date, region, service; /* date is YYYYMMDD */
};

struct sigv4_options {
  struct slice access_key_id, secret, token; /* no token: len 0 */
  struct slice region, service;
  int64_t time;
  enum sigv4_path path;
  bool sign_body;      /* also send and sign x-amz-content-sha256 */
  bool token_unsigned; /* the caller sends the token, but it is no part of the signature */
  unsigned expires;    /* sigv4_presign only: 1 to 604800 seconds */
};

/* What one signing made; zero-initialised is valid, and it is best used again and again. */
struct sigv4_signed {
  char date[TIMESTAMP_BASIC + 1]; /* goes out as x-amz-date */
  char payload_hash[65];          /* goes out as x-amz-content-sha256 when sign_body */
  char signature[65];
  struct bytes signed_headers, canonical, string_to_sign;
  struct bytes authorization; /* the header's value; after sigv4_presign the whole query instead */
};
void sigv4_signed_free(struct sigv4_signed *s);

/* Derived keys, a bounded number, the least recently used goes first; wiped when they go. */
struct sigv4_keys;
struct sigv4_keys *sigv4_keys_new(void); /* NULL when memory is out */
void sigv4_keys_free(struct sigv4_keys *keys);

/* 0, UV_ENOMEM, UV_E2BIG (more than SIGV4_MAX_HEADERS) or UV_EINVAL (no host header).
 * Every header is signed except those that proxies change. The caller then sends authorization,
 * x-amz-date and, where they apply, x-amz-security-token and x-amz-content-sha256; headers of these
 * names in the request are ignored, but for an x-amz-content-sha256 without sign_body, which is
 * taken at its word. */
int sigv4_sign(struct sigv4_keys *keys, const struct sigv4_request *request,
               const struct sigv4_options *options, struct sigv4_signed *out);
/* The same in the query: for links. */
int sigv4_presign(struct sigv4_keys *keys, const struct sigv4_request *request,
                  const struct sigv4_options *options, struct sigv4_signed *out);

/* The last two steps, for the verifier: string_to_sign and signature from canonical, date and
 * scope. */
int sigv4_seal(struct sigv4_keys *keys, struct slice secret, const struct sigv4_scope *scope,
               struct sigv4_signed *out);

#endif
