/* SPDX-License-Identifier: MIT */
/* JSON text as Lua values: the reading half of the json module. */
#ifndef USHER_JSON_DECODE_H
#define USHER_JSON_DECODE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct json_options {
  int null, array_mt; /* indices of json.null and of the metatable of arrays */
  int depth;          /* levels at most */
  bool unique;        /* refuses an object that has a name twice */
  bool nul;           /* takes \u0000 */
};

/* Reads text, which has a NUL behind it and none inside. Pushes the value; or nil and what is
 * wrong, in words that repeat nothing of it, and where. Raises when memory is out or
 * the slice is over. */
bool json_decode(lua_State *L, const char *text, size_t len, const struct json_options *options);

#endif
