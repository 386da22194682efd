/* SPDX-License-Identifier: MIT */
/* string.find, match, gmatch and gsub for scripts: Lua's own in everything but that they
 * keep to the limits. */
#define _GNU_SOURCE /* memmem */
#include "string_patterns.h"

#include "guard.h"
#include "pattern.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/* A position from the front or from the back -> an offset; it may be behind the end. */
static size_t offset_of(lua_Integer position, size_t len) {
  if (position > 0) return (size_t)position - 1;
  if (position == 0 || position < -(lua_Integer)len) return 0;
  return len - (size_t)-position;
}

/* Each attempt begins anew. */
static const char *match_at(struct pattern *m, const char *s, const char *p) {
  m->level = 0;
  m->depth = PATTERN_DEPTH;
  return pattern_match(m, s, p);
}

/* --- find, match ------------------------------------------------------------------------------ */

static int push_nothing(lua_State *L) {
  lua_pushnil(L);
  return 1;
}

static bool is_plain(const char *p, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (p[i] && strchr("^$*+?.([%-", p[i])) return false;
  return true;
}

static int find_plain(lua_State *L, const char *s, size_t len, size_t from, const char *p,
                      size_t plen) {
  const char *found = memmem(s + from, len - from, p, plen);
  if (!found) return push_nothing(L);
  lua_pushinteger(L, found - s + 1);
  lua_pushinteger(L, found - s + (lua_Integer)plen);
  return 2;
}

static int find_or_match(lua_State *L, bool find) {
  struct pattern m;
  size_t len, plen;
  const char *s = luaL_checklstring(L, 1, &len), *p = luaL_checklstring(L, 2, &plen);
  size_t from = offset_of(luaL_optinteger(L, 3, 1), len);
  if (from > len) return push_nothing(L);
  if (find && (lua_toboolean(L, 4) || is_plain(p, plen)))
    return find_plain(L, s, len, from, p, plen);
  pattern_init(&m, L, s, len, p, plen);
  bool anchored = *p == '^' && plen > 0;
  for (const char *at = s + from; at <= m.end; at++) {
    const char *e = match_at(&m, at, p + anchored);
    if (e && find) {
      lua_pushinteger(L, at - s + 1);
      lua_pushinteger(L, e - s);
      return pattern_push_captures(&m, NULL, NULL) + 2;
    }
    if (e) return pattern_push_captures(&m, at, e);
    if (anchored) break;
  }
  return push_nothing(L);
}

static int string_find(lua_State *L) {
  return find_or_match(L, true);
}

static int string_match(lua_State *L) {
  return find_or_match(L, false);
}

/* --- gmatch ----------------------------------------------------------------------------------- */

struct walk {
  const char *at, *pattern, *last; /* last: where the match before ended */
  struct pattern match;
};

/* upvalues: subject, pattern, walk */
static int next_match(lua_State *L) {
  struct walk *w = lua_touserdata(L, lua_upvalueindex(3));
  w->match.L = L;
  for (; w->at <= w->match.end; w->at++) {
    const char *s = w->at, *e = match_at(&w->match, s, w->pattern);
    if (!e || e == w->last) continue;
    w->at = w->last = e;
    return pattern_push_captures(&w->match, s, e);
  }
  return 0;
}

static int string_gmatch(lua_State *L) {
  size_t len, plen;
  const char *s = luaL_checklstring(L, 1, &len), *p = luaL_checklstring(L, 2, &plen);
  size_t from = offset_of(luaL_optinteger(L, 3, 1), len);
  lua_settop(L, 2);
  struct walk *w = lua_newuserdatauv(L, sizeof *w, 0);
  pattern_init(&w->match, L, s, len, p, plen);
  w->at = s + (from > len ? len + 1 : from);
  w->pattern = p;
  w->last = NULL;
  lua_pushcclosure(L, next_match, 3);
  return 1;
}

/* --- gsub ------------------------------------------------------------------------------------- */

static void check_size(lua_State *L, const luaL_Buffer *b) {
  const struct guard_settings *max = guard_of(L);
  if (max && luaL_bufflen(b) > max->string_size)
    luaL_error(L, "resulting string too large (scripts.string_size)");
}

/* The replacement is a string: %0 to %9 stand for captures. */
static void add_text(struct pattern *m, luaL_Buffer *b, const char *s, const char *e) {
  lua_State *L = m->L;
  size_t len;
  const char *text = lua_tolstring(L, 3, &len), *stop = text + len, *mark;
  while ((mark = memchr(text, '%', (size_t)(stop - text)))) {
    const char *at;
    luaL_addlstring(b, text, (size_t)(mark - text));
    mark++;
    if (*mark == '%') {
      luaL_addchar(b, '%');
    } else if (*mark == '0') {
      luaL_addlstring(b, s, (size_t)(e - s));
    } else if (isdigit((unsigned char)*mark)) {
      ptrdiff_t n = pattern_capture(m, *mark - '1', s, e, &at);
      if (n == PATTERN_POSITION)
        luaL_addvalue(b);
      else
        luaL_addlstring(b, at, (size_t)n);
    } else {
      luaL_error(L, "invalid use of '%c' in replacement string", '%');
    }
    text = mark + 1;
  }
  luaL_addlstring(b, text, (size_t)(stop - text));
}

/* Adds what is to stand in place of the match. Is that something else? */
static bool add_value(struct pattern *m, luaL_Buffer *b, const char *s, const char *e, int type) {
  lua_State *L = m->L;
  const char *at;
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, pattern_push_captures(m, s, e), 1);
  } else if (type == LUA_TTABLE) {
    ptrdiff_t len = pattern_capture(m, 0, s, e, &at);
    if (len != PATTERN_POSITION) lua_pushlstring(L, at, (size_t)len);
    lua_gettable(L, 3);
  } else {
    add_text(m, b, s, e);
    return true;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(b, s, (size_t)(e - s));
    return false;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(b);
  return true;
}

static int string_gsub(lua_State *L) {
  struct pattern m;
  luaL_Buffer b;
  size_t len, plen;
  const char *s = luaL_checklstring(L, 1, &len), *p = luaL_checklstring(L, 2, &plen), *last = NULL;
  int type = lua_type(L, 3);
  lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)len + 1), n = 0;
  bool anchored = *p == '^' && plen > 0, changed = false;
  luaL_argexpected(
      L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE,
      3, "string/function/table");
  pattern_init(&m, L, s, len, p, plen);
  luaL_buffinit(L, &b);
  while (n < most) {
    const char *e = match_at(&m, s, p + anchored);
    if (e && e != last) {
      n++;
      changed = add_value(&m, &b, s, e, type) | changed;
      s = last = e;
      check_size(L, &b);
    } else if (s < m.end) {
      luaL_addchar(&b, *s++);
    } else {
      break;
    }
    if (anchored) break;
  }
  if (changed) {
    luaL_addlstring(&b, s, (size_t)(m.end - s));
    luaL_pushresult(&b);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, n);
  return 2;
}

const luaL_Reg string_patterns[] = {
    {"find", string_find}, {"gmatch", string_gmatch},
    {"gsub", string_gsub}, {"match", string_match},
    {NULL, NULL},
};
