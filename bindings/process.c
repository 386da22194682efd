/* SPDX-License-Identifier: MIT */
/* Lua's `process` module: what a program may ask of its own process.
 * `usher lambda` uses it; flows cannot. */
#include "box.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* process.setenv(name, value | nil): for this process and those it starts.
 * Only where no other thread reads. */
static int process_setenv(lua_State *L) {
  const char *name = luaL_checkstring(L, 1), *value = luaL_optstring(L, 2, NULL);
  luaL_argcheck(L, *name && !strchr(name, '='), 1, "not the name of a variable");
  if (value ? setenv(name, value, 1) : unsetenv(name)) return box_no_memory(L);
  return 0;
}

static const luaL_Reg functions[] = {
    {"setenv", process_setenv},
    {NULL, NULL},
};

int luaopen_process(lua_State *L);
int luaopen_process(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
