/* SPDX-License-Identifier: MIT */
/* What a script can reach by a name: its globals, and the modules of usher as they are shown to it. */
#ifndef USHER_GLOBALS_H
#define USHER_GLOBALS_H

#include <lua.h>

/* stack: …, a `require` for scripts -> …
 * Once for each state, protected, when the libraries are open: makes the environment of scripts. In a flow it holds what is harmless, and nothing of it can be written; a trusted state's scripts see everything, and
 * still write no global. usher's own modules keep Lua's globals. */
void globals_install(lua_State *L);

/* stack: …, function of a script -> the same, with the environment of scripts as its globals */
void globals_confine(lua_State *L);

/* stack: …, value -> …, a read-only view when it is a table that could be written, else the value. One view for each
 * table. */
void globals_push_view(lua_State *L, const char *name);

int luaopen_globals(lua_State *L);

#endif
