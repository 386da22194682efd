/* SPDX-License-Identifier: MIT */
/* Secrets: created once from configuration, shared by all workers, wiped at the end. */
#include "secret.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct secret {
  atomic_uint refs;
  char *name;
  size_t len;
  char data[];
};

struct secret *secret_new(const char *name, const char *data, size_t len) {
  struct secret *s = malloc(sizeof *s + len + 1);
  if (!s) return NULL;
  s->name = strdup(name);
  if (!s->name) {
    free(s);
    return NULL;
  }
  atomic_init(&s->refs, 1);
  s->len = len;
  if (len) memcpy(s->data, data, len);
  s->data[len] = '\0';
  return s;
}

struct secret *secret_ref(struct secret *s) {
  atomic_fetch_add(&s->refs, 1);
  return s;
}

void secret_unref(struct secret *s) {
  if (!s || atomic_fetch_sub(&s->refs, 1) > 1) return;
  OPENSSL_cleanse(s->data, s->len);
  free(s->name);
  free(s);
}

const char *secret_name(const struct secret *s) {
  return s->name;
}
const char *secret_data(const struct secret *s) {
  return s->data;
}
size_t secret_len(const struct secret *s) {
  return s->len;
}
