/* SPDX-License-Identifier: MIT */
/* lua_newstate with an allocator that asks `failing` first. */
#include "failing.h"

#include <lua.h>
#include <stdlib.h>

#ifndef FAILING_EVERY
#define FAILING_EVERY 0
#endif

_Thread_local struct failing failing = {.left = -1, .every = FAILING_EVERY};

struct under {
  lua_Alloc allocate;
  void *ud;
  size_t holders; /* the state's blocks */
  bool made;
};

lua_State *__real_lua_newstate(lua_Alloc allocate, void *ud);
lua_State *__wrap_lua_newstate(lua_Alloc allocate, void *ud);

/* For a new object Lua tries again at once, after a whole collection; for lauxlib's buffers, and
 * while it makes a state, it does not. */
static bool is_first_try(const struct under *under, const void *block, size_t kind) {
  if (block || !kind || !under->made || failing.every == 0) return false;
  if (failing.refused || --failing.until_first > 0) {
    failing.refused = false;
    return false;
  }
  failing.until_first = failing.every;
  failing.refused = true;
  return true;
}

static bool must_fail(void) {
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

static void *allocate(void *ud, void *block, size_t old, size_t size) {
  struct under *under = ud;
  if (size && is_first_try(under, block, old)) return NULL;
  if (size && (!block || size > old) && must_fail()) return NULL;
  void *got = under->allocate(under->ud, block, old, size);
  if (!block && got) under->holders++;
  if (block && !size) release(under);
  return got;
}

lua_State *__wrap_lua_newstate(lua_Alloc below, void *ud) {
  struct under *under = malloc(sizeof *under);
  if (!under) return NULL;
  *under = (struct under){.allocate = below, .ud = ud, .holders = 1};
  lua_State *L = __real_lua_newstate(allocate, under);
  under->made = true;
  release(under);
  return L;
}
