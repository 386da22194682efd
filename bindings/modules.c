/* SPDX-License-Identifier: MIT */
/* `require`: bindings first, so that no script can pretend to be one;
 * then scripts, from the binary or a folder. */
#include "modules.h"

#include "embedded.h"
#include "globals.h"
#include "script_set.h"
#include "view.h"
#include "vm_state.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

/* The modules in C. Each is opened by luaopen_NAME, in the file of its name (background_wait:
 * background.c, embedded: embedded_lua.c, metrics: metrics_lua.c, guard: guard_install.c,
 * sandbox_services: sandbox_settings.c). */
/* clang-format off */
#define MODULES(X)                                                                                \
  X(attribute_encode) X(aws_credentials) X(aws_env) X(background_wait) X(bignum) X(clock)         \
  X(crypto) X(embedded) X(files) X(form_encode) X(globals) X(guard) X(gunzip) X(http)             \
  X(interrupt) X(json) X(jwt) X(latch) X(lifecycle) X(limiter) X(log_sink) X(marks) X(metrics)    \
  X(modules) X(process) X(random) X(reload) X(request) X(sandbox_services) X(script_files)        \
  X(secret) X(sigv4) X(sqlite) X(task) X(terminal) X(trail) X(unicode) X(virtual) X(web_files)
/* clang-format on */

#define DECLARE(name) int luaopen_##name(lua_State *L);
MODULES(DECLARE)

#define SEARCHERS "usher.searchers" /* Lua's own, for trusted states */

static const struct {
  const char *name;
  lua_CFunction open;
} modules[] = {
#define ROW(name) {#name, luaopen_##name},
    MODULES(ROW)
#undef ROW
};

static bool name_is_sane(const char *name) {
  if (!isalpha((unsigned char)*name)) return false;
  for (const char *p = name; *p; p++)
    if (!isalnum((unsigned char)*p) && *p != '_' && (*p != '.' || p[1] == '.' || !p[1]))
      return false;
  return strlen(name) < 128;
}

/* What scripts may ask for by name; the rest is for usher's own modules,
 * and where a person runs code. */
static const char *const shown[] = {
    "arguments", "attribute_value", "aws",       "background", "clock",  "cognito", "config",
    "crypto",    "dynamodb",        "fail",      "form",       "http",   "json",    "jwt",
    "lambda",    "lifecycle",       "limiter",   "log",        "marks",  "metrics", "oidc",
    "random",    "secret",          "ses",       "slack",      "stripe", "task",    "testing",
    "trace",     "unicode",         "web_files",
};

static bool is_shown(const char *name) {
  for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
    if (strcmp(shown[i], name) == 0) return true;
  return false;
}

/* --- finding: each pushes the module's function and where it is from, or nothing -------------- */

static bool load_embedded(lua_State *L, const char *path) {
  const struct embedded_file *file = embedded_find(path);
  if (!file) return false;
  chunk_load(L, file->chunk, file->data, (size_t)(file->end - file->data), path);
  lua_pushstring(L, path);
  return true;
}

static bool load_binding(lua_State *L, const char *name) {
  return load_embedded(L, lua_pushfstring(L, "bindings/%s", name));
}

static bool confined(lua_State *L) {
  lua_insert(L, -2);
  globals_confine(L);
  lua_insert(L, -2);
  return true;
}

/* The sandbox and the commands are there whatever --scripts holds. */
static bool load_builtin(lua_State *L, const char *name) {
  if (strncmp(name, "sandbox", 7) && strncmp(name, "commands/", 9)) return false;
  return load_embedded(L, lua_pushfstring(L, "scripts/%s", name)) && confined(L);
}

static bool load_script(lua_State *L, const char *name) {
  const struct script_file *file = script_set_find(vm_of(L)->set, name);
  if (!file) return false;
  chunk_load(L, file->chunk, file->data, file->len, file->path);
  lua_pushstring(L, file->path);
  return confined(L);
}

static bool find_c(lua_State *L, const char *name) {
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
    if (strcmp(modules[i].name, name)) continue;
    lua_pushcfunction(L, modules[i].open);
    lua_pushliteral(L, ":usher:");
    return true;
  }
  return false;
}

/* NAME.lua, then NAME/init.lua, where dots of NAME are slashes */
static bool find_in(lua_State *L, const char *name, bool (*load)(lua_State *, const char *)) {
  static const char *const forms[] = {"%s.lua", "%s/init.lua"};
  const char *path = luaL_gsub(L, name, ".", "/");
  for (size_t i = 0; i < 2; i++)
    if (load(L, lua_pushfstring(L, forms[i], path))) return true;
  return false;
}

/* Lua's own searchers: what is installed on this machine, like busted. */
static bool find_installed(lua_State *L, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, SEARCHERS);
  int searchers = lua_gettop(L), n = (int)lua_rawlen(L, searchers);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, searchers, i);
    lua_pushstring(L, name);
    lua_call(L, 1, 2);
    if (lua_isfunction(L, -2)) return true;
    lua_pop(L, 2);
  }
  return false;
}

static bool find(lua_State *L, const char *name) {
  bool sane = name_is_sane(name);
  if (sane && (find_c(L, name) || find_in(L, name, load_binding) || find_in(L, name, load_script)))
    return true;
  if (!vm_of(L)->settings.trusted) return false;
  return (sane && find_in(L, name, load_builtin)) || find_installed(L, name);
}

/* --- require -------------------------------------------------------------------------------- */

#define CHAIN "usher.requiring" /* the names being loaded, in order */

/* The __close of the chain: one of its modules is loaded, or has failed. */
static int leave(lua_State *L) {
  lua_pushnil(L);
  lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1));
  return 0;
}

/* stack: …, chain */
static int refuse_circle(lua_State *L, lua_Integer from, const char *name) {
  luaL_Buffer b;
  int chain = lua_gettop(L);
  luaL_buffinit(L, &b);
  for (lua_Integer i = from; i <= (lua_Integer)lua_rawlen(L, chain); i++) {
    lua_rawgeti(L, chain, i);
    luaL_addvalue(&b);
    luaL_addstring(&b, " -> ");
  }
  luaL_addstring(&b, name);
  luaL_pushresult(&b);
  return luaL_error(L, "modules require each other in a circle: %s", lua_tostring(L, -1));
}

/* stack: … -> …, chain with the name at its end, to be closed */
static void enter(lua_State *L, const char *name) {
  if (!luaL_getsubtable(L, LUA_REGISTRYINDEX, CHAIN)) {
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, leave);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
  }
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, i);
    bool same = strcmp(lua_tostring(L, -1), name) == 0;
    lua_pop(L, 1);
    if (same) refuse_circle(L, i, name);
  }
  lua_pushstring(L, name);
  lua_rawseti(L, -2, n + 1);
  lua_toclose(L, -1);
}

static int refuse_unknown(lua_State *L, const char *name) {
  if (!name_is_sane(name))
    return luaL_error(L, "'%s' is no module's name: words with dots between them", name);
  return luaL_error(L, "module '%s' not found: no binding, and no script of that name in %s", name,
                    script_set_origin(vm_of(L)->set));
}

#define NEEDED "usher.needed" /* what is loaded, where somebody asks: spec_needs.lua */

/* stack: …, where a module is from -> the same */
static void note(lua_State *L) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, NEEDED) == LUA_TTABLE && lua_isstring(L, -2)) {
    lua_pushvalue(L, -2);
    lua_pushboolean(L, true);
    lua_settable(L, -3);
  }
  lua_pop(L, 1);
}

enum { NAME = 1, LOADED, LOADING }; /* the stack of a require */

/* stack: NAME, LOADED -> …, value, where it is from */
static void load(lua_State *L, const char *name) {
  enter(L, name);
  if (!find(L, name)) refuse_unknown(L, name);
  int where = lua_gettop(L);
  note(L);
  lua_pushvalue(L, where - 1);
  lua_pushvalue(L, NAME);
  lua_pushvalue(L, where);
  lua_call(L, 2, 1);
  if (lua_isnil(L, -1) && lua_getfield(L, LOADED, name) == LUA_TNIL) lua_pushboolean(L, true);
  lua_pushvalue(L, -1);
  lua_setfield(L, LOADED, name);
  lua_pushvalue(L, where);
  lua_closeslot(L, LOADING);
}

static bool is_binding(const char *name) {
  char path[192];
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    if (strcmp(modules[i].name, name) == 0) return true;
  return snprintf(path, sizeof path, "bindings/%s.lua", name) < (int)sizeof path &&
         embedded_find(path);
}

/* modules.hides(name) -> is it a module of usher's own, not for scripts? Does not yield. */
static int modules_hides(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_pushboolean(L, is_binding(name) && !is_shown(name));
  return 1;
}

/* require(name) -> module, and when it was loaded by this: where it is from.
 * upvalue 1: for scripts? */
static int require(lua_State *L) {
  size_t len;
  const char *name = luaL_checklstring(L, NAME, &len);
  bool for_scripts = lua_toboolean(L, lua_upvalueindex(1)), binding = is_binding(name);
  luaL_argcheck(L, strlen(name) == len, NAME, "a NUL is in the name");
  if (for_scripts && !vm_of(L)->settings.trusted && !name_is_sane(name)) refuse_unknown(L, name);
  if (for_scripts && binding && !is_shown(name))
    return luaL_error(L, "module '%s' is usher's own, and not for scripts", name);
  lua_settop(L, NAME);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, LOADED, name) != LUA_TNIL) {
    if (for_scripts && binding) view_push(L, name);
    return 1;
  }
  lua_settop(L, LOADED);
  load(L, name);
  if (!for_scripts || !binding) return 2;
  lua_pop(L, 1);
  view_push(L, name);
  return 1;
}

void modules_push_require(lua_State *L, bool for_scripts) {
  lua_pushboolean(L, for_scripts);
  lua_pushcclosure(L, require, 1);
}

void modules_install(lua_State *L) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "searchers");
  lua_setfield(L, LUA_REGISTRYINDEX, SEARCHERS);
  lua_pop(L, 1);
  modules_push_require(L, false);
  lua_setglobal(L, "require");
}

static const luaL_Reg functions[] = {
    {"hides", modules_hides},
    {NULL, NULL},
};

int luaopen_modules(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
