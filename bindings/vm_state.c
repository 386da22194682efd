/* SPDX-License-Identifier: MIT */
/* From a Lua state to its vm; and two things that every room of it does with Lua. */
#include "vm_state.h"

struct vm *vm_of(lua_State *L) {
  return (*(struct context **)lua_getextraspace(L))->vm;
}

void vm_make_weak_table(lua_State *L, const char *key) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, key);
}

const char *vm_error_text(lua_State *L) {
  return lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error that is not a message";
}
