/* SPDX-License-Identifier: MIT */
/* The matcher: recursion where there is a choice, a loop where there is none;
 * each turn of either is a step. */
#include "pattern.h"

#include "guard.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#define ESCAPE '%'

enum { PORTION = 1 << 16, STEPS_A_BYTE = 32 };

void pattern_init(struct pattern *m, lua_State *L, const char *subject, size_t len,
                  const char *pattern, size_t pattern_len) {
  const struct guard_settings *max = guard_of(L);
  m->L = L;
  m->subject = subject;
  m->end = subject + len;
  m->pattern_end = pattern + pattern_len;
  m->left = max ? max->pattern_steps + STEPS_A_BYTE * (uint64_t)len : UINT64_MAX;
  m->portion = 0;
}

/* --- the budget ------------------------------------------------------------------------------ */

static void next_portion(struct pattern *m, uint64_t steps) {
  uint64_t wanted = steps + PORTION;
  guard_check(m->L);
  if (m->left < steps)
    luaL_error(m->L, "a pattern takes too many steps here (scripts.pattern_steps)");
  if (wanted > m->left) wanted = m->left;
  m->left -= wanted;
  m->portion = wanted;
}

static inline void spend(struct pattern *m, uint64_t steps) {
  if (steps > m->portion) next_portion(m, steps);
  m->portion -= steps;
}

/* --- one character --------------------------------------------------------------------------- */

static unsigned char byte(const char *s) {
  return (unsigned char)*s;
}

static bool in_class(int c, int class) {
  bool is;
  switch (tolower(class)) {
  case 'a': is = isalpha(c); break;
  case 'c': is = iscntrl(c); break;
  case 'd': is = isdigit(c); break;
  case 'g': is = isgraph(c); break;
  case 'l': is = islower(c); break;
  case 'p': is = ispunct(c); break;
  case 's': is = isspace(c); break;
  case 'u': is = isupper(c); break;
  case 'w': is = isalnum(c); break;
  case 'x': is = isxdigit(c); break;
  case 'z': is = c == 0; break; /* older than Lua 5.2, and still there */
  default: return class == c;
  }
  return isupper(class) ? !is : is;
}

/* p is at the "[", last at the "]". */
static bool in_set(int c, const char *p, const char *last) {
  bool wanted = true;
  if (p[1] == '^') {
    wanted = false;
    p++;
  }
  while (++p < last) {
    if (*p == ESCAPE) {
      p++;
      if (in_class(c, byte(p))) return wanted;
    } else if (p[1] == '-' && p + 2 < last) {
      p += 2;
      if (byte(p - 2) <= c && c <= byte(p)) return wanted;
    } else if (byte(p) == c) {
      return wanted;
    }
  }
  return !wanted;
}

/* Behind the item of one character that begins at p. */
static const char *item_end(struct pattern *m, const char *p) {
  char first = *p++;
  if (first == ESCAPE) {
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (*p == '^') p++;
  do { /* a "]" that comes first is itself */
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
    if (*p++ == ESCAPE && p < m->pattern_end) p++;
  } while (*p != ']');
  return p + 1;
}

static bool fits(const struct pattern *m, const char *s, const char *p, const char *item) {
  if (s >= m->end) return false;
  switch (*p) {
  case '.': return true;
  case ESCAPE: return in_class(byte(s), byte(p + 1));
  case '[': return in_set(byte(s), p, item - 1);
  default: return *p == *s;
  }
}

/* What looking at one character of a long set costs. */
static uint64_t cost(const char *p, const char *item) {
  return 1 + (uint64_t)(item - p) / 8;
}

/* --- repetition ------------------------------------------------------------------------------ */

static const char *as_many(struct pattern *m, const char *s, const char *p, const char *item) {
  ptrdiff_t i = 0;
  while (fits(m, s + i, p, item)) {
    if ((++i & 1023) == 0) spend(m, 256 * cost(p, item));
  }
  for (; i >= 0; i--) {
    const char *end = pattern_match(m, s + i, item + 1);
    if (end) return end;
  }
  return NULL;
}

static const char *as_few(struct pattern *m, const char *s, const char *p, const char *item) {
  for (;; s++) {
    const char *end = pattern_match(m, s, item + 1);
    if (end) return end;
    if (!fits(m, s, p, item)) return NULL;
    spend(m, cost(p, item));
  }
}

/* --- captures and what comes in pairs --------------------------------------------------------- */

static const char *open_capture(struct pattern *m, const char *s, const char *p, ptrdiff_t kind) {
  if (m->level >= PATTERN_CAPTURES) luaL_error(m->L, "too many captures");
  m->captures[m->level].at = s;
  m->captures[m->level].len = kind;
  m->level++;
  const char *end = pattern_match(m, s, p);
  if (!end) m->level--;
  return end;
}

static const char *close_capture(struct pattern *m, const char *s, const char *p) {
  int i = m->level - 1;
  while (i >= 0 && m->captures[i].len != PATTERN_OPEN) i--;
  if (i < 0) luaL_error(m->L, "invalid pattern capture");
  m->captures[i].len = s - m->captures[i].at;
  const char *end = pattern_match(m, s, p);
  if (!end) m->captures[i].len = PATTERN_OPEN;
  return end;
}

static const char *same_again(struct pattern *m, const char *s, int digit) {
  int i = digit - '1';
  if (i < 0 || i >= m->level || m->captures[i].len == PATTERN_OPEN)
    luaL_error(m->L, "invalid capture index %%%d", i + 1);
  size_t len = (size_t)m->captures[i].len; /* of a position: more than there can be */
  if ((size_t)(m->end - s) < len) return NULL;
  spend(m, len / 16);
  return memcmp(m->captures[i].at, s, len) == 0 ? s + len : NULL;
}

static const char *balanced(struct pattern *m, const char *s, const char *p) {
  if (p >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (*s != *p) return NULL;
  const char open = p[0], close = p[1];
  size_t depth = 1;
  while (++s < m->end) {
    if (((m->end - s) & 1023) == 0) spend(m, 256);
    if (*s == close) {
      if (--depth == 0) return s + 1;
    } else if (*s == open) {
      depth++;
    }
  }
  return NULL;
}

/* Is a border of the set at s? p is at its "[". */
static bool at_frontier(struct pattern *m, const char *s, const char *p, const char *item) {
  int before = s == m->subject ? 0 : byte(s - 1);
  spend(m, cost(p, item));
  return !in_set(before, p, item - 1) && in_set(byte(s), p, item - 1);
}

/* --- the pattern ------------------------------------------------------------------------------ */

/* What %b, %f and %1 say of s. NULL: no match; else *p is moved behind the item. */
static const char *escaped(struct pattern *m, const char *s, const char **p) {
  char kind = (*p)[1];
  if (kind == 'b') {
    s = balanced(m, s, *p + 2);
    *p += 4;
  } else if (kind == 'f') {
    *p += 2;
    if (**p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
    const char *item = item_end(m, *p);
    if (!at_frontier(m, s, *p, item)) s = NULL;
    *p = item;
  } else {
    s = same_again(m, s, byte(*p + 1));
    *p += 2;
  }
  return s;
}

static bool is_escaped(const char *p) {
  return *p == ESCAPE && (p[1] == 'b' || p[1] == 'f' || isdigit(byte(p + 1)));
}

/* An item of one character, perhaps repeated. True: go on at *s and *p; false:
 * *s is the outcome. */
static bool item(struct pattern *m, const char **s, const char **p) {
  const char *behind = item_end(m, *p), *end;
  if (behind - *p > 8) spend(m, cost(*p, behind));
  bool one = fits(m, *s, *p, behind);
  if (!one && (*behind == '*' || *behind == '?' || *behind == '-')) {
    *p = behind + 1;
    return true;
  }
  switch (*behind) {
  case '?':
    end = pattern_match(m, *s + 1, behind + 1);
    *p = behind + 1;
    if (end) *s = end;
    return !end;
  case '+': *s = one ? as_many(m, *s + 1, *p, behind) : NULL; return false;
  case '*': *s = as_many(m, *s, *p, behind); return false;
  case '-': *s = as_few(m, *s, *p, behind); return false;
  default:
    *p = behind;
    *s = one ? *s + 1 : NULL;
    return one;
  }
}

const char *pattern_match(struct pattern *m, const char *s, const char *p) {
  bool on = true;
  if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
  while (on && p != m->pattern_end) {
    spend(m, 1);
    if (*p == '(') {
      bool position = p[1] == ')';
      s = open_capture(m, s, p + 1 + position, position ? PATTERN_POSITION : PATTERN_OPEN);
      on = false;
    } else if (*p == ')') {
      s = close_capture(m, s, p + 1);
      on = false;
    } else if (*p == '$' && p + 1 == m->pattern_end) {
      if (s != m->end) s = NULL;
      on = false;
    } else if (is_escaped(p)) {
      s = escaped(m, s, &p);
      on = s;
    } else {
      on = item(m, &s, &p);
    }
  }
  m->depth++;
  return s;
}

/* --- captures, when there is a match ---------------------------------------------------------- */

ptrdiff_t pattern_capture(struct pattern *m, int n, const char *s, const char *e, const char **at) {
  if (n >= m->level) {
    if (n != 0) luaL_error(m->L, "invalid capture index %%%d", n + 1);
    *at = s;
    return e - s;
  }
  ptrdiff_t len = m->captures[n].len;
  *at = m->captures[n].at;
  if (len == PATTERN_OPEN) luaL_error(m->L, "unfinished capture");
  if (len == PATTERN_POSITION) lua_pushinteger(m->L, *at - m->subject + 1);
  return len;
}

int pattern_push_captures(struct pattern *m, const char *s, const char *e) {
  int count = m->level == 0 && s ? 1 : m->level;
  luaL_checkstack(m->L, count, "too many captures");
  for (int i = 0; i < count; i++) {
    const char *at;
    ptrdiff_t len = pattern_capture(m, i, s, e, &at);
    if (len != PATTERN_POSITION) lua_pushlstring(m->L, at, (size_t)len);
  }
  return count;
}
