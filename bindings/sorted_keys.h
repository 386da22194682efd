/* SPDX-License-Identifier: MIT */
/* The names in a table in byte order: the same table is always the same bytes (json_encode.c, form_encode.c). */
#ifndef USHER_SORTED_KEYS_H
#define USHER_SORTED_KEYS_H

#include "bytes.h"

#include <lua.h>
#include <stdbool.h>

enum { SORTED_KEYS_FEW = 16 };

struct sorted_keys {
  struct slice *list; /* the table keeps the texts */
  size_t count;
  struct slice few[SORTED_KEYS_FEW];
};

/* Of the table at the top; pushes one value, which keeps the list. False, and nothing is pushed: not all of its keys are
 * strings. */
bool sorted_keys(lua_State *L, struct sorted_keys *keys);

#endif
