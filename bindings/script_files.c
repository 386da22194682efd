/* SPDX-License-Identifier: MIT */
/* Lua's `script_files` module, for tools: which scripts there are, in the binary or in --scripts DIR. */
#include "embedded.h"
#include "vm.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16

static bool is_lua(const char *name) {
  size_t len = strlen(name);
  return len > 4 && strcmp(name + len - 4, ".lua") == 0;
}

/* stack: …, list; adds every .lua file below the folder */
static void list_folder(lua_State *L, const char *folder, int depth) {
  uv_fs_t scan;
  uv_dirent_t entry;
  if (depth > DEPTH_MAX || uv_fs_scandir(NULL, &scan, folder, 0, NULL) < 0) return;
  while (uv_fs_scandir_next(&scan, &entry) == 0) {
    const char *path = lua_pushfstring(L, "%s/%s", folder, entry.name);
    if (entry.type == UV_DIRENT_DIR && *entry.name != '.') {
      lua_pushvalue(L, -2);
      list_folder(L, path, depth + 1);
      lua_pop(L, 1);
    } else if (entry.type != UV_DIRENT_DIR && is_lua(entry.name)) {
      lua_pushvalue(L, -1);
      lua_rawseti(L, -3, luaL_len(L, -3) + 1);
    }
    lua_pop(L, 1);
  }
  uv_fs_req_cleanup(&scan);
}

/* script_files.list() -> list of paths. Does not yield. */
static int script_files_list(lua_State *L) {
  const char *scripts = vm_of(L)->settings.scripts;
  lua_newtable(L);
  luaL_checkstack(L, 4 * DEPTH_MAX, NULL);
  if (scripts) {
    list_folder(L, scripts, 0);
    return 1;
  }
  for (size_t i = 0; i < embedded_count; i++) {
    if (strncmp(embedded_files[i].path, "scripts/", 8) || !is_lua(embedded_files[i].path)) continue;
    lua_pushstring(L, embedded_files[i].path);
    lua_rawseti(L, -2, luaL_len(L, -2) + 1);
  }
  return 1;
}

/* script_files.read(path) -> text | nil, why. Does not yield. */
static int script_files_read(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  if (!vm_of(L)->settings.scripts) {
    const struct embedded_file *file = embedded_find(path);
    luaL_argcheck(L, file, 1, "not inside the binary");
    lua_pushlstring(L, file->data, (size_t)(file->end - file->data));
    return 1;
  }
  size_t len;
  char *data = vm_read_file(path, &len);
  if (!data) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", path, strerror(errno));
    return 2;
  }
  lua_pushlstring(L, data, len);
  free(data);
  return 1;
}

static const luaL_Reg functions[] = {
    {"list", script_files_list},
    {"read", script_files_read},
    {NULL, NULL},
};

int luaopen_script_files(lua_State *L);
int luaopen_script_files(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
