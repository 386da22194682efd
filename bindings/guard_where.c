/* SPDX-License-Identifier: MIT */
/* Where scripts are, through every coroutine of a request: written into the caller's buffer, as
 * memory may be what has run out. Called from Lua's hook and from its allocator. */
#include "guard_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LEVELS_MAX = 12 }; /* of one coroutine */

static void add(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(char *out, size_t size, const char *format, ...) {
  size_t len = strlen(out);
  va_list args;
  if (len + 1 >= size) return;
  va_start(args, format);
  vsnprintf(out + len, size - len, format, args);
  va_end(args);
}

static void add_level(lua_State *L, lua_Debug *ar, char *out, size_t size) {
  lua_getinfo(L, "Sln", ar);
  const char *name = ar->name ? ar->name : "?";
  if (*ar->what == 'C')
    add(out, size, "\n\t[C]: in function '%s'", name);
  else if (*ar->what == 'm')
    add(out, size, "\n\t%s:%d: in main chunk", ar->short_src, ar->currentline);
  else
    add(out, size, "\n\t%s:%d: in function '%s'", ar->short_src, ar->currentline, name);
}

void guard_note_line(const struct guard_frame *frame, char *out, size_t size) {
  lua_Debug ar;
  for (; frame; frame = frame->outer)
    for (int level = 0; lua_getstack(frame->L, level, &ar); level++) {
      lua_getinfo(frame->L, "Sl", &ar);
      if (ar.currentline <= 0) continue;
      snprintf(out, size, "%s:%d", ar.short_src, ar.currentline);
      return;
    }
  snprintf(out, size, "?");
}

static void add_levels(lua_State *L, char *out, size_t size) {
  lua_Debug ar;
  int level = 0;
  for (; level < LEVELS_MAX && lua_getstack(L, level, &ar); level++) add_level(L, &ar, out, size);
  if (level == LEVELS_MAX && lua_getstack(L, level, &ar)) add(out, size, "\n\t...");
}

void guard_note_where(const struct guard_frame *frame, char *out, size_t size) {
  guard_note_line(frame, out, size);
  add(out, size, "\nstack traceback:");
  for (; frame; frame = frame->outer) add_levels(frame->L, out, size);
}

bool guard_knows_where(const struct guard *g) {
  return *g->where != '\0';
}

void guard_note(struct guard *g, lua_State *T) {
  struct guard_frame frame = {T, NULL};
  if (guard_knows_where(g))
    add_levels(T, g->where, sizeof g->where);
  else
    guard_note_where(&frame, g->where, sizeof g->where);
}
