/* SPDX-License-Identifier: MIT */
/* Lua values as JSON text: the writing half of the json module. json.c calls it, in a protected call. */
#ifndef USHER_JSON_ENCODE_H
#define USHER_JSON_ENCODE_H

#include "bytes.h"

#include <lua.h>
#include <stdbool.h>

struct json_encoder {
  struct bytes out;     /* the caller frees it, whether or not encoding raised */
  const void *null;     /* json.null, as lua_topointer shows it */
  const void *array_mt; /* and the metatable of arrays */
  bool sorted;
  int depth;
};

/* Appends the value at the top of the stack, and leaves the stack as it was. Raises with the path of what cannot be JSON. */
void json_encode_value(lua_State *L, struct json_encoder *e);

/* Whether the table at the top is a list: marked, or keys 1 to n and no others, at least one. */
bool json_is_list(lua_State *L, const void *array_mt);

#endif
