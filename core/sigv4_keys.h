/* SPDX-License-Identifier: MIT */
/* The cache behind struct sigv4_keys: a derived key costs four HMACs and serves one day. */
#ifndef USHER_SIGV4_KEYS_H
#define USHER_SIGV4_KEYS_H

#include "digest.h"
#include "sigv4.h"

/* The key for this scope, derived when it is not there yet. NULL when memory is out; stays the
 * cache's. */
struct digest_key *sigv4_keys_get(struct sigv4_keys *keys, struct slice secret,
                                  const struct sigv4_scope *scope);

#endif
