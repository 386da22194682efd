/* SPDX-License-Identifier: MIT */
/* Tracebacks through every coroutine of a task: where an error was,
 * before it left a script's own coroutine. */
#ifndef USHER_TRAIL_H
#define USHER_TRAIL_H

#include <lua.h>

/* Once for each state. */
void trail_prepare(lua_State *L);

/* An error, on top of co, is about to leave co for L, the same task's. */
void trail_note(lua_State *L, lua_State *co);

/* Pushes the value there as text; of a long one the beginning,
 * as whoever reads it takes time for each byte. */
void trail_push_text(lua_State *L, int index);

/* stack of L: …, error of T's task -> …, text with a traceback of each coroutine that it left,
 * innermost first, and of T from that level on */
void trail_traceback(lua_State *L, lua_State *T, int level);

#endif
