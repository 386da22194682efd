/* SPDX-License-Identifier: MIT */
/* Lua's `jwt` module: JSON Web Tokens with RS256 and nothing else (RFC 7515, 7517, 7519). Flows
 * read and verify what an identity provider signed; the sandbox also makes keys and signs. A key is
 * a userdata that owns its EVP_PKEY. Judges signatures only: what iss, aud, exp and the others must
 * say is the caller's business. Nothing here yields. */
#include "box.h"
#include "encoding.h"
#include "guard.h"

#include <lauxlib.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <string.h>

int luaopen_jwt(lua_State *L);

#define KEY "usher.jwt.key"
enum {
  BITS_DEFAULT = 2048,
  BITS_MIN = 2048,
  BITS_MAX = 8192,
  TOKEN_MAX = 64 * 1024,
  PEM_MAX = 64 * 1024
};

/* The json module's function of this name, which every function here keeps as its first upvalue's
 * field. */
static void push_json(lua_State *L, const char *function) {
  lua_getfield(L, lua_upvalueindex(1), function);
}

static EVP_PKEY **push_key(lua_State *L) {
  EVP_PKEY **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(L, KEY);
  return box;
}

static EVP_PKEY *check_key(lua_State *L, int index) {
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

/* stack: -> base64url of the bytes */
static void push_base64url(lua_State *L, const void *data, size_t len) {
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, BASE64_ROOM(len));
  luaL_pushresultsize(&b, base64_encode(BASE64_URL, data, len, out));
}

/* stack: -> the bytes; false, and nothing pushed, when the text is not base64url */
static bool push_unbase64url(lua_State *L, const char *text, size_t len) {
  luaL_Buffer b;
  size_t out_len;
  char *out = luaL_buffinitsize(L, &b, UNBASE64_ROOM(len));
  bool ok = base64_decode(BASE64_URL, text, len, out, &out_len);
  luaL_pushresultsize(&b, ok ? out_len : 0);
  if (!ok) lua_pop(L, 1);
  return ok;
}

/* --- keys --- */

/* jwt.generate_key([bits]) -> key. Takes a moment: tens of milliseconds. */
static int jwt_generate_key(lua_State *L) {
  lua_Integer bits = luaL_optinteger(L, 1, BITS_DEFAULT);
  luaL_argcheck(L, bits >= BITS_MIN && bits <= BITS_MAX, 1, "2048 to 8192 bits");
  EVP_PKEY **box = push_key(L);
  *box = EVP_RSA_gen((unsigned)bits);
  return *box ? 1 : luaL_error(L, "jwt: no key could be made");
}

/* jwt.import_key(pem) -> key | nil, message. A private RSA key in PEM. */
static int jwt_import_key(lua_State *L) {
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
  EVP_PKEY *key = check_key(L, 1);
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
  unsigned char bytes[BITS_MAX / 8];
  BIGNUM *n = NULL;
  int len = 0;
  if (EVP_PKEY_get_bn_param(key, param, &n) && BN_num_bytes(n) <= (int)sizeof bytes)
    len = BN_bn2bin(n, bytes);
  BN_free(n);
  if (!len) luaL_error(L, "jwt: the key has no %s", field);
  push_base64url(L, bytes, (size_t)len);
  lua_setfield(L, -2, field);
}

/* key:jwk() -> {kty, n, e}, the public half */
static int key_jwk(lua_State *L) {
  EVP_PKEY *key = check_key(L, 1);
  lua_createtable(L, 0, 8);
  lua_pushliteral(L, "RSA");
  lua_setfield(L, -2, "kty");
  set_number(L, key, OSSL_PKEY_PARAM_RSA_N, "n");
  set_number(L, key, OSSL_PKEY_PARAM_RSA_E, "e");
  return 1;
}

/* stack: -> key made of the base64url numbers; NULL, and nothing pushed, when they are not numbers
 * of a usable key */
static EVP_PKEY *push_public_key(lua_State *L, const char *n_text, size_t n_len, const char *e_text,
                                 size_t e_len) {
  if (!push_unbase64url(L, n_text, n_len)) return NULL;
  if (!push_unbase64url(L, e_text, e_len)) return lua_pop(L, 1), NULL;
  size_t n_size, e_size;
  const char *n_bytes = lua_tolstring(L, -2, &n_size), *e_bytes = lua_tolstring(L, -1, &e_size);
  EVP_PKEY **box = push_key(L);
  lua_insert(L, -3); /* stack: key, n, e */
  BIGNUM *n = BN_bin2bn((const unsigned char *)n_bytes, (int)n_size, NULL);
  BIGNUM *e = BN_bin2bn((const unsigned char *)e_bytes, (int)e_size, NULL);
  OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
  OSSL_PARAM *params = NULL;
  if (n && e && build && ctx && n_size * 8 >= BITS_MIN && n_size * 8 <= BITS_MAX &&
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

/* --- signing --- */

/* stack: -> "header.payload" */
static void push_signing_input(lua_State *L, int claims, int kid) {
  push_json(L, "encode");
  lua_createtable(L, 0, 3);
  lua_pushliteral(L, "RS256");
  lua_setfield(L, -2, "alg");
  if (!lua_isnoneornil(L, kid)) {
    lua_pushvalue(L, kid);
    lua_setfield(L, -2, "kid");
  }
  lua_call(L, 1, 1);
  push_json(L, "encode");
  lua_pushvalue(L, claims);
  lua_call(L, 1, 1); /* stack: header, payload */
  for (int i = 0; i < 2; i++) {
    size_t len;
    const char *text = lua_tolstring(L, -2 + i, &len);
    push_base64url(L, text, len);
    lua_replace(L, -3 + i);
  }
  lua_pushliteral(L, ".");
  lua_insert(L, -2);
  lua_concat(L, 3);
}

/* jwt.sign(claims, key[, kid]) -> token */
static int jwt_sign(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  EVP_PKEY *key = check_key(L, 2);
  luaL_optstring(L, 3, NULL);
  lua_settop(L, 3);
  push_signing_input(L, 1, 3);
  size_t len, sig_len = BITS_MAX / 8;
  const char *input = lua_tolstring(L, -1, &len);
  unsigned char sig[BITS_MAX / 8];
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) > 0 &&
            EVP_DigestSign(ctx, sig, &sig_len, (const unsigned char *)input, len) > 0;
  EVP_MD_CTX_free(ctx);
  if (!ok) return luaL_error(L, "jwt: the key cannot sign");
  lua_pushliteral(L, ".");
  push_base64url(L, sig, sig_len);
  lua_concat(L, 3);
  return 1;
}

/* --- reading --- */

struct token {
  const char *text, *payload, *signature; /* the header is at text */
  size_t signed_len, header_len, payload_len, signature_len;
};

static bool token_split(const char *text, size_t len, struct token *t) {
  const char *first = memchr(text, '.', len);
  if (!first || len > TOKEN_MAX) return false;
  const char *second = memchr(first + 1, '.', (size_t)(text + len - first - 1));
  if (!second || memchr(second + 1, '.', (size_t)(text + len - second - 1))) return false;
  *t = (struct token){.text = text, .payload = first + 1, .signature = second + 1};
  t->header_len = (size_t)(first - text);
  t->payload_len = (size_t)(second - first - 1);
  t->signature_len = (size_t)(text + len - second - 1);
  t->signed_len = (size_t)(second - text);
  return true;
}

/* stack: -> table; false, and nothing pushed, when the part is no JSON object */
static bool push_part(lua_State *L, const char *text, size_t len) {
  if (!push_unbase64url(L, text, len)) return false;
  push_json(L, "decode");
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  if (lua_istable(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

static int push_problem(lua_State *L, const char *problem) {
  luaL_pushfail(L);
  lua_pushstring(L, problem);
  return 2;
}

/* stack: -> claims, header; false, and nothing pushed, when the token is malformed */
static bool push_token(lua_State *L, int index, struct token *t) {
  size_t len;
  const char *text = luaL_checklstring(L, index, &len);
  if (!token_split(text, len, t) || !push_part(L, t->payload, t->payload_len)) return false;
  if (push_part(L, t->text, t->header_len)) return true;
  lua_pop(L, 1);
  return false;
}

/* jwt.decode(token) -> claims, header | nil, "malformed". Proves nothing: for finding out whose
 * keys to ask for. */
static int jwt_decode(lua_State *L) {
  struct token t;
  return push_token(L, 1, &t) ? 2 : push_problem(L, "malformed");
}

/* stack: kid, entry -> the same */
static bool entry_fits(lua_State *L, lua_Integer count) {
  if (!lua_istable(L, -1)) return false;
  lua_getfield(L, -1, "kid"); /* stack: kid, entry, its kid */
  bool fits = lua_isnil(L, -3) ? count == 1 : lua_rawequal(L, -1, -3);
  lua_pop(L, 1);
  return fits;
}

/* The entry of jwks.keys (a list at index) whose kid is the header's; without one there must be a
 * single key. stack: -> entry or nil */
static void push_entry(lua_State *L, int keys, int header) {
  lua_Integer count = luaL_len(L, keys);
  lua_getfield(L, header, "kid");
  for (lua_Integer i = 1; i <= count; i++) {
    guard_check(L);
    lua_geti(L, keys, i); /* stack: kid, entry */
    if (entry_fits(L, count)) {
      lua_remove(L, -2);
      return;
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  lua_pushnil(L);
}

/* stack: entry -> entry, key | NULL and entry only */
static EVP_PKEY *push_key_of(lua_State *L) {
  int entry = lua_gettop(L);
  const char *kty = (lua_getfield(L, entry, "kty"), lua_tostring(L, -1));
  size_t n_len, e_len;
  lua_getfield(L, entry, "n");
  lua_getfield(L, entry, "e"); /* stack: entry, kty, n, e */
  const char *n = lua_tolstring(L, -2, &n_len), *e = lua_tolstring(L, -1, &e_len);
  EVP_PKEY *key = NULL;
  if (kty && !strcmp(kty, "RSA") && n && e) key = push_public_key(L, n, n_len, e, e_len);
  if (key) lua_replace(L, entry + 1); /* stack: entry, key, n, e */
  lua_settop(L, key ? entry + 1 : entry);
  return key;
}

static bool signature_fits(lua_State *L, const struct token *t, EVP_PKEY *key) {
  if (!push_unbase64url(L, t->signature, t->signature_len)) return false;
  size_t len;
  const char *sig = lua_tolstring(L, -1, &len);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) > 0 &&
            EVP_DigestVerify(ctx, (const unsigned char *)sig, len, (const unsigned char *)t->text,
                             t->signed_len) == 1;
  EVP_MD_CTX_free(ctx);
  lua_pop(L, 1);
  return ok;
}

/* jwt.verify(token, jwks) -> claims, header | nil, "malformed" | "unsupported_algorithm" |
 * "unknown_key" | "bad_signature". jwks is the decoded document, {keys = {…}}. */
static int jwt_verify(lua_State *L) {
  struct token t;
  luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  if (!push_token(L, 1, &t))
    return push_problem(L, "malformed"); /* stack: token, jwks, claims, header */
  lua_getfield(L, 4, "alg");
  const char *alg = lua_tostring(L, -1);
  if (!alg || strcmp(alg, "RS256")) return push_problem(L, "unsupported_algorithm");
  if (lua_getfield(L, 2, "keys") != LUA_TTABLE) return luaL_argerror(L, 2, "no list of keys");
  push_entry(L, lua_gettop(L), 4);
  EVP_PKEY *key = lua_istable(L, -1) ? push_key_of(L) : NULL;
  if (!key) return push_problem(L, "unknown_key");
  if (!signature_fits(L, &t, key)) return push_problem(L, "bad_signature");
  lua_settop(L, 4);
  return 2;
}

static const luaL_Reg key_methods[] = {
    {"jwk", key_jwk},
    {"pem", key_pem},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"decode", jwt_decode},         {"generate_key", jwt_generate_key},
    {"import_key", jwt_import_key}, {"sign", jwt_sign},
    {"verify", jwt_verify},         {NULL, NULL},
};

int luaopen_jwt(lua_State *L) {
  box_type(L, KEY, key_gc, key_methods);
  luaL_newlibtable(L, functions);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "json");
  lua_call(L, 1, 1);
  luaL_setfuncs(L, functions, 1);
  return 1;
}
