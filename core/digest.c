/* SPDX-License-Identifier: MIT */
/* Digests on OpenSSL's EVP. The algorithms are fetched once per process, the contexts made once per
 * thread: fetching them for every call would cost more than hashing. */
#include "digest.h"

#include "encoding.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct digest_key {
  EVP_MAC_CTX *mac;
};

struct contexts { /* one per thread, freed when it ends */
  EVP_MD_CTX *hash;
  EVP_MAC_CTX *mac;
  unsigned char random[512]; /* the first random_left bytes are not used yet */
  size_t random_left;
};

static EVP_MD *sha256, *sha1;
static EVP_MAC *hmac;
static pthread_key_t contexts_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void contexts_free(void *arg) {
  struct contexts *c = arg;
  EVP_MD_CTX_free(c->hash);
  EVP_MAC_CTX_free(c->mac);
  OPENSSL_cleanse(c->random, sizeof c->random);
  free(c);
}

static void fetch_all(void) {
  sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
  hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  if (!sha256 || !sha1 || !hmac || pthread_key_create(&contexts_key, contexts_free)) {
    fputs("usher: this OpenSSL has no SHA-256, SHA-1 or HMAC\n", stderr);
    abort();
  }
}

/* The algorithm is looked up by its name, which costs more than hashing: once for each context. */
static EVP_MAC_CTX *mac_new(void) {
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
      OSSL_PARAM_construct_end()};
  EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
  if (mac && EVP_MAC_CTX_set_params(mac, params)) return mac;
  EVP_MAC_CTX_free(mac);
  return NULL;
}

static struct contexts *contexts_get(void) {
  pthread_once(&once, fetch_all);
  struct contexts *c = pthread_getspecific(contexts_key);
  if (c) return c;
  c = calloc(1, sizeof *c);
  if (!c) return NULL;
  c->hash = EVP_MD_CTX_new();
  c->mac = mac_new();
  if (c->hash && c->mac && pthread_setspecific(contexts_key, c) == 0) return c;
  contexts_free(c);
  return NULL;
}

int digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SIZE]) {
  struct contexts *c = contexts_get();
  if (c && EVP_DigestInit_ex2(c->hash, sha256, NULL) && EVP_DigestUpdate(c->hash, data, len) &&
      EVP_DigestFinal_ex(c->hash, out, NULL))
    return 0;
  return UV_ENOMEM;
}

int digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX + 1]) {
  unsigned char digest[DIGEST_SIZE];
  int err = digest_sha256(data, len, digest);
  if (err) return err;
  hex_encode(digest, sizeof digest, out);
  out[DIGEST_HEX] = '\0';
  return 0;
}

/* A NULL key starts over with the key that the context already has. */
static int mac_run(EVP_MAC_CTX *mac, const void *key, size_t key_len, const void *data, size_t len,
                   unsigned char *out) {
  size_t size;
  if (EVP_MAC_init(mac, key, key_len, NULL) && EVP_MAC_update(mac, data, len) &&
      EVP_MAC_final(mac, out, &size, DIGEST_SIZE))
    return 0;
  return UV_ENOMEM;
}

int digest_hmac(const void *key, size_t key_len, const void *data, size_t len,
                unsigned char out[DIGEST_SIZE]) {
  struct contexts *c = contexts_get();
  if (!c) return UV_ENOMEM;
  return mac_run(c->mac, key_len ? key : "", key_len, data, len, out);
}

struct digest_key *digest_key_new(const void *key, size_t len) {
  unsigned char ignored[DIGEST_SIZE];
  pthread_once(&once, fetch_all);
  struct digest_key *k = calloc(1, sizeof *k);
  if (!k) return NULL;
  k->mac = mac_new();
  if (k->mac && mac_run(k->mac, len ? key : "", len, "", 0, ignored) == 0) return k;
  digest_key_free(k);
  return NULL;
}

int digest_key_hmac(struct digest_key *key, const void *data, size_t len,
                    unsigned char out[DIGEST_SIZE]) {
  return mac_run(key->mac, NULL, 0, data, len, out);
}

void digest_key_free(struct digest_key *key) {
  if (!key) return;
  EVP_MAC_CTX_free(key->mac); /* wipes what it knew of the key */
  free(key);
}

bool digest_equal(const void *a, size_t a_len, const void *b, size_t b_len) {
  return a_len == b_len && (a_len == 0 || CRYPTO_memcmp(a, b, a_len) == 0);
}

static void generate(void *out, size_t len) {
  unsigned char *at = out;
  while (len) {
    int n = len > INT32_MAX ? INT32_MAX : (int)len;
    if (RAND_bytes(at, n) != 1) {
      fputs("usher: no random bytes from OpenSSL\n", stderr);
      abort();
    }
    at += n;
    len -= (size_t)n;
  }
}

/* Most are ids of 16 bytes, and the generator costs the same for those as for hundreds: each thread
 * keeps some ready. What is handed out is forgotten here. */
void digest_random(void *out, size_t len) {
  struct contexts *c = contexts_get();
  if (!c || len > sizeof c->random) {
    generate(out, len);
    return;
  }
  if (c->random_left < len) generate(c->random, c->random_left = sizeof c->random);
  c->random_left -= len;
  memcpy(out, c->random + c->random_left, len);
  OPENSSL_cleanse(c->random + c->random_left, len);
}

void digest_text(char *out, size_t n, const char *alphabet, size_t alphabet_len,
                 void (*draw)(void *ctx, void *out, size_t len), void *ctx) {
  unsigned char pool[64];
  size_t left = 0;
  unsigned fair =
      256 - 256 % (unsigned)alphabet_len; /* bytes from here on would favour some letters */
  while (n) {
    if (left == 0) draw(ctx, pool, left = n < sizeof pool ? n : sizeof pool);
    unsigned byte = pool[--left];
    if (byte >= fair) continue;
    *out++ = alphabet[byte % alphabet_len];
    n--;
  }
  OPENSSL_cleanse(pool, sizeof pool);
}

static void uuid_print(unsigned char id[16], int version, char out[UUID_SIZE + 1]) {
  static const unsigned char groups[] = {4, 2, 2, 2, 6};
  id[6] = (unsigned char)((id[6] & 0x0f) | version << 4);
  id[8] = (unsigned char)((id[8] & 0x3f) | 0x80);
  for (size_t g = 0; g < sizeof groups; g++) {
    if (g) *out++ = '-';
    hex_encode(id, groups[g], out);
    id += groups[g];
    out += 2 * groups[g];
  }
  *out = '\0';
}

void uuid_drawn(const unsigned char random[16], char out[UUID_SIZE + 1]) {
  unsigned char id[16];
  memcpy(id, random, sizeof id);
  uuid_print(id, 4, out);
}

int uuid_named(const unsigned char space[16], const void *name, size_t len,
               char out[UUID_SIZE + 1]) {
  unsigned char id[EVP_MAX_MD_SIZE];
  struct contexts *c = contexts_get();
  if (!c || !EVP_DigestInit_ex2(c->hash, sha1, NULL) || !EVP_DigestUpdate(c->hash, space, 16) ||
      !EVP_DigestUpdate(c->hash, name, len) || !EVP_DigestFinal_ex(c->hash, id, NULL))
    return UV_ENOMEM;
  uuid_print(id, 5, out);
  return 0;
}

bool uuid_parse(const char *text, size_t len, unsigned char out[16]) {
  char digits[32];
  size_t n = 0;
  if (len != UUID_SIZE) return false;
  for (size_t i = 0; i < len; i++) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (!dash) digits[n++] = text[i];
  }
  unsigned char id[16];
  if (!hex_decode(digits, sizeof digits, id)) return false;
  memcpy(out, id, sizeof id);
  return true;
}
