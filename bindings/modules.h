/* SPDX-License-Identifier: MIT */
/* What `require` finds: usher's C modules, its Lua modules, the scripts. */
#ifndef USHER_MODULES_H
#define USHER_MODULES_H

#include <lua.h>

/* Replaces package.searchers in L; a trusted vm keeps Lua's own searchers behind ours. Raises when memory is out. */
void modules_install(lua_State *L);

#endif
