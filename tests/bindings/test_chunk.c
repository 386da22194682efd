/* SPDX-License-Identifier: MIT */
/* What is loaded from a chunk's memory is what its text says, in every state and thread; a set
 * takes over what has not changed. */
#include "../core/unit.h"

#include "chunk.h"
#include "script_set.h"

#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 50 };

static const char path[] =
    "/a/folder/with a rather long name/so that it/is cut/in messages/lib.lua";

struct text {
  struct chunk *chunk;
  const char *data;
  size_t len;
};

/* stack: struct text -> function */
static int load(lua_State *L) {
  const struct text *text = lua_touserdata(L, 1);
  chunk_load(L, text->chunk, text->data, text->len, path);
  return 1;
}

/* What the text gives in a state of its own, or why not. Freed by the caller. */
static char *run(const struct text *text) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lua_pushcfunction(L, load);
  lua_pushlightuserdata(L, (void *)text);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
    assert_string_equal(lua_getupvalue(L, -1, 1), "_ENV");
    lua_pop(L, 1);
    lua_pcall(L, 0, 1, 0);
  }
  char *said = strdup(luaL_tolstring(L, -1, NULL));
  lua_close(L);
  return said;
}

static const struct {
  const char *data, *says;
  bool known;
} texts[] = {
    {"return 1 + 1", "2", true},
    {"", "nil", true},
    {"local a <const>, b = 'x', 2^53\nlocal function f(n) return n .. a end\nreturn f(b)",
     "9.007199254741e+15x", true},
    {"\n\nlocal t\nreturn t.x",
     "...a rather long name/so that it/is cut/in messages/lib.lua:4: attempt to index a nil value "
     "(local 't')",
     true},
    {"return debug.getinfo(1, 'S').source",
     "@/a/folder/with a rather long name/so that it/is cut/in messages/lib.lua", true},
    {"\nreturn 1 +",
     "...a rather long name/so that it/is cut/in messages/lib.lua:2: unexpected symbol near <eof>",
     false},
    {LUA_SIGNATURE "T",
     "/a/folder/with a rather long name/so that it/is cut/in messages/lib.lua:1: attempt to load a "
     "binary chunk (mode is 't')",
     false},
};

static void test_same_as_text(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(texts); i++) {
    struct text text = {chunk_new(), texts[i].data, strlen(texts[i].data)};
    assert_false(chunk_is_known(text.chunk));
    for (int round = 0; round < 3; round++) {
      char *said = run(&text);
      assert_string_equal(said, texts[i].says);
      assert_int_equal(chunk_is_known(text.chunk), texts[i].known);
      free(said);
    }
    chunk_unref(text.chunk);
  }
}

/* The text is not looked at again: another one shows that. */
static void test_compiled_once(void **state) {
  (void)state;
  struct text text = {chunk_new(), "return 'first'", 14};
  for (int round = 0; round < 2; round++) {
    char *said = run(&text);
    assert_string_equal(said, "first");
    free(said);
    text.data = "return 'other'";
  }
  chunk_unref(text.chunk);
}

static void *load_often(void *ctx) {
  for (int i = 0; i < ROUNDS; i++) {
    char *said = run(ctx);
    if (strcmp(said, "2") != 0) abort();
    free(said);
  }
  return NULL;
}

static void test_threads(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  struct text text = {chunk_new(), texts[0].data, strlen(texts[0].data)};
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, load_often, &text), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  chunk_unref(text.chunk);
}

/* --- sets ----------------------------------------------------------------------------------- */

static void put(const char *folder, const char *name, const char *text) {
  char at[64];
  snprintf(at, sizeof at, "%s/%s", folder, name);
  FILE *file = fopen(at, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static struct script_set *read_set(const char *folder) {
  struct script_set *set;
  char *problem;
  assert_int_equal(script_set_read(folder, NULL, false, &set, &problem), 0);
  return set;
}

static void test_inherit(void **state) {
  (void)state;
  char folder[] = "/tmp/usher-chunk-XXXXXX";
  assert_non_null(mkdtemp(folder));
  put(folder, "kept.lua", "return 1");
  put(folder, "changed.lua", "return 1");
  struct script_set *before = read_set(folder);
  put(folder, "changed.lua", "return 2");
  put(folder, "new.lua", "return 1");
  struct script_set *now = read_set(folder);
  script_set_inherit(now, before);
  assert_ptr_equal(script_set_find(now, "kept.lua")->chunk,
                   script_set_find(before, "kept.lua")->chunk);
  assert_ptr_not_equal(script_set_find(now, "changed.lua")->chunk,
                       script_set_find(before, "changed.lua")->chunk);
  script_set_unref(before);
  assert_false(chunk_is_known(script_set_find(now, "kept.lua")->chunk));
  assert_false(chunk_is_known(script_set_find(now, "new.lua")->chunk));
  script_set_unref(now);
  for (size_t i = 0; i < 3; i++) {
    char at[64];
    snprintf(at, sizeof at, "%s/%s", folder,
             (const char *[]){"kept.lua", "changed.lua", "new.lua"}[i]);
    unlink(at);
  }
  rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_as_text),
      cmocka_unit_test(test_compiled_once),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_inherit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
