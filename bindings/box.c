/* SPDX-License-Identifier: MIT */
/* The metatable of a box, and what is said when there is no memory for one. */
#include "box.h"

void box_type(lua_State *L, const char *name, lua_CFunction gc, const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  if (methods) {
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
  }
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

int box_no_memory(lua_State *L) {
  return luaL_error(L, NO_MEMORY);
}
