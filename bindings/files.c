/* SPDX-License-Identifier: MIT */
/* Lua's `files` module, for tools: what Lua's io and os leave out about folders. Synchronous. The
 * world's faults are nil, message. */
#include <errno.h>
#include <lauxlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

static int push_problem(lua_State *L, const char *path, int err) {
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", path, uv_strerror(err));
  return 2;
}

/* stack: …, list; the entry is added as { name =, folder =, modified = } */
static void add_entry(lua_State *L, const char *folder, const char *name, lua_Integer at) {
  struct stat about = {0};
  const char *path = lua_pushfstring(L, "%s/%s", folder, name);
  stat(path, &about); /* a link that leads nowhere is a file of no age */
  lua_pop(L, 1);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "name");
  lua_pushboolean(L, S_ISDIR(about.st_mode));
  lua_setfield(L, -2, "folder");
  lua_pushnumber(L, (lua_Number)about.st_mtim.tv_sec + (lua_Number)about.st_mtim.tv_nsec / 1e9);
  lua_setfield(L, -2, "modified");
  lua_rawseti(L, -2, at);
}

/* files.list(folder) -> list of { name=, folder=bool, modified=seconds since 1970 } in order of
 * names | nil, message */
static int files_list(lua_State *L) {
  const char *folder = luaL_checkstring(L, 1);
  uv_fs_t scan;
  uv_dirent_t entry;
  int err = uv_fs_scandir(NULL, &scan, folder, 0, NULL);
  if (err < 0) {
    uv_fs_req_cleanup(&scan);
    return push_problem(L, folder, err);
  }
  lua_newtable(L);
  for (lua_Integer at = 1; uv_fs_scandir_next(&scan, &entry) == 0; at++)
    add_entry(L, folder, entry.name, at);
  uv_fs_req_cleanup(&scan);
  return 1;
}

/* files.make_folder(path) -> true, is it new? | nil, message */
static int files_make_folder(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct stat about;
  int made = mkdir(path, 0777), err = made ? errno : 0;
  if (made && (err != EEXIST || stat(path, &about) || !S_ISDIR(about.st_mode)))
    return push_problem(L, path, uv_translate_sys_error(err));
  lua_pushboolean(L, 1);
  lua_pushboolean(L, !made);
  return 2;
}

static const luaL_Reg functions[] = {
    {"list", files_list},
    {"make_folder", files_make_folder},
    {NULL, NULL},
};

int luaopen_files(lua_State *L);
int luaopen_files(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
