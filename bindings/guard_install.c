/* SPDX-License-Identifier: MIT */
/* What a guarded state has in the place of Lua's own functions; and what usher's own modules may ask of the guard. */
#include "coroutines.h"
#include "guard_state.h"

#include <lauxlib.h>

void guard_install(lua_State *L) {
  if (!guard_of(L)) return;
  coroutines_install(L);
}

/* guard.refused() -> "file:line" where memory was refused, in this slice; or nil. Does not yield. */
static int guard_refused(lua_State *L) {
  const struct memory *m = &guard_in(L)->memory;
  if (m->over == WITHIN) return 0;
  lua_pushstring(L, m->at);
  return 1;
}

static const luaL_Reg functions[] = {
    {"refused", guard_refused},
    {NULL, NULL},
};

int luaopen_guard(lua_State *L);
int luaopen_guard(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
