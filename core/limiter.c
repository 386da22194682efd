/* SPDX-License-Identifier: MIT */
/*
 * A table of small sets, each behind one of a few locks. Of a key only 16 bytes of a keyed digest
 * and one moment are kept: when its allowance will be whole again. A moment that has passed is as
 * good as an empty place, so nothing ever has to be swept.
 */
#include "limiter.h"

#include "digest.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WAYS  8
#define LOCKS 64

struct place {
  unsigned char id[16];
  uint64_t whole_at; /* nanoseconds; 0 is an empty place */
};

struct limiter {
  unsigned char seed[DIGEST_SIZE]; /* so that nobody can choose keys that meet in one set */
  size_t sets;                     /* a power of two */
  pthread_mutex_t locks[LOCKS];
  struct place places[];
};

struct limiter *limiter_new(size_t keys) {
  size_t sets = 1;
  while (sets * WAYS < keys) sets *= 2;
  struct limiter *l = calloc(1, sizeof *l + sets * WAYS * sizeof *l->places);
  if (!l) return NULL;
  l->sets = sets;
  digest_random(l->seed, sizeof l->seed);
  for (size_t i = 0; i < LOCKS; i++) pthread_mutex_init(&l->locks[i], NULL);
  return l;
}

void limiter_free(struct limiter *l) {
  if (!l) return;
  for (size_t i = 0; i < LOCKS; i++) pthread_mutex_destroy(&l->locks[i]);
  free(l);
}

/* The key's own place, or the one it may have: the soonest to be whole again. */
static struct place *find(struct place *set, const unsigned char *id) {
  struct place *best = set;
  for (size_t i = 0; i < WAYS; i++) {
    if (set[i].whole_at && memcmp(set[i].id, id, sizeof set[i].id) == 0) return &set[i];
    if (set[i].whole_at < best->whole_at) best = &set[i];
  }
  return best;
}

static uint64_t take(struct place *place, const unsigned char *id, const struct limit *limit,
                     uint64_t now) {
  bool known = memcmp(place->id, id, sizeof place->id) == 0;
  uint64_t base = known && place->whole_at > now ? place->whole_at : now;
  double each = 1e9 / limit->rate;
  uint64_t whole_at = base + (uint64_t)(limit->cost * each);
  uint64_t latest = now + (uint64_t)(limit->burst * each + 0.5);
  if (whole_at > latest) return whole_at - latest;
  memcpy(place->id, id, sizeof place->id);
  place->whole_at = whole_at;
  return 0;
}

uint64_t limiter_take(struct limiter *l, const void *key, size_t len, const struct limit *limit,
                      uint64_t now) {
  unsigned char id[DIGEST_SIZE];
  size_t set;
  if (digest_hmac(l->seed, sizeof l->seed, key, len, id)) return 0; /* out of memory: let it pass */
  memcpy(&set, id + 16, sizeof set);
  set &= l->sets - 1;
  pthread_mutex_t *lock = &l->locks[set % LOCKS];
  pthread_mutex_lock(lock);
  uint64_t wait = take(find(&l->places[set * WAYS], id), id, limit, now);
  pthread_mutex_unlock(lock);
  return wait;
}
