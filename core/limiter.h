/* SPDX-License-Identifier: MIT */
/* Rate limits by key (the generic cell rate algorithm), in a fixed piece of memory that all workers
 * share. Any thread. */
#ifndef USHER_LIMITER_H
#define USHER_LIMITER_H

#include <stddef.h>
#include <stdint.h>

struct limiter;

/* Room for that many keys, at 24 bytes each. When it is full, the key that is furthest from its
 * limit is forgotten, so that a flood of new keys frees nobody who is being held back.
 * NULL: out of memory. */
struct limiter *limiter_new(size_t keys);
void limiter_free(struct limiter *l);

struct limit {
  double rate;  /* a second, above 0 */
  double burst; /* how many at once; at least cost */
  double cost;  /* of this one, 0 or more */
};

/* Takes cost from the key's allowance. 0: it is within its limit; else nanoseconds until it would
 * be, and nothing was taken. now is a clock of nanoseconds that never goes back, and not 0. */
uint64_t limiter_take(struct limiter *l, const void *key, size_t len, const struct limit *limit,
                      uint64_t now);

#endif
