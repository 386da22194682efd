/* SPDX-License-Identifier: MIT */
/* sqlite: the sandbox's database, as Lua sees it. Synchronous on purpose: the sandbox has a worker
 * of its own, and no transaction of its outlives a slice between two yields. The world's fault in
 * open is nil, message; everything later raises SQLite's own words. */
#include "box.h"
#include "sqlite_statement.h"

#include <string.h>

int luaopen_sqlite(lua_State *L);

#define DATABASE "usher.sqlite"
#define CURSOR   "usher.sqlite.cursor"
enum { BUSY_MS = 5000 };

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

static int sqlite_exec(lua_State *L) {
  struct database *db = check_database(L);
  if (sqlite3_exec(db->handle, luaL_checkstring(L, 2), NULL, NULL, NULL) != SQLITE_OK)
    return sqlite_statement_fail(L, db, NULL);
  return 0;
}

static int sqlite_rows(lua_State *L) {
  struct database *db = check_database(L);
  struct statement *cached;
  sqlite3_stmt *stmt = sqlite_statement_start(L, db, &cached);
  lua_newtable(L);
  lua_Integer n = 0;
  int step;
  while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
    sqlite_statement_push_row(L, stmt);
    lua_rawseti(L, -2, ++n);
  }
  if (step != SQLITE_DONE) return sqlite_statement_fail(L, db, stmt);
  sqlite_statement_end(stmt, cached);
  return 1;
}

static int sqlite_row(lua_State *L) {
  struct database *db = check_database(L);
  struct statement *cached;
  sqlite3_stmt *stmt = sqlite_statement_start(L, db, &cached);
  int step = sqlite3_step(stmt);
  if (step != SQLITE_ROW && step != SQLITE_DONE) return sqlite_statement_fail(L, db, stmt);
  if (step == SQLITE_ROW)
    sqlite_statement_push_row(L, stmt);
  else
    lua_pushnil(L);
  sqlite_statement_end(stmt, cached);
  return 1;
}

static int sqlite_run(lua_State *L) {
  struct database *db = check_database(L);
  struct statement *cached;
  sqlite3_stmt *stmt = sqlite_statement_start(L, db, &cached);
  int step;
  while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {}
  if (step != SQLITE_DONE) return sqlite_statement_fail(L, db, stmt);
  lua_pushinteger(L, sqlite3_stmt_readonly(stmt) ? 0 : sqlite3_changes64(db->handle));
  sqlite_statement_end(stmt, cached);
  return 1;
}

/* --- each: rows one by one; leaving the loop early gives the statement back --- */

static int cursor_close(lua_State *L) {
  struct cursor *c = luaL_checkudata(L, 1, CURSOR);
  if (c->stmt && c->db->handle) sqlite_statement_end(c->stmt, c->cached);
  c->stmt = NULL;
  return 0;
}

static int cursor_next(lua_State *L) {
  struct cursor *c = lua_touserdata(L, lua_upvalueindex(1));
  if (!c->stmt) return 0;
  if (!c->db->handle) return luaL_error(L, "sqlite: the database is closed");
  int step = sqlite3_step(c->stmt);
  if (step == SQLITE_ROW) {
    sqlite_statement_push_row(L, c->stmt);
    return 1;
  }
  sqlite3_stmt *stmt = c->stmt;
  c->stmt = NULL;
  if (step != SQLITE_DONE) {
    if (c->cached) c->cached->busy = false;
    return sqlite_statement_fail(L, c->db, stmt);
  }
  sqlite_statement_end(stmt, c->cached);
  return 0;
}

static int sqlite_each(lua_State *L) {
  struct database *db = check_database(L);
  struct statement *cached;
  sqlite3_stmt *stmt = sqlite_statement_start(L, db, &cached);
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
  if (begin(db) != SQLITE_OK) return sqlite_statement_fail(L, db, NULL);
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
  luaL_setmetatable(L, SQLITE_VALUE_BLOB);
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
  luaL_newmetatable(L, SQLITE_VALUE_BLOB);
  luaL_newlib(L, functions);
  return 1;
}
