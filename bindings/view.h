/* SPDX-License-Identifier: MIT */
/* Tables that a script reads and cannot write. Lua has none: a view is an empty table that reads
 * from the real one, says no to every write, and whose metatable nobody sees. */
#ifndef USHER_VIEW_H
#define USHER_VIEW_H

#include <lua.h>

/* stack: …, value -> …, a view when it is a table that could be written, else the value. One view
 * for each table; name: what the script calls it. */
void view_push(lua_State *L, const char *name);

/* stack: …, table -> …, table, a new view of it. newindex says no to a write,
 * with name as its upvalue. */
void view_push_new(lua_State *L, const char *name, lua_CFunction newindex);

/* Puts the real table in the place of a view at index; leaves all else as it is. */
void view_see_through(lua_State *L, int index);

#endif
