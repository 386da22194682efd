/* SPDX-License-Identifier: MIT */
/* Requests as Lua tables: {method=, url= or target=, headers={name = value} or {{name,
 * value}, …}, body=}. */
#include "sigv4_request.h"

#include "http1_request.h"
#include "secret_handle.h"

#include <lauxlib.h>
#include <string.h>

/* stack: …, value; anything but a string or a secret is the caller's mistake */
static struct slice check_text(lua_State *L, const char *name) {
  struct slice text = {0};
  if (lua_type(L, -1) != LUA_TSTRING && !secret_test(L, -1))
    luaL_error(L, "sigv4: '%s' is a %s, not a string", name, luaL_typename(L, -1));
  text.data = secret_or_string(L, -1, &text.len);
  return text;
}

static struct slice read_field(lua_State *L, int table, const char *name, bool required,
                               bool secret) {
  luaL_checkstack(L, 4, "sigv4");
  if (lua_getfield(L, table, name) == LUA_TNIL && !required) return (struct slice){0};
  if (lua_type(L, -1) != LUA_TSTRING && !(secret && secret_test(L, -1)))
    luaL_error(L, "sigv4: '%s' is a %s, not a string", name, luaL_typename(L, -1));
  return check_text(L, name);
}

struct slice sigv4_field(lua_State *L, const char *name, bool required) {
  return read_field(L, 1, name, required, false);
}

struct slice sigv4_secret_field(lua_State *L, int table, const char *name, bool required) {
  return read_field(L, table, name, required, true);
}

bool sigv4_flag(lua_State *L, const char *name, bool otherwise) {
  bool on = lua_getfield(L, 1, name) == LUA_TNIL ? otherwise : lua_toboolean(L, -1);
  lua_pop(L, 1);
  return on;
}

lua_Integer sigv4_number(lua_State *L, const char *name, lua_Integer otherwise) {
  if (lua_getfield(L, 1, name) == LUA_TNIL) {
    lua_pop(L, 1);
    return otherwise;
  }
  lua_Number n = lua_tonumber(L, -1);
  if (lua_type(L, -1) != LUA_TNUMBER || !(n > -1e15 && n < 1e15))
    luaL_error(L, "sigv4: '%s' is no number of seconds", name);
  lua_pop(L, 1);
  return (lua_Integer)n;
}

static void add_header(lua_State *L, struct sigv4_call *call, struct slice name,
                       struct slice value) {
  if (call->request.header_count == SIGV4_MAX_HEADERS)
    luaL_error(L, "sigv4: more than %d headers", SIGV4_MAX_HEADERS);
  call->headers[call->request.header_count++] = (struct sigv4_header){name, value};
}

/* stack: …, headers, key, value -> …, name, text, headers, key, value; a pair {name, value} under an
 * integer, or a name and its value. Both texts are held: an __index may yet empty the tables. */
static void read_header(lua_State *L, struct sigv4_call *call) {
  const char *what = "a header's value";
  luaL_checkstack(L, 8, "sigv4"); /* not for all: a stack is marked whole */
  if (lua_type(L, -1) == LUA_TTABLE && lua_isinteger(L, -2)) {
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
  } else {
    if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "sigv4: a header without a name");
    what = lua_tostring(L, -2);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
  }
  lua_insert(L, -2); /* …, text, name */
  struct slice name = check_text(L, "a header's name");
  lua_insert(L, -2);
  add_header(L, call, name, check_text(L, what));
  lua_rotate(L, -5, 2);
}

/* A list keeps its order; names that are the same come in it. */
static void read_headers(lua_State *L, struct sigv4_call *call) {
  call->request.headers = call->headers;
  call->request.header_count = 0;
  luaL_checkstack(L, 6, "sigv4");
  if (lua_getfield(L, 1, "headers") == LUA_TNIL) return;
  if (!lua_istable(L, -1)) luaL_error(L, "sigv4: 'headers' is no table");
  lua_Unsigned listed = lua_rawlen(L, -1);
  for (lua_Unsigned i = 1; i <= listed; i++) {
    lua_pushinteger(L, (lua_Integer)i);
    lua_rawgeti(L, -2, (lua_Integer)i);
    read_header(L, call);
    lua_pop(L, 2);
  }
  if (listed) return;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) read_header(L, call);
}

static void split_target(struct slice target, struct sigv4_request *request) {
  const char *mark = target.len ? memchr(target.data, '?', target.len) : NULL;
  request->path = target;
  request->query = (struct slice){0};
  if (!mark) return;
  request->path.len = (size_t)(mark - target.data);
  request->query = (struct slice){mark + 1, target.len - request->path.len - 1};
}

/* scheme://[user@]host[:port][/path][?query][#fragment] */
static void split_url(lua_State *L, struct slice url, struct sigv4_call *call) {
  const char *end = memchr(url.data, '#', url.len);
  if (end) url.len = (size_t)(end - url.data);
  end = url.data + url.len;
  const char *rest = strstr(url.data, "://");
  if (!rest || rest + 3 >= end) luaL_error(L, "sigv4: no url: %s", url.data);
  call->scheme = (struct slice){url.data, (size_t)(rest - url.data)};
  rest += 3;
  const char *stop = rest;
  while (stop < end && *stop != '/' && *stop != '?') stop++;
  for (const char *at = rest; at < stop; at++)
    if (*at == '@') rest = at + 1;
  call->authority = (struct slice){rest, (size_t)(stop - rest)};
  if (!call->authority.len) luaL_error(L, "sigv4: no host in %s", url.data);
  split_target((struct slice){stop, (size_t)(end - stop)}, &call->request);
}

/* The Host header that goes with a url: without the port that its scheme has anyway. */
static struct slice host_of(const struct sigv4_call *call) {
  struct slice host = call->authority;
  const char *port = http1_is(call->scheme, "https") ? ":443" : ":80";
  size_t len = strlen(port);
  if (host.len > len && !memcmp(host.data + host.len - len, port, len)) host.len -= len;
  return host;
}

static void read_both(lua_State *L, struct sigv4_call *call) {
  luaL_checktype(L, 1, LUA_TTABLE);
  call->request.method = sigv4_field(L, "method", true);
  call->request.body = sigv4_field(L, "body", false);
  read_headers(L, call);
}

void sigv4_read_outgoing(lua_State *L, struct sigv4_call *call) {
  read_both(L, call);
  split_url(L, sigv4_field(L, "url", true), call);
  for (size_t i = 0; i < call->request.header_count; i++)
    if (http1_is(call->headers[i].name, "host")) return;
  add_header(L, call, (struct slice){"host", 4}, host_of(call));
}

void sigv4_read_incoming(lua_State *L, struct sigv4_call *call) {
  read_both(L, call);
  split_target(sigv4_field(L, "target", true), &call->request);
}
