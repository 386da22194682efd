/* SPDX-License-Identifier: MIT */
/* Keeps what Lua's compiler makes of a text, with all lines and names, outside of every state. */
#include "chunk.h"

#include "bytes.h"

#include <lauxlib.h>
#include <stdlib.h>

struct chunk *chunk_new(void) {
  struct chunk *c = calloc(1, sizeof *c);
  if (c) atomic_init(&c->refs, 1);
  return c;
}

struct chunk *chunk_ref(struct chunk *c) {
  atomic_fetch_add(&c->refs, 1);
  return c;
}

static void free_code(struct bytes *code) {
  if (!code) return;
  bytes_free(code);
  free(code);
}

void chunk_unref(struct chunk *c) {
  if (!c || atomic_fetch_sub(&c->refs, 1) > 1) return;
  free_code(atomic_load(&c->code));
  free(c);
}

bool chunk_is_known(struct chunk *c) {
  return atomic_load(&c->code) != NULL;
}

static int on_dump(lua_State *L, const void *data, size_t len, void *ctx) {
  (void)L;
  return bytes_append(ctx, data, len);
}

/* Without memory it is compiled again. stack: …, function -> the same */
static void keep(lua_State *L, struct chunk *c) {
  struct bytes *code = calloc(1, sizeof *code), *nobodys = NULL;
  if (!code) return;
  if (lua_dump(L, on_dump, code, 0) || !atomic_compare_exchange_strong(&c->code, &nobodys, code))
    free_code(code); /* another thread was first */
}

struct source {
  const char *text, *name, *mode;
  size_t len;
  int err;
};

static int compile(lua_State *L) {
  struct source *s = lua_touserdata(L, 1);
  s->err = luaL_loadbufferx(L, s->text, s->len, s->name, s->mode);
  return s->err ? lua_error(L) : 1;
}

/* Apart from who handles errors outside: in the depth of the compiler a handler has no room. stack:
 * … -> …, function or error */
static int compile_apart(lua_State *L, struct source *s) {
  lua_pushcfunction(L, compile);
  lua_pushlightuserdata(L, s);
  return lua_pcall(L, 1, 1, 0);
}

void chunk_load(lua_State *L, struct chunk *c, const char *text, size_t len, const char *path) {
  struct bytes *code = atomic_load(&c->code);
  const char *name = lua_pushfstring(L, "@%s", path);
  struct source source = {text, name, "t", len, 0};
  if (code) source = (struct source){code->data, name, "b", code->len, 0};
  int err = compile_apart(L, &source);
  bool overflow = source.err == LUA_ERRRUN, binary = len && *text == *LUA_SIGNATURE;
  if (err && (overflow || binary)) /* Lua's own words have no place */
    lua_pushfstring(L, "%s:1: %s", path, lua_tostring(L, -1));
  if (err) lua_error(L);
  lua_remove(L, -2);
  if (!code) keep(L, c);
}
