/* SPDX-License-Identifier: MIT */
/* Lua's `http` module: one exchange with another server. What may hold secrets is joined here. */
#include "box.h"
#include "client.h"
#include "guard.h"
#include "http_words.h"
#include "secret_handle.h"
#include "task.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define CALL            "usher.http_call"
#define DEFAULT_TIMEOUT 30.0

/* On the sleeping task's stack; its __gc ends whatever is still under way. */
struct op {
  struct client_call *call;
  struct task *task;
  struct bytes lines; /* "Name: value\0" …, wiped once they were sent */
  struct bytes body;  /* of a body that came in parts; wiped too */
  struct bytes url;   /* of a url that came in parts; wiped too */
};

/* --- 1. what can be wrong about the arguments --- */

/* The length of the string or secret on the top of the stack. */
static size_t part_len(lua_State *L) {
  struct secret *s = secret_test(L, -1);
  return s ? secret_len(s) : lua_rawlen(L, -1);
}

/* One part of a value, on the top of the stack: a string or a secret. Its length. */
static size_t check_part(lua_State *L, const char *name) {
  struct secret *s = secret_test(L, -1);
  if (!s && lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "http.fetch: header %s: a %s, not a string or a secret", name,
               luaL_typename(L, -1));
  if (!http_is_value(s ? secret_data(s) : lua_tostring(L, -1), part_len(L)))
    luaL_error(L, "http.fetch: header %s: a line break or NUL in its value", name);
  return part_len(L);
}

/* stack: …, name, value. The length of the line that they make. */
static size_t check_header(lua_State *L) {
  if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "http.fetch: headers are named by strings");
  size_t len;
  const char *name = lua_tolstring(L, -2, &len);
  if (!http_is_token(name, len)) luaL_error(L, "http.fetch: not a header's name: \"%s\"", name);
  if (http_is_framing(name)) luaL_error(L, "http.fetch: header %s is the client's to set", name);
  len += strlen(": ") + 1;
  if (lua_type(L, -1) != LUA_TTABLE) return len + check_part(L, name);
  lua_Unsigned parts = lua_rawlen(L, -1);
  for (lua_Unsigned i = 1; i <= parts; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i);
    len += check_part(L, name);
    guard_check_size(L, "http.fetch: headers", len);
    lua_pop(L, 1);
  }
  return len;
}

/* stack: …, headers. How many lines they are, how long in all. */
static size_t check_headers(lua_State *L, size_t *len) {
  size_t count = 0;
  *len = 0;
  if (lua_isnil(L, -1)) return 0;
  if (lua_type(L, -1) != LUA_TTABLE)
    luaL_error(L, "http.fetch: headers: a table of name and value");
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    *len += check_header(L);
    count++;
  }
  return count;
}

static void check_options(lua_State *L) {
  static const char *const names[] = {"method",  "url",          "headers",   "body",
                                      "timeout", "max_response", "repeatable"};
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    size_t i = 0;
    while (i < sizeof names / sizeof *names && strcmp(names[i], name) != 0) i++;
    if (i == sizeof names / sizeof *names)
      luaL_error(L, "http.fetch: no option is called \"%s\"", name);
  }
}

/* Pushes the option; its text, or the default. */
static const char *check_text(lua_State *L, const char *name, const char *otherwise, size_t *len) {
  int type = lua_getfield(L, 1, name);
  *len = strlen(otherwise);
  if (type == LUA_TNIL) return otherwise;
  if (type != LUA_TSTRING)
    luaL_error(L, "http.fetch: %s: a string, not a %s", name, luaL_typename(L, -1));
  return lua_tolstring(L, -1, len);
}

static void check_url(lua_State *L, const char *url, size_t len) {
  bool known = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
  for (size_t i = 0; i < len && known; i++) known = (unsigned char)url[i] > ' ' && url[i] != 0x7f;
  if (!known)
    luaL_error(L, "http.fetch: url: http:// or https://, without spaces or control characters");
}

/* The list of strings and secrets on the top of the stack, which op_join makes one
 * of. Their length. */
static size_t check_parts(lua_State *L, const char *option) {
  size_t len = 0;
  lua_Unsigned parts = lua_rawlen(L, -1);
  for (lua_Unsigned i = 1; i <= parts; i++, lua_pop(L, 1)) {
    if (lua_rawgeti(L, -1, (lua_Integer)i) != LUA_TSTRING && !secret_test(L, -1))
      luaL_error(L, "http.fetch: %s: a %s, not a string or a secret", option, luaL_typename(L, -1));
    len += part_len(L);
    guard_check_size(L, "http.fetch", len);
  }
  return len;
}

/* Pushes the url: a string, or a list of parts. */
static void check_url_option(lua_State *L, struct client_request *r, size_t *len) {
  if (lua_getfield(L, 1, "url") == LUA_TTABLE) {
    *len = check_parts(L, "url");
    return;
  }
  lua_pop(L, 1);
  r->url = check_text(L, "url", "", len);
  check_url(L, r->url, *len);
}

/* A duration becomes a moment here, and never one after the task's own. */
static uint64_t check_deadline(lua_State *L, const struct task *task) {
  lua_Number seconds = DEFAULT_TIMEOUT;
  int type = lua_getfield(L, 1, "timeout");
  if (type != LUA_TNIL) seconds = type == LUA_TNUMBER ? lua_tonumber(L, -1) : -1;
  if (!(seconds >= 0 && seconds <= 1e6)) luaL_error(L, "http.fetch: timeout: a number of seconds");
  lua_pop(L, 1);
  uint64_t own = uv_hrtime() / 1000000 + (uint64_t)ceil(seconds * 1000);
  uint64_t outer = task_deadline(task);
  return own < outer ? own : outer;
}

static size_t check_max_response(lua_State *L) {
  int is_integer = 1;
  lua_Integer max = 0;
  if (lua_getfield(L, 1, "max_response") != LUA_TNIL) max = lua_tointegerx(L, -1, &is_integer);
  if (!is_integer || max < 0) luaL_error(L, "http.fetch: max_response: a number of bytes");
  lua_pop(L, 1);
  const struct guard_settings *limits = guard_of(L); /* it would be refused when it has come */
  size_t most = limits ? limits->request_memory : SIZE_MAX;
  return (size_t)max < most ? (size_t)max : most;
}

/* Pushes the body: a string, or a list of parts. */
static void check_body(lua_State *L, struct client_request *r) {
  if (lua_getfield(L, 1, "body") == LUA_TTABLE) {
    r->body_len = check_parts(L, "body");
    return;
  }
  lua_pop(L, 1);
  r->body = check_text(L, "body", "", &r->body_len);
}

/* stack: options -> options, method, url, body */
static void check_request(lua_State *L, struct client_request *r, size_t *url_len) {
  size_t len;
  check_options(L);
  r->method = check_text(L, "method", "GET", &len);
  if (!http_is_token(r->method, len)) luaL_error(L, "http.fetch: method: not a method's name");
  check_url_option(L, r, url_len);
  check_body(L, r);
  if (r->body_len && strcmp(r->method, "HEAD") == 0)
    luaL_error(L, "http.fetch: body: HEAD has none");
  r->max_response = check_max_response(L);
  r->repeatable = lua_getfield(L, 1, "repeatable") != LUA_TNIL && lua_toboolean(L, -1);
  lua_pop(L, 1);
}

/* --- 2. what lives on the sleeping stack --- */

static void op_wipe(struct op *op) {
  bytes_wipe(&op->lines);
  bytes_wipe(&op->body);
  bytes_wipe(&op->url);
}

static int op_gc(lua_State *L) {
  struct op *op = luaL_checkudata(L, 1, CALL);
  client_call_free(op->call);
  op->call = NULL;
  op_wipe(op);
  return 0;
}

static void op_cancel(void *op) {
  client_call_free(((struct op *)op)->call);
  ((struct op *)op)->call = NULL;
}

static struct op *op_push(lua_State *T, struct task *task) {
  struct op *op = lua_newuserdatauv(T, sizeof *op, 0);
  *op = (struct op){.task = task};
  luaL_setmetatable(T, CALL);
  return op;
}

/* --- 3. the call --- */

static int append_part(lua_State *L, struct bytes *b) {
  struct secret *s = secret_test(L, -1);
  if (s) return bytes_append(b, secret_data(s), secret_len(s));
  if (lua_type(L, -1) != LUA_TSTRING) return UV_EINVAL;
  return bytes_append(b, lua_tostring(L, -1), lua_rawlen(L, -1));
}

/* The list of parts at the index. */
static int append_parts(lua_State *L, int list, struct bytes *b) {
  int err = 0;
  lua_Unsigned parts = lua_rawlen(L, list);
  for (lua_Unsigned i = 1; i <= parts && !err; i++) {
    lua_rawgeti(L, list, (lua_Integer)i);
    err = append_part(L, b);
    lua_pop(L, 1);
  }
  return err;
}

/* stack: …, name, value */
static int append_header(lua_State *L, struct bytes *b) {
  int err = bytes_append(b, lua_tostring(L, -2), lua_rawlen(L, -2));
  if (!err) err = bytes_append(b, ": ", 2);
  if (err) return err;
  err = lua_type(L, -1) == LUA_TTABLE ? append_parts(L, lua_gettop(L), b) : append_part(L, b);
  return err ? err : bytes_append(b, "", 1);
}

/* Room for all lines first, and for the pointers to them before those: what grows would leave
   copies behind. A finalizer may have changed the table since it was checked, so it is counted
   anew. stack: …, headers, op */
static int op_fill(lua_State *L, struct op *op, struct client_request *r, size_t len) {
  size_t pointers = r->header_count * sizeof(char *), n = 0;
  if (!r->header_count) return 0;
  int err = bytes_reserve(&op->lines, pointers + len);
  op->lines.len = err ? 0 : pointers;
  for (lua_pushnil(L); !err && n < r->header_count && lua_next(L, -3); lua_pop(L, 1), n++)
    err = append_header(L, &op->lines);
  if (err) return err;
  const char **lines = (const char **)(void *)op->lines.data, *at = op->lines.data + pointers;
  for (size_t i = 0; i < n; i++, at += strlen(at) + 1) lines[i] = at;
  r->headers = lines;
  r->header_count = n;
  return 0;
}

/* Makes one of the parts at the index, with the room for them reserved first. */
static int op_join(lua_State *L, int index, struct bytes *b, size_t len) {
  int err = bytes_reserve(b, len);
  if (!err) err = append_parts(L, index, b);
  return err ? err : bytes_append(b, "", 0);
}

/* A url is judged whole, and shows in no error. stack: options, method, url, body, … */
static int op_join_all(lua_State *L, struct op *op, struct client_request *r, size_t url_len) {
  int err = 0;
  if (!r->url) {
    err = op_join(L, 3, &op->url, url_len);
    if (!err) check_url(L, r->url = op->url.data, op->url.len);
  }
  if (err || r->body) return err;
  err = op_join(L, 4, &op->body, r->body_len);
  r->body = op->body.data;
  r->body_len = op->body.len;
  return err;
}

static int push_error(lua_State *L, enum client_error error, const char *message, bool sent) {
  lua_pushnil(L);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, client_error_name(error));
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, message);
  lua_setfield(L, -2, "message");
  lua_pushboolean(L, sent);
  lua_setfield(L, -2, "sent");
  return 2;
}

/* --- 4. what came of it --- */

/* A header that came more than once becomes one, as RFC 9110 §5.3 allows. */
static void push_headers(lua_State *L, const struct client_call *call) {
  size_t at = 0;
  struct slice name, value;
  lua_createtable(L, 0, 8); /* AWS sends about as many */
  while (client_call_next_header(call, &at, &name, &value)) {
    lua_pushlstring(L, name.data, name.len);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) == LUA_TNIL) {
      lua_pop(L, 1);
      lua_pushlstring(L, value.data, value.len);
    } else {
      lua_pushliteral(L, ", ");
      lua_pushlstring(L, value.data, value.len);
      lua_concat(L, 3);
    }
    lua_rawset(L, -3);
  }
}

static void push_reply(lua_State *L, const struct client_call *call) {
  struct slice body = client_call_body(call);
  lua_createtable(L, 0, 3);
  lua_pushinteger(L, client_call_status(call));
  lua_setfield(L, -2, "status");
  push_headers(L, call);
  lua_setfield(L, -2, "headers");
  lua_pushlstring(L, body.data ? body.data : "", body.len);
  lua_setfield(L, -2, "body");
}

/* stack: options, method, url, body, headers, op */
static int http_fetched(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  struct op *op = lua_touserdata(T, 6);
  enum client_error error = client_call_error(op->call);
  int results = 1;
  if (error == CLIENT_OK)
    push_reply(T, op->call);
  else
    results = push_error(T, error, client_call_message(op->call), client_call_sent(op->call));
  client_call_free(op->call);
  op->call = NULL;
  return results;
}

static void on_done(struct client_call *call, void *ctx) {
  (void)call;
  task_wake(((struct op *)ctx)->task);
}

/* http.fetch{method="GET", url= or {string|secret, …},
              headers={name = string|secret|{string|secret, …}},
              body="" or {string|secret, …}, timeout=30 (seconds), max_response=bytes,
              repeatable=false (may be sent twice)}
     -> {status=, headers={lower-case name = string}, body=}
     -> nil, {kind="dns|connect|tls|timeout|reset|too_large|protocol|canceled", message=, sent=bool}
     Yields. */
static int http_fetch(lua_State *T) {
  struct client_request r = {0};
  size_t len, url_len;
  luaL_checktype(T, 1, LUA_TTABLE);
  lua_settop(T, 1);
  check_request(T, &r, &url_len);
  struct task *task = task_current(T);
  struct client *client = vm_of(T)->settings.client;
  if (!client) return luaL_error(T, "http.fetch: nothing is fetched in this process");
  r.deadline_ms = check_deadline(T, task);
  lua_getfield(T, 1, "headers"); /* last: no __index runs after they were judged */
  r.header_count = check_headers(T, &len);
  struct op *op = op_push(T, task);
  if (!op_fill(T, op, &r, len) && !op_join_all(T, op, &r, url_len))
    op->call = client_send(client, &r, on_done, op);
  op_wipe(op);
  if (!op->call) return push_error(T, CLIENT_CANCELED, "out of memory, or closing", false);
  task_cancel_by(task, op_cancel, op);
  return task_await(T, http_fetched, 0);
}

static const luaL_Reg functions[] = {
    {"fetch", http_fetch},
    {NULL, NULL},
};

int luaopen_http(lua_State *L);
int luaopen_http(lua_State *L) {
  box_type(L, CALL, op_gc, NULL);
  luaL_newlib(L, functions);
  return 1;
}
