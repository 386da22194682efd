/* SPDX-License-Identifier: MIT */
/* The keys of the jwt module, and the base64url in which keys and tokens are written. jwt.c has the
 * tokens. Nothing here yields. */
#ifndef USHER_JWT_KEY_H
#define USHER_JWT_KEY_H

#include <lauxlib.h>
#include <openssl/evp.h>
#include <stdbool.h>

enum { JWT_BITS_MAX = 8192 };

void jwt_key_type(lua_State *L); /* once for each state: what a key can do */

/* The key at index belongs to its userdata; anything else there is the caller's bug. */
EVP_PKEY *jwt_check_key(lua_State *L, int index);

/* stack: -> key made of the base64url numbers; NULL, and nothing pushed, when they are not numbers
 * of a usable key */
EVP_PKEY *jwt_push_public_key(lua_State *L, const char *n_text, size_t n_len, const char *e_text,
                              size_t e_len);

int jwt_generate_key(lua_State *L);
int jwt_import_key(lua_State *L);

/* stack: -> base64url of the bytes */
void jwt_push_base64url(lua_State *L, const void *data, size_t len);
/* stack: -> the bytes; false, and nothing pushed, when the text is not base64url */
bool jwt_push_unbase64url(lua_State *L, const char *text, size_t len);

#endif
