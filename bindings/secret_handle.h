/* SPDX-License-Identifier: MIT */
/* Secret handles: what Lua holds instead of a secret. They print as <secret NAME>,
 * and only C can look inside. */
#ifndef USHER_SECRET_HANDLE_H
#define USHER_SECRET_HANDLE_H

#include "secret.h"

#include <lua.h>
#include <stdbool.h>

/* The secret at the index, borrowed for as long as the value stays on the stack;
 * NULL when it is not a handle. */
struct secret *secret_test(lua_State *L, int index);
/* Was the handle at the index made by Lua, out of a string that it had? Raises when it is none. */
bool secret_is_known(lua_State *L, int index);
/* Pushes a handle that holds a reference of its own. */
void secret_push(lua_State *L, struct secret *s);

/* The bytes of a string or of a secret handle; raises for anything else. */
const char *secret_or_string(lua_State *L, int index, size_t *len);

int luaopen_secret(lua_State *L);

#endif
