/* SPDX-License-Identifier: MIT */
/* JSON text (RFC 8259) as Lua values, in one pass: UTF-8, no NUL, integers stay integers while they
 * fit. The NUL behind a Lua string ends every loop. Nothing is kept outside of Lua, so that an
 * error may leave from anywhere. */
#include "json_decode.h"

#include "guard.h"
#include "json_encode.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_MEMBERS = 8, USUAL_ELEMENTS = 4 };

struct reader {
  lua_State *L;
  const struct json_options *options;
  const char *at, *end;
  const char *problem;
};

static bool read_value(struct reader *r, int depth);

static bool refuse(struct reader *r, const char *problem) {
  r->problem = problem;
  return false;
}

static void pass_space(struct reader *r) {
  while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r') r->at++;
}

static bool take(struct reader *r, char c) {
  if (*r->at != c) return false;
  r->at++;
  return true;
}

/* --- strings ---------------------------------------------------------------------------------- */

/* Up to the quote, the escape, or what may not be in a string. */
static void pass_plain(struct reader *r) {
  while (*r->at != '"' && *r->at != '\\') {
    unsigned char c = (unsigned char)*r->at;
    size_t len = c < 0x20 ? 0 : c < 0x80 ? 1 : json_sequence(r->at, r->end);
    if (!len) return;
    r->at += len;
  }
}

/* Four hexadecimal digits; -1: they are not. */
static int hex_unit(const char *s) {
  int unit = 0;
  for (int i = 0; i < 4; i++) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *digit = s[i] ? strchr(digits, s[i]) : NULL;
    if (!digit) return -1;
    unit = unit * 16 + (int)(digit - digits) % 16;
  }
  return unit;
}

/* At "u" and its digits, which may be two halves of a pair. */
static bool read_code_point(struct reader *r, luaL_Buffer *b) {
  int code = hex_unit(r->at + 1);
  if (code < 0) return refuse(r, "an escape without its four digits");
  r->at += 5;
  if (code >= 0xd800 && code < 0xdc00 && r->at[0] == '\\' && r->at[1] == 'u') {
    int low = hex_unit(r->at + 2);
    if (low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      r->at += 6;
    }
  }
  if (code == 0 && !r->options->nul) return refuse(r, "a NUL in a string");
  if (code >= 0xd800 && code < 0xe000) return refuse(r, "half a pair of surrogates");
  lua_pushfstring(r->L, "%U", (long)code);
  luaL_addvalue(b);
  return true;
}

static bool read_escape(struct reader *r, luaL_Buffer *b) {
  static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
  r->at++;
  if (*r->at == 'u') return read_code_point(r, b);
  const char *letter = *r->at ? strchr(letters, *r->at) : NULL;
  if (!letter) return refuse(r, "an escape that is none");
  luaL_addchar(b, bytes[letter - letters]);
  r->at++;
  return true;
}

/* Behind its first plain bytes, which begin at from. */
static bool read_escaped_string(struct reader *r, const char *from) {
  luaL_Buffer b;
  luaL_buffinit(r->L, &b);
  while (*r->at == '\\') {
    luaL_addlstring(&b, from, (size_t)(r->at - from));
    if (!read_escape(r, &b)) return false;
    from = r->at;
    pass_plain(r);
  }
  luaL_addlstring(&b, from, (size_t)(r->at - from));
  luaL_pushresult(&b);
  return true;
}

static bool read_string(struct reader *r) {
  const char *from = ++r->at;
  pass_plain(r);
  if (*r->at == '"')
    lua_pushlstring(r->L, from, (size_t)(r->at - from));
  else if (!read_escaped_string(r, from))
    return false;
  return take(r, '"') ||
         refuse(r, r->at == r->end ? "a string without an end"
                                   : "a string that is not UTF-8, or a control character in it");
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool pass_digits(struct reader *r) {
  const char *from = r->at;
  while (is_digit(*r->at)) r->at++;
  return r->at > from;
}

/* The digits between the two as an integer: false, when it does not fit.
 * Counted below zero, where there is one more. */
static bool whole_number(const char *from, const char *end, lua_Integer *value) {
  bool minus = *from == '-';
  *value = 0;
  for (from += minus; from < end; from++)
    if (__builtin_mul_overflow(*value, 10, value) ||
        __builtin_sub_overflow(*value, *from - '0', value))
      return false;
  return minus || !__builtin_sub_overflow(0, *value, value);
}

static bool read_number(struct reader *r) {
  const char *from = r->at;
  lua_Integer integer;
  take(r, '-');
  if (!take(r, '0') && !pass_digits(r)) return refuse(r, "no value where one should be");
  bool whole = *r->at != '.' && *r->at != 'e' && *r->at != 'E';
  if (take(r, '.') && !pass_digits(r)) return refuse(r, "a number that ends at its point");
  if (take(r, 'e') || take(r, 'E')) {
    if (!take(r, '-')) take(r, '+');
    if (!pass_digits(r)) return refuse(r, "a number without its exponent");
  }
  if (whole && whole_number(from, r->at, &integer)) {
    lua_pushinteger(r->L, integer);
    return true;
  }
  double number = strtod(from, NULL);
  lua_pushnumber(r->L, number);
  return isfinite(number) || refuse(r, "a number too large");
}

/* --- the rest --------------------------------------------------------------------------------- */

static bool read_word(struct reader *r, const char *word) {
  size_t len = strlen(word);
  if (strncmp(r->at, word, len) != 0) return refuse(r, "a word that is none");
  r->at += len;
  return true;
}

/* stack: …, object, name */
static bool is_new(lua_State *L) {
  lua_pushvalue(L, -1);
  bool is = lua_rawget(L, -3) == LUA_TNIL;
  lua_pop(L, 1);
  return is;
}

static bool read_member(struct reader *r, int depth) {
  pass_space(r);
  if (*r->at != '"') return refuse(r, "a member without its name");
  if (!read_string(r)) return false;
  if (r->options->unique && !is_new(r->L)) return refuse(r, "a name that is there twice");
  pass_space(r);
  if (!take(r, ':')) return refuse(r, "a name without its colon");
  if (!read_value(r, depth)) return false;
  lua_rawset(r->L, -3);
  pass_space(r);
  return true;
}

static bool read_object(struct reader *r, int depth) {
  r->at++;
  pass_space(r);
  bool empty = *r->at == '}';
  lua_createtable(r->L, 0, empty ? 0 : USUAL_MEMBERS);
  if (!empty) {
    do
      if (!read_member(r, depth)) return false;
    while (take(r, ','));
  }
  return take(r, '}') || refuse(r, "an object without an end");
}

static bool read_array(struct reader *r, int depth) {
  lua_Integer n = 0;
  r->at++;
  pass_space(r);
  bool empty = *r->at == ']';
  lua_createtable(r->L, empty ? 0 : USUAL_ELEMENTS, 0);
  lua_pushvalue(r->L, r->options->array_mt);
  lua_setmetatable(r->L, -2);
  if (!empty) {
    do {
      if (!read_value(r, depth)) return false;
      lua_rawseti(r->L, -2, ++n);
      pass_space(r);
    } while (take(r, ','));
  }
  return take(r, ']') || refuse(r, "a list without an end");
}

static bool read_table(struct reader *r, int depth) {
  if (depth == 0) return refuse(r, NULL);
  luaL_checkstack(r->L, 6 + LUA_MINSTACK, "json");
  guard_check(r->L);
  return *r->at == '{' ? read_object(r, depth - 1) : read_array(r, depth - 1);
}

/* With the space before it. */
static bool read_value(struct reader *r, int depth) {
  pass_space(r);
  switch (*r->at) {
  case '{':
  case '[': return read_table(r, depth);
  case '"': return read_string(r);
  case 't': lua_pushboolean(r->L, true); return read_word(r, "true");
  case 'f': lua_pushboolean(r->L, false); return read_word(r, "false");
  case 'n': lua_pushvalue(r->L, r->options->null); return read_word(r, "null");
  default: return read_number(r);
  }
}

bool json_decode(lua_State *L, const char *text, size_t len, const struct json_options *options) {
  struct reader r = {L, options, text, text + len, NULL};
  int top = lua_gettop(L);
  bool read = read_value(&r, options->depth);
  if (read) pass_space(&r);
  if (read && r.at < r.end) read = refuse(&r, "something behind the end");
  if (read) return true;
  lua_settop(L, top);
  lua_pushnil(L);
  if (r.problem)
    lua_pushfstring(L, "%s at byte %d", r.problem, (int)(r.at - text));
  else
    lua_pushfstring(L, "nested deeper than %d levels", options->depth);
  return false;
}
