/* SPDX-License-Identifier: MIT */
/* Lua's coroutines and xpcall, where a guard stands. */
#ifndef USHER_COROUTINES_H
#define USHER_COROUTINES_H

#include <lua.h>

/* Protected: puts them in the place of Lua's own. */
void coroutines_install(lua_State *L);

#endif
