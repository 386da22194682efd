/* SPDX-License-Identifier: MIT */
/* Lua's `metrics` module. Dimensions are few and fixed words, never an id or
 * anything about a person. */
#include "box.h"

#include "log.h"
#include "metrics.h"

#include <ctype.h>
#include <lauxlib.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *name) {
  if (!isalpha((unsigned char)*name) && *name != '_') return false;
  while (isalnum((unsigned char)*name) || *name == '_') name++;
  return !*name;
}

static const char *check_name(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  luaL_argcheck(L, is_name(name), 1, "a metric's name is letters, digits and _");
  return name;
}

/* Two dimensions in name order, so that one set of dimensions is one series. */
static void sort_pairs(const char *(*pairs)[2], int n) {
  for (int i = 1; i < n; i++)
    for (int j = i; j > 0 && strcmp(pairs[j][0], pairs[j - 1][0]) < 0; j--)
      for (int k = 0; k < 2; k++) {
        const char *swap = pairs[j][k];
        pairs[j][k] = pairs[j - 1][k];
        pairs[j - 1][k] = swap;
      }
}

/* One bad byte would make the whole page unreadable: words are ASCII. */
static void add_escaped(luaL_Buffer *b, const char *s) {
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') luaL_addchar(b, '\\');
    luaL_addchar(b, isprint((unsigned char)*s) ? *s : '?');
  }
}

#define PAIRS_MAX 8

/* The table at the index as Prometheus labels; stays on the stack, as do the names and the values
 * as strings: a __tostring may take them out of the table. */
static const char *check_labels(lua_State *L, int index) {
  const char *pairs[PAIRS_MAX][2];
  int n = 0;
  if (lua_isnoneornil(L, index)) return "";
  luaL_checktype(L, index, LUA_TTABLE);
  luaL_checkstack(L, 2 * PAIRS_MAX + 8, NULL);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    if (n == PAIRS_MAX || lua_type(L, -2) != LUA_TSTRING)
      luaL_argerror(L, index, "at most 8 named dimensions");
    pairs[n][0] = lua_tostring(L, -2);
    luaL_argcheck(L, is_name(pairs[n][0]), index, "a dimension's name is letters, digits and _");
    pairs[n++][1] = luaL_tolstring(L, -1, NULL);
    lua_replace(L, -2);
    lua_pushvalue(L, -2);
  }
  sort_pairs(pairs, n);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 0; i < n; i++) {
    if (i) luaL_addchar(&b, ',');
    luaL_addstring(&b, pairs[i][0]);
    luaL_addstring(&b, "=\"");
    add_escaped(&b, pairs[i][1]);
    luaL_addchar(&b, '"');
  }
  luaL_pushresult(&b);
  return lua_tostring(L, -1);
}

/* A name or label that grows with what comes fills the store, and what is lost is seen by nobody. */
static void check_kept(bool kept, const char *name) {
  static atomic_bool told;
  char shown[128];
  if (kept || atomic_exchange(&told, true)) return;
  snprintf(shown, sizeof shown, "%s", name);
  log_event(LOG_WARN, "metric_dropped", "metric", shown, "next",
            "too many series, or two kinds under one name: names and dimensions are fixed words; "
            "usher_metrics_dropped_total counts on",
            NULL);
}

/* metrics.count(name[, n[, dimensions]]): adds n (1). Does not yield. */
static int metrics_lua_count(lua_State *L) {
  const char *name = check_name(L);
  lua_Number n = luaL_optnumber(L, 2, 1);
  luaL_argcheck(L, n >= 0 && n < HUGE_VAL, 2, "a counter only grows");
  check_kept(metrics_count(name, check_labels(L, 3), n), name);
  return 0;
}

/* metrics.gauge(name, value[, dimensions]). Does not yield. */
static int metrics_lua_gauge(lua_State *L) {
  const char *name = check_name(L);
  lua_Number value = luaL_checknumber(L, 2);
  check_kept(metrics_gauge(name, check_labels(L, 3), value), name);
  return 0;
}

/* metrics.observe(name, seconds[, dimensions]): one more in a latency histogram. Does not yield. */
static int metrics_lua_observe(lua_State *L) {
  const char *name = check_name(L);
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, isfinite(seconds), 2, "not a duration in seconds");
  check_kept(metrics_observe(name, check_labels(L, 3), seconds), name);
  return 0;
}

/* metrics.value(name[, dimensions]) -> number: what a counter or gauge holds,
 * 0 when it is not there. */
static int metrics_lua_value(lua_State *L) {
  const char *name = check_name(L);
  lua_pushnumber(L, metrics_value(name, check_labels(L, 2)));
  return 1;
}

/* metrics.render() -> Prometheus text. Does not yield. */
static int metrics_lua_render(lua_State *L) {
  struct bytes text = {0};
  if (metrics_render(&text)) {
    bytes_free(&text);
    return box_no_memory(L);
  }
  lua_pushlstring(L, text.data ? text.data : "", text.len);
  bytes_free(&text);
  return 1;
}

/* metrics.describe(name, help): what people read about it; one line. Does not yield. */
static int metrics_lua_describe(lua_State *L) {
  metrics_describe(check_name(L), luaL_checkstring(L, 2));
  return 0;
}

/* metrics.common(dimensions): what every series has. Does not yield. */
static int metrics_lua_common(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  metrics_set_common(check_labels(L, 1));
  return 0;
}

/* --- changes: what a reader has not taken yet ------------------------------------------------- */

#define CHANGES "usher.metrics_changes"

struct changes {
  enum metrics_reader reader;
  size_t n;
  struct metrics_change *list;
};

/* metrics.changes("emf" | "emf_sums" | "cloudwatch" | "cloudwatch_sums")
 * -> changes. Does not yield. */
static int metrics_lua_changes(lua_State *L) {
  static const char *const readers[] = {"emf", "emf_sums", "cloudwatch", "cloudwatch_sums", NULL};
  int reader = luaL_checkoption(L, 1, NULL, readers);
  struct changes *c = lua_newuserdatauv(L, sizeof *c, 0);
  *c = (struct changes){.reader = (enum metrics_reader)reader};
  luaL_setmetatable(L, CHANGES);
  if (metrics_changes(c->reader, &c->list, &c->n)) return box_no_memory(L);
  return 1;
}

static struct metrics_change *check_change(lua_State *L) {
  struct changes *c = luaL_checkudata(L, 1, CHANGES);
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, i >= 1 && (lua_Unsigned)i <= c->n, 2, "no such change");
  return &c->list[i - 1];
}

/* Of a histogram: the ranges that something came to, the mean of each, and how much.
 * stack: …, change */
static void push_ranges(lua_State *L, const struct metrics_change *change) {
  lua_Integer n = 0;
  lua_newtable(L);
  lua_newtable(L);
  lua_newtable(L);
  for (size_t i = 0; i < METRICS_RANGES; i++) {
    if (change->counts[i] == 0) continue;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_rawseti(L, -4, ++n);
    lua_pushnumber(L, change->sums[i] / (lua_Number)change->counts[i]);
    lua_rawseti(L, -3, n);
    lua_pushinteger(L, (lua_Integer)change->counts[i]);
    lua_rawseti(L, -2, n);
  }
  lua_setfield(L, -4, "counts");
  lua_setfield(L, -3, "values");
  lua_setfield(L, -2, "ranges");
}

/* changes:get(i) -> { name=, labels= (Prometheus text), kind="counter" | "gauge" | "histogram",
 * fresh=, value= or ranges=, values= and counts= } */
static int changes_get(lua_State *L) {
  static const char *const kinds[] = {"counter", "gauge", "histogram"};
  const struct metrics_change *change = check_change(L);
  lua_createtable(L, 0, 6);
  lua_pushstring(L, change->name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, change->labels);
  lua_setfield(L, -2, "labels");
  lua_pushstring(L, kinds[change->kind]);
  lua_setfield(L, -2, "kind");
  lua_pushboolean(L, change->fresh);
  lua_setfield(L, -2, "fresh");
  lua_pushnumber(L, change->value);
  lua_setfield(L, -2, "value");
  if (change->kind == METRICS_HISTOGRAM) push_ranges(L, change);
  return 1;
}

/* changes:take(i): it has arrived, and does not come again. */
static int changes_take(lua_State *L) {
  const struct metrics_change *change = check_change(L);
  metrics_take(((struct changes *)lua_touserdata(L, 1))->reader, change);
  return 0;
}

static int changes_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)((struct changes *)luaL_checkudata(L, 1, CHANGES))->n);
  return 1;
}

static int changes_gc(lua_State *L) {
  struct changes *c = luaL_checkudata(L, 1, CHANGES);
  free(c->list);
  c->list = NULL;
  c->n = 0;
  return 0;
}

static const luaL_Reg changes_methods[] = {
    {"get", changes_get}, {"take", changes_take}, {"__len", changes_len},
    {"__gc", changes_gc}, {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"changes", metrics_lua_changes},
    {"common", metrics_lua_common},
    {"count", metrics_lua_count},
    {"describe", metrics_lua_describe},
    {"gauge", metrics_lua_gauge},
    {"observe", metrics_lua_observe},
    {"render", metrics_lua_render},
    {"value", metrics_lua_value},
    {NULL, NULL},
};

int luaopen_metrics(lua_State *L);
int luaopen_metrics(lua_State *L) {
  luaL_newmetatable(L, CHANGES);
  luaL_setfuncs(L, changes_methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
