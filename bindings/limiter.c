/* SPDX-License-Identifier: MIT */
/* Lua's `limiter` module: one table of allowances for the whole process, whatever worker asks.
 * It outlives reloads. */
#include "limiter.h"
#include "box.h"
#include "virtual.h"

#include <lauxlib.h>
#include <pthread.h>
#include <uv.h>

#define KEYS (1u << 17) /* 3 MB */

static struct limiter *shared;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_shared(void) {
  shared = limiter_new(KEYS);
}

/* limiter.take(name, key, rate, burst[, cost]) -> true | false, seconds until it would be true.
 * `rate` a second, `burst` at once; a cost of 1. name and key together are what is counted; keep
 * people out of key (hash them). Does not yield. */
static int limiter_lua_take(lua_State *L) {
  luaL_checkstring(L, 1);
  luaL_checkstring(L, 2);
  struct limit limit = {luaL_checknumber(L, 3), luaL_checknumber(L, 4), luaL_optnumber(L, 5, 1)};
  luaL_argcheck(L, limit.rate >= 1e-6 && limit.rate <= 1e9, 3, "a rate from 1e-6 to 1e9 a second");
  luaL_argcheck(L, limit.burst > 0 && limit.burst <= limit.rate * 1e9, 4, "no such burst");
  luaL_argcheck(L, limit.cost >= 0 && limit.cost <= limit.burst, 5, "a cost from 0 to the burst");
  size_t len;
  lua_pushvalue(L, 1);
  lua_pushlstring(L, "", 1); /* NUL: ("ab", "c") is not ("a", "bc") */
  lua_pushvalue(L, 2);
  lua_concat(L, 3);
  const char *key = lua_tolstring(L, -1, &len);
  struct limiter *own = virtual_limiter(vm_of(L));
  uint64_t wait = limiter_take(own ? own : shared, key, len, &limit, virtual_monotonic(vm_of(L)));
  lua_pushboolean(L, wait == 0);
  if (wait == 0) return 1;
  lua_pushnumber(L, (lua_Number)wait / 1e9);
  return 2;
}

static const luaL_Reg functions[] = {
    {"take", limiter_lua_take},
    {NULL, NULL},
};

int luaopen_limiter(lua_State *L);
int luaopen_limiter(lua_State *L) {
  pthread_once(&once, make_shared);
  if (!shared) return box_no_memory(L);
  luaL_newlib(L, functions);
  return 1;
}
