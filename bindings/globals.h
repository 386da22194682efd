/* SPDX-License-Identifier: MIT */
/* What a script can reach by a name without asking for it: its globals. */
#ifndef USHER_GLOBALS_H
#define USHER_GLOBALS_H

#include <lua.h>

/* stack: …, a `require` for scripts -> …
 * Once for each state, protected, when the libraries are open: makes the environment of scripts. In
 * a flow it holds what is harmless, and nothing of it can be written; a trusted state's scripts see
 * everything, and still write no global. usher's own modules keep Lua's globals. */
void globals_install(lua_State *L);

/* stack: …, function of a script -> the same, with the environment of scripts as its globals */
void globals_confine(lua_State *L);

#endif
