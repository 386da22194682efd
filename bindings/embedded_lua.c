/* SPDX-License-Identifier: MIT */
/* Lua's `embedded` module, for tools: what the build put inside the binary,
 * whatever --scripts says. */
#include "embedded.h"

#include <lauxlib.h>
#include <string.h>

/* embedded.list(prefix) -> list of paths as in the source tree, in order:
 * "scripts/lib/form.lua". Does not yield. */
static int embedded_list(lua_State *L) {
  size_t len;
  const char *prefix = luaL_checklstring(L, 1, &len);
  lua_newtable(L);
  for (size_t i = 0, n = 0; i < embedded_count; i++) {
    if (strncmp(embedded_files[i].path, prefix, len) != 0) continue;
    lua_pushstring(L, embedded_files[i].path);
    lua_rawseti(L, -2, (lua_Integer)++n);
  }
  return 1;
}

/* embedded.read(path) -> text | nil when there is no such file. Does not yield. */
static int embedded_read(lua_State *L) {
  const struct embedded_file *file = embedded_find(luaL_checkstring(L, 1));
  if (!file) return 0;
  lua_pushlstring(L, file->data, (size_t)(file->end - file->data));
  return 1;
}

/* embedded.load(path) -> the main function of a Lua file | nil when there is no such
 * file. Does not yield. */
static int embedded_load(lua_State *L) {
  const struct embedded_file *file = embedded_find(luaL_checkstring(L, 1));
  if (!file) return 0;
  chunk_load(L, file->chunk, file->data, (size_t)(file->end - file->data), file->path);
  return 1;
}

static const luaL_Reg functions[] = {
    {"list", embedded_list},
    {"load", embedded_load},
    {"read", embedded_read},
    {NULL, NULL},
};

int luaopen_embedded(lua_State *L);
int luaopen_embedded(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
