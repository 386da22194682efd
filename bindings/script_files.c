/* SPDX-License-Identifier: MIT */
/* Lua's `script_files` module, for tools: the scripts of this state,
 * from the binary or from --scripts DIR. */
#include "chunk.h"
#include "script_set.h"
#include "vm.h"

#include <lauxlib.h>

/* script_files.list() -> list of { name = "lib/form.lua", path =,
 * hash = } in order of names. Does not yield. */
static int script_files_list(lua_State *L) {
  const struct script_set *set = vm_of(L)->set;
  size_t n = script_set_count(set);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    const struct script_file *file = script_set_at(set, i);
    if (script_file_is_web(file)) continue;
    lua_createtable(L, 0, 3);
    lua_pushstring(L, file->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, file->path);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, file->hash);
    lua_setfield(L, -2, "hash");
    lua_rawseti(L, -2, luaL_len(L, -2) + 1);
  }
  return 1;
}

/* script_files.read(name) -> text, path | nil when there is no such script. Does not yield. */
static int script_files_read(lua_State *L) {
  const struct script_file *file = script_set_find(vm_of(L)->set, luaL_checkstring(L, 1));
  if (!file) return 0;
  lua_pushlstring(L, file->data, file->len);
  lua_pushstring(L, file->path);
  return 2;
}

/* script_files.load(name) -> its main function, with the globals of usher's own, path | nil when
 * there is no such script. Raises what is wrong with it. Does not yield. */
static int script_files_load(lua_State *L) {
  const struct script_file *file = script_set_find(vm_of(L)->set, luaL_checkstring(L, 1));
  if (!file) return 0;
  chunk_load(L, file->chunk, file->data, file->len, file->path);
  lua_pushstring(L, file->path);
  return 2;
}

/* script_files.compile(name): the same for its fault only: nothing is loaded when it is
 * known to have none. */
static int script_files_compile(lua_State *L) {
  const struct script_file *file = script_set_find(vm_of(L)->set, luaL_checkstring(L, 1));
  if (file && !chunk_is_known(file->chunk))
    chunk_load(L, file->chunk, file->data, file->len, file->path);
  return 0;
}

/* script_files.origin() -> the folder of --scripts, or "the binary". Does not yield. */
static int script_files_origin(lua_State *L) {
  lua_pushstring(L, script_set_origin(vm_of(L)->set));
  return 1;
}

static const luaL_Reg functions[] = {
    {"compile", script_files_compile}, {"list", script_files_list}, {"load", script_files_load},
    {"origin", script_files_origin},   {"read", script_files_read}, {NULL, NULL},
};

int luaopen_script_files(lua_State *L);
int luaopen_script_files(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
