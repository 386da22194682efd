/* SPDX-License-Identifier: MIT */
/* Few members stay on the stack, so that no key is looked up again;
 * the names of more are held in a list and sorted in a userdata. */
#include "sorted_keys.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
  const struct slice *x = &((const struct sorted_key *)a)->name;
  const struct slice *y = &((const struct sorted_key *)b)->name;
  int order = (unsigned char)*x->data - (unsigned char)*y->data; /* an empty one has its NUL */
  if (order) return order;
  order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
  return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void sort_few(struct sorted_key *keys, size_t n) {
  for (size_t i = 1; i < n; i++) {
    struct sorted_key moving = keys[i];
    size_t at = i;
    for (; at && compare(&keys[at - 1], &moving) > 0; at--) keys[at] = keys[at - 1];
    keys[at] = moving;
  }
}

/* Leaves the values of the few on the stack, and counts all. False: a key is no string. */
static bool collect_few(lua_State *L, struct sorted_keys *k) {
  struct sorted_key key;
  for (lua_pushnil(L); lua_next(L, k->table); k->count++) {
    if (lua_type(L, -2) != LUA_TSTRING) return false;
    if (k->count >= SORTED_KEYS_FEW) {
      lua_pop(L, 1);
      continue;
    }
    key.name.data = lua_tolstring(L, -2, &key.name.len);
    lua_insert(L, -2); /* stack: …, value, key */
    key.value = lua_gettop(L) - 1;
    k->few[k->count] = key;
  }
  return true;
}

/* The collector takes members out of a weak table whenever anything is allocated, so the names are
 * held in a list of their own, and counted anew. */
static void collect_many(lua_State *L, struct sorted_keys *k) {
  int names = k->table + 1;
  lua_settop(L, k->table);
  lua_createtable(L, (int)k->count, 0);
  k->count = 0;
  for (lua_pushnil(L); lua_next(L, k->table);) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, names, (lua_Integer)++k->count);
  }
  k->list = lua_newuserdatauv(L, k->count * sizeof *k->list, 0);
  for (size_t i = 0; i < k->count; i++, lua_pop(L, 1)) {
    struct sorted_key *key = &k->list[i];
    lua_rawgeti(L, names, (lua_Integer)i + 1);
    key->name.data = lua_tolstring(L, -1, &key->name.len);
    key->value = 0;
  }
}

bool sorted_keys_open(lua_State *L, struct sorted_keys *k) {
  k->table = lua_gettop(L);
  k->count = 0;
  k->list = k->few;
  luaL_checkstack(L, SORTED_KEYS_FEW + 4, "too many tables in each other");
  if (!collect_few(L, k)) {
    lua_settop(L, k->table);
    return false;
  }
  if (k->count <= SORTED_KEYS_FEW) {
    sort_few(k->few, k->count);
  } else {
    collect_many(L, k);
    qsort(k->list, k->count, sizeof *k->list, compare);
  }
  return true;
}

void sorted_keys_push(lua_State *L, const struct sorted_keys *k, size_t i) {
  const struct sorted_key *key = &k->list[i];
  if (key->value) {
    lua_pushvalue(L, key->value);
    return;
  }
  lua_pushlstring(L, key->name.data, key->name.len);
  lua_rawget(L, k->table);
}

void sorted_keys_close(lua_State *L, const struct sorted_keys *k) {
  lua_settop(L, k->table);
}
