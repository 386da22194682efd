/* SPDX-License-Identifier: MIT */
/* Lua's `bignum` module: arithmetic modulo a large number, on big-endian byte strings without a
 * sign. The sandbox's SRP (scripts/sandbox/cognito/srp.lua) is its only caller.
 * Nothing here yields. */
#include <lauxlib.h>
#include <openssl/bn.h>

int luaopen_bignum(lua_State *L);

enum { BYTES_MAX = 1024 };
typedef int operation(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx);

static BIGNUM *number_at(lua_State *L, int index) {
  size_t len;
  const char *data = lua_tolstring(L, index, &len);
  return BN_bin2bn((const unsigned char *)data, (int)len, NULL);
}

/* stack: a, b, modulus -> the result, no leading zero bytes */
static int operate(lua_State *L, operation *op) {
  for (int i = 1; i <= 3; i++) {
    size_t len;
    luaL_checklstring(L, i, &len);
    luaL_argcheck(L, len <= BYTES_MAX, i, "too long a number");
  }
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, BYTES_MAX);
  BIGNUM *a = number_at(L, 1), *b = number_at(L, 2), *m = number_at(L, 3), *r = BN_new();
  BN_CTX *ctx = BN_CTX_new();
  int len = -1;
  if (a && b && m && r && ctx && op(r, a, b, m, ctx)) len = BN_bn2bin(r, (unsigned char *)out);
  BN_CTX_free(ctx);
  BN_clear_free(a);
  BN_clear_free(b);
  BN_free(m);
  BN_clear_free(r);
  if (len < 0) return luaL_error(L, "bignum: no result (is the modulus zero, or even?)");
  luaL_pushresultsize(&buffer, (size_t)len);
  return 1;
}

/* bignum.mod_exp(a, b, m) -> a to the power of b, modulo m */
static int bignum_mod_exp(lua_State *L) {
  return operate(L, BN_mod_exp);
}
/* bignum.mod_mul(a, b, m) -> a times b, modulo m */
static int bignum_mod_mul(lua_State *L) {
  return operate(L, BN_mod_mul);
}
/* bignum.mod_add(a, b, m) -> a plus b, modulo m */
static int bignum_mod_add(lua_State *L) {
  return operate(L, BN_mod_add);
}

/* bignum.prime_3072() -> the 3072-bit prime of RFC 3526 */
static int bignum_prime_3072(lua_State *L) {
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, 3072 / 8);
  BIGNUM *prime = BN_get_rfc3526_prime_3072(NULL);
  if (!prime) return luaL_error(L, "bignum: no prime");
  int len = BN_bn2bin(prime, (unsigned char *)out);
  BN_free(prime);
  luaL_pushresultsize(&buffer, (size_t)len);
  return 1;
}

static const luaL_Reg functions[] = {
    {"mod_add", bignum_mod_add},
    {"mod_exp", bignum_mod_exp},
    {"mod_mul", bignum_mod_mul},
    {"prime_3072", bignum_prime_3072},
    {NULL, NULL},
};

int luaopen_bignum(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
