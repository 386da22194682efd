/* SPDX-License-Identifier: MIT */
/* Derived signing keys: found by date, region, service and the secret itself, so that two owners of
 * one key id, or a rotated secret, can never meet. An HMAC context is kept with each, not the key's
 * bytes. */
#include "sigv4_keys.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 32, PARTS = 4 };

struct entry {
  char *text; /* the parts one after another */
  size_t len[PARTS];
  struct digest_key *key; /* NULL: free */
  uint64_t used;
};

struct sigv4_keys {
  struct entry entries[KEYS];
  uint64_t clock;
};

struct sigv4_keys *sigv4_keys_new(void) {
  return calloc(1, sizeof(struct sigv4_keys));
}

static void entry_clear(struct entry *e) {
  size_t len = 0;
  for (int i = 0; i < PARTS; i++) len += e->len[i];
  if (e->text) OPENSSL_cleanse(e->text, len);
  free(e->text);
  digest_key_free(e->key);
  *e = (struct entry){0};
}

void sigv4_keys_free(struct sigv4_keys *keys) {
  if (!keys) return;
  for (int i = 0; i < KEYS; i++) entry_clear(&keys->entries[i]);
  free(keys);
}

static bool entry_is(const struct entry *e, const struct slice parts[PARTS]) {
  const char *at = e->text;
  if (!e->key) return false;
  for (int i = 0; i < PARTS; i++) {
    if (!digest_equal(at, e->len[i], parts[i].data, parts[i].len)) return false;
    at += e->len[i];
  }
  return true;
}

static int entry_name(struct entry *e, const struct slice parts[PARTS]) {
  size_t len = 0;
  for (int i = 0; i < PARTS; i++) len += parts[i].len;
  char *at = e->text = malloc(len + 1);
  if (!at) return -1;
  for (int i = 0; i < PARTS; i++) {
    if (parts[i].len) memcpy(at, parts[i].data, parts[i].len);
    at += e->len[i] = parts[i].len;
  }
  return 0;
}

static struct digest_key *derive(struct slice secret, const struct sigv4_scope *scope) {
  unsigned char a[DIGEST_SIZE], b[DIGEST_SIZE];
  struct digest_key *key = NULL;
  struct bytes first = {0};
  if (!bytes_append(&first, "AWS4", 4) && !bytes_append(&first, secret.data, secret.len) &&
      !digest_hmac(first.data, first.len, scope->date.data, scope->date.len, a) &&
      !digest_hmac(a, sizeof a, scope->region.data, scope->region.len, b) &&
      !digest_hmac(b, sizeof b, scope->service.data, scope->service.len, a) &&
      !digest_hmac(a, sizeof a, SIGV4_TERMINATOR, strlen(SIGV4_TERMINATOR), b))
    key = digest_key_new(b, sizeof b);
  bytes_wipe(&first);
  OPENSSL_cleanse(a, sizeof a);
  OPENSSL_cleanse(b, sizeof b);
  return key;
}

struct digest_key *sigv4_keys_get(struct sigv4_keys *keys, struct slice secret,
                                  const struct sigv4_scope *scope) {
  const struct slice parts[PARTS] = {scope->date, scope->region, scope->service, secret};
  struct entry *oldest = &keys->entries[0];
  for (struct entry *e = keys->entries; e < keys->entries + KEYS; e++) {
    if (entry_is(e, parts)) {
      e->used = ++keys->clock;
      return e->key;
    }
    if (e->used < oldest->used) oldest = e;
  }
  entry_clear(oldest);
  if (entry_name(oldest, parts)) return NULL;
  oldest->key = derive(secret, scope);
  if (!oldest->key) {
    entry_clear(oldest);
    return NULL;
  }
  oldest->used = ++keys->clock;
  return oldest->key;
}
