/* SPDX-License-Identifier: MIT */
/* Lua's `process` module: what a program may ask of its own process. `usher lambda` uses it; flows cannot. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include <lauxlib.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* process.setenv(name, value | nil): for this process and those it starts. Only where no other thread reads. */
static int process_setenv(lua_State *L) {
  const char *name = luaL_checkstring(L, 1), *value = luaL_optstring(L, 2, NULL);
  luaL_argcheck(L, *name && !strchr(name, '='), 1, "not the name of a variable");
  if (value ? setenv(name, value, 1) : unsetenv(name)) return luaL_error(L, "out of memory");
  return 0;
}

static int note_library(struct dl_phdr_info *info, size_t size, void *ctx) {
  (void)size;
  lua_State *L = ctx;
  if (!info->dlpi_name || *info->dlpi_name != '/')
    return 0; /* the program itself, and the kernel's own */
  lua_pushstring(L, info->dlpi_name);
  lua_rawseti(L, -2, luaL_len(L, -2) + 1);
  return 0;
}

/* process.libraries() -> list of the paths of all shared libraries this program runs with, the loader among them */
static int process_libraries(lua_State *L) {
  lua_newtable(L);
  dl_iterate_phdr(note_library, L);
  return 1;
}

static const luaL_Reg functions[] = {
    {"libraries", process_libraries},
    {"setenv", process_setenv},
    {NULL, NULL},
};

int luaopen_process(lua_State *L);
int luaopen_process(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
