/* SPDX-License-Identifier: MIT */
/* Lua's `lifecycle` module: read by /readyz and /status. */
#include "lifecycle.h"

#include <lauxlib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

int luaopen_lifecycle(lua_State *L);

static atomic_bool draining;
static _Atomic uint64_t since;

void lifecycle_set_draining(void) {
  atomic_store(&draining, true);
}

/* lifecycle.draining() -> boolean */
static int lifecycle_draining(lua_State *L) {
  lua_pushboolean(L, atomic_load(&draining));
  return 1;
}

/* lifecycle.uptime() -> seconds since the first state was made */
static int lifecycle_uptime(lua_State *L) {
  lua_pushnumber(L, (lua_Number)(uv_hrtime() - atomic_load(&since)) / 1e9);
  return 1;
}

/* lifecycle.version() -> string */
static int lifecycle_version(lua_State *L) {
  lua_pushliteral(L, USHER_VERSION);
  return 1;
}

static const luaL_Reg functions[] = {
    {"draining", lifecycle_draining},
    {"uptime", lifecycle_uptime},
    {"version", lifecycle_version},
    {NULL, NULL},
};

int luaopen_lifecycle(lua_State *L) {
  uint64_t never = 0;
  atomic_compare_exchange_strong(&since, &never, uv_hrtime());
  luaL_newlib(L, functions);
  return 1;
}
