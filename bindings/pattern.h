/* SPDX-License-Identifier: MIT */
/* Lua's patterns, matched with a budget of steps: what backtracks without an end is an error, and
 * stops when its slice is to stop. string_patterns.c has the functions that scripts call. */
#ifndef USHER_PATTERN_H
#define USHER_PATTERN_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

enum { PATTERN_CAPTURES = 32, PATTERN_DEPTH = 200, PATTERN_OPEN = -1, PATTERN_POSITION = -2 };

struct pattern {
  lua_State *L;
  const char *subject, *end; /* both texts end with a NUL */
  const char *pattern_end;
  uint64_t left; /* steps, beyond the present portion */
  uint64_t portion;
  int depth; /* how much deeper it may go: the caller sets it, and */
  int level; /* the captures so far */
  struct {
    const char *at;
    ptrdiff_t len; /* or PATTERN_OPEN, PATTERN_POSITION */
  } captures[PATTERN_CAPTURES];
};

void pattern_init(struct pattern *m, lua_State *L, const char *subject, size_t len,
                  const char *pattern, size_t pattern_len);

/* Where a match that begins at s ends; NULL: none does. Raises for a pattern that is none,
 * and when the budget is spent. */
const char *pattern_match(struct pattern *m, const char *s, const char *p);

/* The nth capture (from 0) of the match s to e; without captures the first is all of it. Its
 * length; for PATTERN_POSITION the position is pushed. */
ptrdiff_t pattern_capture(struct pattern *m, int n, const char *s, const char *e, const char **at);

/* Pushes all captures; s: NULL leaves out the whole match where there are none. How many. */
int pattern_push_captures(struct pattern *m, const char *s, const char *e);

#endif
