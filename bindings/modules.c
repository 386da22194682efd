/* SPDX-License-Identifier: MIT */
/* `require`: bindings first, so that no script can pretend to be one; then scripts, from the binary or a folder. */
#include "modules.h"

#include "embedded.h"
#include "task.h"
#include "vm.h"

#include <ctype.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define MODULE(name) int luaopen_##name(lua_State *)
#pragma weak luaopen_aws_env
#pragma weak luaopen_bignum
#pragma weak luaopen_crypto
#pragma weak luaopen_http
#pragma weak luaopen_json
#pragma weak luaopen_jwt
#pragma weak luaopen_sigv4
#pragma weak luaopen_sqlite
#pragma weak luaopen_unicode
MODULE(aws_env), luaopen_bignum(lua_State *), luaopen_clock(lua_State *),
    luaopen_crypto(lua_State *);
MODULE(http), luaopen_json(lua_State *), luaopen_jwt(lua_State *), luaopen_log_sink(lua_State *);
MODULE(metrics), luaopen_secret(lua_State *), luaopen_sigv4(lua_State *),
    luaopen_sqlite(lua_State *);
MODULE(unicode), luaopen_interrupt(lua_State *), luaopen_lifecycle(lua_State *);
MODULE(limiter), luaopen_request(lua_State *);
int luaopen_script_files(lua_State *);

static const struct {
  const char *name;
  lua_CFunction open;
  bool trusted; /* only where a person or the sandbox runs code, never in a flow */
} modules[] = {
    {"aws_env", luaopen_aws_env, false},     {"bignum", luaopen_bignum, true},
    {"clock", luaopen_clock, false},         {"crypto", luaopen_crypto, false},
    {"http", luaopen_http, false},           {"interrupt", luaopen_interrupt, true},
    {"json", luaopen_json, false},           {"jwt", luaopen_jwt, false},
    {"lifecycle", luaopen_lifecycle, false}, {"limiter", luaopen_limiter, false},
    {"log_sink", luaopen_log_sink, false},   {"metrics", luaopen_metrics, false},
    {"request", luaopen_request, false},     {"script_files", luaopen_script_files, true},
    {"secret", luaopen_secret, false},       {"sigv4", luaopen_sigv4, false},
    {"sqlite", luaopen_sqlite, true},        {"task", luaopen_task, false},
    {"unicode", luaopen_unicode, false},
};

static bool name_is_sane(const char *name) {
  if (!isalpha((unsigned char)*name)) return false;
  for (const char *p = name; *p; p++)
    if (!isalnum((unsigned char)*p) && *p != '_' && (*p != '.' || p[1] == '.' || !p[1]))
      return false;
  return strlen(name) < 128;
}

static int load_text(lua_State *L, const char *data, size_t len, const char *chunk) {
  if (luaL_loadbufferx(L, data, len, chunk, "t")) return lua_error(L);
  lua_pushstring(L, chunk + 1);
  return 2;
}

static int load_embedded(lua_State *L, const char *path) {
  const struct embedded_file *file = embedded_find(path);
  if (!file) return 0;
  return load_text(L, file->data, (size_t)(file->end - file->data),
                   lua_pushfstring(L, "@%s", path));
}

static int load_file(lua_State *L, const char *path) {
  size_t len;
  char *data = vm_read_file(path, &len);
  if (!data)
    return errno == ENOENT || errno == ENOTDIR ? 0 : luaL_error(L, "%s: %s", path, strerror(errno));
  /* the buffer must not leak when the text is bad: hand it to Lua first */
  lua_pushlstring(L, data, len);
  free(data);
  const char *text = lua_tolstring(L, -1, &len);
  return load_text(L, text, len, lua_pushfstring(L, "@%s", path));
}

void modules_load_embedded(lua_State *L, const char *path) {
  if (!load_embedded(L, path)) luaL_error(L, "%s is not inside the binary", path);
  lua_pop(L, 1);
}

static int search_c(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  bool trusted = vm_of(L)->settings.trusted;
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
    if (strcmp(modules[i].name, name) || !modules[i].open || (modules[i].trusted && !trusted))
      continue;
    lua_pushcfunction(L, modules[i].open);
    lua_pushliteral(L, ":usher:");
    return 2;
  }
  lua_pushfstring(L, "no binding '%s'", name);
  return 1;
}

/* folder/NAME.lua, then folder/NAME/init.lua, where dots of NAME are slashes */
static int search_in(lua_State *L, const char *folder, const char *name,
                     int (*load)(lua_State *, const char *)) {
  static const char *const forms[] = {"%s/%s.lua", "%s/%s/init.lua"};
  const char *path = luaL_gsub(L, name, ".", "/");
  for (size_t i = 0; i < 2; i++) {
    int found = load(L, lua_pushfstring(L, forms[i], folder, path));
    if (found) return found;
  }
  return 0;
}

static int search_lua(lua_State *L) {
  const char *name = luaL_checkstring(L, 1), *scripts = vm_of(L)->settings.scripts;
  if (!name_is_sane(name)) {
    lua_pushfstring(L, "'%s' is not a module name", name);
    return 1;
  }
  int found = search_in(L, "bindings", name, load_embedded);
  if (!found && scripts) found = search_in(L, scripts, name, load_file);
  if (!found && !scripts) found = search_in(L, "scripts", name, load_embedded);
  if (found) return found;
  lua_pushfstring(L, "no script '%s' in %s", name, scripts ? scripts : "the binary");
  return 1;
}

/* stack: package table */
static void keep_lua_searchers(lua_State *L) {
  lua_getfield(L, -1, "searchers");
  for (int i = 2; i <= 4; i++) { /* after ours: the path, the C path, the all-in-one */
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -4, i + 1);
  }
  lua_pop(L, 1);
}

void modules_install(lua_State *L) {
  luaL_checkstack(L, 8, NULL);
  lua_newtable(L); /* the new searchers */
  lua_getglobal(L, "package");
  lua_pushcfunction(L, search_c);
  lua_rawseti(L, -3, 1);
  lua_pushcfunction(L, search_lua);
  lua_rawseti(L, -3, 2);
  if (vm_of(L)->settings.trusted) keep_lua_searchers(L);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "searchers");
  lua_pop(L, 2);
}
