/* SPDX-License-Identifier: MIT */
/* Boxes: the userdata by which Lua owns something of C. What all modules that have one share. */
#ifndef USHER_BOX_H
#define USHER_BOX_H

#include <lauxlib.h>

#define NO_MEMORY "not enough memory" /* in Lua's own words */

/* The metatable of this name: gc releases a box. methods: what it has besides, or NULL. */
void box_type(lua_State *L, const char *name, lua_CFunction gc, const luaL_Reg *methods);

/* Raises that C has got none; as lua_error, it does not return. */
int box_no_memory(lua_State *L);

#endif
