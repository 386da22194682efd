/* SPDX-License-Identifier: MIT */
/* A Lua text that is compiled once in a process: whoever loads it again, in whatever state, gets
 * what the compiler made of it the first time. */
#ifndef USHER_CHUNK_H
#define USHER_CHUNK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct bytes;
struct lua_State;

/* All zero is one that has not been compiled yet, and that nobody counts. Any thread. */
struct chunk {
  _Atomic(struct bytes *) code;
  atomic_uint refs;
};

/* NULL without memory. */
struct chunk *chunk_new(void);
struct chunk *chunk_ref(struct chunk *c);
void chunk_unref(struct chunk *c); /* NULL is fine */

/* Has the text been compiled? Then it is a good one. */
bool chunk_is_known(struct chunk *c);

/* Pushes the main function of a text, which is always the same one for this chunk, or raises what
 * is wrong with it as "path:line: message". Bytecode is no text. */
void chunk_load(struct lua_State *L, struct chunk *c, const char *text, size_t len,
                const char *path);

#endif
