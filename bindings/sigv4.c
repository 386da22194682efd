/* SPDX-License-Identifier: MIT */
/* Lua's `sigv4` module: signs requests with secrets that stay in C, and checks what others signed,
 * for the sandbox. Each Lua state has one workbench: the cache of derived keys,
 * and buffers that are used again. */
#include "sigv4.h"

#include "box.h"
#include "credentials.h"
#include "digest.h"
#include "secret_handle.h"
#include "sigv4_request.h"
#include "sigv4_verify.h"

#include <lauxlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define BENCH "usher.sigv4"

struct bench {
  struct sigv4_keys *keys;
  struct sigv4_signed made;
  struct bytes text;                     /* for messages and urls */
  const struct credentials *credentials; /* the chain's, while a call signs with them */
  struct secret *token;                  /* the chain's last session token, as a secret */
};

static struct bench *bench_of(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

static void bench_release(struct bench *b) {
  credentials_unref(b->credentials);
  b->credentials = NULL;
}

static int bench_gc(lua_State *L) {
  struct bench *b = luaL_checkudata(L, 1, BENCH);
  bench_release(b);
  secret_unref(b->token);
  sigv4_keys_free(b->keys);
  sigv4_signed_free(&b->made);
  bytes_free(&b->text);
  *b = (struct bench){0};
  return 0;
}

static void push_bytes(lua_State *L, const struct bytes *b) {
  lua_pushlstring(L, b->data ? b->data : "", b->len);
}

static void push_slice(lua_State *L, struct slice s) {
  lua_pushlstring(L, s.data, s.len);
}

static struct slice text(const char *s) {
  return (struct slice){s, s ? strlen(s) : 0};
}

static void check(lua_State *L, int err) {
  if (err == UV_E2BIG) luaL_error(L, "sigv4: more than %d headers", SIGV4_MAX_HEADERS);
  if (err) box_no_memory(L);
}

/* --- signing ---------------------------------------------------------------------------------- */

/* The caller's credentials, or the chain's. False: there are none,
 * and nil and the reason are on the stack. */
static bool read_credentials(lua_State *L, struct bench *b, struct sigv4_options *o) {
  if (lua_getfield(L, 1, "credentials") != LUA_TNIL) {
    if (!lua_istable(L, -1)) luaL_error(L, "sigv4: 'credentials' is no table");
    int table = lua_gettop(L);
    o->access_key_id = sigv4_secret_field(L, table, "access_key_id", true);
    o->secret = sigv4_secret_field(L, table, "secret_access_key", true);
    o->token = sigv4_secret_field(L, table, "session_token", false);
    return true;
  }
  bytes_clear(&b->text);
  bench_release(b);
  if (credentials_get(&b->credentials, &b->text)) {
    b->credentials = NULL;
    lua_pushnil(L);
    push_bytes(L, &b->text);
    return false;
  }
  o->access_key_id = text(b->credentials->access_key_id);
  o->secret = text(b->credentials->secret_access_key);
  o->token = text(b->credentials->session_token);
  return true;
}

static bool read_options(lua_State *L, struct bench *b, struct sigv4_options *o) {
  o->region = sigv4_field(L, "region", true);
  o->service = sigv4_field(L, "service", true);
  o->time = sigv4_number(L, "time", (lua_Integer)time(NULL));
  o->sign_body = sigv4_flag(L, "sign_body", false);
  o->token_unsigned = sigv4_flag(L, "omit_session_token", false);
  bool s3 = o->service.len == 2 && !memcmp(o->service.data, "s3", 2);
  bool normalize = sigv4_flag(L, "normalize", true);
  o->path = s3 ? SIGV4_PATH_S3 : normalize ? SIGV4_PATH_NORMAL : SIGV4_PATH_KEPT;
  return read_credentials(L, b, o);
}

/* stack: …, headers; value on top goes in under its name, or as one more pair of a list */
static void set_header(lua_State *L, bool list, const char *name) {
  if (!list) {
    lua_setfield(L, -2, name);
    return;
  }
  lua_createtable(L, 2, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 2);
  lua_pushstring(L, name);
  lua_rawseti(L, -2, 1);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* A token of the chain's becomes a handle: scripts send it, but cannot read it. */
static void push_token(lua_State *L, struct bench *b) {
  if (!b->credentials) {
    lua_getfield(L, 1, "credentials");
    lua_getfield(L, -1, "session_token");
    lua_remove(L, -2);
    return;
  }
  const struct slice token = text(b->credentials->session_token);
  if (!b->token ||
      !digest_equal(token.data, token.len, secret_data(b->token), secret_len(b->token))) {
    secret_unref(b->token);
    b->token = secret_new("aws_session_token", token.data, token.len);
    if (!b->token) box_no_memory(L);
  }
  secret_push(L, b->token);
}

/* The caller's headers, copied, and ours: at most four. */
static void push_headers(lua_State *L, struct bench *b, const struct sigv4_options *o, size_t n) {
  lua_createtable(L, 0, (int)n + 4);
  bool list = lua_getfield(L, 1, "headers") == LUA_TTABLE && lua_rawlen(L, -1) > 0;
  if (lua_istable(L, -1))
    for (lua_pushnil(L); lua_next(L, -2);) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, -5); /* stack: ours, theirs, key */
    }
  lua_pop(L, 1);
  lua_pushlstring(L, b->made.date, TIMESTAMP_BASIC);
  set_header(L, list, "x-amz-date");
  if (o->sign_body) {
    lua_pushlstring(L, b->made.payload_hash, 64);
    set_header(L, list, "x-amz-content-sha256");
  }
  if (o->token.len) {
    push_token(L, b);
    set_header(L, list, "x-amz-security-token");
  }
  push_bytes(L, &b->made.authorization);
  set_header(L, list, "authorization");
}

/* Reads the request at 1 and signs it. False: nil and the reason are on the stack. */
static bool sign(lua_State *L, struct bench *b, struct sigv4_call *call, struct sigv4_options *o) {
  *o = (struct sigv4_options){0};
  sigv4_read_outgoing(L, call);
  if (!read_options(L, b, o)) return false;
  check(L, sigv4_sign(b->keys, &call->request, o, &b->made));
  return true;
}

/* sigv4.sign{method=, url=, service=, region=, [headers=, body=, credentials={access_key_id=,
 * secret_access_key=, session_token=}, time=, normalize=true, sign_body=false,
 * omit_session_token=false]} -> headers | nil, message */
static int sigv4_sign_request(lua_State *L) {
  struct bench *b = bench_of(L);
  struct sigv4_call call;
  struct sigv4_options options;
  if (!sign(L, b, &call, &options)) return 2;
  push_headers(L, b, &options, call.request.header_count);
  bench_release(b);
  return 1;
}

/* sigv4.canonical(as sign) -> canonical request, string to sign, signature | nil, message.
 * For suites and puzzles. */
static int sigv4_canonical_parts(lua_State *L) {
  struct bench *b = bench_of(L);
  struct sigv4_call call;
  struct sigv4_options options;
  if (!sign(L, b, &call, &options)) return 2;
  bench_release(b);
  push_bytes(L, &b->made.canonical);
  push_bytes(L, &b->made.string_to_sign);
  lua_pushstring(L, b->made.signature);
  return 3;
}

/* sigv4.presign(as sign, and expires=seconds) -> url | nil, message */
static int sigv4_presign_url(lua_State *L) {
  struct bench *b = bench_of(L);
  struct sigv4_call call;
  struct sigv4_options options = {0};
  sigv4_read_outgoing(L, &call);
  lua_Integer expires = sigv4_number(L, "expires", 900);
  if (expires < 1 || expires > 604800) return luaL_error(L, "sigv4: 'expires' is 1 to 604800");
  if (!read_options(L, b, &options)) return 2;
  options.expires = (unsigned)expires;
  check(L, sigv4_presign(b->keys, &call.request, &options, &b->made));
  bench_release(b);
  struct slice path = call.request.path.len ? call.request.path : text("/");
  bytes_clear(&b->text);
  check(L, bytes_printf(&b->text, "%.*s://%.*s%.*s?%s", (int)call.scheme.len, call.scheme.data,
                        (int)call.authority.len, call.authority.data, (int)path.len, path.data,
                        b->made.authorization.data));
  push_bytes(L, &b->text);
  return 1;
}

/* --- verifying -------------------------------------------------------------------------------- */

/* Pushes {code=, message=}. */
static void push_problem(lua_State *L, struct bench *b, enum sigv4_problem problem,
                         const struct sigv4_auth *auth, const struct sigv4_expect *expect) {
  bytes_clear(&b->text);
  check(L, sigv4_problem_message(problem, auth, expect, &b->text));
  lua_createtable(L, 0, 2);
  lua_pushstring(L, sigv4_problem_name(problem));
  lua_setfield(L, -2, "code");
  push_bytes(L, &b->text);
  lua_setfield(L, -2, "message");
}

static void push_signed_headers(lua_State *L, struct slice list) {
  lua_newtable(L);
  lua_Integer n = 0;
  for (size_t at = 0, start = 0; at <= list.len; at++) {
    if (at < list.len && list.data[at] != ';') continue;
    if (at > start) {
      lua_pushlstring(L, list.data + start, at - start);
      lua_rawseti(L, -2, ++n);
    }
    start = at + 1;
  }
}

static void push_auth(lua_State *L, const struct sigv4_auth *auth) {
  const struct {
    const char *name;
    struct slice value;
  } fields[] = {{"access_key_id", auth->access_key_id},
                {"scope_date", auth->scope.date},
                {"region", auth->scope.region},
                {"service", auth->scope.service},
                {"terminator", auth->terminator},
                {"signature", auth->signature},
                {"date", text(auth->date)},
                {"session_token", auth->token}};
  lua_createtable(L, 0, 12);
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    if (!fields[i].value.data) continue;
    push_slice(L, fields[i].value);
    lua_setfield(L, -2, fields[i].name);
  }
  lua_pushinteger(L, auth->time);
  lua_setfield(L, -2, "time");
  push_signed_headers(L, auth->signed_headers);
  lua_setfield(L, -2, "signed_headers");
}

static struct sigv4_expect read_expectations(lua_State *L) {
  struct sigv4_expect expect = {
      .secret = sigv4_secret_field(L, 1, "secret_access_key", false),
      .region = sigv4_field(L, "region", false),
      .service = sigv4_field(L, "service", false),
      .now = sigv4_number(L, "now", (lua_Integer)time(NULL)),
      .window = sigv4_number(L, "window", 0),
      .unsigned_payload = sigv4_flag(L, "unsigned_payload", false),
  };
  return expect;
}

/* sigv4.verify{method=, target=, headers=, body=, [secret_access_key=, region=, service=, now=,
 * window=seconds, unsigned_payload=]} -> {access_key_id=, region=, service=, signed_headers=,
 * time=, …, ok=, problem={code=, message=}?} | nil, {code=, message=} when there is nothing that
 * could be checked. Without a secret nothing is: ok is false. */
static int sigv4_verify_request(lua_State *L) {
  struct bench *b = bench_of(L);
  struct sigv4_call call;
  struct sigv4_auth auth;
  sigv4_read_incoming(L, &call);
  struct sigv4_expect expect = read_expectations(L);
  enum sigv4_problem problem = sigv4_read(&call.request, &auth);
  if (problem) {
    lua_pushnil(L);
    push_problem(L, b, problem, &auth, &expect);
    return 2;
  }
  push_auth(L, &auth);
  if (expect.secret.data)
    check(L, sigv4_check(b->keys, &call.request, &auth, &expect, &b->made, &problem));
  lua_pushboolean(L, !problem && expect.secret.data);
  lua_setfield(L, -2, "ok");
  if (problem) {
    push_problem(L, b, problem, &auth, &expect);
    lua_setfield(L, -2, "problem");
  }
  return 1;
}

static const luaL_Reg functions[] = {
    {"sign", sigv4_sign_request},
    {"presign", sigv4_presign_url},
    {"canonical", sigv4_canonical_parts},
    {"verify", sigv4_verify_request},
    {NULL, NULL},
};

int luaopen_sigv4(lua_State *L);
int luaopen_sigv4(lua_State *L) {
  box_type(L, BENCH, bench_gc, NULL);
  luaL_newlibtable(L, functions);
  struct bench *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (struct bench){0};
  luaL_setmetatable(L, BENCH);
  b->keys = sigv4_keys_new();
  if (!b->keys) return box_no_memory(L);
  luaL_setfuncs(L, functions, 1);
  return 1;
}
