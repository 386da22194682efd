/* SPDX-License-Identifier: MIT */
/* A user value of the task: its request, or what scrub.lua keeps of one. Children of task.all work
 * for whom their parent does. */
#include "task_source.h"

#include "task_state.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE = 2 }; /* the number of the user value */

void task_source_set(lua_State *L, struct task *t) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, t->anchor);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, SOURCE);
  lua_pop(L, 1);
}

/* stack: … -> …, whom t works for, or nil */
static void push_source(lua_State *L, const struct task *t) {
  while (t && t->anchor == LUA_NOREF) t = t->parent;
  if (!t) {
    lua_pushnil(L);
    return;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, t->anchor);
  lua_getiuservalue(L, -1, SOURCE);
  lua_remove(L, -2);
}

/* stack: … -> …, the module scrub */
static void push_scrub(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "scrub");
  lua_call(L, 1, 1);
}

void task_source_push_kept(lua_State *L) {
  luaL_checkstack(L, 4, NULL);
  push_source(L, task_running(L));
  if (!lua_isuserdata(L, -1)) return;
  push_scrub(L);
  lua_getfield(L, -1, "snapshot");
  lua_replace(L, -2);
  lua_insert(L, -2);
  lua_call(L, 1, 1);
}

struct scrubbing {
  lua_State *T;
  char *text;
};

/* stack: struct scrubbing */
static int scrub(lua_State *L) {
  struct scrubbing *s = lua_touserdata(L, 1);
  push_scrub(L);
  lua_pushstring(L, s->text);
  push_source(L, task_running(s->T));
  if (lua_isnil(L, -1)) return 0;
  lua_call(L, 2, 1);
  char *clean = strdup(lua_tostring(L, -1));
  free(s->text);
  s->text = clean;
  return 0;
}

char *task_source_scrub(lua_State *T, char *text) {
  lua_State *L = vm_of(T)->L;
  struct scrubbing s = {T, text};
  if (!text) return NULL;
  lua_pushcfunction(L, scrub);
  lua_pushlightuserdata(L, &s);
  if (guard_pcall(L, 1, 0) == LUA_OK) return s.text;
  lua_pop(L, 1);
  free(s.text);
  return strdup("an error that cannot be shown");
}
