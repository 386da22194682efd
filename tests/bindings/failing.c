/* SPDX-License-Identifier: MIT */
/* lua_newstate with an allocator that asks `failing` first. */
#include "failing.h"

#include <lua.h>
#include <stdlib.h>

_Thread_local struct failing failing = {.left = -1};

struct under {
  lua_Alloc allocate;
  void *ud;
  size_t holders; /* the state's blocks */
};

lua_State *__real_lua_newstate(lua_Alloc allocate, void *ud);
lua_State *__wrap_lua_newstate(lua_Alloc allocate, void *ud);

/* Lua tries again at once, after a whole collection. */
static bool is_first_try(void) {
  if (failing.refused || failing.every == 0 || --failing.until_first > 0) {
    failing.refused = false;
    return false;
  }
  failing.until_first = failing.every;
  failing.refused = true;
  return true;
}

static bool must_fail(void) {
  if (is_first_try()) return true;
  if (failing.left < 0) return false;
  if (failing.left > 0) {
    failing.left--;
    return false;
  }
  failing.failed = true;
  if (--failing.in_a_row == 0) failing.left = -1;
  return true;
}

static void release(struct under *under) {
  if (--under->holders == 0) free(under);
}

static void *allocate(void *ud, void *block, size_t old, size_t new) {
  struct under *under = ud;
  if (new && (!block || new > old) && must_fail()) return NULL;
  void *got = under->allocate(under->ud, block, old, new);
  if (!block && got) under->holders++;
  if (block && !new) release(under);
  return got;
}

lua_State *__wrap_lua_newstate(lua_Alloc below, void *ud) {
  struct under *under = malloc(sizeof *under);
  if (!under) return NULL;
  *under = (struct under){.allocate = below, .ud = ud, .holders = 1};
  lua_State *L = __real_lua_newstate(allocate, under);
  release(under);
  return L;
}
