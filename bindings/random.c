/* SPDX-License-Identifier: MIT */
/* Lua's `random` module: numbers that nobody can guess; in a world of a spec, those of its seed. */
#include "virtual.h"

#include <lauxlib.h>

static uint64_t word(lua_State *L) {
  uint64_t w;
  virtual_random(vm_of(L), &w, sizeof w);
  return w;
}

/* Evenly from 0 to most: what is over the last whole multiple is drawn again. */
static uint64_t below_or_at(lua_State *L, uint64_t most) {
  uint64_t w = word(L);
  if (most == UINT64_MAX) return w;
  const uint64_t n = most + 1, over = (UINT64_MAX % n + 1) % n;
  while (w > UINT64_MAX - over) w = word(L);
  return w % n;
}

/* random.number() -> float, 0 <= it < 1. Does not yield. */
static int random_number(lua_State *L) {
  lua_pushnumber(L, (lua_Number)(word(L) >> 11) * 0x1p-53);
  return 1;
}

/* random.integer(low, high) -> integer, both ends included, each as likely. Does not yield. */
static int random_integer(lua_State *L) {
  lua_Integer low = luaL_checkinteger(L, 1), high = luaL_checkinteger(L, 2);
  luaL_argcheck(L, low <= high, 2, "less than the first");
  uint64_t most = (uint64_t)high - (uint64_t)low;
  lua_pushinteger(L, (lua_Integer)((uint64_t)low + below_or_at(L, most)));
  return 1;
}

/* random.pick(list) -> one of its entries, each as likely; nil from an empty
 * one. Does not yield. */
static int random_pick(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer n = luaL_len(L, 1);
  if (n < 1) return 0;
  lua_geti(L, 1, 1 + (lua_Integer)below_or_at(L, (uint64_t)n - 1));
  return 1;
}

static const luaL_Reg functions[] = {
    {"integer", random_integer},
    {"number", random_number},
    {"pick", random_pick},
    {NULL, NULL},
};

int luaopen_random(lua_State *L);
int luaopen_random(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
