/* SPDX-License-Identifier: MIT */
/* Digests, keyed digests, randomness and ids on OpenSSL. Whatever returns int gives 0 or UV_ENOMEM
 * (the library ran out of memory), nothing else. Safe from any thread; a struct digest_key belongs
 * to one thread at a time. */
#ifndef USHER_DIGEST_H
#define USHER_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_SIZE 32                /* SHA-256 */
#define DIGEST_HEX  (2 * DIGEST_SIZE) /* its text, without a NUL */
#define UUID_SIZE   36                /* the same */

int digest_sha256(const void *data, size_t len, unsigned char out[DIGEST_SIZE]);
/* In lower-case hexadecimal digits, NUL-terminated. */
int digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX + 1]);
int digest_hmac(const void *key, size_t key_len, const void *data, size_t len,
                unsigned char out[DIGEST_SIZE]);

/* An HMAC-SHA256 whose key was taken in once: half the price per message. */
struct digest_key;
struct digest_key *digest_key_new(const void *key, size_t len); /* NULL when memory is out */
int digest_key_hmac(struct digest_key *key, const void *data, size_t len,
                    unsigned char out[DIGEST_SIZE]);
void digest_key_free(struct digest_key *key);

/* The time it takes says nothing about the contents, only about the lengths. */
bool digest_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/* A generator that fails has no safe answer: these end the process then. */
void digest_random(void *out, size_t len);
/* n bytes evenly drawn from an alphabet of 1 to 256 bytes, by random bytes that the caller has. */
void digest_text(char *out, size_t n, const char *alphabet, size_t alphabet_len,
                 void (*draw)(void *ctx, void *out, size_t len), void *ctx);

/* RFC 9562: lower-case text, NUL-terminated. */
void uuid_drawn(const unsigned char random[16], char out[UUID_SIZE + 1]);
int uuid_named(const unsigned char space[16], const void *name, size_t len,
               char out[UUID_SIZE + 1]);
/* False, and out untouched, for anything but 8-4-4-4-12 hexadecimal digits. */
bool uuid_parse(const char *text, size_t len, unsigned char out[16]);

#endif
