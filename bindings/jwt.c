/* SPDX-License-Identifier: MIT */
/* Lua's `jwt` module: JSON Web Tokens with RS256 and nothing else (RFC 7515, 7517, 7519). Flows
 * read and verify what an identity provider signed; the sandbox also makes keys (jwt_key.c) and
 * signs. Judges signatures only: what iss, aud, exp and the others must say is the caller's
 * business. Nothing here yields. */
#include "guard.h"
#include "jwt_key.h"

#include <string.h>

int luaopen_jwt(lua_State *L);

enum { TOKEN_MAX = 64 * 1024 };

/* The json module's function of this name, which every function here keeps as its first upvalue's
 * field. */
static void push_json(lua_State *L, const char *function) {
  lua_getfield(L, lua_upvalueindex(1), function);
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
    jwt_push_base64url(L, text, len);
    lua_replace(L, -3 + i);
  }
  lua_pushliteral(L, ".");
  lua_insert(L, -2);
  lua_concat(L, 3);
}

/* jwt.sign(claims, key[, kid]) -> token */
static int jwt_sign(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  EVP_PKEY *key = jwt_check_key(L, 2);
  luaL_optstring(L, 3, NULL);
  lua_settop(L, 3);
  push_signing_input(L, 1, 3);
  size_t len, sig_len = JWT_BITS_MAX / 8;
  const char *input = lua_tolstring(L, -1, &len);
  unsigned char sig[JWT_BITS_MAX / 8];
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) > 0 &&
            EVP_DigestSign(ctx, sig, &sig_len, (const unsigned char *)input, len) > 0;
  EVP_MD_CTX_free(ctx);
  if (!ok) return luaL_error(L, "jwt: the key cannot sign");
  lua_pushliteral(L, ".");
  jwt_push_base64url(L, sig, sig_len);
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
  if (!jwt_push_unbase64url(L, text, len)) return false;
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
  if (kty && !strcmp(kty, "RSA") && n && e) key = jwt_push_public_key(L, n, n_len, e, e_len);
  if (key) lua_replace(L, entry + 1); /* stack: entry, key, n, e */
  lua_settop(L, key ? entry + 1 : entry);
  return key;
}

static bool signature_fits(lua_State *L, const struct token *t, EVP_PKEY *key) {
  if (!jwt_push_unbase64url(L, t->signature, t->signature_len)) return false;
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

static const luaL_Reg functions[] = {
    {"decode", jwt_decode},         {"generate_key", jwt_generate_key},
    {"import_key", jwt_import_key}, {"sign", jwt_sign},
    {"verify", jwt_verify},         {NULL, NULL},
};

int luaopen_jwt(lua_State *L) {
  jwt_key_type(L);
  luaL_newlibtable(L, functions);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "json");
  lua_call(L, 1, 1);
  luaL_setfuncs(L, functions, 1);
  return 1;
}
