/* SPDX-License-Identifier: MIT */
/* What `require` finds: usher's C modules, its Lua modules, the scripts. */
#ifndef USHER_MODULES_H
#define USHER_MODULES_H

#include <lua.h>
#include <stdbool.h>

/* Puts usher's `require` in the place of Lua's, whose searchers a trusted vm asks last.
 * Raises when memory is out. */
void modules_install(lua_State *L);

/* Pushes a `require`. for_scripts: it finds the bindings that are meant for scripts,
 * as read-only views, and scripts. */
void modules_push_require(lua_State *L, bool for_scripts);

#endif
