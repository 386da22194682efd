/* SPDX-License-Identifier: MIT */
/* `require`: bindings first, so that no script can pretend to be one; then scripts, from the binary or a folder. */
#include "modules.h"

#include "embedded.h"
#include "script_set.h"
#include "task.h"
#include "vm.h"

#include <ctype.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* Each is defined in the file of its name (background_wait: background.c, embedded: embedded_lua.c, metrics:
 * metrics_lua.c). task.h declares its own. */
int luaopen_aws_credentials(lua_State *L);
int luaopen_aws_env(lua_State *L);
int luaopen_background_wait(lua_State *L);
int luaopen_bignum(lua_State *L);
int luaopen_clock(lua_State *L);
int luaopen_crypto(lua_State *L);
int luaopen_embedded(lua_State *L);
int luaopen_http(lua_State *L);
int luaopen_interrupt(lua_State *L);
int luaopen_json(lua_State *L);
int luaopen_jwt(lua_State *L);
int luaopen_latch(lua_State *L);
int luaopen_lifecycle(lua_State *L);
int luaopen_limiter(lua_State *L);
int luaopen_log_sink(lua_State *L);
int luaopen_marks(lua_State *L);
int luaopen_metrics(lua_State *L);
int luaopen_process(lua_State *L);
int luaopen_reload(lua_State *L);
int luaopen_request(lua_State *L);
int luaopen_script_files(lua_State *L);
int luaopen_secret(lua_State *L);
int luaopen_sigv4(lua_State *L);
int luaopen_sqlite(lua_State *L);
int luaopen_unicode(lua_State *L);

static const struct {
  const char *name;
  lua_CFunction open;
  bool trusted; /* only where a person or the sandbox runs code, never in a flow */
} modules[] = {
    {"aws_credentials", luaopen_aws_credentials, false},
    {"aws_env", luaopen_aws_env, false},
    {"background_wait", luaopen_background_wait, false},
    {"bignum", luaopen_bignum, true},
    {"clock", luaopen_clock, false},
    {"crypto", luaopen_crypto, false},
    {"embedded", luaopen_embedded, true},
    {"http", luaopen_http, false},
    {"interrupt", luaopen_interrupt, true},
    {"json", luaopen_json, false},
    {"jwt", luaopen_jwt, false},
    {"latch", luaopen_latch, true},
    {"lifecycle", luaopen_lifecycle, false},
    {"limiter", luaopen_limiter, false},
    {"log_sink", luaopen_log_sink, false},
    {"marks", luaopen_marks, false},
    {"metrics", luaopen_metrics, false},
    {"process", luaopen_process, true},
    {"reload", luaopen_reload, false},
    {"request", luaopen_request, false},
    {"script_files", luaopen_script_files, true},
    {"secret", luaopen_secret, false},
    {"sigv4", luaopen_sigv4, false},
    {"sqlite", luaopen_sqlite, true},
    {"task", luaopen_task, false},
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

static int load_binding(lua_State *L, const char *name) {
  return load_embedded(L, lua_pushfstring(L, "bindings/%s", name));
}

/* The sandbox and the commands are there whatever --scripts holds. */
static int load_builtin(lua_State *L, const char *name) {
  if (strncmp(name, "sandbox", 7) && strncmp(name, "commands/", 9)) return 0;
  return load_embedded(L, lua_pushfstring(L, "scripts/%s", name));
}

static int load_script(lua_State *L, const char *name) {
  const struct script_file *file = script_set_find(vm_of(L)->set, name);
  if (!file) return 0;
  return load_text(L, file->data, file->len, lua_pushfstring(L, "@%s", file->path));
}

static int search_c(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  bool trusted = vm_of(L)->settings.trusted;
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
    if (strcmp(modules[i].name, name) || (modules[i].trusted && !trusted)) continue;
    lua_pushcfunction(L, modules[i].open);
    lua_pushliteral(L, ":usher:");
    return 2;
  }
  lua_pushfstring(L, "no binding '%s'", name);
  return 1;
}

/* NAME.lua, then NAME/init.lua, where dots of NAME are slashes */
static int search_in(lua_State *L, const char *name, int (*load)(lua_State *, const char *)) {
  static const char *const forms[] = {"%s.lua", "%s/init.lua"};
  const char *path = luaL_gsub(L, name, ".", "/");
  for (size_t i = 0; i < 2; i++) {
    int found = load(L, lua_pushfstring(L, forms[i], path));
    if (found) return found;
  }
  return 0;
}

static int search_lua(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  if (!name_is_sane(name)) {
    lua_pushfstring(L, "'%s' is not a module name", name);
    return 1;
  }
  int found = search_in(L, name, load_binding);
  if (!found) found = search_in(L, name, load_script);
  if (!found && vm_of(L)->settings.trusted) found = search_in(L, name, load_builtin);
  if (found) return found;
  lua_pushfstring(L, "no script '%s' in %s", name, script_set_origin(vm_of(L)->set));
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
