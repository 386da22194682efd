/* SPDX-License-Identifier: MIT */
/* The members of a table whose keys are all strings, in byte order of these: the same table is
 * always the same bytes (json_encode.c, form_encode.c). */
#ifndef USHER_SORTED_KEYS_H
#define USHER_SORTED_KEYS_H

#include "bytes.h"

#include <lua.h>
#include <stdbool.h>

enum { SORTED_KEYS_FEW = 16 };

struct sorted_key {
  struct slice name; /* the table keeps the text */
  int value;         /* where on the stack it is; 0: in the table alone */
};

struct sorted_keys {
  int table;
  size_t count;
  struct sorted_key *list;
  struct sorted_key few[SORTED_KEYS_FEW];
};

/* Of the table at the top. The stack is theirs until they are closed. False, and it is as before:
 * not all are strings. */
bool sorted_keys_open(lua_State *L, struct sorted_keys *keys);
void sorted_keys_push(lua_State *L, const struct sorted_keys *keys, size_t i); /* the value */
void sorted_keys_close(lua_State *L, const struct sorted_keys *keys);

#endif
