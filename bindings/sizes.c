/* SPDX-License-Identifier: MIT */
/*
 * Functions of `string`, `table` and `os` whose work or result a script could make as large as it
 * likes: Lua's own in everything but that results end at scripts.string_size, and that loops in C
 * stop when the slice is to stop.
 */
#include "sizes.h"

#include "guard.h"

#include <limits.h>
#include <string.h>

enum { LOOK_EVERY = 256, DATE_FORMAT_MAX = 256 };

static size_t largest(lua_State *L) {
  const struct guard_settings *max = guard_of(L);
  return max ? max->string_size : INT_MAX;
}

static int too_large(lua_State *L) {
  return luaL_error(L, "resulting string too large (scripts.string_size)");
}

/* --- string.rep ------------------------------------------------------------------------------- */

/* The unit once, then what is there behind itself again, until it is all. */
static void repeat(char *out, size_t unit, size_t total) {
  for (size_t done = unit; done < total; done *= 2)
    memcpy(out + done, out, done < total - done ? done : total - done);
}

static int string_rep(lua_State *L) {
  luaL_Buffer b;
  size_t len, seplen;
  const char *s = luaL_checklstring(L, 1, &len);
  lua_Integer n = luaL_checkinteger(L, 2);
  const char *sep = luaL_optlstring(L, 3, "", &seplen);
  size_t unit = len + seplen, most = largest(L);
  if (n <= 0 || unit == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (len > most || (n > 1 && unit > (most - len) / (size_t)(n - 1))) return too_large(L);
  size_t total = unit * (size_t)(n - 1) + len;
  char *out = luaL_buffinitsize(L, &b, total + seplen);
  memcpy(out, s, len);
  if (seplen) memcpy(out + len, sep, seplen);
  repeat(out, unit, total);
  luaL_pushresultsize(&b, total);
  return 1;
}

/* Lua's own, when what it makes cannot be too large: all of it is one step.
 * upvalue 1: Lua's format */
static int string_format(lua_State *L) {
  enum { NUMBER = 512, QUOTED = 4 }; /* bytes at most: of a number, and of a byte behind %q */
  size_t total = 0, most = largest(L);
  const char *format = luaL_checkstring(L, 1);
  size_t each = strstr(format, "%q") ? QUOTED : 1;
  for (int i = lua_gettop(L); i > 0; i--)
    total += lua_type(L, i) == LUA_TSTRING ? each * lua_rawlen(L, i) : NUMBER;
  if (total > most) return too_large(L);
  return lua_tocfunction(L, lua_upvalueindex(1))(L); /* in this frame: its errors say who called */
}

/* --- table ------------------------------------------------------------------------------------ */

enum { READ = 1, WRITE = 2, LENGTH = 4 };

static bool has_field(lua_State *L, const char *name, int n) {
  lua_pushstring(L, name);
  return lua_rawget(L, -n) != LUA_TNIL;
}

/* A table, or what behaves like one. */
static void check_table(lua_State *L, int arg, int needed) {
  if (lua_type(L, arg) == LUA_TTABLE) return;
  int n = 1;
  if (lua_getmetatable(L, arg) && (!(needed & READ) || has_field(L, "__index", ++n)) &&
      (!(needed & WRITE) || has_field(L, "__newindex", ++n)) &&
      (!(needed & LENGTH) || has_field(L, "__len", ++n)))
    lua_pop(L, n);
  else
    luaL_checktype(L, arg, LUA_TTABLE);
}

static lua_Integer length_of(lua_State *L, int needed) {
  check_table(L, 1, needed | LENGTH);
  return luaL_len(L, 1);
}

static void look(lua_State *L, lua_Integer i) {
  if (i % LOOK_EVERY == 0) guard_check(L);
}

/* stack: …, buffer's own */
static void add_field(lua_State *L, luaL_Buffer *b, lua_Integer i, size_t most) {
  look(L, i);
  lua_geti(L, 1, i);
  if (!lua_isstring(L, -1))
    luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1),
               (LUAI_UACINT)i);
  luaL_addvalue(b);
  if (luaL_bufflen(b) > most) too_large(L);
}

static int table_concat(lua_State *L) {
  luaL_Buffer b;
  size_t seplen, most = largest(L);
  lua_Integer last = length_of(L, READ);
  const char *sep = luaL_optlstring(L, 2, "", &seplen);
  lua_Integer i = luaL_optinteger(L, 3, 1);
  last = luaL_optinteger(L, 4, last);
  luaL_buffinit(L, &b);
  for (; i < last; i++) {
    add_field(L, &b, i, most);
    luaL_addlstring(&b, sep, seplen);
  }
  if (i == last) add_field(L, &b, i, most);
  luaL_pushresult(&b);
  return 1;
}

/* t[to] = t2[from], t at index 1 and t2 at `into` */
static void move_one(lua_State *L, lua_Integer from, int into, lua_Integer to) {
  look(L, from);
  lua_geti(L, 1, from);
  lua_seti(L, into, to);
}

static int table_insert(lua_State *L) {
  lua_Integer end = (lua_Integer)((lua_Unsigned)length_of(L, READ | WRITE) + 1), position = end;
  if (lua_gettop(L) == 3) {
    position = luaL_checkinteger(L, 2);
    luaL_argcheck(L, (lua_Unsigned)position - 1u < (lua_Unsigned)end, 2, "position out of bounds");
    for (lua_Integer i = end; i > position; i--) move_one(L, i - 1, 1, i);
  } else if (lua_gettop(L) != 2) {
    return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_seti(L, 1, position);
  return 0;
}

static int table_remove(lua_State *L) {
  lua_Integer size = length_of(L, READ | WRITE), position = luaL_optinteger(L, 2, size);
  if (position != size)
    luaL_argcheck(L, (lua_Unsigned)position - 1u <= (lua_Unsigned)size, 2,
                  "position out of bounds");
  lua_geti(L, 1, position);
  for (; position < size; position++) move_one(L, position + 1, 1, position);
  lua_pushnil(L);
  lua_seti(L, 1, position);
  return 1;
}

static int table_move(lua_State *L) {
  lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
  lua_Integer to = luaL_checkinteger(L, 4);
  int into = lua_isnoneornil(L, 5) ? 1 : 5;
  check_table(L, 1, READ);
  check_table(L, into, WRITE);
  if (last >= first) {
    luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
    lua_Integer n = last - first + 1;
    luaL_argcheck(L, to <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
    bool forward = to > last || to <= first || (into != 1 && !lua_compare(L, 1, into, LUA_OPEQ));
    for (lua_Integer k = 0; k < n; k++) {
      lua_Integer i = forward ? k : n - 1 - k;
      move_one(L, first + i, into, to + i);
    }
  }
  lua_pushvalue(L, into);
  return 1;
}

/* upvalue 1: the script's own comparison, or nil. What Lua compares by itself,
 * no hook interrupts. */
static int less(lua_State *L) {
  guard_check(L);
  if (lua_isnil(L, lua_upvalueindex(1))) {
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
  }
  lua_settop(L, 2);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

/* A plain list at index 1 of so few and so short values that Lua's own comparison is soon done. */
static bool is_soon_sorted(lua_State *L) {
  enum { FEW = 64, SHORT = 256 };
  if (!lua_isnil(L, 2) || lua_type(L, 1) != LUA_TTABLE || lua_getmetatable(L, 1)) return false;
  lua_Unsigned n = lua_rawlen(L, 1);
  bool all = n <= FEW;
  for (lua_Unsigned i = 1; i <= n && all; i++, lua_pop(L, 1)) {
    int type = lua_rawgeti(L, 1, (lua_Integer)i);
    all = type == LUA_TNUMBER || (type == LUA_TSTRING && lua_rawlen(L, -1) <= SHORT);
  }
  return all;
}

/* upvalue 1: Lua's sort */
static int table_sort(lua_State *L) {
  lua_settop(L, 2);
  bool soon = is_soon_sorted(L);
  lua_settop(L, 2);
  if (!soon && (lua_isnil(L, 2) || lua_iscfunction(L, 2))) lua_pushcclosure(L, less, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 0);
  return 0;
}

/* upvalue 1: Lua's date. Each of a format's directives takes a microsecond or more. */
static int os_date(lua_State *L) {
  size_t len;
  luaL_optlstring(L, 1, "%c", &len);
  luaL_argcheck(L, len <= DATE_FORMAT_MAX, 1, "a format of 256 bytes at most");
  lua_settop(L, 2);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  if (lua_isnil(L, 3)) lua_pop(L, 1); /* no time, as os.date knows it */
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static const luaL_Reg string_functions[] = {{"rep", string_rep}, {NULL, NULL}};

static const luaL_Reg table_functions[] = {
    {"concat", table_concat},
    {"insert", table_insert},
    {"move", table_move},
    {"remove", table_remove},
    {NULL, NULL},
};

/* stack: …, a library of Lua's, one of ours -> the same; ours gets the function,
 * which calls Lua's */
static void wrap(lua_State *L, const char *name, lua_CFunction function) {
  lua_getfield(L, -2, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

void sizes_string(lua_State *L) {
  luaL_setfuncs(L, string_functions, 0);
  wrap(L, "format", string_format);
}

void sizes_table(lua_State *L) {
  luaL_setfuncs(L, table_functions, 0);
  wrap(L, "sort", table_sort);
}

void sizes_os(lua_State *L) {
  wrap(L, "date", os_date);
}
