/* SPDX-License-Identifier: MIT */
/* Lua's `marks` module: names that all workers share, until somebody takes them away.
 * They outlive reloads, not restarts. */
#include "marks.h"

#include "box.h"

#include <lauxlib.h>

#define LIST "usher.marks_list"

struct list {
  char **names;
  size_t n;
};

/* marks.add(name) -> boolean: is it new? */
static int marks_lua_add(lua_State *L) {
  lua_pushboolean(L, marks_add(luaL_checkstring(L, 1)));
  return 1;
}

/* marks.remove(name) -> boolean: was it there? */
static int marks_lua_remove(lua_State *L) {
  lua_pushboolean(L, marks_remove(luaL_checkstring(L, 1)));
  return 1;
}

/* marks.count(prefix) -> integer */
static int marks_lua_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)marks_count(luaL_checkstring(L, 1)));
  return 1;
}

static int list_gc(lua_State *L) {
  struct list *list = luaL_checkudata(L, 1, LIST);
  if (list->names) marks_free_list(list->names, list->n);
  list->names = NULL;
  return 0;
}

/* marks.list(prefix) -> list of names, oldest first */
static int marks_lua_list(lua_State *L) {
  const char *prefix = luaL_checkstring(L, 1);
  struct list *list = lua_newuserdatauv(L, sizeof *list, 0); /* frees the copies, whatever raises */
  *list = (struct list){0};
  luaL_setmetatable(L, LIST);
  list->names = marks_list(prefix, &list->n);
  if (!list->names) return box_no_memory(L);
  lua_createtable(L, (int)list->n, 0);
  for (size_t i = 0; i < list->n; i++) {
    lua_pushstring(L, list->names[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static const luaL_Reg functions[] = {
    {"add", marks_lua_add},
    {"remove", marks_lua_remove},
    {"count", marks_lua_count},
    {"list", marks_lua_list},
    {NULL, NULL},
};

int luaopen_marks(lua_State *L);
int luaopen_marks(lua_State *L) {
  box_type(L, LIST, list_gc, NULL);
  luaL_newlib(L, functions);
  return 1;
}
