/* SPDX-License-Identifier: MIT */
/* The canonical request of Signature Version 4, part by part; signing and verifying differ only in
 * which headers they take. All append to out and return 0 or UV_ENOMEM. */
#ifndef USHER_SIGV4_CANONICAL_H
#define USHER_SIGV4_CANONICAL_H

#include "sigv4.h"

int sigv4_canonical_path(struct slice path, enum sigv4_path mode, struct bytes *out);
/* Names and values decoded and encoded again, sorted by both; X-Amz-Signature is left out. */
int sigv4_canonical_query(struct slice query, struct bytes *out);

/* The headers that count. Names in any case; sorting keeps the order of equal names. */
struct sigv4_headers {
  struct sigv4_header list[SIGV4_MAX_HEADERS];
  size_t count;
};
/* UV_E2BIG when full. */
int sigv4_headers_add(struct sigv4_headers *h, struct slice name, struct slice value);

/* Sorts the headers, then writes out->signed_headers and out->canonical anew. */
int sigv4_canonical(const struct sigv4_request *request, enum sigv4_path mode,
                    struct sigv4_headers *headers, struct slice payload_hash,
                    struct sigv4_signed *out);

#endif
