/* SPDX-License-Identifier: MIT */
/* The cache is the connection's user value: SQL -> a userdata that names the statement. One that a
 * cursor is walking is left to it, and who asks for the same SQL meanwhile gets one of his own. */
#include "sqlite_statement.h"

enum { CACHE_MAX = 128 };

int sqlite_statement_fail(lua_State *L, struct database *db, sqlite3_stmt *stmt) {
  lua_pushfstring(L, "sqlite: %s", sqlite3_errmsg(db->handle));
  if (stmt) sqlite3_reset(stmt);
  return lua_error(L);
}

static void check_values(lua_State *L, int first) {
  for (int i = first, top = lua_gettop(L); i <= top; i++) {
    int type = lua_type(L, i);
    if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
      continue;
    luaL_argexpected(L, luaL_testudata(L, i, SQLITE_VALUE_BLOB), i,
                     "string, number, boolean, nil or blob");
  }
}

static int bind_value(lua_State *L, sqlite3_stmt *stmt, int at, int i) {
  size_t len;
  const char *text;
  switch (lua_type(L, i)) {
  case LUA_TNIL: return sqlite3_bind_null(stmt, at);
  case LUA_TBOOLEAN: return sqlite3_bind_int(stmt, at, lua_toboolean(L, i));
  case LUA_TNUMBER:
    if (lua_isinteger(L, i)) return sqlite3_bind_int64(stmt, at, lua_tointeger(L, i));
    return sqlite3_bind_double(stmt, at, lua_tonumber(L, i));
  case LUA_TSTRING:
    text = lua_tolstring(L, i, &len);
    return sqlite3_bind_text64(stmt, at, text, len, SQLITE_TRANSIENT, SQLITE_UTF8);
  default: /* a blob: its bytes are its user value */
    lua_getiuservalue(L, i, 1);
    text = lua_tolstring(L, -1, &len);
    int err = sqlite3_bind_blob64(stmt, at, text, len, SQLITE_TRANSIENT);
    lua_pop(L, 1);
    return err;
  }
}

static void bind_values(lua_State *L, struct database *db, sqlite3_stmt *stmt, int first,
                        int last) {
  int wants = sqlite3_bind_parameter_count(stmt), has = last - first + 1;
  if (wants != has)
    luaL_error(L, "sqlite: the statement takes %d values, not %d: %s", wants, has,
               sqlite3_sql(stmt));
  for (int i = first; i <= last; i++)
    if (bind_value(L, stmt, i - first + 1, i) != SQLITE_OK) sqlite_statement_fail(L, db, stmt);
}

static sqlite3_stmt *prepare(lua_State *L, struct database *db, const char *sql, size_t len) {
  sqlite3_stmt *stmt = NULL;
  const char *rest = NULL;
  if (sqlite3_prepare_v3(db->handle, sql, (int)len, SQLITE_PREPARE_PERSISTENT, &stmt, &rest) !=
      SQLITE_OK)
    sqlite_statement_fail(L, db, NULL);
  if (!stmt) luaL_error(L, "sqlite: an empty statement");
  return stmt;
}

/* Forgets what the cache holds, except the statements that cursors are walking: those die with
 * their cursors. */
static void flush_cache(lua_State *L, struct database *db) {
  lua_getiuservalue(L, 1, 1);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    struct statement *s = lua_touserdata(L, -1);
    if (s->busy) continue;
    sqlite3_finalize(s->stmt);
    lua_pushvalue(L, -2);
    lua_pushnil(L);
    lua_rawset(L, -5); /* stack: cache, sql, statement */
    db->cached--;
  }
  lua_pop(L, 1);
}

/* The statement for the SQL at 2, reset; *cached is NULL when it is the caller's to finalise.
 * stack: db, sql, values */
static sqlite3_stmt *acquire(lua_State *L, struct database *db, struct statement **cached) {
  size_t len;
  const char *sql = luaL_checklstring(L, 2, &len);
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  struct statement *s = lua_touserdata(L, -1);
  lua_pop(L, 2);
  if (s && s->busy) {
    *cached = NULL;
    return prepare(L, db, sql, len);
  }
  if (!s) {
    if (db->cached >= CACHE_MAX) flush_cache(L, db);
    lua_getiuservalue(L, 1, 1);
    lua_pushvalue(L, 2);
    s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (struct statement){.stmt = prepare(L, db, sql, len)};
    lua_rawset(L, -3);
    lua_pop(L, 1);
    db->cached++;
  }
  sqlite3_reset(s->stmt);
  *cached = s;
  return s->stmt;
}

void sqlite_statement_end(sqlite3_stmt *stmt, struct statement *cached) {
  if (!cached) {
    sqlite3_finalize(stmt);
    return;
  }
  sqlite3_reset(stmt);
  sqlite3_clear_bindings(stmt);
  cached->busy = false;
}

static void push_column(lua_State *L, sqlite3_stmt *stmt, int i) {
  switch (sqlite3_column_type(stmt, i)) {
  case SQLITE_INTEGER: lua_pushinteger(L, sqlite3_column_int64(stmt, i)); break;
  case SQLITE_FLOAT: lua_pushnumber(L, sqlite3_column_double(stmt, i)); break;
  case SQLITE_NULL: lua_pushnil(L); break;
  default: {
    const char *data = sqlite3_column_blob(stmt, i);
    lua_pushlstring(L, data ? data : "", (size_t)sqlite3_column_bytes(stmt, i));
  }
  }
}

void sqlite_statement_push_row(lua_State *L, sqlite3_stmt *stmt) {
  int columns = sqlite3_column_count(stmt);
  lua_createtable(L, 0, columns);
  for (int i = 0; i < columns; i++) {
    push_column(L, stmt, i);
    lua_setfield(L, -2, sqlite3_column_name(stmt, i));
  }
}

sqlite3_stmt *sqlite_statement_start(lua_State *L, struct database *db, struct statement **cached) {
  int top = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TSTRING);
  check_values(L, 3);
  sqlite3_stmt *stmt = acquire(L, db, cached);
  bind_values(L, db, stmt, 3, top);
  return stmt;
}
