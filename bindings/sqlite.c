/* SPDX-License-Identifier: MIT */
/* sqlite: the sandbox's database, as Lua sees it. Synchronous on purpose: the sandbox has a worker
 * of its own, and no transaction of its outlives a slice between two yields. The connection owns
 * every statement; the cache (user value of the connection) only remembers them by their SQL.
 * The world's fault in open is nil, message; everything later raises SQLite's own words. */
#include "box.h"

#include <lauxlib.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

int luaopen_sqlite(lua_State *L);

#define DATABASE "usher.sqlite"
#define CURSOR   "usher.sqlite.cursor"
#define BLOB     "usher.sqlite.blob"
enum { CACHE_MAX = 128, BUSY_MS = 5000 };

struct database {
  sqlite3 *handle; /* NULL once closed */
  int cached;
  int depth; /* of open transactions; the inner ones are savepoints */
};

struct statement {
  sqlite3_stmt *stmt;
  bool busy; /* a cursor is walking it */
};

struct cursor {
  struct database *db;      /* kept alive by the user value */
  sqlite3_stmt *stmt;       /* NULL once done */
  struct statement *cached; /* NULL when the statement is the cursor's own */
};

static struct database *check_database(lua_State *L) {
  struct database *db = luaL_checkudata(L, 1, DATABASE);
  if (!db->handle) luaL_error(L, "sqlite: the database is closed");
  return db;
}

static int raise(lua_State *L, struct database *db, sqlite3_stmt *stmt) {
  lua_pushfstring(L, "sqlite: %s", sqlite3_errmsg(db->handle));
  if (stmt) sqlite3_reset(stmt);
  return lua_error(L);
}

/* --- statements --- */

static void check_values(lua_State *L, int first) {
  for (int i = first, top = lua_gettop(L); i <= top; i++) {
    int type = lua_type(L, i);
    if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
      continue;
    luaL_argexpected(L, luaL_testudata(L, i, BLOB), i, "string, number, boolean, nil or blob");
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
    if (bind_value(L, stmt, i - first + 1, i) != SQLITE_OK) raise(L, db, stmt);
}

static sqlite3_stmt *prepare(lua_State *L, struct database *db, const char *sql, size_t len) {
  sqlite3_stmt *stmt = NULL;
  const char *rest = NULL;
  if (sqlite3_prepare_v3(db->handle, sql, (int)len, SQLITE_PREPARE_PERSISTENT, &stmt, &rest) !=
      SQLITE_OK)
    raise(L, db, NULL);
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

static void release(sqlite3_stmt *stmt, struct statement *cached) {
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

static void push_row(lua_State *L, sqlite3_stmt *stmt) {
  int columns = sqlite3_column_count(stmt);
  lua_createtable(L, 0, columns);
  for (int i = 0; i < columns; i++) {
    push_column(L, stmt, i);
    lua_setfield(L, -2, sqlite3_column_name(stmt, i));
  }
}

/* stack: db, sql, values -> the statement with its values in place */
static sqlite3_stmt *start(lua_State *L, struct database *db, struct statement **cached) {
  int top = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TSTRING);
  check_values(L, 3);
  sqlite3_stmt *stmt = acquire(L, db, cached);
  bind_values(L, db, stmt, 3, top);
  return stmt;
}

/* --- the functions --- */

static int sqlite_exec(lua_State *L) {
  struct database *db = check_database(L);
  if (sqlite3_exec(db->handle, luaL_checkstring(L, 2), NULL, NULL, NULL) != SQLITE_OK)
    return raise(L, db, NULL);
  return 0;
}

static int sqlite_rows(lua_State *L) {
  struct database *db = check_database(L);
  struct statement *cached;
  sqlite3_stmt *stmt = start(L, db, &cached);
  lua_newtable(L);
  lua_Integer n = 0;
  int step;
  while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
    push_row(L, stmt);
    lua_rawseti(L, -2, ++n);
  }
  if (step != SQLITE_DONE) return raise(L, db, stmt);
  release(stmt, cached);
  return 1;
}

static int sqlite_row(lua_State *L) {
  struct database *db = check_database(L);
  struct statement *cached;
  sqlite3_stmt *stmt = start(L, db, &cached);
  int step = sqlite3_step(stmt);
  if (step != SQLITE_ROW && step != SQLITE_DONE) return raise(L, db, stmt);
  if (step == SQLITE_ROW)
    push_row(L, stmt);
  else
    lua_pushnil(L);
  release(stmt, cached);
  return 1;
}

static int sqlite_run(lua_State *L) {
  struct database *db = check_database(L);
  struct statement *cached;
  sqlite3_stmt *stmt = start(L, db, &cached);
  int step;
  while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {}
  if (step != SQLITE_DONE) return raise(L, db, stmt);
  lua_pushinteger(L, sqlite3_stmt_readonly(stmt) ? 0 : sqlite3_changes64(db->handle));
  release(stmt, cached);
  return 1;
}

/* --- each: rows one by one; leaving the loop early gives the statement back --- */

static int cursor_close(lua_State *L) {
  struct cursor *c = luaL_checkudata(L, 1, CURSOR);
  if (c->stmt && c->db->handle) release(c->stmt, c->cached);
  c->stmt = NULL;
  return 0;
}

static int cursor_next(lua_State *L) {
  struct cursor *c = lua_touserdata(L, lua_upvalueindex(1));
  if (!c->stmt) return 0;
  if (!c->db->handle) return luaL_error(L, "sqlite: the database is closed");
  int step = sqlite3_step(c->stmt);
  if (step == SQLITE_ROW) {
    push_row(L, c->stmt);
    return 1;
  }
  sqlite3_stmt *stmt = c->stmt;
  c->stmt = NULL;
  if (step != SQLITE_DONE) {
    if (c->cached) c->cached->busy = false;
    return raise(L, c->db, stmt);
  }
  release(stmt, c->cached);
  return 0;
}

static int sqlite_each(lua_State *L) {
  struct database *db = check_database(L);
  struct statement *cached;
  sqlite3_stmt *stmt = start(L, db, &cached);
  struct cursor *c = lua_newuserdatauv(L, sizeof *c, 1);
  *c = (struct cursor){.db = db, .stmt = stmt, .cached = cached};
  luaL_setmetatable(L, CURSOR);
  if (cached) cached->busy = true;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, cursor_next, 1);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_rotate(L, -4, -1);
  return 4; /* for row in next, nil, nil, cursor (closed with the loop) */
}

/* --- transactions: fn may not yield, so nothing else happens in between --- */

static int begin(struct database *db) {
  const char *sql = db->depth ? "SAVEPOINT usher" : "BEGIN IMMEDIATE";
  int err = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
  if (err == SQLITE_OK) db->depth++;
  return err;
}

static int commit(struct database *db) {
  const char *sql = db->depth > 1 ? "RELEASE usher" : "COMMIT";
  int err = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
  if (err == SQLITE_OK) db->depth--;
  return err;
}

static void rollback(struct database *db) {
  const char *sql = db->depth > 1 ? "ROLLBACK TO usher; RELEASE usher" : "ROLLBACK";
  sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
  db->depth--;
}

static int sqlite_transaction(lua_State *L) {
  struct database *db = check_database(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  if (begin(db) != SQLITE_OK) return raise(L, db, NULL);
  int status = lua_pcall(L, 0, LUA_MULTRET, 0); /* stack: db, results or error */
  if (!db->handle) return luaL_error(L, "sqlite: the database was closed inside a transaction");
  if (status != LUA_OK) {
    rollback(db);
    return lua_error(L);
  }
  if (commit(db) != SQLITE_OK) {
    lua_pushfstring(L, "sqlite: %s", sqlite3_errmsg(db->handle));
    rollback(db);
    return lua_error(L);
  }
  return lua_gettop(L) - 1;
}

/* --- opening and closing --- */

static int sqlite_close(lua_State *L) {
  struct database *db = luaL_checkudata(L, 1, DATABASE);
  sqlite3 *handle = db->handle;
  if (!handle) return 0;
  db->handle = NULL;
  lua_pushnil(L);
  lua_setiuservalue(L, 1, 1);
  sqlite3_stmt *stmt;
  while ((stmt = sqlite3_next_stmt(handle, NULL))) sqlite3_finalize(stmt);
  sqlite3_close_v2(handle);
  return 0;
}

static int sqlite_open(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct database *db = lua_newuserdatauv(L, sizeof *db, 1);
  *db = (struct database){0};
  luaL_setmetatable(L, DATABASE);
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  int err = sqlite3_open_v2(path, &db->handle, flags, NULL);
  if (err != SQLITE_OK) {
    lua_pushnil(L);
    lua_pushstring(L, db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(err));
    sqlite3_close_v2(db->handle);
    db->handle = NULL;
    return 2;
  }
  sqlite3_busy_timeout(db->handle, BUSY_MS);
  bool is_world = strcmp(path, ":memory:") == 0; /* then it leads to no file */
  if (is_world) sqlite3_limit(db->handle, SQLITE_LIMIT_ATTACHED, 0);
  return 1;
}

static int sqlite_blob(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_settop(L, 1);
  lua_newuserdatauv(L, 0, 1);
  luaL_setmetatable(L, BLOB);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 2, 1);
  return 1;
}

static const luaL_Reg methods[] = {
    {"exec", sqlite_exec},   {"rows", sqlite_rows}, {"row", sqlite_row},
    {"run", sqlite_run},     {"each", sqlite_each}, {"transaction", sqlite_transaction},
    {"close", sqlite_close}, {NULL, NULL},
};

static const luaL_Reg cursor_meta[] = {
    {"__close", cursor_close},
    {"__gc", cursor_close},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"open", sqlite_open},
    {"blob", sqlite_blob},
    {NULL, NULL},
};

int luaopen_sqlite(lua_State *L) {
  box_type(L, DATABASE, sqlite_close, methods);
  luaL_newmetatable(L, CURSOR);
  luaL_setfuncs(L, cursor_meta, 0);
  luaL_newmetatable(L, BLOB);
  luaL_newlib(L, functions);
  return 1;
}
