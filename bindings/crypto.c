/* SPDX-License-Identifier: MIT */
/* Lua's `crypto` module: digests, encodings, randomness and ids of core, for strings. Keys and what
 * is compared may be secret handles, which stay in C. */
#include "box.h"
#include "digest.h"
#include "encoding.h"
#include "secret_handle.h"
#include "virtual.h"

#include <lauxlib.h>
#include <limits.h>
#include <openssl/hmac.h>
#include <string.h>

enum { RANDOM_MAX = 1 << 20 };

static int push_digest(lua_State *L, int err, const unsigned char digest[DIGEST_SIZE]) {
  if (err) return box_no_memory(L);
  lua_pushlstring(L, (const char *)digest, DIGEST_SIZE);
  return 1;
}

/* crypto.sha256(s) -> 32 bytes */
static int crypto_sha256(lua_State *L) {
  unsigned char digest[DIGEST_SIZE];
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  return push_digest(L, digest_sha256(s, len, digest), digest);
}

/* crypto.hmac_sha256(key string|secret, s) -> 32 bytes */
static int crypto_hmac_sha256(lua_State *L) {
  unsigned char digest[DIGEST_SIZE];
  size_t key_len, len;
  const char *key = secret_or_string(L, 1, &key_len), *s = luaL_checklstring(L, 2, &len);
  return push_digest(L, digest_hmac(key, key_len, s, len, digest), digest);
}

/* crypto.hmac_sha1(key string|secret, s) -> 20 bytes; what one-time passwords are made of */
static int crypto_hmac_sha1(lua_State *L) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size;
  size_t key_len, len;
  const char *key = secret_or_string(L, 1, &key_len), *s = luaL_checklstring(L, 2, &len);
  luaL_argcheck(L, key_len <= INT_MAX, 1, "too long a key");
  if (!HMAC(EVP_sha1(), key, (int)key_len, (const unsigned char *)s, len, digest, &size))
    return box_no_memory(L);
  lua_pushlstring(L, (const char *)digest, size);
  return 1;
}

/* crypto.equal(a string|secret, b string|secret) -> boolean; the time says nothing
 * about the contents */
static int crypto_equal(lua_State *L) {
  size_t a_len, b_len;
  const char *a = secret_or_string(L, 1, &a_len), *b = secret_or_string(L, 2, &b_len);
  lua_pushboolean(L, digest_equal(a, a_len, b, b_len));
  return 1;
}

/* crypto.crc32(s) -> integer, as zlib's */
static int crypto_crc32(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  lua_pushinteger(L, crc32_update(0, s, len));
  return 1;
}

/* --- encodings -------------------------------------------------------------------------------- */

static int malformed(lua_State *L, const char *what) {
  lua_pushnil(L);
  lua_pushfstring(L, "not %s", what);
  return 2;
}

/* crypto.hex(s) -> lower-case digits */
static int crypto_hex(lua_State *L) {
  size_t len;
  luaL_Buffer b;
  const char *s = luaL_checklstring(L, 1, &len);
  hex_encode(s, len, luaL_buffinitsize(L, &b, 2 * len));
  luaL_pushresultsize(&b, 2 * len);
  return 1;
}

/* crypto.unhex(digits) -> bytes | nil, message */
static int crypto_unhex(lua_State *L) {
  size_t len;
  luaL_Buffer b;
  const char *s = luaL_checklstring(L, 1, &len);
  if (!hex_decode(s, len, luaL_buffinitsize(L, &b, len / 2))) return malformed(L, "hexadecimal");
  luaL_pushresultsize(&b, len / 2);
  return 1;
}

static int encode(lua_State *L, enum base64_kind kind) {
  size_t len;
  luaL_Buffer b;
  const char *s = luaL_checklstring(L, 1, &len);
  len = base64_encode(kind, s, len, luaL_buffinitsize(L, &b, BASE64_ROOM(len)));
  luaL_pushresultsize(&b, len);
  return 1;
}

static int decode(lua_State *L, enum base64_kind kind, const char *what) {
  size_t len;
  luaL_Buffer b;
  const char *s = luaL_checklstring(L, 1, &len);
  if (!base64_decode(kind, s, len, luaL_buffinitsize(L, &b, UNBASE64_ROOM(len)), &len))
    return malformed(L, what);
  luaL_pushresultsize(&b, len);
  return 1;
}

/* crypto.base64(s) -> text, padded; crypto.unbase64(text) -> bytes | nil, message */
static int crypto_base64(lua_State *L) {
  return encode(L, BASE64_PADDED);
}
static int crypto_unbase64(lua_State *L) {
  return decode(L, BASE64_PADDED, "base64");
}

/* The same with - and _ and without padding. */
static int crypto_base64url(lua_State *L) {
  return encode(L, BASE64_URL);
}
static int crypto_unbase64url(lua_State *L) {
  return decode(L, BASE64_URL, "base64url");
}

/* crypto.percent(s) -> text: everything but A-Z a-z 0-9 - . _ ~ is %XX (RFC 3986) */
static int crypto_percent(lua_State *L) {
  size_t len;
  luaL_Buffer b;
  const char *s = luaL_checklstring(L, 1, &len);
  len = percent_encode(s, len, 0, luaL_buffinitsize(L, &b, 3 * len));
  luaL_pushresultsize(&b, len);
  return 1;
}

/* --- randomness and ids ----------------------------------------------------------------------- */

static size_t check_count(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 0 && n <= RANDOM_MAX, 1, "must be 0 to 1048576");
  return (size_t)n;
}

static void draw(void *vm, void *out, size_t len) {
  virtual_random(vm, out, len);
}

/* crypto.random(n) -> n bytes that nobody can guess */
static int crypto_random(lua_State *L) {
  luaL_Buffer b;
  size_t n = check_count(L);
  virtual_random(vm_of(L), luaL_buffinitsize(L, &b, n), n);
  luaL_pushresultsize(&b, n);
  return 1;
}

/* crypto.random_string(n[, alphabet]) -> n bytes, each evenly from the alphabet:
 * letters and digits when there is none */
static int crypto_random_string(lua_State *L) {
  size_t n = check_count(L), len;
  const char *alphabet =
      luaL_optlstring(L, 2, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", &len);
  bool seen[256] = {false};
  luaL_Buffer b;
  luaL_argcheck(L, len >= 1 && len <= 256, 2, "must have 1 to 256 bytes");
  for (size_t i = 0; i < len; i++) {
    bool *mark = &seen[(unsigned char)alphabet[i]];
    luaL_argcheck(L, !*mark, 2, "has a byte twice");
    *mark = true;
  }
  digest_text(luaL_buffinitsize(L, &b, n), n, alphabet, len, draw, vm_of(L));
  luaL_pushresultsize(&b, n);
  return 1;
}

/* crypto.uuid() -> a random one, version 4 */
static int crypto_uuid(lua_State *L) {
  char id[UUID_SIZE + 1];
  unsigned char random[16];
  virtual_random(vm_of(L), random, sizeof random);
  uuid_drawn(random, id);
  lua_pushlstring(L, id, UUID_SIZE);
  return 1;
}

/* crypto.uuid5(namespace, name) -> the uuid of a name, version 5;
 * namespace is a uuid, or dns, url, oid, x500 */
static int crypto_uuid5(lua_State *L) {
  static const char *const known[][2] = {{"dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
                                         {"url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"},
                                         {"oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"},
                                         {"x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"}};
  unsigned char space[16];
  char id[UUID_SIZE + 1];
  size_t space_len, len;
  const char *text = luaL_checklstring(L, 1, &space_len), *name = luaL_checklstring(L, 2, &len);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (!strcmp(text, known[i][0])) text = known[i][1], space_len = UUID_SIZE;
  luaL_argcheck(L, uuid_parse(text, space_len, space), 1, "is no uuid");
  if (uuid_named(space, name, len, id)) return box_no_memory(L);
  lua_pushlstring(L, id, UUID_SIZE);
  return 1;
}

static const luaL_Reg functions[] = {
    {"sha256", crypto_sha256},
    {"hmac_sha256", crypto_hmac_sha256},
    {"hmac_sha1", crypto_hmac_sha1},
    {"equal", crypto_equal},
    {"crc32", crypto_crc32},
    {"hex", crypto_hex},
    {"unhex", crypto_unhex},
    {"base64", crypto_base64},
    {"unbase64", crypto_unbase64},
    {"base64url", crypto_base64url},
    {"unbase64url", crypto_unbase64url},
    {"percent", crypto_percent},
    {"random", crypto_random},
    {"random_string", crypto_random_string},
    {"uuid", crypto_uuid},
    {"uuid5", crypto_uuid5},
    {NULL, NULL},
};

int luaopen_crypto(lua_State *L);
int luaopen_crypto(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
