/* SPDX-License-Identifier: MIT */
/* Few names are sorted where they are found, on the C stack; more of them in a userdata. */
#include "sorted_keys.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
  const struct slice *x = a, *y = b;
  int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
  return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void sort_few(struct slice *keys, size_t n) {
  for (size_t i = 1; i < n; i++) {
    struct slice moving = keys[i];
    size_t at = i;
    for (; at && compare(&keys[at - 1], &moving) > 0; at--) keys[at] = keys[at - 1];
    keys[at] = moving;
  }
}

/* The keys of the table at the index, the first `room` of them into list. How many they are; SIZE_MAX: one is no string. */
static size_t collect(lua_State *L, int table, struct slice *list, size_t room) {
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1), n++) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      lua_pop(L, 2);
      return SIZE_MAX;
    }
    if (n < room) list[n].data = lua_tolstring(L, -2, &list[n].len);
  }
  return n;
}

bool sorted_keys(lua_State *L, struct sorted_keys *keys) {
  int table = lua_gettop(L);
  keys->list = keys->few;
  keys->count = collect(L, table, keys->few, SORTED_KEYS_FEW);
  if (keys->count == SIZE_MAX) return false;
  if (keys->count <= SORTED_KEYS_FEW) {
    sort_few(keys->few, keys->count);
    lua_pushnil(L);
    return true;
  }
  keys->list = lua_newuserdatauv(L, keys->count * sizeof *keys->list, 0);
  collect(L, table, keys->list, keys->count);
  qsort(keys->list, keys->count, sizeof *keys->list, compare);
  return true;
}
