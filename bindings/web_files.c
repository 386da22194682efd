/* SPDX-License-Identifier: MIT */
/* Lua's `web_files` module, for the flow that serves them: the files below web/ of this state's
 * scripts, from the binary or from --scripts DIR. Nothing else can be read with it,
 * and no path is ever looked up. */
#include "script_set.h"
#include "vm.h"

#include <lauxlib.h>
#include <string.h>

/* web_files.all() -> { ["page.css"] = { text =, hash = SHA-256 in hexadecimal },
 * … }. Does not yield. */
static int web_files_all(lua_State *L) {
  const struct script_set *set = vm_of(L)->set;
  lua_newtable(L);
  for (size_t i = 0; i < script_set_count(set); i++) {
    const struct script_file *file = script_set_at(set, i);
    if (!script_file_is_web(file)) continue;
    lua_createtable(L, 0, 2);
    lua_pushlstring(L, file->data, file->len);
    lua_setfield(L, -2, "text");
    lua_pushstring(L, file->hash);
    lua_setfield(L, -2, "hash");
    lua_setfield(L, -2, strchr(file->name, '/') + 1);
  }
  return 1;
}

static const luaL_Reg functions[] = {
    {"all", web_files_all},
    {NULL, NULL},
};

int luaopen_web_files(lua_State *L);
int luaopen_web_files(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
