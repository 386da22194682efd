/* SPDX-License-Identifier: MIT */
/* Lua's `secret` module: handles to secrets that only C can read. */
#include "secret_handle.h"

#include "box.h"
#include "secret_files.h"

#include "encoding.h"
#include "file.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define SECRET     "usher.secret"
#define SECRET_MAX 65536

struct box {
  struct secret *secret;
  bool known; /* made by Lua, out of a string that it has */
};

struct secret *secret_test(lua_State *L, int index) {
  struct box *box = luaL_testudata(L, index, SECRET);
  return box ? box->secret : NULL;
}

static struct secret *check_secret(lua_State *L, int index) {
  return ((struct box *)luaL_checkudata(L, index, SECRET))->secret;
}

bool secret_is_known(lua_State *L, int index) {
  return ((struct box *)luaL_checkudata(L, index, SECRET))->known;
}

const char *secret_or_string(lua_State *L, int index, size_t *len) {
  struct secret *s = secret_test(L, index);
  if (!s) return luaL_checklstring(L, index, len);
  *len = secret_len(s);
  return secret_data(s);
}

/* stack: … -> …, an empty box: it is there before the secret, so that no error
 * of Lua's leaks one */
static struct box *push_box(lua_State *L) {
  struct box *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (struct box){0};
  luaL_setmetatable(L, SECRET);
  return box;
}

void secret_push(lua_State *L, struct secret *s) {
  push_box(L)->secret = secret_ref(s);
}

static int push_new(lua_State *L, const char *name, const char *data, size_t len) {
  struct box *box = push_box(L);
  box->secret = secret_new(name, data, len);
  return box->secret ? 1 : box_no_memory(L);
}

/* stack: …, why -> nil, why */
static int unavailable(lua_State *L) {
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

static int from_env(lua_State *L, const char *name, const char *variable) {
  const char *value = getenv(variable);
  if (value && *value && strlen(value) <= SECRET_MAX)
    return push_new(L, name, value, strlen(value));
  lua_pushfstring(L, "environment variable %s is %s", variable,
                  value && *value ? "too large for a secret" : "not set");
  return unavailable(L);
}

static int from_file(lua_State *L, const char *name, const char *path) {
  struct box *box = push_box(L);
  struct bytes text = {0};
  int err = file_read(path, SECRET_FILE_MAX, &text);
  if (err && err != UV_EFBIG) {
    lua_pushfstring(L, "file %s cannot be read: %s", path, strerror(-err));
    return unavailable(L);
  }
  size_t len = text.len;
  secret_files_note(path, text.data, len);
  while (len && (text.data[len - 1] == '\n' || text.data[len - 1] == '\r')) len--;
  bool fits = len && len <= SECRET_MAX;
  if (fits) box->secret = secret_new(name, text.data, len);
  bytes_wipe(&text);
  if (box->secret) return 1;
  if (fits) return box_no_memory(L);
  lua_pushfstring(L, "file %s is %s", path, len || err ? "too large for a secret" : "empty");
  return unavailable(L);
}

/* secret.open(name, "env:VARIABLE" | "file:PATH") -> handle | nil, why.
 * Reads now; does not yield. */
static int secret_open(lua_State *L) {
  const char *name = luaL_checkstring(L, 1), *source = luaL_checkstring(L, 2);
  if (strncmp(source, "env:", 4) == 0) return from_env(L, name, source + 4);
  if (strncmp(source, "file:", 5) == 0) return from_file(L, name, source + 5);
  lua_pushfstring(L, "%s is neither \"env:VARIABLE\" nor \"file:PATH\"", source);
  return unavailable(L);
}

/* secret.new(name, value) -> handle. For tests, tools and the sandbox:
 * flows get theirs from config. */
static int secret_new_handle(lua_State *L) {
  size_t len;
  const char *name = luaL_checkstring(L, 1), *value = luaL_checklstring(L, 2, &len);
  luaL_argcheck(L, len <= SECRET_MAX, 2, "too large for a secret");
  push_new(L, name, value, len);
  ((struct box *)lua_touserdata(L, -1))->known = true;
  return 1;
}

/* secret.is(value) -> boolean */
static int secret_is(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, secret_test(L, 1) != NULL);
  return 1;
}

/* secret.escaped(handle) -> a handle of the same secret, percent-encoded:
 * as a form's value takes it */
static int secret_escaped(lua_State *L) {
  struct secret *s = check_secret(L, 1);
  size_t len = secret_len(s);
  struct box *box = push_box(L);
  char *text = malloc(3 * len + 1);
  if (!text) return box_no_memory(L);
  size_t written = percent_encode(secret_data(s), len, 0, text);
  box->secret = secret_new(secret_name(s), text, written);
  box->known = secret_is_known(L, 1);
  explicit_bzero(text, written);
  free(text);
  return box->secret ? 1 : box_no_memory(L);
}

static int secret_tostring(lua_State *L) {
  lua_pushfstring(L, "<secret %s>", secret_name(check_secret(L, 1)));
  return 1;
}

static int secret_gc(lua_State *L) {
  struct box *box = luaL_checkudata(L, 1, SECRET);
  secret_unref(box->secret);
  box->secret = NULL;
  return 0;
}

static const luaL_Reg methods[] = {
    {"__tostring", secret_tostring},
    {"__gc", secret_gc},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"open", secret_open}, {"new", secret_new_handle},
    {"is", secret_is},     {"escaped", secret_escaped},
    {NULL, NULL},
};

int luaopen_secret(lua_State *L) {
  luaL_newmetatable(L, SECRET);
  luaL_setfuncs(L, methods, 0);
  lua_pushliteral(L, "secret");
  lua_setfield(L, -2, "__metatable"); /* getmetatable shows nothing to hold on to */
  luaL_newlib(L, functions);
  return 1;
}
