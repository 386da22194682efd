/* SPDX-License-Identifier: MIT */
/* Prepared statements of the sandbox's database, their values and their rows. sqlite.c has the
 * functions that Lua calls. The connection owns every statement; the cache only remembers them. */
#ifndef USHER_SQLITE_STATEMENT_H
#define USHER_SQLITE_STATEMENT_H

#include <lauxlib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* The metatable of bytes that are stored as a blob: a userdata, whose user value they are. */
#define SQLITE_VALUE_BLOB "usher.sqlite.blob"

struct database {
  sqlite3 *handle; /* NULL once closed */
  int cached;
  int depth; /* of open transactions; the inner ones are savepoints */
};

struct statement {
  sqlite3_stmt *stmt;
  bool busy; /* a cursor is walking it */
};

/* stack: db, sql, values -> the statement with its values in place. *cached: NULL when it is the
 * caller's own. */
sqlite3_stmt *sqlite_statement_start(lua_State *L, struct database *db, struct statement **cached);
/* Gives it back. */
void sqlite_statement_end(sqlite3_stmt *stmt, struct statement *cached);

/* stack: -> the row as a table, by the names of its columns */
void sqlite_statement_push_row(lua_State *L, sqlite3_stmt *stmt);

/* Raises SQLite's own words. stmt: is reset; or NULL. */
int sqlite_statement_fail(lua_State *L, struct database *db, sqlite3_stmt *stmt);

#endif
