/* SPDX-License-Identifier: MIT */
/* What a guarded state has in the place of Lua's own functions;
 * and what usher's own modules may ask of the guard. */
#include "coroutines.h"
#include "guard_state.h"
#include "sizes.h"
#include "string_patterns.h"

#include <lauxlib.h>

/* stack: …, Lua's library, the table that gets ours -> the same */
static void fill_string(lua_State *L) {
  luaL_setfuncs(L, string_patterns, 0);
  sizes_string(L);
}

static const struct {
  const char *name;
  void (*fill)(lua_State *L);
} libraries[] = {{"string", fill_string}, {"table", sizes_table}, {"os", sizes_os}};

enum { LIBRARIES = sizeof libraries / sizeof *libraries };

void guard_install(lua_State *L) {
  if (!guard_of(L)) return;
  coroutines_install(L);
  for (int i = 0; i < LIBRARIES; i++) {
    lua_getglobal(L, libraries[i].name);
    lua_pushvalue(L, -1);
    libraries[i].fill(L);
    lua_pop(L, 2);
  }
}

/* guard.refused() -> "file:line" where memory was refused, in this slice;
 * or nil. Does not yield. */
static int guard_refused(lua_State *L) {
  struct guard *g = guard_in(L);
  if (guard_memory_over(g) == WITHIN) return 0;
  lua_pushstring(L, g->memory.at);
  return 1;
}

static const luaL_Reg functions[] = {
    {"refused", guard_refused},
    {NULL, NULL},
};

/* guard.string, table and os have what scripts get, without limits in a trusted state:
 * for whoever compares. */
int luaopen_guard(lua_State *L);
int luaopen_guard(lua_State *L) {
  luaL_newlib(L, functions);
  for (int i = 0; i < LIBRARIES; i++) {
    lua_getglobal(L, libraries[i].name);
    lua_newtable(L);
    libraries[i].fill(L);
    lua_remove(L, -2);
    lua_setfield(L, -2, libraries[i].name);
  }
  return 1;
}
