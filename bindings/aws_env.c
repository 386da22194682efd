/* SPDX-License-Identifier: MIT */
/* Lua's `aws_env` module: what AWS's environment variables and shared files say. A Lua state asks
 * once for each thing and remembers the answer: a reload, which makes a new state, looks again. */
#include "aws_config.h"
#include "credentials.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { LONGEST = 2048 };

/* Pushes what is remembered under the key on the top of the stack, which goes;
 * false: nothing yet. */
static bool recall(lua_State *L) {
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
    if (!lua_toboolean(L, -1)) { /* known to be nil */
      lua_pop(L, 1);
      lua_pushnil(L);
    }
    return true;
  }
  lua_pop(L, 1);
  return false;
}

/* Into a buffer of the C stack, where Lua's errors cannot leak it. */
static int take(struct bytes *text, int err, char out[LONGEST]) {
  if (!err && text->len >= LONGEST) err = UV_ENAMETOOLONG;
  if (!err) memcpy(out, text->data, text->len + 1);
  bytes_free(text);
  return err;
}

/* stack: …, key -> value */
static int remember(lua_State *L, int err, const char *text) {
  if (err && err != UV_ENOENT) return luaL_error(L, "aws_env: %s", uv_strerror(err));
  if (err)
    lua_pushboolean(L, false);
  else
    lua_pushstring(L, text);
  lua_pushvalue(L, -1);
  lua_insert(L, -3); /* stack: value, key, value */
  lua_rawset(L, lua_upvalueindex(1));
  if (err) lua_pushnil(L);
  return 1;
}

/* Where nothing else names it, what the metadata says: it may come later,
 * so it is not remembered. */
static int push_found_region(lua_State *L) {
  struct bytes found = {0};
  char text[LONGEST];
  int err = credentials_region(&found);
  if (take(&found, err, text))
    lua_pushnil(L);
  else
    lua_pushstring(L, text);
  return 1;
}

/* aws_env.region() -> AWS_REGION, AWS_DEFAULT_REGION, the profile's,
 * the instance's or task's | nil */
static int aws_env_region(lua_State *L) {
  struct bytes found = {0};
  char text[LONGEST];
  lua_settop(L, 0);
  lua_pushboolean(L, true);
  if (!recall(L)) {
    lua_pushboolean(L, true);
    int err = aws_region(&found);
    remember(L, take(&found, err, text), text);
  }
  return lua_isnil(L, -1) ? push_found_region(L) : 1;
}

/* aws_env.setting(variable[, key of the profile]) -> its text | nil */
static int aws_env_setting(lua_State *L) {
  struct bytes found = {0};
  char text[LONGEST];
  const char *variable = luaL_checkstring(L, 1), *key = luaL_optstring(L, 2, NULL);
  lua_settop(L, 2);
  lua_pushfstring(L, "setting %s", variable);
  lua_pushvalue(L, -1);
  if (recall(L)) return 1;
  int err = aws_setting(variable, key, &found);
  return remember(L, take(&found, err, text), text);
}

/* aws_env.endpoint_url(service id, as "DynamoDB") -> the url that overrides the
 * service's own | nil */
static int aws_env_endpoint_url(lua_State *L) {
  struct bytes found = {0};
  char text[LONGEST];
  const char *service = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  if (recall(L)) return 1;
  lua_pushvalue(L, 1);
  int err = aws_endpoint_url(service, &found);
  return remember(L, take(&found, err, text), text);
}

/* aws_env.credentials_source() -> "environment", "file …" | nil, where it looked */
static int aws_env_credentials_source(lua_State *L) {
  const struct credentials *found;
  struct bytes why = {0};
  char text[LONGEST];
  int err = credentials_get(&found, &why);
  snprintf(text, sizeof text, "%s", !err ? found->source : why.data ? why.data : uv_err_name(err));
  if (!err) credentials_unref(found);
  bytes_free(&why);
  if (err) lua_pushnil(L);
  lua_pushstring(L, text);
  return err ? 2 : 1;
}

static const luaL_Reg functions[] = {
    {"region", aws_env_region},
    {"endpoint_url", aws_env_endpoint_url},
    {"setting", aws_env_setting},
    {"credentials_source", aws_env_credentials_source},
    {NULL, NULL},
};

int luaopen_aws_env(lua_State *L);
int luaopen_aws_env(lua_State *L) {
  luaL_newlibtable(L, functions);
  lua_newtable(L);
  luaL_setfuncs(L, functions, 1);
  return 1;
}
