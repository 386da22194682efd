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

void chunk_load(lua_State *L, struct chunk *c, const char *text, size_t len, const char *path) {
  struct bytes *code = atomic_load(&c->code);
  const char *name = lua_pushfstring(L, "@%s", path);
  int err = code ? luaL_loadbufferx(L, code->data, code->len, name, "b")
                 : luaL_loadbufferx(L, text, len, name, "t");
  if (err && len && *text == *LUA_SIGNATURE) /* Lua's own words have no place */
    lua_pushfstring(L, "%s:1: %s", path, lua_tostring(L, -1));
  if (err) lua_error(L);
  lua_remove(L, -2);
  if (!code) keep(L, c);
}
