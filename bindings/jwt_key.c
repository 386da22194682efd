/* SPDX-License-Identifier: MIT */
/* A key is a userdata that owns its EVP_PKEY: RSA, of 2048 to 8192 bits. */
#include "jwt_key.h"

#include "box.h"
#include "encoding.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define KEY "usher.jwt.key"
enum { BITS_DEFAULT = 2048, BITS_MIN = 2048, PEM_MAX = 64 * 1024 };

static EVP_PKEY **push_key(lua_State *L) {
  EVP_PKEY **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(L, KEY);
  return box;
}

EVP_PKEY *jwt_check_key(lua_State *L, int index) {
  EVP_PKEY **box = luaL_checkudata(L, index, KEY);
  luaL_argcheck(L, *box, index, "an empty key");
  return *box;
}

static int key_gc(lua_State *L) {
  EVP_PKEY **box = luaL_checkudata(L, 1, KEY);
  EVP_PKEY_free(*box);
  *box = NULL;
  return 0;
}

void jwt_push_base64url(lua_State *L, const void *data, size_t len) {
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, BASE64_ROOM(len));
  luaL_pushresultsize(&b, base64_encode(BASE64_URL, data, len, out));
}

bool jwt_push_unbase64url(lua_State *L, const char *text, size_t len) {
  luaL_Buffer b;
  size_t out_len;
  char *out = luaL_buffinitsize(L, &b, UNBASE64_ROOM(len));
  bool ok = base64_decode(BASE64_URL, text, len, out, &out_len);
  luaL_pushresultsize(&b, ok ? out_len : 0);
  if (!ok) lua_pop(L, 1);
  return ok;
}

/* jwt.generate_key([bits]) -> key. Takes a moment: tens of milliseconds. */
int jwt_generate_key(lua_State *L) {
  lua_Integer bits = luaL_optinteger(L, 1, BITS_DEFAULT);
  luaL_argcheck(L, bits >= BITS_MIN && bits <= JWT_BITS_MAX, 1, "2048 to 8192 bits");
  EVP_PKEY **box = push_key(L);
  *box = EVP_RSA_gen((unsigned)bits);
  return *box ? 1 : luaL_error(L, "jwt: no key could be made");
}

/* jwt.import_key(pem) -> key | nil, message. A private RSA key in PEM. */
int jwt_import_key(lua_State *L) {
  size_t len;
  const char *pem = luaL_checklstring(L, 1, &len);
  luaL_argcheck(L, len <= PEM_MAX, 1, "longer than 64 KiB");
  EVP_PKEY **box = push_key(L);
  BIO *bio = BIO_new_mem_buf(pem, (int)len);
  char none[] = ""; /* without a passphrase OpenSSL would ask the terminal for one */
  if (bio) *box = PEM_read_bio_PrivateKey(bio, NULL, NULL, none);
  BIO_free(bio);
  if (*box && EVP_PKEY_is_a(*box, "RSA")) return 1;
  luaL_pushfail(L);
  lua_pushliteral(L, "not a private RSA key in PEM");
  return 2;
}

/* key:pem() -> the private key, PKCS #8 */
static int key_pem(lua_State *L) {
  EVP_PKEY *key = jwt_check_key(L, 1);
  BIO *bio = BIO_new(BIO_s_mem());
  char *data = NULL;
  bool ok = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
  long len = ok ? BIO_get_mem_data(bio, &data) : 0;
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, (size_t)len); /* may raise only for want of memory */
  if (len) memcpy(out, data, (size_t)len);
  BIO_free(bio);
  luaL_pushresultsize(&b, (size_t)len);
  return ok ? 1 : luaL_error(L, "jwt: the key cannot be written");
}

static void set_number(lua_State *L, EVP_PKEY *key, const char *param, const char *field) {
  unsigned char bytes[JWT_BITS_MAX / 8];
  BIGNUM *n = NULL;
  int len = 0;
  if (EVP_PKEY_get_bn_param(key, param, &n) && BN_num_bytes(n) <= (int)sizeof bytes)
    len = BN_bn2bin(n, bytes);
  BN_free(n);
  if (!len) luaL_error(L, "jwt: the key has no %s", field);
  jwt_push_base64url(L, bytes, (size_t)len);
  lua_setfield(L, -2, field);
}

/* key:jwk() -> {kty, n, e}, the public half */
static int key_jwk(lua_State *L) {
  EVP_PKEY *key = jwt_check_key(L, 1);
  lua_createtable(L, 0, 8);
  lua_pushliteral(L, "RSA");
  lua_setfield(L, -2, "kty");
  set_number(L, key, OSSL_PKEY_PARAM_RSA_N, "n");
  set_number(L, key, OSSL_PKEY_PARAM_RSA_E, "e");
  return 1;
}

EVP_PKEY *jwt_push_public_key(lua_State *L, const char *n_text, size_t n_len, const char *e_text,
                              size_t e_len) {
  if (!jwt_push_unbase64url(L, n_text, n_len)) return NULL;
  if (!jwt_push_unbase64url(L, e_text, e_len)) return lua_pop(L, 1), NULL;
  size_t n_size, e_size;
  const char *n_bytes = lua_tolstring(L, -2, &n_size), *e_bytes = lua_tolstring(L, -1, &e_size);
  EVP_PKEY **box = push_key(L);
  lua_insert(L, -3); /* stack: key, n, e */
  BIGNUM *n = BN_bin2bn((const unsigned char *)n_bytes, (int)n_size, NULL);
  BIGNUM *e = BN_bin2bn((const unsigned char *)e_bytes, (int)e_size, NULL);
  OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
  OSSL_PARAM *params = NULL;
  if (n && e && build && ctx && n_size * 8 >= BITS_MIN && n_size * 8 <= JWT_BITS_MAX &&
      OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
      OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) &&
      (params = OSSL_PARAM_BLD_to_param(build)) && EVP_PKEY_fromdata_init(ctx) > 0)
    EVP_PKEY_fromdata(ctx, box, EVP_PKEY_PUBLIC_KEY, params);
  OSSL_PARAM_free(params);
  EVP_PKEY_CTX_free(ctx);
  OSSL_PARAM_BLD_free(build);
  BN_free(e);
  BN_free(n);
  lua_pop(L, *box ? 2 : 3); /* stack: key, or nothing */
  return *box;
}

static const luaL_Reg methods[] = {
    {"jwk", key_jwk},
    {"pem", key_pem},
    {NULL, NULL},
};

void jwt_key_type(lua_State *L) {
  box_type(L, KEY, key_gc, methods);
}
