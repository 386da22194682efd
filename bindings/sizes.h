/* SPDX-License-Identifier: MIT */
/* What scripts have in the place of Lua's functions that could take as much as they like. */
#ifndef USHER_SIZES_H
#define USHER_SIZES_H

#include <lauxlib.h>

/* stack: …, Lua's library, the table that gets ours (the same one, or another) -> the same */
void sizes_string(lua_State *L);
void sizes_table(lua_State *L);
void sizes_os(lua_State *L);

#endif
